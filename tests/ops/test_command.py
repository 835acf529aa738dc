import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from handlers import manifest, runtime
from ops.cli import COMMANDS, SUBJECTS, execute
from ops.commands.run import call

ROOT = Path(__file__).resolve().parents[2]
TIME = "2026-01-15T00:00:00+00:00"
CONTRACT = (
    "demo", "load", "simulate", "run", "invoke", "schedule", "status", "rank", "why", "cascade", "models", "forget",
    "panel", "bench", "evaluate",
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FEEDPULSE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def feedpulse(*arguments, **more):
    whole = [sys.executable, "-m", "ops", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | more.pop("env", {})
    return subprocess.run(whole, capture_output=True, text=True, env=environment, timeout=120, **more)


@pytest.fixture
def statistics(monkeypatch):
    known = {key: manifest.functions()[key] for key in ("creatorStats", "contentStats")}
    monkeypatch.setattr(manifest, "functions", lambda: known)
    return known


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["run"], "Missing argument"),
        (["run", "yearly"], "is not one of 'hourly', 'daily', 'all'"),
        (["run", "hourly", "--fast"], "No such option: --fast"),
        (["run", "hourly", "--time", "tomorrow"], "time: tomorrow is not ISO 8601"),
        (["invoke", "contentstats"], "there is no function contentstats in serverless.yml: it has contentStats"),
        (["invoke", "contentStats", "--event", "none.json"], "none.json can't be read"),
        (["invoke", "contentStats", "--event", "list.json"], "list.json must have a JSON object, not list"),
        (["invoke", "contentStats", "--event", "cut.json"], "cut.json is not JSON"),
        (["invoke", "contentStats", "--event", "time.json"], "time: 5 is not ISO 8601"),
        (["load", "nowhere"], "nowhere is not a folder"),
        (["load", ".", "--until", "x"], "has no <collection>.jsonl"),
        (["simulate", "--users", "3"], "users must be at least 20"),
        (["simulate", "--users", "many"], "--users"),
        (["evaluate", "beauty"], "No such command 'beauty'"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(db, tmp_path, capsys, call, complaint):
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "cut.json").write_text('{"time":')
    (tmp_path / "time.json").write_text('{"time": 5}')

    status = execute(call)

    output = capsys.readouterr()
    assert status == 2
    assert output.out == ""
    assert re.fullmatch(r"feedpulse: [^\n]+\n", output.err)
    assert complaint in output.err


def test_an_unreachable_server_is_one_line_and_status_1(monkeypatch, capsys):
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/")
    monkeypatch.setattr(runtime, "connect", partial(runtime.connect, serverSelectionTimeoutMS=50))

    status = execute(["invoke", "contentStats"])

    output = capsys.readouterr()
    assert status == 1
    assert re.fullmatch(r"feedpulse: MongoDB does not respond: start it, or unset MONGODB_URI [^\n]+\n", output.err)


def test_an_embedded_database_that_cannot_start_is_one_line_and_status_1(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("MONGODB_URI", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FEEDPULSE_HOME", str(tmp_path / "file"))

    status = execute(["invoke", "contentStats"])

    assert status == 1
    assert re.fullmatch(r"feedpulse: [^\n]+ set FEEDPULSE_HOME to another folder\n", capsys.readouterr().err)


def test_debug_adds_the_traceback(db, capsys):
    assert execute(["invoke", "contentStats", "--debug", "--event", "none.json"]) == 2

    assert "Traceback" in capsys.readouterr().err


def test_help_comes_at_once_and_imports_no_command():
    done = feedpulse("--help")

    assert done.returncode == 0
    assert [name for name in CONTRACT if f"│ {name} " not in done.stdout] == []
    timed = "import sys; from ops.cli import execute; execute(['--help']); print(sorted(sys.modules))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    modules = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 0.5
    assert not any(f"'{heavy}'" in modules for heavy in ("pymongo", "numpy", "yaml", "ops.commands.run"))


@pytest.mark.parametrize("command", [[name] for name in COMMANDS] + [["evaluate", name] for name in SUBJECTS])
def test_every_command_explains_itself_and_takes_json(command, capsys):
    assert execute([*command, "--help"]) == 0

    output = capsys.readouterr().out
    assert "--json" in output or "COMMAND [ARGS]" in output  # a group's commands take it


def test_invoke_calls_the_function_with_the_event_and_prints_its_result(db, tmp_path, capsys):
    db.app.contents.insert_one(
        {"author": {}, "type": "short", "visibility": "publish", "createdAt": datetime(2026, 1, 14, tzinfo=UTC)}
    )
    (tmp_path / "event.json").write_text(json.dumps({"time": TIME}))

    assert execute(["invoke", "contentStats", "--event", "event.json", "--json"]) == 0

    output = capsys.readouterr()
    assert json.loads(output.out)["contents"] == 1
    assert db.analytics.contentStats.find_one()["updatedAt"] == datetime(2026, 1, 15, tzinfo=UTC)


def test_invoke_reads_the_event_from_standard_input(db, uri):
    done = feedpulse("invoke", "contentStats", "--event", "-", "--json", input=json.dumps({"time": TIME}))

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["contents"] == 0


def test_time_of_the_call_stands_before_the_events(db, tmp_path, capsys):
    (tmp_path / "event.json").write_text('{"time": "2020-01-01T00:00:00Z"}')

    assert execute(["invoke", "contentStats", "--event", "event.json", "--time", TIME]) == 0

    assert db.analytics.runs.find_one()["time"] == datetime(2026, 1, 15, tzinfo=UTC)


def test_run_calls_the_hourly_jobs_in_order_and_reports_each(db, statistics, capsys):
    assert execute(["run", "hourly", "--time", TIME, "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert [function["function"] for function in document["functions"]] == ["contentStats", "creatorStats"]
    assert {function["status"] for function in document["functions"]} == {"done"}
    assert document["time"] == TIME
    runs = list(db.analytics.runs.find())
    assert {run["time"] for run in runs} == {datetime(2026, 1, 15, tzinfo=UTC)}


def test_a_failed_job_is_reported_and_does_not_stop_the_others(db, statistics, capsys):
    statistics["contentStats"] = replace(statistics["contentStats"], handler="ops.nothing.here")

    status = execute(["run", "hourly", "--time", TIME, "--json"])

    document = json.loads(capsys.readouterr().out)
    assert (status, document["failed"]) == (1, 1)
    first, *others = document["functions"]
    assert first["error"] == "ModuleNotFoundError: No module named 'ops.nothing'"
    assert {outcome["status"] for outcome in others} == {"done"}


@pytest.mark.parametrize("command", [["run", "hourly"], ["invoke", "contentStats"]])
def test_what_a_handler_prints_stays_out_of_the_json(db, statistics, capsys, command):
    statistics["contentStats"] = replace(statistics["contentStats"], handler="tests.ops.test_command.noisy")

    assert execute([*command, "--json"]) == 0

    output = capsys.readouterr()
    assert isinstance(json.loads(output.out), dict)
    assert "hello" in output.err


def noisy(event, context):
    print("hello")  # noqa: T201
    return {"items": 1}


def test_a_job_that_runs_already_is_skipped_not_failed():
    busy = manifest.Function("busy", "tests.ops.test_command.busy")

    outcome = call(busy, {})

    assert outcome.status == "skipped"


def busy(event, context):
    return {"skipped": 1}


def test_status_shows_last_runs_delays_and_the_feed(db, capsys):
    execute(["invoke", "contentStats", "--time", "2020-01-01T00:00:00Z"])
    capsys.readouterr()

    assert execute(["status", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    by_name = {function["function"]: function for function in document["functions"]}
    assert by_name["contentStats"]["status"] == "done"
    assert by_name["contentStats"]["lateMinutes"] > 1_000_000
    assert by_name["creatorStats"]["status"] == "no record"
    assert document["guestFeed"] == {"items": 0, "countries": 0, "updatedAt": None, "ageHours": None}
    assert document["server"]["replicaSet"] == "rs0"


def test_without_a_uri_the_embedded_database_keeps_the_data_between_commands(tmp_path):
    environment = {"MONGODB_URI": "", "FEEDPULSE_HOME": str(tmp_path / "own"), "DB_PREFIX": ""}
    (tmp_path / "dump").mkdir()
    (tmp_path / "dump" / "users.jsonl").write_text('{"_id": 1, "type": "people"}\n')
    assert feedpulse("load", "dump", env=environment, cwd=tmp_path).returncode == 0

    done = feedpulse("invoke", "creatorStats", "--json", env=environment, cwd=tmp_path)

    assert done.returncode == 0
    assert json.loads(done.stdout)["creators"] == 1


def test_a_failed_job_exits_with_1_and_a_wrong_event_with_2(db, tmp_path, monkeypatch, capsys):
    (tmp_path / "event.json").write_text('{"contents": 5}')
    monkeypatch.setattr("features.jobs.statistics.update_content_stats", fail)

    assert execute(["invoke", "contentStats", "--time", TIME]) == 1
    assert "contentStats failed: verified bots: 5, at least 8 are needed" in capsys.readouterr().err
    assert execute(["invoke", "topicsClassify", "--event", "event.json"]) == 2
    assert "contents: a list of ids is needed" in capsys.readouterr().err


def test_the_misspelt_name_of_version_0_1_is_understood(db, tmp_path, capsys):
    (tmp_path / "event.json").write_text('{"userId": "0123456789abcdef01234567"}')

    assert execute(["invoke", "recomendFriends", "--event", "event.json", "--time", TIME, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["userId"] == "0123456789abcdef01234567"


def test_a_port_in_use_is_one_line(db, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status = execute(["panel", "--port", str(taken.getsockname()[1])])

    written = capsys.readouterr()
    assert status == 2
    assert "choose another --port" in written.err
    assert "Control panel:" not in written.err
    assert "Traceback" not in written.err


def test_an_interrupted_run_says_so(db, monkeypatch):
    monkeypatch.setattr("features.jobs.statistics.update_content_stats", interrupt)

    assert execute(["invoke", "contentStats", "--time", TIME]) == 130
    assert db.analytics.runs.find_one()["status"] == "interrupted"
    assert db.analytics.leases.count_documents({}) == 0


def test_ctrl_c_does_not_wait_for_threads_at_work():
    code = (
        "import sys, threading, time; import ops.__main__ as command;"
        "threading.Thread(target=time.sleep, args=(60,)).start();"
        "command.execute = lambda words: command.INTERRUPTED; command.main()"
    )
    started = time.monotonic()

    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=50, check=False)

    assert ended.returncode == 130
    assert time.monotonic() - started < 30


def fail(*words, **more):
    raise ValueError("verified bots: 5, at least 8 are needed")


def interrupt(*words, **more):
    raise KeyboardInterrupt
