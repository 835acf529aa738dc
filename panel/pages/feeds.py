"""Feeds: the guest feed of a country and lists to compare it with; the feed of a member, with reasons."""

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
from store.panel import feeds
from store.panel.posts import read_names, read_posts

NO_COUNTRY = "en"  # the list of guests without a country
LENGTHS = (10, 20, 50)  # how many posts a list may show
_EXAMPLES = 8  # countries and members that are offered first
_MATCHES = 12  # members that a search returns


@require_role(Role.VIEWER)
def show_guest_feed(request: Request) -> Response:
    """Shows the guest feed of a country next to yesterday's and popular posts, or next to another country's."""
    db, most = panel_context(request).databases, _length(request)
    known, busy = feeds.countries(db), feeds.busy_countries(db, _EXAMPLES)
    busy = [code for code in busy if code in known]
    country = _country(request, "country", known) or next(iter(busy), NO_COUNTRY)
    other = _country(request, "beside", known)
    main = _guest_list(db, country, most)
    compared = [_guest_list(db, other, most)] if other else _comparisons(db, country, main["published"], most)
    for listing in compared:
        listing["shared"] = views.count_shared(main["posts"], listing["posts"])
    if compared and not other and compared[0]["posts"]:
        main["posts"] = views.with_movement(main["posts"], compared[0]["posts"])
    context = {
        "countries": known,
        "busy": busy,
        "country": country,
        "other": other,
        "lists": [main, *compared],
        "most": most,
        "lengths": LENGTHS,
    }
    return page(request, "feeds.html", context)


@require_role(Role.MODERATOR)
def show_member_feed(request: Request) -> Response:
    """Shows the feed of one or two members with reasons. Without a member, shows a search."""
    db, most = panel_context(request).databases, _length(request)
    accounts = [object_id(value, name) for name in ("account", "beside") if (value := request.query_params.get(name))]
    at = views.ranking_time(panel_context(request).clock(), feeds.snapshot_time(db))
    lists = [_member_list(db, account, at, most) for account in accounts]
    shared = views.count_shared(lists[0]["posts"], lists[1]["posts"]) if len(lists) == 2 else None
    search = _search(db, request) if not lists or "q" in request.query_params else _closed_search(request)
    context = {"lists": lists, "shared": shared, "at": at, "most": most, "lengths": LENGTHS}
    return page(request, "feeds_member.html", context | search)


@require_role(Role.MODERATOR)
def find_members(request: Request) -> Response:
    """Returns the members that a search finds, as a part of the page."""
    return page(request, "feeds_matches.html", _search(panel_context(request).databases, request))


def _search(db: Databases, request: Request) -> dict[str, Any]:
    words = request.query_params.get("q", "").strip()[:80]
    profiles = feeds.find_members(db, words, _MATCHES) if words else feeds.active_members(db, _EXAMPLES)
    return _closed_search(request) | {"q": words, "matches": [views.profile(profile) for profile in profiles]}


def _closed_search(request: Request) -> dict[str, Any]:
    """Returns a search whose matches the browser loads when it is opened."""
    return {"q": "", "first": request.query_params.get("account", "")[:24], "matches": None}


def _guest_list(db: Databases, country: str, most: int) -> dict[str, Any]:
    items = feeds.guest_feed(db, country, most)
    published = items[0]["updatedAt"] if items else None
    return {"title": country, "kind": "country", "published": published, "posts": _posts(db, items, published)}


def _comparisons(db: Databases, country: str, published: datetime | None, most: int) -> list[dict[str, Any]]:
    """Returns the list of the day before, and popular posts as of the time of today's list."""
    if not published:
        return []
    day = guest_feed.previous_top(db, country, published) or {"createdAt": None, "items": []}
    earlier = _posts(db, day["items"][:most], day["createdAt"])
    popular = _posts(db, feeds.popular(db, most), published)
    return [
        {"title": "Yesterday", "kind": "yesterday", "published": day["createdAt"], "posts": earlier},
        {"title": "Popular", "kind": "popular", "published": published, "posts": popular},
    ]


def _member_list(db: Databases, account: ObjectId, at: datetime, most: int) -> dict[str, Any]:
    member = feeds.member(db, account)
    if member is None:
        return {"account": str(account), "who": None, "posts": []}
    event = {"accountId": str(account), "limit": most, "explain": True, "time": at.isoformat()}
    answer = personalize_content_predictor(event, None)
    items = [item | {"content": ObjectId(item["content"])} for item in answer.get("items", [])]
    posts, reasons = _posts(db, items, at), answer.get("reasons", {})
    for post in posts:
        post["why"] = views.explain(reasons.get(post["id"], {}), member["country"])
    return {
        "account": str(account),
        "who": views.member_profile(member),
        "posts": posts,
        "variant": answer.get("variant"),
    }


def _posts(db: Databases, items: Sequence[Mapping[str, Any]], at: datetime | None) -> list[dict[str, Any]]:
    posts = read_posts(db, [item["content"] for item in items])
    people = read_names(db, [post.get("author") for post in posts.values()])
    return views.post_rows(items, posts, people, at) if at else []


def _country(request: Request, name: str, known: Sequence[str]) -> str:
    """Returns the requested country.

    Raises:
        ValueError: when it has no feed although others have.
    """
    country = request.query_params.get(name, "").lower()
    if country and known and country not in known:
        raise ValueError(f"{name}: there is no guest feed of {country[:20]!r}")
    return country


def _length(request: Request) -> int:
    length = request.query_params.get("most", "20")
    return int(length) if length in map(str, LENGTHS) else 20


ROUTES = [
    Route("/feeds", show_guest_feed, name="feeds"),
    Route("/feeds/member", show_member_feed, name="feeds_member"),
    Route("/feeds/members", find_members, name="feeds_members"),
]
