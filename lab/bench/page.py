"""docs/performance.md, written from one run of `feedpulse bench`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab.bench.figures import Table, misses, tables

NOTES = {
    "Seconds": "Each job by its handler, in a process of its own, on a freshly written app with every index and with "
    "nothing of ours yet; topicsClassify reads the newest 1 % of the posts, as triggers bring them; members' models "
    "go as on AWS: personalizeContentTrainer writes shards, personalizeContentWorker trains them; *every gate open* "
    "is the dispatcher once more, as if there were data enough for own models of all. *Exponent*: the slope of log "
    "seconds over log members; *of the work*: the same of the seconds that processors worked, the job's and the "
    "server's together, which other load on the machine does not move; *last two sizes*: that slope where fixed costs "
    "hide the least. From 50,000 members on the judge (rankingEvaluation) is left out, from 500,000 on all that "
    "trains or reads the whole log as columns. Nobody has given verdicts, and actions are off, as they are at first: "
    "fraudFeatureUpdater and actionsPlan only look.",
    "Peak": "*MB of the job* is the most resident memory of its process, about 135 MB of it Python with the libraries; "
    "*of the server*: mongod with a cache of 8 GB. *Examined*, *read* and *written* are the server's own counters: "
    "documents looked at, handed to a client or the next stage, and inserted, changed or deleted.",
    "After an hour": "The members post, read and engage in that hour, and counters move as the app moves them; then "
    "jobs run again, at a clock an hour later. *Of the work* compares the processors' seconds with those of the "
    "first run. An age belongs to every score, so contentStats and creatorStats write every document of the window "
    "whatever changed, inside the server. coldstartPredictor and servingSnapshot publish whole generations, and "
    "coldstartTrainer, fraudModelTrainer and rankingEvaluation read everything: not run again here. What "
    "only follows the change: fraudFeatureExtractor, karmaStats (within a day), cascadeStats, topicsClassify. Nothing "
    "has happened after the clock here. Where something has, in a busy app as soon as a job begins some seconds late, "
    "the statistics and karma are counted from the engagements instead of the app's counters, so that the same event "
    "gives the same documents; it costs more, and karmaStats then goes over everybody.",
    "Our jobs": "The plain way is in lab/bench/plain.py: a full scan with `$push` and an upsert a document; one "
    "XGBRegressor a member on a filter of one frame, pickled (never unpickled); one query, frame and prediction a "
    "country; one query a credential and four features, where ours are more than twenty. Where it would take hours a "
    "sample was measured and multiplied. Ours are whole jobs with reading and writing, own models with every gate "
    "open; *from the log to models* (both runs of the dispatcher, and the worker) adds "
    "what the plain way lacks: rows as of the moment, sampled negatives, the booster of all members. The "
    "floor is what nobody can go below here: {floors}.",
    "Requests": "{clients} clients of the personal predictor, each a container of its own that asks for "
    "{candidates:,} candidates again as soon as it has its answer, and one reader of the guest feed (100 items), on "
    "the same {cores} cores as the server; so these are not latencies of an idle container. Beside them the hourly "
    "jobs one after another, on the same cores too, where on AWS they share only the database; {jobsDone} jobs ended "
    "in that time, and with the third the guest feed was swapped.",
}

BUSY = (
    "**The machine was busy with other work**: seconds, comparisons and latencies are those of such an hour, and only "
    "counts and the exponents of the work stand."
)


def page(found: Mapping[str, Any]) -> str:
    """The page in Markdown."""
    return "\n\n".join([*_head(found), *(part for each in tables(found) for part in _section(each, found))]) + "\n"


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    machine, last = found["machine"], found["sizes"][-1]
    documents = sum(last["documents"].values())
    yield "# Performance: what each job costs, how that grows, and what a plain way costs"
    yield (
        f"Written by `feedpulse bench --write-docs` ({found['seconds'] / 60:.0f} minutes; the figures are in "
        f"performance.json). Machine: {machine['cores']} cores ({machine['processor']}), {machine['gib']} GiB, Python "
        f"{machine['python']}, a real mongod on the same cores; load before the run {machine['loadBefore']}."
    )
    if machine["loadBefore"] > machine["cores"]:
        yield BUSY
    if remark := found.get("remark"):  # of whoever put several runs together
        yield remark
    yield (
        f"The app holds 30 days. A member has on the average {_volumes(found['volumes'])}; who reads, posts and is "
        f"followed is skewed (log-normal, at most ten times the mean). At {last['users']:,} members these are "
        f"{documents:,} documents, written in {last['fillSeconds']:.0f} s "
        "(`python -m lab.bench.generate --users N`). What any number of members needs: [scaling.md](scaling.md)."
    )
    missed = [f"- {each}" for each in misses(found)]
    yield "## What misses its aim"
    yield "\n".join(missed) if missed else "Nothing: every exponent, comparison and latency below is within its aim."


def _section(table: Table, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {table.title}"
    note = next((text for start, text in NOTES.items() if table.title.startswith(start)), "")
    yield note.format(**_words(found)) if "{" in note else note
    yield markdown(table.columns, table.rows)


def markdown(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table of Markdown, figures to the right.

    >>> print(markdown(["job", "s"], [["a", "1"]]))
    | job | s |
    |---|--:|
    | a | 1 |
    """
    rule = ["---", *["--:"] * (len(columns) - 1)]
    lines = [" | ".join(map(str, each)) for each in (columns, *rows)]
    return "\n".join([f"| {lines[0]} |", f"|{'|'.join(rule)}|", *(f"| {line} |" for line in lines[1:])])


def _volumes(volumes: Mapping[str, Any]) -> str:
    engagements = volumes["exposures"] * volumes["engaged"]
    return (
        f"{volumes['posts']:g} post ({volumes['reshared']:.0%} of them reshares), {volumes['exposures']:g} exposures, "
        f"{engagements:g} engagements and {volumes['follows']:g} follows"
    )


def _words(found: Mapping[str, Any]) -> dict[str, Any]:
    more = found["more"]
    floors = {each["what"].partition(",")[0]: each["floorIs"] for each in more["plain"] if each["aim"]}
    told = "; ".join(f"{what}: {floor}" for what, floor in floors.items())
    served = more["serving"]
    return {**served["plan"], "jobsDone": served["jobsDone"], "cores": found["machine"]["cores"], "floors": told}
