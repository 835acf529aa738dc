"""Influence: categories with their leaders, and reshare trees."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.categories import GLOBAL, category
from panel import audit, paging
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page, redirect
from panel.views import influence as views
from panel.views import trees
from panel.views.posts import handle_or_name, post_view
from store.client import Databases
from store.ids import Document, object_id
from store.inputs import reshares
from store.outputs import categories
from store.panel import influence
from store.panel.posts import read_names, read_posts

_LEADERS = 3  # of each category in the list of all
_ROWS = 25  # on a page
_TABLE = 25  # posts of a tree that are listed
_ALL = {"slug": GLOBAL, "name": "All categories together", "hashtags": []}


@require_role(Role.VIEWER)
def show_categories(request: Request) -> Response:
    """Shows all categories with their leaders, and a form for a new one."""
    return _categories(request, {"name": "", "slug": "", "hashtags": ""}, "")


@require_role(Role.OPERATOR)
def create_category(request: Request) -> Response:
    """Creates a category."""
    db, typed = panel_context(request).databases, _typed(request)
    try:
        slug = typed["slug"] or views.slug_of(typed["name"])
        new = category(slug, typed["name"], views.hashtags_of(typed["hashtags"]))
    except ValueError as error:
        return _categories(request, typed, str(error)[:200])
    if not categories.create(db, new.slug, new.name, new.hashtags):
        return _categories(request, typed, f"The category {new.slug} exists already.")
    audit.record(request, "category", new.slug, None, {"name": new.name, "hashtags": list(new.hashtags)})
    flash = "The category is created. karmaStats computes its karma at the next run."
    return redirect(request, "influence_category", flash, slug=new.slug)


@require_role(Role.VIEWER)
def show_category(request: Request) -> Response:
    """Shows the leaders of one category with reasons, and a form for its name and hashtags."""
    return _category(request, None, "")


@require_role(Role.OPERATOR)
def change_category(request: Request) -> Response:
    """Changes name and hashtags of a category, unless it was changed since the form was loaded."""
    db, typed, before = panel_context(request).databases, _typed(request), _stored_category(request)
    try:
        new = category(before["slug"], typed["name"], views.hashtags_of(typed["hashtags"]))
    except ValueError as error:
        return _category(request, typed, str(error)[:200])
    unchanged = views.version_of(before) == request.state.form.get("version")
    if not unchanged or not categories.change(db, before, new.name, new.hashtags):
        return _category(request, typed, "This category was changed in the meantime. Your input is below.")
    after = {"name": new.name, "hashtags": list(new.hashtags)}
    audit.record(request, "category", new.slug, _logged(before), after)
    return redirect(request, "influence_category", "Saved. Takes effect at the next run of karmaStats.", slug=new.slug)


@require_role(Role.OPERATOR)
def remove_category(request: Request) -> Response:
    """Removes a category."""
    before = _stored_category(request)
    if categories.remove(panel_context(request).databases, before["slug"]):
        audit.record(request, "category", before["slug"], _logged(before), None)
    return redirect(request, "influence", f"{before['name']} is removed. Its hashtags are in the log of changes.")


@require_role(Role.VIEWER)
def show_trees(request: Request) -> Response:
    """Lists the posts with the most reshares, or redirects to the tree of a post."""
    db, number = panel_context(request).databases, paging.number(request)
    if content := request.query_params.get("content", "").strip():
        return RedirectResponse(request.url_for("influence_tree", content=str(object_id(content, "content"))), 303)
    rows, paged = paging.cut(influence.largest_trees(db, *paging.window(number, _ROWS)), number, _ROWS)
    posts = read_posts(db, [row["_id"] for row in rows])
    people = read_names(db, [post.get("author") for post in posts.values()])
    return page(request, "influence_trees.html", {"trees": views.tree_rows(rows, people, posts), "paged": paged})


@require_role(Role.VIEWER)
def show_tree(request: Request) -> Response:
    """Shows one reshare tree, with time from left to right."""
    db, content = panel_context(request).databases, object_id(request.path_params["content"], "content")
    stored = reshares.tree_with(db, content, ["nodes.candidates"])
    root = stored["_id"] if stored else content
    posts = read_posts(db, [root])
    if not posts and not stored:
        raise HTTPException(404)
    people = read_names(db, [posts.get(root, {}).get("author")])
    context = _drawing(db, stored) if stored else {"tree": None}
    post = post_view(root, posts, people, stored["asOf"] if stored else panel_context(request).clock())
    return page(request, "influence_tree.html", context | {"post": post})


def _drawing(db: Databases, stored: Document) -> dict[str, Any]:
    nodes, sample = stored["nodes"], trees.sample_nodes(stored["nodes"])
    users = read_names(db, {nodes[at]["user"] for at in sample} - {None})
    names = {key: handle_or_name(user) for key, user in users.items()}
    figures = {name: stored.get(name) for name in ("size", "depth", "breadth", "structuralVirality", "forecast")}
    return {
        "tree": figures | {"truncated": stored.get("truncated")},
        "drawing": trees.draw(nodes, sample, names),
        "highest": trees.highest_ranked(nodes, names, _TABLE),
    }


def _categories(request: Request, typed: dict[str, str], problem: str) -> Response:
    db = panel_context(request).databases
    stored = [_ALL, *categories.read_categories(db)]
    people = influence.people_in(db, [row["slug"] for row in stored])
    first = {row["slug"]: influence.leaders(db, row["slug"], _LEADERS) for row in stored}
    names = read_names(db, [karma["userId"] for karmas in first.values() for karma in karmas])
    rows = [
        {
            "slug": row["slug"],
            "name": row["name"],
            "hashtags": row["hashtags"],
            "people": people[row["slug"]],
            "leaders": views.leaders(first[row["slug"]], names, {}, 1),
        }
        for row in stored
    ]
    context = {"categories": rows, "typed": typed, "problem": problem, "may_edit": request.user.role >= Role.OPERATOR}
    return page(request, "influence.html", context, 400 if problem else 200)


def _category(request: Request, typed: dict[str, str] | None, problem: str) -> Response:
    db, stored, number = panel_context(request).databases, _stored_category(request), paging.number(request)
    count, skip = paging.window(number, _ROWS)
    karma, paged = paging.cut(influence.leaders(db, stored["slug"], count, skip), number, _ROWS)
    people = read_names(db, [row["userId"] for row in karma])
    posts = read_posts(db, views.top_posts(karma))
    context = {
        "category": stored,
        "version": views.version_of(stored),
        "typed": typed or {"name": stored["name"], "hashtags": " ".join(stored["hashtags"])},
        "problem": problem,
        "leaders": views.leaders(karma, people, posts, skip + 1),
        "paged": paged,
        "may_edit": request.user.role >= Role.OPERATOR and stored["slug"] != GLOBAL,
    }
    return page(request, "influence_category.html", context, 400 if problem else 200)


def _stored_category(request: Request) -> Document:
    slug = request.path_params["slug"]
    if slug == GLOBAL and request.method == "GET":
        return _ALL
    rows = categories.read_categories(panel_context(request).databases)
    stored = next((row for row in rows if row["slug"] == slug), None)
    if stored is None:
        raise HTTPException(404)
    return stored


def _typed(request: Request) -> dict[str, str]:
    return {name: str(request.state.form.get(name, ""))[:20_000].strip() for name in ("name", "slug", "hashtags")}


def _logged(document: Document) -> Document:
    return {name: document[name] for name in ("name", "hashtags")}


ROUTES = [
    Route("/influence", show_categories, name="influence"),
    Route("/influence/categories", create_category, name="influence_create", methods=["POST"]),
    Route("/influence/categories/{slug}", show_category, name="influence_category"),
    Route("/influence/categories/{slug}/change", change_category, name="influence_change", methods=["POST"]),
    Route("/influence/categories/{slug}/remove", remove_category, name="influence_remove", methods=["POST"]),
    Route("/influence/trees", show_trees, name="influence_trees"),
    Route("/influence/trees/{content}", show_tree, name="influence_tree"),
]
