"""What the first page says of the functions, in plain words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from handlers.manifest import Function, late_minutes, next_run
from panel.views.schedules import words

View = dict[str, Any]
ABOUT = {
    "contentStats": "counts and scores posts",
    "creatorStats": "counts and scores creators",
    "hashtagStats": "ranks hashtags",
    "topicsClassify": "reads new posts: language, topics, emotions",
    "karmaStats": "karma by person and category",
    "cascadeStats": "trees of reshares",
    "coldstartTrainer": "learns what guests like",
    "personalizeContentTrainer": "learns what members like",
    "rankingEvaluation": "judges yesterday's rankings",
    "coldstartPredictor": "publishes the guest feed",
    "servingSnapshot": "prepares members' feeds",
    "actionsPlan": "plans follows and likes",
    "fraudFeatureExtractor": "looks at how devices read",
    "fraudModelTrainer": "learns to tell bots",
    "fraudPredictor": "finds suspects",
    "fraudFeatureUpdater": "learns from moderators' verdicts",
}
_LONGEST = timedelta(minutes=20)  # no function runs longer; one that says so was killed
_REASONS = 50  # of set-aside documents, the commonest


def function_row(
    function: Function, own: str | None, run: Mapping[str, Any], off: bool, now: datetime, wall: datetime
) -> View:
    """One function, by a cron line of its own if it has one: how it is, in a word with its tone, and its last run."""
    late = late_minutes(function, own, run.get("doneTime"), now)
    word, tone = _state(run, late, off, wall)
    if word == "never ran" and not function.timings:
        word = "on changes"  # such functions keep no record
    return {
        "key": function.key,
        "about": ABOUT.get(function.key, ""),
        "state": word,
        "tone": tone,
        "time": run.get("time"),
        "seconds": run.get("seconds"),
        "counts": counted(run.get("counts") or {}),
        "error": run.get("error", "") if run.get("status") == "failed" else "",
        "failed": run.get("failed", 0),
        "next": None if off or not function.timings else next_run(function, own, run.get("doneTime"), now),
        "off": off,
        "busy": word == "running",
    }


def counted(counts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a run counted, without zeros and without what it set aside.

    >>> counted({"contents": 5, "later": 0, "rejected": {"no date": 2}})
    [('contents', 5)]
    """
    return [(_words(name), value) for name, value in counts.items() if name != "rejected" and value]


def set_aside(runs: Mapping[str, Mapping[str, Any]]) -> list[View]:
    """Documents that the functions' last runs set aside, by reason, the commonest first, each reason once.

    >>> set_aside({"a": {"counts": {"rejected": {"no date": 2}}}, "b": {"counts": {"rejected": {"no date": 3}}}})
    [{'reason': 'no date', 'functions': ['a', 'b'], 'count': 3}]
    """
    found: dict[str, View] = {}
    for key, run in runs.items():
        for reason, count in _rejected(run):
            row = found.setdefault(reason, {"reason": reason, "functions": [], "count": 0})
            row["functions"].append(key)
            row["count"] = max(row["count"], count)
    return sorted(found.values(), key=lambda row: -row["count"])[:_REASONS]


def not_loaded(lines: Mapping[str, Mapping[str, int]]) -> list[View]:
    """Lines that a load could not take, by collection and reason."""
    return [
        {"reason": f"{name}: {reason}", "functions": ["feedpulse load"], "count": count}
        for name, reasons in lines.items()
        for reason, count in reasons.items()
    ]


def health(rows: Sequence[View]) -> View:
    """The whole in one word: how many functions need somebody."""
    bad, warn = (sum(row["tone"] == tone for row in rows) for tone in ("bad", "warn"))
    if bad or warn:
        told = [f"{count} {word}" for count, word in ((bad, "failed"), (warn, "late")) if count]
        return {"value": ", ".join(told), "tone": "bad" if bad else "warn"}
    if not any(row["time"] for row in rows):
        return {"value": "nothing ran yet", "tone": ""}
    return {"value": "all well", "tone": "good"}


def feed_tile(made: datetime | None, now: datetime) -> str:
    """How fresh the guest feed is: fine for two hours, then a warning, after a day an alarm."""
    if made is None:
        return "bad"
    hours = (now - made) / timedelta(hours=1)
    return "good" if hours <= 2 else "warn" if hours <= 24 else "bad"


def timing_words(function: Function, own: str | None = None) -> str:
    """When a function runs, in words.

    >>> from handlers.timing import parse_timing
    >>> timing_words(Function("a", "b.c", (parse_timing("cron(8 * * * ? *)"), parse_timing("cron(30 1 * * ? *)"))))
    'every hour at :08, daily at 01:30'
    """
    deployed = [
        f"every hour at :{each.minute_of_day % 60:02}" if each.is_hourly else _daily(each.minute_of_day)
        for each in function.timings
    ]
    told = [words(own)] if own else deployed
    return ", ".join([*told, *([f"on changes of {function.changes}"] if function.changes else [])])


def seconds_chart(runs: Iterable[Mapping[str, Any]]) -> View:
    """Seconds of the runs over time."""
    rows = sorted((run for run in runs if run.get("seconds") is not None), key=lambda run: run["time"])
    x = [int(run["time"].timestamp()) for run in rows]
    return {
        "x": x,
        "time": True,
        "height": 180,
        "series": [{"label": "seconds", "values": [r["seconds"] for r in rows]}],
    }


def _state(run: Mapping[str, Any], late: int | None, off: bool, wall: datetime) -> tuple[str, str]:
    status = run.get("status")
    if off:
        return "switched off", "quiet"
    if status == "running":
        return ("running", "quiet") if wall - run["startedAt"] < _LONGEST else ("did not end", "bad")
    if status == "failed":
        return "failed", "bad"
    if late:
        return f"late by {_length(late)}", "warn"
    return ("never ran", "quiet") if status is None else ("fine", "good")


def _daily(minutes: int) -> str:
    return f"daily at {minutes // 60:02}:{minutes % 60:02}"


def _length(minutes: int) -> str:
    return (
        f"{minutes // 1440} days" if minutes >= 2880 else f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"
    )


def _rejected(run: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    rejected = (run.get("counts") or {}).get("rejected")
    return [(why, n) for why, n in rejected.items() if isinstance(n, int) and n] if isinstance(rejected, dict) else []


def _words(name: str) -> str:
    """camelCase in words: `tooFew` is "too few"."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
