"""The demo's report: what ran, the top of the feed, the figures, where to look next."""

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
    "truth": "the simulator's own taste",
    "personal": "what members get",
    "guest": "what guests get",
    "hn": "Hacker News' formula",
    "recency": "newest first",
    "popularity": "most engaged first",
    "random": "",
}
NEXT = (
    ("status", "last runs, freshness, failures"),
    ("run hourly", "the same jobs at the wall clock"),
    ("invoke coldstartPredictor", "one function, as Lambda calls it"),
    ("schedule", "all of serverless.yml on this machine"),
    ("evaluate --help", "figures by subject"),
)


def pages(document: Mapping[str, Any]) -> list[RenderableType]:
    """The report from the demo's document, top to bottom."""
    return [
        Padding(_head(document), (1, 0)),
        *_section("What ran", _jobs(document["functions"])),
        *_section("Top of the guest feed", *_feeds(document["feed"])),
        *_section("Does the ranking help?", _figures(document["ranking"])),
        *_section("Where to look next", _next(document["prefix"])),
    ]


def _section(title: str, *parts: RenderableType) -> Iterator[RenderableType]:
    yield Rule(f"[bold]{title}", align="left", style="dim")
    yield Padding(Group(*parts), (0, 0, 1, 1))


def _head(document: Mapping[str, Any]) -> RenderableType:
    community, counts = document["community"], document["community"]["counts"]
    words = (
        f"[bold]{counts['contents']:,}[/] posts by [bold]{community['users']:,}[/] people in {community['days']} days, "
        f"shown [bold]{counts['feeditems']:,}[/] times, engaged with [bold]{counts['engagements']:,}[/] times, "
        f"up to {document['until'][:16].replace('T', ' ')} UTC. Everything below took "
        f"[bold]{document['seconds']:.0f} s[/]."
    )
    return Panel(words, title="[bold]feedpulse", title_align="left", border_style="cyan", padding=(0, 2))


def _jobs(functions: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for name, side in (("function", "left"), ("seconds", "right"), ("", "left"), ("what it did", "left")):
        table.add_column(name, justify="right" if side == "right" else "left")
    slowest = max((function["seconds"] for function in functions), default=0) or 1
    for function in functions:
        good = function["status"] == "done"
        style = "green" if good else "red"
        done = _did(function["counts"]) if good else escape(function["error"] or function["status"])
        length = bar(function["seconds"] / slowest, 10)
        table.add_row(f"[{style}]{function['function']}", f"{function['seconds']:.1f}", f"[cyan]{length}", done)
    return table


def _did(counts: Mapping[str, Any]) -> str:
    plain = [f"{value:,} {name}" for name, value in counts.items() if isinstance(value, int) and value]
    rejected = sum(value for value in (counts.get("rejected") or {}).values() if isinstance(value, int))
    return escape(", ".join([*plain, *([f"{rejected:,} rejected"] if rejected else [])]) or "-")


def _feeds(feeds: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[RenderableType]:
    if not feeds:
        yield Text("No guest feed was published.", style="red")
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
    note = f"[dim]{ranking['requests']:,} requests of the last days, ranked by models that had not seen them."
    return Group(table, note)


def _interval(ends: Any) -> str:
    return f"{ends[0]:.3f} – {ends[1]:.3f}" if isinstance(ends, list | tuple) and len(ends) == 2 else ""


def _next(prefix: str) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("[dim]the demo's databases have this name before theirs", "", f"[bold]export DB_PREFIX={prefix}")
    for command, about in NEXT:
        table.add_row(f"[dim]{about}", "", f"[bold]feedpulse {command}")
    return table


def flag(country: str) -> str:
    """The flag of a country; nothing for what is no country's code.

    >>> flag("th")
    '🇹🇭'
    """
    return "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in country) if country.isalpha() else ""


def age(hours: float) -> str:
    """An age as people say it.

    >>> age(0.5), age(30), age(80)
    ('30 min ago', '30 h ago', '3 days ago')
    """
    if hours < 1:
        return f"{hours * 60:.0f} min ago"
    return f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} days ago"
