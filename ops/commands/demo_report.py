"""The report of the demo: jobs, top of the guest feed, ranking figures, next commands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ops.console import bar

TEXT_CHARACTERS = 160
RANKERS = {
    "truth": "the simulator's true preferences",
    "personal": "ranking for members",
    "guest": "ranking for guests",
    "hn": "formula of Hacker News",
    "recency": "newest first",
    "popularity": "most engaged first",
    "random": "",
}
NEXT = (
    ("status", "show last runs, delays and failures"),
    ("run hourly", "run the hourly jobs as of now"),
    ("invoke coldstartPredictor", "run one function, as Lambda does"),
    ("schedule", "run serverless.yml on this machine"),
    ("evaluate --help", "measure quality"),
)


def pages(document: Mapping[str, Any]) -> list[RenderableType]:
    """Returns the sections of the report, top to bottom."""
    return [
        Padding(_head(document), (1, 0)),
        *_section("Jobs", _jobs(document["functions"])),
        *_section("Top of the guest feed", *_feeds(document["feed"])),
        *_section("Does the ranking help?", _figures(document["ranking"])),
        *_section("Next commands", _next(document["prefix"])),
    ]


def _section(title: str, *parts: RenderableType) -> Iterator[RenderableType]:
    yield Rule(f"[bold]{title}", align="left", style="dim")
    yield Padding(Group(*parts), (0, 0, 1, 1))


def _head(document: Mapping[str, Any]) -> RenderableType:
    community, counts = document["community"], document["community"]["counts"]
    words = (
        f"[bold]{counts['contents']:,}[/] posts by [bold]{community['users']:,}[/] people in {community['days']} days, "
        f"with [bold]{counts['feeditems']:,}[/] exposures and [bold]{counts['engagements']:,}[/] engagements, "
        f"until {document['until'][:16].replace('T', ' ')} UTC. The demo took "
        f"[bold]{document['seconds']:.0f} s[/]."
    )
    return Panel(words, title="[bold]feedpulse", title_align="left", border_style="cyan", padding=(0, 2))


def _jobs(functions: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for name, side in (("function", "left"), ("seconds", "right"), ("", "left"), ("counts", "left")):
        table.add_column(name, justify="right" if side == "right" else "left")
    slowest = max((function["seconds"] for function in functions), default=0) or 1
    for function in functions:
        succeeded = function["status"] == "done"
        style = "green" if succeeded else "red"
        result = _counts(function["counts"]) if succeeded else escape(function["error"] or function["status"])
        length = bar(function["seconds"] / slowest, 10)
        table.add_row(f"[{style}]{function['function']}", f"{function['seconds']:.1f}", f"[cyan]{length}", result)
    return table


def _counts(counts: Mapping[str, Any]) -> str:
    plain = [f"{value:,} {name}" for name, value in counts.items() if isinstance(value, int) and value]
    rejected = sum(value for value in (counts.get("rejected") or {}).values() if isinstance(value, int))
    return escape(", ".join([*plain, *([f"{rejected:,} rejected"] if rejected else [])]) or "-")


def _feeds(feeds: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[RenderableType]:
    if not feeds:
        yield Text("No guest feed is published.", style="red")
    for country, posts in feeds.items():
        table = Table(box=None, show_header=False, padding=(0, 2, 1, 0), title_justify="left")
        table.title = f"[bold]{flag(country)} {country.upper()}"
        table.add_column(justify="right", style="cyan", no_wrap=True)
        table.add_column()
        for post in posts:
            by = f"{escape(post['author'] or 'unknown')}, {age(post['ageHours'])}"
            text = " ".join((post["text"] or "(no text)").split())[:TEXT_CHARACTERS]
            table.add_row(f"{post['score']:.3f}", f"{escape(text)}\n[dim]{by}")
        yield table


def _figures(ranking: Mapping[str, Any]) -> RenderableType:
    if "skipped" in ranking:
        return Text(ranking["skipped"], style="dim")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
    for name in ("ranker", "", "ndcg@10", "", "95 %"):
        table.add_column(name, no_wrap=True)
    known = [(name, ranking["rankers"][name], about) for name, about in RANKERS.items() if name in ranking["rankers"]]
    for name, figures, about in sorted(known, key=lambda row: -row[1]["ndcg@10"]):
        quality = figures["ndcg@10"]
        drawn = f"[cyan]{bar(quality, 10)}"
        table.add_row(name, f"[dim]{about}", f"[bold]{quality:.3f}", drawn, _interval(figures.get("ci")))
    note = f"[dim]{ranking['requests']:,} requests of the last days, ranked by models trained on earlier ones."
    return Group(table, note)


def _interval(ends: Any) -> str:
    return f"{ends[0]:.3f} – {ends[1]:.3f}" if isinstance(ends, list | tuple) and len(ends) == 2 else ""


def _next(prefix: str) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("[dim]use the databases of the demo", "", f"[bold]export DB_PREFIX={prefix}")
    for command, about in NEXT:
        table.add_row(f"[dim]{about}", "", f"[bold]feedpulse {command}")
    return table


def flag(country: str) -> str:
    """Returns the flag of a country code; an empty text for other strings.

    >>> flag("th")
    '🇹🇭'
    """
    return "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in country) if country.isalpha() else ""


def age(hours: float) -> str:
    """Returns an age in words.

    >>> age(0.5), age(30), age(80)
    ('30 min ago', '30 h ago', '3 days ago')
    """
    if hours < 1:
        return f"{hours * 60:.0f} min ago"
    return f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} days ago"
