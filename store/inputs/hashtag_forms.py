"""Hashtags that the server cannot bring to their normal form, read once for a run."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from store import queries
from store.client import Databases
from store.rules.hashtags import NOT_ASCII, normal_form, plain_tags

MOST_FORMS = 20_000  # 100 characters each, twice, within the 16 MB of a command


def read_forms(
    db: Databases, since: datetime | None, now: datetime, among: Collection[str] | None = None
) -> dict[str, str]:
    """Returns text of `plain_tags` → normal form, where they differ, of contents of [since, now], the commonest first.

    `among`: only these normal forms.
    """
    created = {"$lte": now} if since is None else {"$gte": since, "$lte": now}
    other = {"input": plain_tags("$hashtags"), "cond": {"$regexMatch": {"input": "$$this", "regex": NOT_ASCII}}}
    stages: list[dict[str, Any]] = [
        {"$match": {"createdAt": created, "hashtags": {"$regex": NOT_ASCII}}},
        {"$project": {"_id": 0, "tags": {"$setUnion": [{"$filter": other}]}}},
        {"$unwind": "$tags"},
        {"$sortByCount": "$tags"},
    ]
    forms: dict[str, str] = {}
    for group in queries.stream(db, "contents", stages):
        form = normal_form(group["_id"])
        if form != group["_id"] and (among is None or form in among):
            forms[group["_id"]] = form
        if len(forms) == MOST_FORMS:
            break
    return forms
