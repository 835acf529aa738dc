"""Rows of the first page: functions, rejected documents, age of the feed."""

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
    "topicsClassify": "detects language, topics and emotions of new posts",
    "visibilityChanged": "removes posts of people who are no longer public",
    "karmaStats": "computes karma by user and category",
    "cascadeStats": "reconstructs reshare trees",
    "coldstartTrainer": "trains the ranking models for guests",
    "personalizeContentTrainer": "trains the ranking models for members",
    "rankingEvaluation": "evaluates yesterday's rankings",
    "coldstartPredictor": "publishes the guest feed",
    "servingSnapshot": "prepares members' feeds",
    "actionsPlan": "plans follows and likes",
    "fraudFeatureExtractor": "computes the reading behaviour of devices",
    "fraudModelTrainer": "trains the bot detector",
    "fraudPredictor": "opens cases of likely bots",
    "fraudFeatureUpdater": "copies moderators' verdicts to the training data",
}
_LONGEST = timedelta(minutes=20)  # no function runs longer; a run that is older was killed
_REASONS = 50  # of rejected documents, the most frequent


def function_row(
    function: Function, cron: str | None, run: Mapping[str, Any], off: bool, now: datetime, wall: datetime
) -> View:
    """Returns one function with its state, the state's tone, and its last run. `cron`: an operator's schedule."""
    late = late_minutes(function, cron, run.get("doneTime"), now)
    state, tone = _state(run, late, off, wall)
    if state == "never ran" and not function.timings:
        state = "on changes"  # such functions keep no record
    return {
        "key": function.key,
        "about": ABOUT.get(function.key, ""),
        "state": state,
        "tone": tone,
        "time": run.get("time"),
        "seconds": run.get("seconds"),
        "counts": nonzero_counts(run.get("counts") or {}),
        "error": run.get("error", "") if run.get("status") == "failed" else "",
        "failed": run.get("failed", 0),
        "next": None if off or not function.timings else next_run(function, cron, run.get("doneTime"), now),
        "off": off,
        "busy": state == "running",
    }


def nonzero_counts(counts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Returns the counts of a run without zeros and without rejected documents.

    >>> nonzero_counts({"contents": 5, "later": 0, "rejected": {"no date": 2}})
    [('contents', 5)]
    """
    return [(_words(name), value) for name, value in counts.items() if name != "rejected" and value]


def rejected_documents(runs: Mapping[str, Mapping[str, Any]]) -> list[View]:
    """Returns documents that last runs rejected, one row for each reason, the most frequent first.

    >>> two, three = ({"counts": {"rejected": {"no date": count}}} for count in (2, 3))
    >>> rejected_documents({"a": two, "b": three})
    [{'reason': 'no date', 'functions': ['a', 'b'], 'count': 3}]
    """
    rows: dict[str, View] = {}
    for key, run in runs.items():
        for reason, count in _rejected(run):
            row = rows.setdefault(reason, {"reason": reason, "functions": [], "count": 0})
            row["functions"].append(key)
            row["count"] = max(row["count"], count)
    return sorted(rows.values(), key=lambda row: -row["count"])[:_REASONS]


def rejected_lines(lines: Mapping[str, Mapping[str, int]]) -> list[View]:
    """Returns lines that a load rejected, one row for each collection and reason."""
    return [
        {"reason": f"{name}: {reason}", "functions": ["feedpulse load"], "count": count}
        for name, reasons in lines.items()
        for reason, count in reasons.items()
    ]


def health(rows: Sequence[View]) -> View:
    """Returns the state of the pipeline: how many functions failed or are late."""
    bad, warn = (sum(row["tone"] == tone for row in rows) for tone in ("bad", "warn"))
    if bad or warn:
        parts = [f"{count} {word}" for count, word in ((bad, "failed"), (warn, "late")) if count]
        return {"value": ", ".join(parts), "tone": "bad" if bad else "warn"}
    if not any(row["time"] for row in rows):
        return {"value": "no runs yet", "tone": ""}
    return {"value": "all OK", "tone": "good"}


def feed_tone(published: datetime | None, now: datetime) -> str:
    """Returns the tone for the age of the guest feed: good up to 2 hours, warn up to a day, then bad."""
    if published is None:
        return "bad"
    hours = (now - published) / timedelta(hours=1)
    return "good" if hours <= 2 else "warn" if hours <= 24 else "bad"


def timing_words(function: Function, cron: str | None = None) -> str:
    """Returns when a function runs, in words. `cron`: an operator's schedule.

    >>> from handlers.timing import parse_timing
    >>> timing_words(Function("a", "b.c", (parse_timing("cron(8 * * * ? *)"), parse_timing("cron(30 1 * * ? *)"))))
    'every hour at :08, daily at 01:30'
    """
    deployed = [
        f"every hour at :{timing.minute_of_day % 60:02}" if timing.is_hourly else _daily(timing.minute_of_day)
        for timing in function.timings
    ]
    timed = [words(cron)] if cron else deployed
    return ", ".join([*timed, *(f"on changes of {name}" for name in function.changes)])


def seconds_chart(runs: Iterable[Mapping[str, Any]]) -> View:
    """Returns a chart of the runs' seconds over time."""
    rows = sorted((run for run in runs if run.get("seconds") is not None), key=lambda run: run["time"])
    series = [{"label": "seconds", "values": [run["seconds"] for run in rows]}]
    return {"x": [int(run["time"].timestamp()) for run in rows], "time": True, "height": 180, "series": series}


def _state(run: Mapping[str, Any], late: int | None, off: bool, wall: datetime) -> tuple[str, str]:
    status = run.get("status")
    if off:
        return "switched off", "quiet"
    if status == "running":
        return ("running", "quiet") if wall - run["startedAt"] < _LONGEST else ("did not finish", "bad")
    if status == "failed":
        return "failed", "bad"
    if late:
        return f"late by {_length(late)}", "warn"
    return ("never ran", "quiet") if status is None else ("OK", "good")


def _daily(minutes: int) -> str:
    return f"daily at {minutes // 60:02}:{minutes % 60:02}"


def _length(minutes: int) -> str:
    return (
        f"{minutes // 1440} days" if minutes >= 2880 else f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"
    )


def _rejected(run: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    rejected = (run.get("counts") or {}).get("rejected")
    if not isinstance(rejected, dict):
        return []
    return [(reason, count) for reason, count in rejected.items() if isinstance(count, int) and count]


def _words(name: str) -> str:
    """Splits camelCase: `tooFew` becomes "too few"."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
