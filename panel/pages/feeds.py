"""Feeds: what guests of a country see, beside yesterday's and what is popular; what a member sees, and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlers.predictors import personalize_content_predictor
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page
from panel.views import feeds as views
from store.client import Databases
from store.ids import ObjectId, object_id
from store.outputs import guest_feed
from store.panel import feeds as panel_feeds
from store.panel import posts as panel_posts

NOWHERE = "en"  # the list of guests without a country
LENGTHS = (10, 20, 50)  # how many posts a list may show
_EXAMPLES = 8  # countries and members to begin with
_FOUND = 12


@require_role(Role.VIEWER)
def feeds(request: Request) -> Response:
    """The guest feed of a country, beside yesterday's and what is popular, or beside another country's."""
    db, most = panel_context(request).databases, _length(request)
    known, busy = panel_feeds.countries(db), panel_feeds.busy_countries(db, _EXAMPLES)
    country = _country(request, "country", known) or next((each for each in busy if each in known), NOWHERE)
    other = _country(request, "beside", known)
    here = _guest_list(db, country, most)
    beside = [_guest_list(db, other, most)] if other else _compared(db, country, here, most)
    for each in beside:
        each["shared"] = views.shared(here["posts"], each["posts"])
    if beside and not other:
        here["posts"] = views.moved(here["posts"], beside[0]["posts"]) if beside[0]["posts"] else here["posts"]
    context = {
        "countries": known,
        "busy": [each for each in busy if each in known],
        "country": country,
        "other": other,
        "lists": [here, *beside],
        "most": most,
        "lengths": LENGTHS,
    }
    return page(request, "feeds.html", context)


@require_role(Role.MODERATOR)
def member(request: Request) -> Response:
    """What one member sees and why, or two members side by side; without one, a search."""
    db, most = panel_context(request).databases, _length(request)
    asked = [object_id(value, name) for name in ("account", "beside") if (value := request.query_params.get(name))]
    at = views.asked_time(panel_context(request).clock(), panel_feeds.snapshot_time(db))
    lists = [_member_list(db, account, at, most) for account in asked[:2]]
    shared = views.shared(lists[0]["posts"], lists[1]["posts"]) if len(lists) == 2 else None
    search = _search(db, request) if not lists or "q" in request.query_params else _no_search(request)
    context = {"lists": lists, "shared": shared, "at": at, "most": most, "lengths": LENGTHS}
    return page(request, "feeds_member.html", context | search)


@require_role(Role.MODERATOR)
def members(request: Request) -> Response:
    """The members that a search finds, as a part of the page."""
    return page(request, "feeds_found.html", _search(panel_context(request).databases, request))


def _search(db: Databases, request: Request) -> dict[str, Any]:
    words = request.query_params.get("q", "").strip()[:80]
    first = request.query_params.get("account", "")[:24]
    found = panel_feeds.find_members(db, words, _FOUND) if words else panel_feeds.active_members(db, _EXAMPLES)
    return {"q": words, "first": first, "found": [views.profile(each) for each in found]}


def _no_search(request: Request) -> dict[str, Any]:
    """A search that the browser asks for when somebody opens it."""
    return {"q": "", "first": request.query_params.get("account", "")[:24], "found": None}


def _guest_list(db: Databases, country: str, most: int) -> dict[str, Any]:
    items = panel_feeds.guest_feed(db, country, most)
    made = items[0]["updatedAt"] if items else None
    return {"title": country, "kind": "country", "made": made, "posts": _posts(db, items, made)}


def _compared(db: Databases, country: str, here: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    """The list of the day before, and what is popular, as of the moment of today's list."""
    if not (made := here["made"]):
        return []
    day = guest_feed.before(db, country, made) or {"createdAt": None, "items": []}
    earlier = _posts(db, day["items"][:most], day["createdAt"])
    popular = _posts(db, panel_feeds.popular(db, most), made)
    return [
        {"title": "Yesterday", "kind": "yesterday", "made": day["createdAt"], "posts": earlier},
        {"title": "Popular", "kind": "popular", "made": made, "posts": popular},
    ]


def _member_list(db: Databases, account: ObjectId, at: datetime, most: int) -> dict[str, Any]:
    who = panel_feeds.member(db, account)
    if who is None:
        return {"account": str(account), "who": None, "posts": []}
    asked = {"accountId": str(account), "limit": most, "explain": True, "time": at.isoformat()}
    answer = personalize_content_predictor(asked, None)
    items = [each | {"content": ObjectId(each["content"])} for each in answer.get("items", [])]
    posts, reasons = _posts(db, items, at), answer.get("reasons", {})
    for each in posts:
        each["why"] = views.why(reasons.get(each["id"], {}), who["country"])
    person = views.profile(who) | {"country": who["country"], "is_guest": who["isGuest"]}
    return {"account": str(account), "who": person, "posts": posts, "variant": answer.get("variant")}


def _posts(db: Databases, items: Sequence[Mapping[str, Any]], at: datetime | None) -> list[dict[str, Any]]:
    posts = panel_posts.posts(db, [each["content"] for each in items])
    people = panel_posts.names(db, [each.get("author") for each in posts.values()])
    return views.listed(items, posts, people, at) if at else []


def _country(request: Request, name: str, known: Sequence[str]) -> str:
    """The country that is asked for.

    Raises:
        ValueError: naming the parameter, when it has no feed although others have.
    """
    asked = request.query_params.get(name, "").lower()
    if asked and known and asked not in known:
        raise ValueError(f"{name}: there is no guest feed of {asked[:20]!r}")
    return asked


def _length(request: Request) -> int:
    asked = request.query_params.get("most", "20")
    return int(asked) if asked in map(str, LENGTHS) else 20


ROUTES = [
    Route("/feeds", feeds, name="feeds"),
    Route("/feeds/member", member, name="feeds_member"),
    Route("/feeds/members", members, name="feeds_members"),
]
