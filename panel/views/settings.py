"""What can be set at run time, in plain words, and what a form says of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from store.settings import Thresholds

View = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """How one threshold is called; `scale` is 100 for shares that are written in percent."""

    label: str
    about: str
    unit: str = ""
    scale: int = 1


WORDS = {
    "false_positive_rate": Words(
        "People wrongly suspected",
        "Of all people, this share may come before moderators by mistake. Less: fewer cases, and more bots missed.",
        "%",
        100,
    ),
    "cooldown_days": Words("Rest after a verdict", "No new case is opened on a credential for this long.", "days"),
    "audit_share": Words(
        "Asked by lot",
        "Share of credentials that moderators judge whatever the score; it shows how many bots the scores miss.",
        "%",
        100,
    ),
    "feed_length": Words("Length of the guest feed", "Posts that each country's guest feed holds.", "posts"),
    "discount_bots": Words(
        "Leave out likely bots",
        "Likes, comments and reshares of likely bots count neither in statistics nor in training.",
    ),
}


def rows(chosen: Thresholds) -> list[View]:
    """The thresholds as fields of a form, in the units that people write."""
    return [
        {
            "name": each.name,
            "words": WORDS[each.name],
            "flag": isinstance(each.default, bool),
            "value": _written(getattr(chosen, each.name), WORDS[each.name].scale),
            "default": _written(each.default, WORDS[each.name].scale),
            "low": _written(each.metadata.get("low", 0), WORDS[each.name].scale),
            "high": _written(each.metadata.get("high", 1), WORDS[each.name].scale),
            "step": "1" if isinstance(each.default, int) else "any",
        }
        for each in fields(Thresholds)
    ]


def read(form: Mapping[str, Any]) -> Thresholds:
    """The thresholds that a form says.

    Raises:
        ValueError: in plain words, for what is missing, no number or out of range.

    >>> read({"false_positive_rate": "2", "cooldown_days": "30", "audit_share": "1", "feed_length": "500"})
    Thresholds(false_positive_rate=0.02, cooldown_days=30.0, audit_share=0.01, feed_length=500, discount_bots=False)
    """
    given: dict[str, Any] = {name: form[name] for name in WORDS if name in form}
    try:
        said = _FORM.model_validate({"discount_bots": False} | given).model_dump()
    except ValidationError as error:
        raise ValueError(" ".join(_plain(each) for each in error.errors())) from None
    return Thresholds(**{name: _stored(value, WORDS[name].scale) for name, value in said.items()})


def changed(before: Thresholds, after: Thresholds) -> dict[str, tuple[Any, Any]]:
    """What differs: name → before, after."""
    old, new = asdict(before), asdict(after)
    return {name: (old[name], new[name]) for name in old if old[name] != new[name]}


def _form() -> type[BaseModel]:
    declared: dict[str, Any] = {
        each.name: _typed(each.name, each.default, each.metadata) for each in fields(Thresholds)
    }
    return create_model("ThresholdsForm", __config__=ConfigDict(extra="forbid"), **declared)


def _typed(name: str, default: Any, limits: Mapping[str, float]) -> Any:
    if isinstance(default, bool):
        return (bool, ...)
    scale = WORDS[name].scale
    within = Field(
        ge=limits["low"] * scale, le=limits["high"] * scale, allow_inf_nan=None if isinstance(default, int) else False
    )
    return (Annotated[type(default), within], ...)


def _plain(error: Mapping[str, Any]) -> str:
    name = str(error["loc"][0])
    return f"{WORDS[name].label}: {error['msg'].lower().replace('input should be', 'must be')}."


def _written(value: Any, scale: int) -> Any:
    return value if isinstance(value, bool) else f"{value * scale:.6g}"


def _stored(value: Any, scale: int) -> Any:
    return value if scale == 1 else value / scale


_FORM = _form()
