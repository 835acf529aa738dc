"""Moods in numbers that tell nothing about one person."""

from collections.abc import Mapping, Sequence
from typing import Any

View = dict[str, Any]
SMALLEST = 5  # people; a smaller group is never shown by itself
OTHERS = "others"
ORDER = ("Cheerful", "Satisfied", "Stressed", "Depressed", "unknown", OTHERS)


def grouped(counts: Mapping[str, int]) -> dict[str, int]:
    """The groups that are large enough; the rest together as "others", which takes in the next one until it is too.

    Nothing is left where all of them together are too few: no group can be told from the sum and the rest.

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
    """Groups with their share, cheerful first."""
    groups = grouped(counts)
    whole = sum(groups.values())
    return [{"mood": mood, "people": groups[mood], "share": groups[mood] / whole} for mood in ORDER if mood in groups]


def weeks(rows: Sequence[Mapping[str, Any]]) -> View | None:
    """Share of each mood by week; a week with too few people is a gap. None when all of them are, or there is one."""
    found: dict[Any, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["week"], {})[str(row["mood"])] = row["people"]
    days = {week: grouped(counts) for week, counts in sorted(found.items())}
    moods = [mood for mood in ORDER if any(mood in groups for groups in days.values())]
    if not moods or len(days) == 1:
        return None
    series = [{"label": mood, "values": [_share(groups, mood) for groups in days.values()]} for mood in moods]
    return {"x": [int(week.timestamp()) for week in days], "time": True, "range": [0, 1], "series": series}


def _share(groups: Mapping[str, int], mood: str) -> float | None:
    return groups.get(mood, 0) / sum(groups.values()) if groups and (mood in groups or OTHERS not in groups) else None
