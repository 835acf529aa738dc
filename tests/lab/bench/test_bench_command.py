import json
import math

import pytest

from lab.bench.extrapolate import Limits, about, extrapolate
from lab.bench.figures import exponents, misses, slope, tables
from lab.bench.page import page
from ops.cli import execute
from ops.commands import bench as command
from tests.golden.figures import performance


def figures_of(power=1.0, faster=30.0, slower=1.2):
    """Figures of two sizes, of one job whose costs grow with that power."""
    return performance({"hashtagStats": (1.0, 10**power)}, changed={"hashtagStats": 1.0}, faster=faster, slower=slower)


def test_the_quick_bench_measures_writes_json_and_prints_it(uri, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MONGODB_URI", uri)
    file = tmp_path / "bench.json"

    assert execute(["bench", "--quick", "--sizes", "20,40", "--json", str(file)]) == 0

    figures = json.loads(capsys.readouterr().out)
    assert figures == json.loads(file.read_text())
    assert [size["users"] for size in figures["sizes"]] == [20, 40]
    for size in figures["sizes"]:
        assert set(size["jobs"]) >= {"contentStats", "coldstartPredictor"}
        assert all(cost["seconds"] > 0 and cost["megabytes"] > 50 for cost in size["jobs"].values())
        assert size["jobs"]["contentStats"]["written"] >= size["documents"]["contents"] - 1
    assert {comparison["what"] for comparison in figures["more"]["plain"]} >= {"guest feed", "fraud features"}
    assert {loop["errors"] for loop in figures["more"]["serving"]["idle"].values()} == {0}
    assert page(figures).startswith("# Performance")


def test_the_page_has_every_table_and_begins_with_missed_goals():
    text = page(figures_of(power=1.4))

    assert "its CPU exponent is 1.40" in text
    assert text.index("Missed goals") < min(text.index(table.title) for table in tables(figures_of()))
    assert "8 clients" in text
    assert "{" not in text


def test_a_goal_that_is_reached_is_not_listed():
    assert list(misses(figures_of(power=1.05))) == []


@pytest.mark.parametrize(
    ("figures", "word"),
    [(figures_of(1.2), "hashtagStats"), (figures_of(faster=3.0), "guest feed"), (figures_of(slower=1.7), "personal")],
)
def test_a_missed_goal_is_named(figures, word):
    (line,) = misses(figures)

    assert word in line


def test_exponents_are_those_of_the_costs():
    assert exponents(figures_of(power=1.3), "hashtagStats") == ["1.30", "1.30", "1.30"]
    assert math.isnan(slope([5], [1]))


def test_documents_are_written_from_figures_measured_before(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "KEPT", tmp_path / "performance.json")
    monkeypatch.setattr(command, "PAGE", tmp_path / "performance.md")
    (tmp_path / "given.json").write_text(json.dumps(figures_of()))

    assert execute(["bench", "--from", str(tmp_path / "given.json"), "--write-docs"]) == 0

    assert (tmp_path / "performance.md").read_text() == page(figures_of())
    assert json.loads((tmp_path / "performance.json").read_text()) == figures_of()


@pytest.mark.parametrize("words", [["--sizes", "ten"], ["--sizes", "0"], ["--from", "nowhere.json"]])
def test_a_wrong_call_is_one_line(words, capsys):
    assert execute(["bench", *words]) == 2

    assert capsys.readouterr().err.count("\n") == 1


def test_the_page_of_the_project_is_that_of_its_figures():
    assert command.PAGE.read_text() == page(command.read(command.KEPT))


def test_ten_times_the_members_take_ten_times_as_long_on_one_shard_and_part_of_it_on_ten():
    scale = extrapolate(figures_of(), 100_000)
    (need,) = scale.needs
    (parted,) = extrapolate(figures_of(), 100_000, Limits(shard_gib=1.0)).needs

    assert need.seconds == pytest.approx(100.0)
    assert (scale.documents, scale.gib, scale.shards) == (50, 10.0, 1)
    assert parted.seconds == pytest.approx(10.0)


def test_a_job_breaks_where_its_time_is_over():
    (need,) = extrapolate(figures_of(), 1_000_000).needs

    assert need.breaks_at == pytest.approx(900_000)
    assert need.calls == 2
    assert about(need.breaks_at) == "900 thousand"


def test_scale_extrapolates_to_any_number_of_members(capsys):
    assert execute(["scale", "--users", "5000000", "--json"]) == 0

    (scale,) = json.loads(capsys.readouterr().out)["scales"]
    assert scale["users"] == 5_000_000
    assert len(scale["needs"]) > 10
