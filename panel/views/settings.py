"""Thresholds that can be changed at run time: their texts and their form."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from store.settings import Thresholds

View = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """Label, explanation and unit of one threshold. `scale` is 100 for shares in percent."""

    label: str
    about: str
    unit: str = ""
    scale: int = 1


WORDS = {
    "false_positive_rate": Words(
        "False positive rate",
        "Share of people who may become cases by mistake. A lower value opens fewer cases and misses more bots.",
        "%",
        100,
    ),
    "cooldown_days": Words("Cooldown after a verdict", "No new case opens for the device during this time.", "days"),
    "audit_share": Words(
        "Audit sample",
        "Share of devices that become cases at random. Their verdicts show how many bots the scores miss.",
        "%",
        100,
    ),
    "feed_length": Words("Length of the guest feed", "Number of posts in the guest feed of each country.", "posts"),
    "discount_bots": Words(
        "Leave out likely bots",
        "Statistics and training ignore likes, comments and reshares of likely bots.",
    ),
}


def rows(thresholds: Thresholds) -> list[View]:
    """Returns the thresholds as fields of a form, in the form's units."""
    return [
        {
            "name": field.name,
            "words": WORDS[field.name],
            "flag": isinstance(field.default, bool),
            "value": _form_value(getattr(thresholds, field.name), WORDS[field.name].scale),
            "default": _form_value(field.default, WORDS[field.name].scale),
            "low": _form_value(field.metadata.get("low", 0), WORDS[field.name].scale),
            "high": _form_value(field.metadata.get("high", 1), WORDS[field.name].scale),
            "step": "1" if isinstance(field.default, int) else "any",
        }
        for field in fields(Thresholds)
    ]


def read(form: Mapping[str, Any]) -> Thresholds:
    """Returns the thresholds of a form.

    Raises:
        ValueError: with a message for the operator, when a value is missing, not a number or out of range.

    >>> read({"false_positive_rate": "2", "cooldown_days": "30", "audit_share": "1", "feed_length": "500"})
    Thresholds(false_positive_rate=0.02, cooldown_days=30.0, audit_share=0.01, feed_length=500, discount_bots=False)
    """
    inputs: dict[str, Any] = {name: form[name] for name in WORDS if name in form}
    try:
        values = _FORM.model_validate({"discount_bots": False} | inputs).model_dump()
    except ValidationError as error:
        raise ValueError(" ".join(_message(problem) for problem in error.errors())) from None
    return Thresholds(**{name: _stored(value, WORDS[name].scale) for name, value in values.items()})


def changed(before: Thresholds, after: Thresholds) -> dict[str, tuple[Any, Any]]:
    """Returns the differences: name → before, after."""
    old, new = asdict(before), asdict(after)
    return {name: (old[name], new[name]) for name in old if old[name] != new[name]}


def _form() -> type[BaseModel]:
    declared: dict[str, Any] = {
        field.name: _typed(field.name, field.default, field.metadata) for field in fields(Thresholds)
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


def _message(error: Mapping[str, Any]) -> str:
    name = str(error["loc"][0])
    return f"{WORDS[name].label}: {error['msg'].lower().replace('input should be', 'must be')}."


def _form_value(value: Any, scale: int) -> Any:
    return value if isinstance(value, bool) else f"{value * scale:.6g}"


def _stored(value: Any, scale: int) -> Any:
    return value if scale == 1 else value / scale


_FORM = _form()
