"""Influence: categories and who leads them, and the trees along which posts were passed on."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.categories import GLOBAL, category
from panel import audit
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page
from panel.views import influence as views
from panel.views import posts as post_views
from panel.views import trees as tree_views
from store.client import Databases
from store.ids import Document, object_id
from store.outputs import categories
from store.panel import influence as panel_influence
from store.panel import posts as panel_posts

_LEADERS = 3  # of each category in the list of all
_PAGE = 25
_TABLE = 25  # posts of a tree that are listed


@require_role(Role.VIEWER)
def influence(request: Request) -> Response:
    """All categories with those who lead them, and a form for a new one."""
    return _categories(request, {"name": "", "slug": "", "hashtags": ""}, "")


@require_role(Role.OPERATOR)
def create(request: Request) -> Response:
    """A new category."""
    db, typed = panel_context(request).databases, _typed(request)
    try:
        slug = typed["slug"] or views.slug_of(typed["name"])
        made = category(slug, typed["name"], views.hashtags_of(typed["hashtags"]))
    except ValueError as error:
        return _categories(request, typed, str(error)[:200])
    if not categories.create(db, made.slug, made.name, made.hashtags):
        return _categories(request, typed, f"There is a category {made.slug} already.")
    audit.note(request, "category", made.slug, None, _kept({"name": made.name, "hashtags": list(made.hashtags)}))
    return _to(request, made.slug, "The category is there; karmaStats fills it at its next run.")


@require_role(Role.VIEWER)
def leaders(request: Request) -> Response:
    """Who leads one category, and why; its name and hashtags to edit."""
    return _category(request, None, "")


@require_role(Role.OPERATOR)
def change(request: Request) -> Response:
    """Another name or other hashtags for a category."""
    db, typed, before = panel_context(request).databases, _typed(request), _known(request)
    try:
        made = category(before["slug"], typed["name"], views.hashtags_of(typed["hashtags"]))
    except ValueError as error:
        return _category(request, typed, str(error)[:200])
    unchanged = views.seal(before) == request.state.form.get("seal")
    if not unchanged or not categories.change(db, before, made.name, made.hashtags):
        return _category(request, typed, "Somebody else changed this category meanwhile. This is what you typed.")
    after = {"name": made.name, "hashtags": list(made.hashtags)}
    audit.note(request, "category", made.slug, _kept(before), after)
    return _to(request, made.slug, "Saved; karmaStats reckons with it at its next run.")


@require_role(Role.OPERATOR)
def remove(request: Request) -> Response:
    """Removes a category."""
    before = _known(request)
    if categories.remove(panel_context(request).databases, before["slug"]):
        audit.note(request, "category", before["slug"], _kept(before), None)
    request.session["told"] = f"{before['name']} is removed; the log of changes keeps its hashtags."
    return RedirectResponse(request.url_for("influence"), status_code=303)


@require_role(Role.VIEWER)
def trees(request: Request) -> Response:
    """The posts that were passed on most."""
    db, number = panel_context(request).databases, _page_number(request)
    if content := request.query_params.get("content", "").strip():
        return RedirectResponse(request.url_for("influence_tree", content=str(object_id(content, "content"))), 303)
    found = panel_influence.largest_trees(db, _PAGE + 1, (number - 1) * _PAGE)
    posts = panel_posts.posts(db, [each["_id"] for each in found])
    people = panel_posts.names(db, [each.get("author") for each in posts.values()])
    rows = views.trees(found[:_PAGE], people, posts)
    context = {"trees": rows, "page": {"number": number, "more": len(found) > _PAGE}}
    return page(request, "influence_trees.html", context)


@require_role(Role.VIEWER)
def tree(request: Request) -> Response:
    """One reshare tree, drawn left to right in time."""
    db, content = panel_context(request).databases, object_id(request.path_params["content"], "content")
    found = panel_influence.tree(db, content)
    root = found["_id"] if found else content
    posts = panel_posts.posts(db, [root])
    if not posts and not found:
        raise HTTPException(404)
    people = panel_posts.names(db, [posts.get(root, {}).get("author")])
    context: dict[str, Any] = {"tree": None, "drawing": None, "busiest": []}
    if found:
        context = _drawn(db, found)
    post = post_views.shown_post(root, posts, people, found["asOf"] if found else panel_context(request).clock())
    return page(request, "influence_tree.html", context | {"post": post})


def _drawn(db: Databases, found: Document) -> dict[str, Any]:
    nodes, kept = found["nodes"], tree_views.sampled(found["nodes"])
    users = panel_posts.names(db, {nodes[at]["user"] for at in kept} - {None})
    names = {key: post_views.called(user) for key, user in users.items()}
    told = {name: found.get(name) for name in ("size", "depth", "breadth", "structuralVirality", "forecast")}
    return {
        "tree": told | {"cut": found.get("truncated"), "gone": found.get("rootGone"), "as_of": found["asOf"]},
        "drawing": tree_views.drawing(nodes, kept, names),
        "busiest": tree_views.busiest(nodes, names, _TABLE),
    }


def _categories(request: Request, typed: dict[str, str], problem: str) -> Response:
    db = panel_context(request).databases
    known = [{"slug": GLOBAL, "name": "Over all categories", "hashtags": []}, *categories.read_categories(db)]
    people = panel_influence.people_in(db, [each["slug"] for each in known])
    first = {each["slug"]: panel_influence.leaders(db, each["slug"], _LEADERS) for each in known}
    names = panel_posts.names(db, [row["userId"] for rows in first.values() for row in rows])
    rows = [
        {
            "slug": each["slug"],
            "name": each["name"],
            "hashtags": each["hashtags"],
            "people": people[each["slug"]],
            "leaders": views.leaders(first[each["slug"]], names, {}, 1),
        }
        for each in known
    ]
    context = {"categories": rows, "typed": typed, "problem": problem, "may_edit": request.user.role >= Role.OPERATOR}
    return page(request, "influence.html", context, 400 if problem else 200)


def _category(request: Request, typed: dict[str, str] | None, problem: str) -> Response:
    db, known, number = panel_context(request).databases, _known(request), _page_number(request)
    karma = panel_influence.leaders(db, known["slug"], _PAGE + 1, (number - 1) * _PAGE)
    people = panel_posts.names(db, [each["userId"] for each in karma])
    posts = panel_posts.posts(db, views.top_posts(karma))
    context = {
        "category": known,
        "seal": views.seal(known),
        "typed": typed or {"name": known["name"], "hashtags": " ".join(known["hashtags"])},
        "problem": problem,
        "leaders": views.leaders(karma[:_PAGE], people, posts, 1 + (number - 1) * _PAGE),
        "page": {"number": number, "more": len(karma) > _PAGE},
        "may_edit": request.user.role >= Role.OPERATOR and known["slug"] != GLOBAL,
    }
    return page(request, "influence_category.html", context, 400 if problem else 200)


def _known(request: Request) -> Document:
    slug = request.path_params["slug"]
    if slug == GLOBAL and request.method == "GET":
        return {"slug": GLOBAL, "name": "Over all categories", "hashtags": []}
    found = next((each for each in categories.read_categories(panel_context(request).databases) if each["slug"] == slug), None)
    if found is None:
        raise HTTPException(404)
    return found


def _typed(request: Request) -> dict[str, str]:
    return {name: str(request.state.form.get(name, ""))[:20_000].strip() for name in ("name", "slug", "hashtags")}


def _kept(document: Document) -> Document:
    return {name: document[name] for name in ("name", "hashtags")}


def _to(request: Request, slug: str, told: str) -> Response:
    request.session["told"] = told
    return RedirectResponse(request.url_for("influence_category", slug=slug), status_code=303)


def _page_number(request: Request) -> int:
    asked = request.query_params.get("page", "1")
    return min(max(int(asked), 1), 10_000) if asked.isascii() and asked.isdigit() else 1


ROUTES = [
    Route("/influence", influence, name="influence"),
    Route("/influence/categories", create, name="influence_create", methods=["POST"]),
    Route("/influence/categories/{slug}", leaders, name="influence_category"),
    Route("/influence/categories/{slug}/change", change, name="influence_change", methods=["POST"]),
    Route("/influence/categories/{slug}/remove", remove, name="influence_remove", methods=["POST"]),
    Route("/influence/trees", trees, name="influence_trees"),
    Route("/influence/trees/{content}", tree, name="influence_tree"),
]
