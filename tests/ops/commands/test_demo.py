import io
import json

import pytest
from rich.cells import cell_len
from rich.console import Console

from ops.cli import execute
from ops.commands import demo_report

RANKERS = {"personal": {"ndcg@10": 0.5, "ci": [0.4, 0.6]}, "popularity": {"ndcg@10": 0.1, "ci": [0.0, 0.2]}}
DOCUMENT = {
    "prefix": "demo-",
    "until": "2026-01-15T00:00:00+00:00",
    "seconds": 60.0,
    "community": {"users": 300, "days": 8, "counts": {"contents": 365, "feeditems": 11_812, "engagements": 534}},
    "functions": [
        {"function": "contentStats", "status": "done", "seconds": 2.0, "counts": {"contents": 355}, "error": ""},
        {"function": "karmaStats", "status": "failed", "seconds": 1.0, "counts": {}, "error": "[/oops] ValueError"},
    ],
    "feed": {"th": [{"score": 0.19, "text": "[bold] สวัสดี", "author": None, "ageHours": 13.0}]},
    "ranking": {"requests": 116, "rankers": RANKERS},
}


def written(document, width=80):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(*demo_report.pages(document))
    return console.export_text()


def test_the_report_shows_jobs_feed_figures_and_next_commands():
    text = written(DOCUMENT)

    for words in ("365 posts by 300 people", "contentStats", "355 contents", "TH", "13 h ago", "personal", "0.500"):
        assert words in text
    assert "export DB_PREFIX=demo-" in text
    assert text.index("personal") < text.index("popularity")


def test_words_of_people_and_errors_are_no_markup():
    text = written(DOCUMENT)

    assert "[bold] สวัสดี" in text
    assert "[/oops] ValueError" in text


@pytest.mark.parametrize("empty", [{"feed": {}}, {"ranking": {"skipped": "nobody engages"}}, {"functions": []}])
def test_what_is_missing_is_said(empty):
    assert written(DOCUMENT | empty)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(cell_len(line) for line in written(DOCUMENT, width).splitlines()) <= width


@pytest.mark.slow
def test_the_demo_runs_everything_in_databases_of_its_own(db, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FEEDPULSE_HOME", str(tmp_path))

    assert execute(["demo", "--users", "200", "--days", "6", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert {function["status"] for function in document["functions"]} == {"done"}
    assert len(document["feed"]) == 3
    assert (
        document["ranking"]["rankers"]["personal"]["ndcg@10"] > document["ranking"]["rankers"]["popularity"]["ndcg@10"]
    )
    assert db.app.contents.count_documents({}) == 0
    for name in ("app-db", "analytics-db"):
        db.client.drop_database(f"{document['prefix']}{name}")
