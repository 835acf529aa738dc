"""`feedpulse rank` and `feedpulse why`: a personalised ranking, and the reasons for one score."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ops import console
from ops.database import database

Account = Annotated[str, typer.Argument(help="id of the account")]
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Time = Annotated[str | None, typer.Option(help="the clock, ISO 8601; default: now")]
_LARGEST = 12  # contributions in the table


def rank(
    account: Account,
    contents: Annotated[list[str] | None, typer.Argument(help="ids to rank; default: the best candidates")] = None,
    limit: Annotated[int, typer.Option(help="number of posts, without ids")] = 20,
    explore: Annotated[bool, typer.Option("--explore", help="add exploration slots")] = False,
    time: Time = None,
    as_json: Json = False,
) -> None:
    """Ranks contents for an account."""
    selection: dict[str, Any] = {"contents": contents} if contents else {"limit": limit, "explore": explore}
    answer = _answer({"accountId": account, **selection}, time)
    items = answer.get("items") or _by_score(answer["result"])
    top = max((item["score"] for item in items), default=1.0) or 1.0
    rows = [
        (place, item["content"], item["score"], console.bar(item["score"] / top, 8), item.get("source", ""))
        for place, item in enumerate(items, 1)
    ]
    variant = f", variant {answer['variant']}" if "variant" in answer else ""
    title = f"Contents for {account}{variant}"
    console.result(answer, as_json, console.table(title, ("", "content", "score", "", "source"), rows))


def why(
    account: Account,
    content: Annotated[str, typer.Argument(help="id of the post")],
    time: Time = None,
    as_json: Json = False,
) -> None:
    """Explains a score: the part of every level of the hierarchy and of every column."""
    answer = _answer({"accountId": account, "contents": [content], "explain": True}, time)
    reasons = answer["reasons"][content]
    headline = f"{content} for {account}: score [bold]{reasons['score']:.4f}[/bold]"
    lines = "\n".join(f"  · {sentence}" for sentence in reasons["sentences"])
    console.result(reasons, as_json, f"{headline}\n{lines}", *_drawn(reasons))


def _answer(event: dict[str, Any], time: str | None) -> dict[str, Any]:
    from handlers.predictors import personalize_content_predictor

    with database():
        return personalize_content_predictor(event | ({"time": time} if time else {}), None)


def _by_score(result: Mapping[str, float]) -> list[dict[str, Any]]:
    order = sorted(result.items(), key=lambda pair: -pair[1])
    return [{"content": content, "score": score} for content, score in order]


def _drawn(reasons: Mapping[str, Any]) -> list[Any]:
    if "levels" not in reasons:
        return []
    levels = [(level, value, _signed(value, reasons["levels"].values())) for level, value in reasons["levels"].items()]
    parts = reasons["contributions"][:_LARGEST]
    sizes = [part["contribution"] for part in parts]
    columns = [
        (part["level"], part["column"], part["value"], part["contribution"], _signed(part["contribution"], sizes))
        for part in parts
    ]
    total = f"Log-odds {reasons['logOdds']:+.4f} by level"
    return [
        console.table(total, ("level", "adds", ""), levels),
        console.table("Largest parts", ("level", "column", "value", "adds", ""), columns),
    ]


def _signed(value: float, every: Any) -> str:
    largest = max((abs(other) for other in every), default=0.0) or 1.0
    colour = "green" if value > 0 else "red"
    return f"[{colour}]{console.bar(abs(value) / largest, 16)}[/{colour}]"
