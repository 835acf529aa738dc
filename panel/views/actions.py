"""Rows of the actions page, and the form of a category."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from predictors.social.actions import Settings

View = dict[str, Any]
WORDS = {
    "FOLLOW_USER": "follow",
    "UNFOLLOW_USER": "unfollow",
    "POST_LIKED": "like a post",
    "POST_UNLIKED": "unlike a post",
}
STATES = {"planned": "quiet", "done": "good", "failed": "bad", "undone": "warn"}
_Number = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Form(BaseModel):
    """The form of a category. Browsers do not send checkboxes that are not checked."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    enabled: bool = False
    dry_run: bool = False
    network: Literal["app", "mastodon"]
    actor: Annotated[str, Field(min_length=1, max_length=120)]
    measure: Literal["karmaSeed", "karma"]
    like: _Number
    comment: _Number
    recast: _Number
    quote: _Number
    followers: _Number
    posts: _Number
    likes: _Number
    per_hour: Annotated[float, Field(ge=0, le=1_000)]
    burst: Annotated[float, Field(ge=1, le=1_000)]


def read(form: Mapping[str, Any]) -> Form:
    """Validates a form.

    Raises:
        ValueError: with a message for the operator.
    """
    try:
        return Form.model_validate({name: value for name, value in form.items() if name != "csrf"})
    except ValidationError as error:
        problems = [f"{row['loc'][0]}: {row['msg'].lower().replace('input should', 'must')}" for row in error.errors()]
        raise ValueError("; ".join(problems)) from None


def stored(form: Form, actor: Any) -> View:
    """Returns the settings in the form that the database stores."""
    return {
        "enabled": form.enabled,
        "dryRun": form.dry_run,
        "network": form.network,
        "actor": actor,
        "measure": form.measure,
        "thresholds": {name: getattr(form, name) for name in ("like", "comment", "recast", "quote")},
        "likes": {name: getattr(form, name) for name in ("followers", "posts", "likes")},
        "perHour": form.per_hour,
        "burst": form.burst,
    }


def category_view(settings: Settings, name: str, left: float | None) -> View:
    """Returns one category's settings with the remaining requests of its network."""
    return {
        "slug": settings.category,
        "name": name,
        "enabled": settings.enabled,
        "dry": settings.dry_run,
        "settings": settings,
        "over": {"followers": settings.followers_over, "posts": settings.posts_over, "likes": settings.likes_over},
        "left": left,
        "share": None if left is None or not settings.burst else left / settings.burst,
    }


def row(action: Mapping[str, Any], names: Mapping[Any, str]) -> View:
    """Returns one action of the log."""
    target = action.get("target")
    return {
        "key": action["_id"],
        "what": WORDS.get(action["event"], str(action["event"])),
        "target": names.get(target, str(target)),
        "category": action.get("category", ""),
        "network": action.get("network", ""),
        "state": action["state"],
        "tone": STATES.get(action["state"], "quiet"),
        "dry": bool(action.get("dryRun")),
        "planned": action.get("plannedAt"),
        "due": action.get("dueAt"),
        "why": why(action.get("why") or {}),
        "error": action.get("error", ""),
        "undo": action["state"] == "planned" or (action["state"] == "done" and not action.get("dryRun")),
    }


def why(reasons: Mapping[str, Any]) -> str:
    """Returns the reasons of an action in one line.

    >>> why({"likeCount": 12.345}), why({"karma": {"like": 30}, "over": {"like": 10}})
    ('likeCount 12.3', 'karma: like 30 (over 10)')
    """
    karma, over = reasons.get("karma"), reasons.get("over")
    if isinstance(karma, Mapping) and isinstance(over, Mapping):
        parts = [f"{name} {_short(value)} (over {_short(over.get(name))})" for name, value in karma.items()]
        return "karma: " + ", ".join(parts)
    return ", ".join(f"{name} {_short(value)}" for name, value in reasons.items())[:200]


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
