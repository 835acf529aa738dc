"""Draws a reshare tree: which posts are drawn, and where. Time runs to the right."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import log1p, sqrt
from typing import Any, Final

View = dict[str, Any]
Nodes = Sequence[Mapping[str, Any]]
MOST: Final = 1_000  # posts that are drawn
WIDTH: Final = 1_000  # of the drawing, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 24.0, 24.0, 16.0, 40.0
_STEP: Final = 26.0  # largest distance of two leaves
_HIGHEST: Final = 900.0  # largest height of all leaves
_GOLDEN: Final = 0.6180339887498949  # its multiples modulo 1 spread evenly
_CONFIDENT: Final = 0.5  # edges with less confidence are dashed
_TICK_DISTANCE: Final = 70.0
_TICKS: Final = (
    (1, "1 min"), (10, "10 min"), (60, "1 h"), (360, "6 h"), (1_440, "1 day"), (4_320, "3 days"), (10_080, "1 week"),
    (40_320, "4 weeks"), (129_600, "90 days"), (525_600, "1 year"), (5_256_000, "10 years"),
)  # fmt: skip


def sample_nodes(nodes: Nodes, most: int = MOST) -> list[int]:
    """Returns sorted positions of the posts to draw: the highest ranks with their ancestors, ties spread over time.

    >>> sample_nodes([{"id": at, "parent": at - 1 if at else None, "rank": 2 - at} for at in range(3)], 2)
    [0, 1]
    """
    if len(nodes) <= most:
        return list(range(len(nodes)))
    place = {node["id"]: at for at, node in enumerate(nodes)}
    parents = [place.get(node["parent"], -1) for node in nodes]
    sample: set[int] = set()
    for at in sorted(range(len(nodes)), key=lambda at: (-nodes[at]["rank"], at * _GOLDEN % 1.0)):
        path = _path(at, parents, sample)
        if len(sample) + len(path) <= most:
            sample.update(path)
        if len(sample) == most:
            break
    return sorted(sample)


def draw(nodes: Nodes, sample: Sequence[int], names: Mapping[Any, str]) -> View:
    """Returns nodes with position, radius and edge, ticks, size of the drawing, and the number of posts left out.

    `nodes`: the root first, then by time. `sample`: positions of those to draw.
    """
    drawn = [nodes[at] for at in sample]
    minutes = [max((node["time"] - nodes[0]["time"]) / timedelta(minutes=1), 0.0) for node in drawn]
    scale = _Scale.of(minutes, max((nodes[-1]["time"] - nodes[0]["time"]) / timedelta(minutes=1), 1.0))
    rows, leaves = _rows(drawn)
    step = min(_STEP, _HIGHEST / max(leaves, 1))
    highest = max((node["rank"] for node in drawn), default=0.0) or 1.0
    smallest = min(max(step * 0.4, 1.3), 5.0)
    shown: dict[Any, View] = {}
    for node, after, row in zip(drawn, minutes, rows, strict=True):
        radius = smallest + 13.0 * sqrt(node["rank"] / highest)
        at = {"x": scale(after), "y": round(_TOP + (row + 0.5) * step, 1), "r": round(radius, 1)}
        edge = _edge(shown.get(node["parent"]), at)
        shown[node["id"]] = at | {"minutes": round(after, 2), "edge": edge} | _node_view(node, names)
    height = round(_TOP + max(leaves * step, 40.0) + _BOTTOM, 1)
    return {
        "nodes": list(shown.values()),
        "ticks": scale.ticks(),
        "width": WIDTH,
        "height": height,
        "left_out": len(nodes) - len(drawn),
    }


def highest_ranked(nodes: Nodes, names: Mapping[Any, str], most: int) -> list[View]:
    """Returns the posts with the highest rank, as rows of a table."""
    order = sorted(nodes, key=lambda node: (-node["rank"], node["time"]))[:most]
    return [_node_view(node, names) | {"time": node["time"]} for node in order]


class _Scale:
    """Maps minutes after the first post to x, by logarithm, so that first minutes and last weeks are both visible."""

    def __init__(self, unit: float, longest: float) -> None:
        self.unit, self.longest = unit, longest

    @classmethod
    def of(cls, minutes: Sequence[float], longest: float) -> "_Scale":
        """Returns a scale whose unit is the time of the first tenth of the reshares."""
        later = sorted(minutes)[1:] or [1.0]
        return cls(max(later[len(later) // 10], 1.0), longest)

    def __call__(self, minutes: float) -> float:
        share = log1p(minutes / self.unit) / log1p(self.longest / self.unit)
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * min(share, 1.0), 1)

    def ticks(self) -> list[View]:
        """Returns the labels of the time axis."""
        ticks: list[View] = [{"x": _LEFT, "label": "posted"}]
        for minutes, label in _TICKS:
            if minutes <= self.longest and self(minutes) - ticks[-1]["x"] >= _TICK_DISTANCE:
                ticks.append({"x": self(minutes), "label": label})
        return ticks


def _path(at: int, parents: Sequence[int], sample: set[int]) -> list[int]:
    """Returns the post and its ancestors that are not in the sample yet."""
    path: list[int] = []
    while at >= 0 and at not in sample and len(path) <= len(parents):
        path.append(at)
        at = parents[at]
    return path


def _rows(nodes: Nodes) -> tuple[list[float], int]:
    """Returns the row of each node and the number of leaves. Leaves fill rows; a parent is in the middle of its own."""
    place = {node["id"]: at for at, node in enumerate(nodes)}
    children: defaultdict[int, list[int]] = defaultdict(list)
    roots: list[int] = []
    for at, node in enumerate(nodes):
        parent = place.get(node["parent"], -1)
        (children[parent] if 0 <= parent < at else roots).append(at)
    order, waiting = [], roots[::-1]
    while waiting:
        at = waiting.pop()
        order.append(at)
        waiting += children[at][::-1]
    rows, leaves = [0.0] * len(nodes), 0
    for at in order:
        if not children[at]:
            rows[at], leaves = float(leaves), leaves + 1
    for at in reversed(order):
        if children[at]:
            rows[at] = (rows[children[at][0]] + rows[children[at][-1]]) / 2
    return rows, leaves


def _edge(parent: Mapping[str, Any] | None, at: Mapping[str, Any]) -> str:
    """Returns the SVG path from the parent."""
    if parent is None:
        return ""
    middle = round((parent["x"] + at["x"]) / 2, 1)
    return f"M{parent['x']},{parent['y']}C{middle},{parent['y']} {middle},{at['y']} {at['x']},{at['y']}"


def _node_view(node: Mapping[str, Any], names: Mapping[Any, str]) -> View:
    return {
        "id": str(node["id"]),
        "who": names.get(node["user"], "unknown user") if node["user"] else "a private account",
        "rank": node["rank"],
        "level": node["level"],
        "method": _METHODS.get(node["method"], str(node["method"])),
        "confidence": node["confidence"],
        "guess": node["method"] not in ("root", "explicit") and node["confidence"] < _CONFIDENT,
    }


_METHODS: Final = {
    "root": "the first post",
    "explicit": "recorded by the app",
    "impression": "seen in the feed before",
    "follow": "follows its author",
    "unattributed": "unknown parent",
}
