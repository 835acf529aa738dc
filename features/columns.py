"""The columns of the rankers' matrix in their order, by group, with unit and meaning; `features.matrix` computes them.

docs/features.md is generated from this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

EVENTS, PEOPLE = "events", "people"
_EVER, _HOURS, _MONTH = "ever", "{} h", "30 days"
_ENGAGED, _VIEWED, _RATE = "engagements", "views", "engagements per view"
_PRIOR, _OWN_PRIOR = "0.05", "userRate"  # the rate that is assumed where nothing is known
_NEVER = "10,000"


@dataclass(frozen=True)
class Column:
    """One column of a matrix."""

    name: str
    unit: str
    meaning: str
    counts: str = ""  # events: each act counts; people: each account counts once per post
    window: str = ""  # how long before the row's time; empty: a property that needs no events
    missing: str = "0"  # the value where nothing is known


def _recent(kind: str, counts: str, *hours: int) -> tuple[Column, ...]:
    noun, what = {"engaged": (_ENGAGED, "engagements with the post"), "viewed": (_VIEWED, "first views of the post")}[
        kind
    ]
    return tuple(Column(f"{kind}{hour}h", noun, what, counts, _HOURS.format(hour)) for hour in hours)


GROUPS: Final[Mapping[str, tuple[Column, ...]]] = {
    "design": (
        Column("likeCount", _ENGAGED, "likes of the post", EVENTS, _EVER),
        Column("commentCount", _ENGAGED, "comments on the post", EVENTS, _EVER),
        Column("recastCount", _ENGAGED, "recasts of the post", EVENTS, _EVER),
        Column("quoteCount", _ENGAGED, "quotes of the post", EVENTS, _EVER),
        Column("photoCount", "photos", "photos in the post"),
        Column("characterLength", "characters", "length of the post's text"),
        Column("creatorContentCount", "posts", "published posts of the creator", EVENTS, _MONTH),
        Column("creatorLikedCount", _ENGAGED, "likes of the creator's posts", EVENTS, _MONTH),
        Column("creatorCommentedCount", _ENGAGED, "comments on the creator's posts", EVENTS, _MONTH),
        Column("creatorRecastedCount", _ENGAGED, "recasts of the creator's posts", EVENTS, _MONTH),
        Column("creatorQuotedCount", _ENGAGED, "quotes of the creator's posts", EVENTS, _MONTH),
        Column("ageScore", "0-1", "2^(−ageHours / 24)", missing="never missing"),
    ),
    "content": (
        Column("ageHours", "hours", "time since the post was created", missing="never missing"),
        Column("isReshare", "0 or 1", "the post reshares another one"),
        Column("tagCount", "tags", "hashtags and topics of the post"),
        *_recent("engaged", EVENTS, 1, 6, 24, 72),
        *_recent("viewed", PEOPLE, 1, 6, 24),
        Column("viewedCount", _VIEWED, "first views of the post", PEOPLE, _EVER),
        Column("engagementRate", _RATE, "(engagements + 1) / (viewedCount + 20)", EVENTS, _EVER, _PRIOR),
        Column("engagementRate24h", _RATE, "(engaged24h + 1) / (viewed24h + 20)", EVENTS, _HOURS.format(24), _PRIOR),
        Column("hoursSinceEngaged", "hours", "time since the last engagement with the post", EVENTS, _EVER, _NEVER),
        Column("hoursSinceViewed", "hours", "time since the post's last first view", PEOPLE, _EVER, _NEVER),
        Column("gravity", "1", "ln(1 + engagements + viewedCount) / (ageHours + 2)^1.8", EVENTS, _EVER),
        Column("reportedCount", "reports", "reports of the post", EVENTS, _EVER),
        Column("creatorViewedCount", _VIEWED, "first views of the creator's posts", PEOPLE, _EVER),
        Column(
            "creatorRate", _RATE, "(the creator's 30 days of engagements + 1) / (creatorViewedCount + 20)", EVENTS,
            _MONTH, _PRIOR,
        ),
    ),
    "country": (
        Column("countryEngaged", _ENGAGED, "engagements with the post from the country", EVENTS, _EVER),
        Column("countryEngaged24h", _ENGAGED, "engagements with the post from the country", EVENTS, _HOURS.format(24)),
        Column("countryViewed", _VIEWED, "first views of the post from the country", PEOPLE, _EVER),
        Column("countryRate", _RATE, "(countryEngaged + 1) / (countryViewed + 20)", EVENTS, _EVER, _PRIOR),
        Column("countryCreatorEngaged", _ENGAGED, "engagements with the creator from the country", EVENTS, _EVER),
        Column("countryCreatorRate", _RATE, "rate of the creator's posts in the country", EVENTS, _EVER, _PRIOR),
        Column(
            "countryLanguageRate", _RATE, "rate in the country of posts in the post's language", EVENTS, _EVER, _PRIOR
        ),
        Column("sameCountry", "0 or 1", "the creator's account names the country of the reader"),
    ),
    "member": (
        Column("userEngaged", _ENGAGED, "engagements of the member", EVENTS, _EVER),
        Column("userViewed", _VIEWED, "posts that the member viewed", PEOPLE, _EVER),
        Column("userRate", _RATE, "(userEngaged + 1) / (userViewed + 20)", EVENTS, _EVER, _PRIOR),
        Column("ownViews", _VIEWED, "views of this post by the member, repeated ones too", EVENTS, _EVER),
        Column("hoursSinceOwnView", "hours", "time since the member last viewed the post", EVENTS, _EVER, _NEVER),
        Column("userCreatorEngaged", _ENGAGED, "engagements of the member with the creator", EVENTS, _EVER),
        Column("userCreatorViewed", _VIEWED, "posts of the creator that the member viewed", PEOPLE, _EVER),
        Column(
            "userCreatorRate", _RATE, "(userCreatorEngaged + 20 userRate) / (userCreatorViewed + 20)", EVENTS, _EVER,
            _OWN_PRIOR,
        ),
        Column("follows", "0 or 1", "the member follows the creator", window=_EVER),
        Column("userTagEngaged", _ENGAGED, "engagements of the member, summed over the post's tags", EVENTS, _EVER),
        Column("userTagRate", _RATE, "the member's rate over the post's tags", EVENTS, _EVER, _OWN_PRIOR),
        Column(
            "userLanguageRate", _RATE, "the member's rate with posts in the post's language", EVENTS, _EVER, _OWN_PRIOR
        ),
        Column(
            "userCreatorCountryRate", _RATE, "the member's rate with creators of the creator's country", EVENTS, _EVER,
            _OWN_PRIOR,
        ),
        Column("tasteEngaged", "similarity", "Σ cosine(member, account) over engagements with the post", EVENTS, _EVER),
        Column("tasteViewed", "similarity", "Σ cosine(member, account) over views of the post", EVENTS, _EVER),
        Column("tasteMean", "similarity, 0-1", "tasteViewed per view; at most the latest 200 views", EVENTS, _EVER),
        Column("hourSine", "−1-1", "sin(2π hour / 24) of the row's time, UTC", missing="never missing"),
        Column("hourCosine", "−1-1", "cos(2π hour / 24) of the row's time, UTC", missing="never missing"),
    ),
}  # fmt: skip


def names(*groups: str) -> tuple[str, ...]:
    """Returns the names of the groups' columns in their order.

    >>> names("design")[-2:]
    ('creatorQuotedCount', 'ageScore')
    """
    return tuple(column.name for group in groups for column in GROUPS[group])
