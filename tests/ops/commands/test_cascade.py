"""The command that draws a reshare tree, and the evaluation of rebuilt trees."""

import gzip
import io
import json

import networkx as nx
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from ops.commands import cascade
from ops.commands.evaluate import cascades as evaluation

TREE = {
    "contentId": "r",
    "size": 3,
    "depth": 2,
    "breadth": [1, 1, 1],
    "structuralVirality": 4 / 3,
    "truncated": False,
    "nodes": [
        {"id": "r", "user": "u1", "parent": None, "level": 0, "time": "2026-01-01T00:00:00Z", "rank": 1.5,
         "method": "root", "confidence": 0.0, "candidates": []},
        {"id": "a", "user": None, "parent": "r", "level": 1, "time": "2026-01-01T01:00:00Z", "rank": 1.0,
         "method": "follow", "confidence": 0.8, "candidates": []},
        {"id": "b", "user": "u2", "parent": "a", "level": 2, "time": "2026-01-01T02:00:00Z", "rank": 0.0,
         "method": "explicit", "confidence": 1.0, "candidates": []},
    ],
}  # fmt: skip


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(evaluation.command)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def trees(tmp_path):
    path = tmp_path / "trees.jsonl.gz"
    edges = [[0, 1, 1.0], [0, 2, 2.0], [1, 3, 3.0], [1, 4, 3.5], [2, 5, 4.0], [2, 3, 9.0]]
    with gzip.open(path, "wt") as file:
        file.write(json.dumps({"tree": "design", "edges": edges}) + "\n")
    return path


def test_the_drawing_shows_rank_and_time():
    console = Console(width=100, record=True, file=io.StringIO())

    console.print(cascade.terminal_tree(TREE))

    text = console.export_text()
    assert "u1 rank 1.50 2026-01-01 00:00" in text
    assert "└── private rank 1.00 2026-01-01 01:00 follow 0.80" in text


def test_graphml_is_read_by_networkx():
    graph = nx.parse_graphml(cascade.to_graphml(TREE))

    assert sorted(graph.edges) == [("a", "b"), ("r", "a")]
    assert graph.nodes["r"]["rank"] == 1.5
    assert graph.edges["r", "a"]["confidence"] == 0.8


def test_known_trees_agree_with_the_oracle_and_nodes_are_listed(run, trees):
    report = json.loads(run("--data", trees, "--nodes", "--json").stdout)

    assert (report["trees"], report["nodes"], report["rank_spearman"]) == (1, 6, 1.0)
    assert report["virality_error"] == 0.0
    assert [node["rank"] for node in report["nodes_detail"]] == [3.5, 2.0, 1.0, 0.0, 0.0, 0.0]
    assert report["nodes_detail"][3] == {"tree": "design", "id": 3, "parent": 1, "level": 2, "rank": 0.0}
    assert report["mended"] == {"repeated": 1}


def test_parents_are_found_again_from_a_file_of_follows(run, trees, tmp_path):
    follows = tmp_path / "follows.jsonl"
    pairs = [[1, 0], [2, 0], [3, 1], [4, 1], [5, 2]]
    follows.write_text(json.dumps({"tree": "design", "follows": pairs}))

    report = json.loads(run("--data", trees, "--hide-parents", "--follows", follows, "--json").stdout)

    assert report["parent_accuracy"] == {"earliest": 1.0, "recent": 1.0, "likelihood": 1.0}
    assert report["rank_spearman"] == 1.0


def test_a_call_without_data_says_what_is_missing(run, tmp_path):
    assert run("--json").exit_code == 2
    assert run("--data", tmp_path / "none.jsonl").exit_code == 2


def test_real_trees_are_measured_and_found_again(run, shared_data):
    data = shared_data / "cascades" / "trees_dev.jsonl.gz"

    known = json.loads(run("--data", data, "--json").stdout)
    hidden = json.loads(run("--data", data, "--hide-parents", "--follows", "simulated", "--json").stdout)

    assert known["rank_spearman"] == 1.0
    assert known["virality_error"] < 1e-9
    assert hidden["feeds"]["first"]["parent_accuracy"]["earliest"] >= 0.98
    assert hidden["feeds"]["every"]["parent_accuracy"]["likelihood"] >= 0.85
    assert hidden["calibration"] <= 0.05
