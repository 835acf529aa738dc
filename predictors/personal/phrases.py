"""A sentence for each column and value: a true fact, and whether it counts against the content."""

from collections.abc import Mapping
from functools import lru_cache
from math import log2
from typing import Final, NamedTuple

_AGAINST: Final = " (counts against it)"
_USUAL_RATE: Final = 0.05  # engagement per view where nothing is known
_DAY_HOURS: Final = 24.0


class Fact(NamedTuple):
    """Two sentences: for values up to the usual one, and for values above it."""

    usual: float
    below: str
    above: str


def _always(words: str) -> Fact:
    return Fact(0.0, words, words)


_LIKES, _COMMENTS, _RECASTS, _QUOTES = (
    Fact(0.0, f"it has no {kind} yet", f"it has {{count}} {kind}")
    for kind in ("likes", "comments", "recasts", "quotes")
)
_AGE = _always("it is {age} old")
_LATELY = Fact(0.0, "nobody engaged with it lately", "people engaged with it lately ({count})")
_SEEN = Fact(0.0, "nobody has seen it lately", "people have seen it ({count})")
_RATE = Fact(_USUAL_RATE, "few of those who see it engage", "many of those who see it engage")
_AUTHOR = Fact(0.0, "nobody engaged with this author this month", "people engaged with this author ({count})")
_AUTHOR_RATE = Fact(_USUAL_RATE, "few of those who see this author engage", "many of those who see this author engage")
_COUNTRY = Fact(0.0, "nobody in {country} engaged with it yet", "people in {country} engage with it ({count})")
_COUNTRY_RATE = Fact(
    _USUAL_RATE,
    "people in {country} do not engage with it more than with others",
    "people in {country} engage with it more than with others",
)
_COUNTRY_AUTHOR = Fact(
    0.0, "nobody in {country} engaged with this author yet", "people in {country} engage with this author ({count})"
)
_COUNTRY_AUTHOR_RATE = Fact(
    _USUAL_RATE, "this author is not special to {country}", "people in {country} like to engage with this author"
)
_LANGUAGE = Fact(
    _USUAL_RATE, "its language is not special to {country}", "people in {country} like to engage with its language"
)
_HABIT = _always("how often you engage with what you see")
_OWN_AUTHOR_RATE = Fact(
    _USUAL_RATE, "you do not engage with this author more than usual", "you engage with much of what this author writes"
)
_OWN_TOPICS_RATE = Fact(_USUAL_RATE, "you seldom engage with its topics", "you like to engage with its topics")
_OWN_COUNTRY_RATE = Fact(
    _USUAL_RATE, "you seldom engage with authors of its country", "you like to engage with authors of its country"
)
_TASTE = Fact(0.0, "nobody who chooses as you do chose it yet", "people who choose as you do chose it")
_HOUR = _always("the hour of the day")

