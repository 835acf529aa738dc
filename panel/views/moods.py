"""Shares of moods that reveal nothing about one person."""

from collections.abc import Mapping, Sequence
from typing import Any

View = dict[str, Any]
SMALLEST = 5  # people; a smaller group is never shown on its own
OTHERS = "others"
ORDER = ("Cheerful", "Satisfied", "Stressed", "Depressed", "unknown", OTHERS)


def grouped(counts: Mapping[str, int]) -> dict[str, int]:
    """Joins small groups as "others", with the next larger groups until "others" is large enough.

    So no small group can be computed as a difference. Returns nothing when all people together are too few.

    >>> grouped({"Cheerful": 20, "Stressed": 7, "Depressed": 2})
    {'Cheerful': 20, 'others': 9}
    >>> grouped({"Cheerful": 3})
    {}
    """
    rising = sorted(counts.items(), key=lambda pair: pair[1])
    hidden = 0
    while rising and (rising[0][1] < SMALLEST or 0 < hidden < SMALLEST):
        hidden += rising.pop(0)[1]
    shown = dict(reversed(rising))
    return shown | ({OTHERS: hidden} if hidden >= SMALLEST else {})


def shares(counts: Mapping[str, int]) -> list[View]:
    """Returns the groups with their shares, in ORDER."""
    groups = grouped(counts)
    total = sum(groups.values())
    return [{"mood": mood, "people": groups[mood], "share": groups[mood] / total} for mood in ORDER if mood in groups]


def weeks(rows: Sequence[Mapping[str, Any]]) -> View | None:
    """Returns a chart of the share of each mood by week, or None with fewer than two weeks to compare.

    A week with too few people is a gap.
    """
    counts_of: dict[Any, dict[str, int]] = {}
    for row in rows:
        counts_of.setdefault(row["week"], {})[str(row["mood"])] = row["people"]
    groups_of = {week: grouped(counts) for week, counts in sorted(counts_of.items())}
    moods = [mood for mood in ORDER if any(mood in groups for groups in groups_of.values())]
    if not moods or len(groups_of) == 1:
        return None
    series = [{"label": mood, "values": [_share(groups, mood) for groups in groups_of.values()]} for mood in moods]
    return {"x": [int(week.timestamp()) for week in groups_of], "time": True, "range": [0, 1], "series": series}


def _share(groups: Mapping[str, int], mood: str) -> float | None:
    return groups.get(mood, 0) / sum(groups.values()) if groups and (mood in groups or OTHERS not in groups) else None
