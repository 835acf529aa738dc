"""Hostile forms, questions and addresses for every route of the control panel."""

import json
import random
import re
from collections import Counter
from dataclasses import fields
from typing import Any
from urllib.parse import quote

from starlette.testclient import TestClient

from panel.app import application, page_routes
from panel.auth import Access
from store.client import Databases
from store.ids import ObjectId
from store.settings import Thresholds
from tests.community import CONFIG
from tests.panel.state import csrf
from tests.reliability.fuzz.mutations import OPERATORS
from tests.reliability.states import hashes

FIELDS = (
    *("key", "stopped", "name", "slug", "hashtags", "user", "on", "verdict", "verified", "version", "actor", "network"),
    *("page", "q", "country", "account", "size", "of", "next", "enabled", "measure", "perHour", "burst", "$where"),
    *(each.name for each in fields(Thresholds)),
)
TEXTS = (
    *(json.dumps(each) for each in OPERATORS),
    *("", "\x00", "a\r\nSet-Cookie: x=1", "9" * 400, "-1", "1e999", "NaN", "{{7*7}}", "<script>alert(1)</script>"),
    *("../../etc/passwd", "%00", "x" * 20_000, "\ud7ff", "yes", "0" * 24, "2026-01-01", "' || '1'=='1", "$ROOT", "🙈"),
)


def hostile_forms(db: Databases, number: int, seed: int) -> dict[str, Any]:
    """What the panel answered: never a failure, never a change of what the app wrote."""
    draw, outcomes, failed = random.Random(seed), Counter[str](), dict[str, str]()
    routes = list(page_routes())
    before = hashes(db)
    panel = application(db, Access(is_open=True), lambda: CONFIG.until, lambda key, event: None)
    with TestClient(panel, "http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False) as browser:
        token = csrf(browser.get("/settings").text)
        for _ in range(number):
            route = draw.choice(routes)
            address, form = _address(draw, route.path), _form(draw)
            if "POST" in (route.methods or ()):
                answer = browser.post(address, data={**form, "csrf": token})
            else:
                answer = browser.get(address, params=form)
            outcomes["refused" if answer.status_code >= 400 else "answered"] += 1
            if answer.status_code >= 500:
                failed[f"{address[:100]} {str(form)[:200]}"] = str(answer.status_code)
    after = hashes(db)
    changed = [name for name, value in before.items() if name.startswith("app-db") and after.get(name) != value]
    return {"forms": number, **outcomes, "failed": failed, "changed": changed}


def _address(draw: random.Random, path: str) -> str:
    sound = ("th", "global", "tea", str(ObjectId()), "contentStats")
    return re.sub(r"{[^}]*}", lambda _: quote(draw.choice((*TEXTS, *sound))[:2_000] or "x", safe=""), path)


def _form(draw: random.Random) -> dict[str, str]:
    names = [draw.choice(FIELDS) + draw.choice(("", "", "", "[$gt]", "[$ne]", ".$where")) for _ in range(6)]
    return {name: draw.choice(TEXTS) for name in names}
