"""A reshare tree as a drawing: which posts are drawn, and where; time goes to the right."""

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
_STEP: Final = 26.0  # between two leaves where there is room
_HIGHEST: Final = 900.0  # of all leaves together
_GOLDEN: Final = 0.6180339887498949  # its multiples modulo 1 spread evenly
_SURE: Final = 0.5  # confidence under which an edge is drawn as a guess
_TICK_APART: Final = 70.0
_TICKS: Final = (
    (1, "1 min"), (10, "10 min"), (60, "1 h"), (360, "6 h"), (1_440, "1 day"), (4_320, "3 days"), (10_080, "1 week"),
    (40_320, "4 weeks"), (129_600, "90 days"), (525_600, "1 year"), (5_256_000, "10 years"),
)  # fmt: skip


def sampled(nodes: Nodes, most: int = MOST) -> list[int]:
    """Positions of the posts to draw, in order: by rank, each with all above it; those that rank alike spread in time.

    >>> sampled([{"id": at, "parent": at - 1 if at else None, "rank": 2 - at} for at in range(3)], 2)
    [0, 1]
    """
    if len(nodes) <= most:
        return list(range(len(nodes)))
    place = {each["id"]: at for at, each in enumerate(nodes)}
    above = [place.get(each["parent"], -1) for each in nodes]
    kept: set[int] = set()
    for at in sorted(range(len(nodes)), key=lambda at: (-nodes[at]["rank"], at * _GOLDEN % 1.0)):
        path = _path(at, above, kept)
        if len(kept) + len(path) <= most:
            kept.update(path)
        if len(kept) == most:
            break
    return sorted(kept)


def drawing(nodes: Nodes, kept: Sequence[int], names: Mapping[Any, str]) -> View:
    """The tree as a drawing: nodes with x, y, r and where their edge comes from, ticks, height, and what is left out.

    `nodes`: the root first, then by time; `kept`: positions of those to draw.
    """
    drawn = [nodes[at] for at in kept]
    minutes = [max((each["time"] - nodes[0]["time"]) / timedelta(minutes=1), 0.0) for each in drawn]
    scale = _Scale.of(minutes, max((nodes[-1]["time"] - nodes[0]["time"]) / timedelta(minutes=1), 1.0))
    rows, leaves = _rows(drawn)
    step = min(_STEP, _HIGHEST / max(leaves, 1))
    highest = max((each["rank"] for each in drawn), default=0.0) or 1.0
    smallest = min(max(step * 0.4, 1.3), 5.0)
    shown: dict[Any, View] = {}
    for each, after, row in zip(drawn, minutes, rows, strict=True):
        radius = smallest + 13.0 * sqrt(each["rank"] / highest)
        at = {"x": scale(after), "y": round(_TOP + (row + 0.5) * step, 1), "r": round(radius, 1)}
        edge = _edge(shown.get(each["parent"]), at)
        shown[each["id"]] = at | {"minutes": round(after, 2), "edge": edge} | _told(each, names)
    height = round(_TOP + max(leaves * step, 40.0) + _BOTTOM, 1)
    return {
        "nodes": list(shown.values()),
        "ticks": scale.ticks(),
        "width": WIDTH,
        "height": height,
        "left_out": len(nodes) - len(drawn),
    }


def busiest(nodes: Nodes, names: Mapping[Any, str], most: int) -> list[View]:
    """The posts with the highest rank, as rows of a table."""
    order = sorted(nodes, key=lambda each: (-each["rank"], each["time"]))[:most]
    return [_told(each, names) | {"time": each["time"]} for each in order]


class _Scale:
    """Minutes after the first post → x, by the logarithm, so that the first minutes and the last weeks both show."""

    def __init__(self, unit: float, longest: float) -> None:
        self.unit, self.longest = unit, longest

    @classmethod
    def of(cls, minutes: Sequence[float], longest: float) -> "_Scale":
        """A scale whose unit is what the first tenth of the reshares took."""
        later = sorted(minutes)[1:] or [1.0]
        return cls(max(later[len(later) // 10], 1.0), longest)

    def __call__(self, minutes: float) -> float:
        share = log1p(minutes / self.unit) / log1p(self.longest / self.unit)
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * min(share, 1.0), 1)

    def ticks(self) -> list[View]:
        """Times that are named under the drawing."""
        ticks: list[View] = [{"x": _LEFT, "label": "posted"}]
        for minutes, label in _TICKS:
            if minutes <= self.longest and self(minutes) - ticks[-1]["x"] >= _TICK_APART:
                ticks.append({"x": self(minutes), "label": label})
        return ticks


def _path(at: int, above: Sequence[int], kept: set[int]) -> list[int]:
    """The post and all above it that are not kept yet."""
    path: list[int] = []
    while at >= 0 and at not in kept and len(path) <= len(above):
        path.append(at)
        at = above[at]
    return path


def _rows(nodes: Nodes) -> tuple[list[float], int]:
    """The row of each node: leaves one under the other, what is above them in their middle; and how many leaves."""
    place = {each["id"]: at for at, each in enumerate(nodes)}
    children: defaultdict[int, list[int]] = defaultdict(list)
    roots: list[int] = []
    for at, each in enumerate(nodes):
        above = place.get(each["parent"], -1)
        (children[above] if 0 <= above < at else roots).append(at)
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


def _edge(above: Mapping[str, Any] | None, at: Mapping[str, Any]) -> str:
    """The path from the post that was passed on."""
    if above is None:
        return ""
    middle = round((above["x"] + at["x"]) / 2, 1)
    return f"M{above['x']},{above['y']}C{middle},{above['y']} {middle},{at['y']} {at['x']},{at['y']}"


def _told(node: Mapping[str, Any], names: Mapping[Any, str]) -> View:
    return {
        "id": str(node["id"]),
        "who": names.get(node["user"], "somebody") if node["user"] else "a private account",
        "rank": node["rank"],
        "level": node["level"],
        "method": _METHODS.get(node["method"], str(node["method"])),
        "confidence": node["confidence"],
        "guess": node["method"] not in ("root", "explicit") and node["confidence"] < _SURE,
    }


_METHODS: Final = {
    "root": "the first post",
    "explicit": "named by the reshare",
    "impression": "seen in the feed before",
    "follow": "follows its author",
    "unattributed": "by nobody known",
}