PHRASES: Final[Mapping[str, Fact]] = {
    "likeCount": _LIKES,
    "commentCount": _COMMENTS,
    "recastCount": _RECASTS,
    "quoteCount": _QUOTES,
    "photoCount": Fact(0.0, "it has no photos", "it has {count} photos"),
    "characterLength": _always("it has {count} characters"),
    "creatorContentCount": _always("its author wrote {count} posts this month"),
    **dict.fromkeys(("creatorLikedCount", "creatorCommentedCount", "creatorRecastedCount"), _AUTHOR),
    "creatorQuotedCount": _AUTHOR,
    "creatorRate": _AUTHOR_RATE,
    **dict.fromkeys(("ageScore", "ageHours"), _AGE),
    "isReshare": Fact(0.0, "it is an original post", "it is reshared"),
    "tagCount": Fact(0.0, "it has no topics or hashtags", "it has {count} topics and hashtags"),
    **dict.fromkeys(("engaged1h", "engaged6h", "engaged24h", "engaged72h"), _LATELY),
    "gravity": _always("how much attention it has for its age"),
    "hoursSinceEngaged": Fact(_DAY_HOURS, "somebody engaged with it within a day", "nobody engaged with it in a day"),
    **dict.fromkeys(("viewed1h", "viewed6h", "viewed24h", "viewedCount"), _SEEN),
    "hoursSinceViewed": Fact(_DAY_HOURS, "somebody saw it in the last day", "nobody saw it in a day"),
    **dict.fromkeys(("engagementRate", "engagementRate24h"), _RATE),
    "creatorViewedCount": _always("its author's posts were seen {count} times"),
    "reportedCount": Fact(0.0, "nobody reported it", "{count} people reported it"),
    **dict.fromkeys(("countryEngaged", "countryEngaged24h"), _COUNTRY),
    "countryRate": _COUNTRY_RATE,
    "countryViewed": Fact(0.0, "nobody in {country} has seen it yet", "{count} people in {country} have seen it"),
    "countryCreatorEngaged": _COUNTRY_AUTHOR,
    "countryCreatorRate": _COUNTRY_AUTHOR_RATE,
    "countryLanguageRate": _LANGUAGE,
    "sameCountry": Fact(0.0, "its author is not known to be from {country}", "its author is from {country} too"),
    **dict.fromkeys(("userEngaged", "userViewed", "userRate"), _HABIT),
    "ownViews": Fact(0.0, "you have not seen it yet", "you have seen it {count} times"),
    "hoursSinceOwnView": Fact(_DAY_HOURS, "you saw it in the last day", "you did not see it in the last day"),
    "userCreatorEngaged": Fact(
        0.0, "you have not engaged with this author yet", "you engaged with {count} posts of this author"
    ),
    "userCreatorViewed": Fact(0.0, "you have not seen this author yet", "you saw {count} posts of this author"),
    "userCreatorRate": _OWN_AUTHOR_RATE,
    "follows": Fact(0.0, "you do not follow the author", "you follow the author"),
    "userTagEngaged": Fact(0.0, "you have not engaged with its topics", "you engage with its topics ({count} times)"),
    "userTagRate": _OWN_TOPICS_RATE,
    "userLanguageRate": Fact(
        _USUAL_RATE, "you seldom engage with posts in its language", "you like to engage with posts in its language"
    ),
    "userCreatorCountryRate": _OWN_COUNTRY_RATE,
    **dict.fromkeys(("tasteEngaged", "tasteViewed", "tasteMean"), _TASTE),
    **dict.fromkeys(("hourSine", "hourCosine"), _HOUR),
    "always": _always("how much you engage compared to others"),
    "authorShown": _always("another post of its author stands above it"),
    "engagements": Fact(0.0, "nobody engaged with it yet", "it has {count} engagements"),
}


def phrase(column: str, value: float, contribution: float, country: str) -> str:
    """Returns the column's sentence; `country` is a code, "" where it is unknown.

    >>> phrase("userCreatorEngaged", 3.0, 0.8, "th"), phrase("countryEngaged", 0.0, -0.2, "th")
    ('you engaged with 3 posts of this author', 'nobody in TH engaged with it yet (counts against it)')
    >>> phrase("userCreatorEngaged", 1.0, 0.8, "th"), phrase("ageScore", 0.5, 0.1, "")
    ('you engaged with 1 post of this author', 'it is 24 hours old')
    """
    return _sentence(column, value, country) + (_AGAINST if contribution < 0 else "")


@lru_cache(maxsize=16_384)
def _sentence(column: str, value: float, country: str) -> str:
    fact = PHRASES.get(column) or _always(f"{column} is {value:.3g}")
    words = (fact.above if value > fact.usual else fact.below).format(
        count=f"{value:,.0f}", age=_age(column, value), country=country.upper() or "a country that is not known"
    )
    return _singular(words) if round(value) == 1 else words


def _age(column: str, value: float) -> str:
    hours = -_DAY_HOURS * log2(max(value, 1e-300)) if column == "ageScore" else value
    return f"{hours:.0f} hours" if hours < 3 * _DAY_HOURS else f"{hours / _DAY_HOURS:.0f} days"


def _singular(words: str) -> str:
    for many in ("likes", "comments", "recasts", "quotes", "posts", "engagements", "photos", "characters", "times"):
        words = words.replace(f"1 {many}", f"1 {many[:-1]}")
    return words.replace("1 people have", "1 person has").replace("1 people", "1 person")
