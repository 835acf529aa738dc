"""What each column says in plain words, when it speaks for a content and when against it."""

from collections.abc import Mapping
from math import log2
from typing import Final

_AGE = ("it is only {age} old", "it is {age} old")
_ENGAGED = ("{count} engagements so far", "few engagements so far ({count})")
_LATELY = ("people engage with it right now", "hardly anybody engages with it right now")
_SEEN = ("many people have seen it by now", "few people have seen it so far")
_RATE = ("a large share of those who see it engage", "a small share of those who see it engage")
_AUTHOR = ("this author's posts are engaged with", "this author's posts are seldom engaged with")
_LENGTH = ("a length that people like ({count} characters)", "a length that people like less ({count} characters)")
_COUNTRY = ("people in {country} engage with it more than with others", "people in {country} engage with it little")
_COUNTRY_AUTHOR = ("people in {country} engage with this author", "people in {country} seldom engage with this author")
_LANGUAGE = ("its language is engaged with in {country}", "its language is seldom engaged with in {country}")
_OWN_AUTHOR = ("you engaged with {count} posts of this author", "you engaged with {count} posts of this author")
_OWN_AUTHOR_RATE = ("you engage with much of what this author writes", "you pass over much of what this author writes")
_OWN_COUNTRIES = ("you engage with authors from its country", "you seldom engage with authors from its country")
_OWN_TAGS = ("you engage with its topics", "you seldom engage with its topics")
_OWN_HABIT = ("you engage often with what you see", "you seldom engage with what you see")
_TASTE = ("people who choose as you do chose it", "few people who choose as you do chose it")
_OWN_VIEWS = ("you have not seen it too often ({count} times)", "you have seen it {count} times")
_HOUR = ("you are here at an hour of much engagement", "you are here at an hour of little engagement")
_START = ("how often posts are engaged with at all", "how seldom posts are engaged with at all")

# column → (when it raises the score, when it lowers it)
PHRASES: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("likeCount", "commentCount", "recastCount", "quoteCount"), _ENGAGED),
    "photoCount": ("it has {count} photos", "it has {count} photos"),
    "characterLength": _LENGTH,
    "creatorContentCount": ("its author posts as often as people like", "its author posts {count} times a month"),
    **dict.fromkeys(("creatorLikedCount", "creatorCommentedCount", "creatorRecastedCount"), _AUTHOR),
    **dict.fromkeys(("creatorQuotedCount", "creatorRate"), _AUTHOR),
    **dict.fromkeys(("ageScore", "ageHours"), _AGE),
    "isReshare": ("its kind of post, reshared or not, is liked", "its kind of post, reshared or not, is liked less"),
    "tagCount": ("it has {count} topics and hashtags", "it has {count} topics and hashtags"),
    **dict.fromkeys(("engaged1h", "engaged6h", "engaged24h", "engaged72h", "hoursSinceEngaged", "gravity"), _LATELY),
    **dict.fromkeys(("viewed1h", "viewed6h", "viewed24h", "viewedCount", "hoursSinceViewed"), _SEEN),
    "creatorViewedCount": ("its author's posts are seen by many", "its author's posts are seen by few"),
    **dict.fromkeys(("engagementRate", "engagementRate24h"), _RATE),
    "reportedCount": ("{count} people reported it", "{count} people reported it"),
    **dict.fromkeys(("countryEngaged", "countryEngaged24h", "countryRate"), _COUNTRY),
    "countryViewed": ("people in {country} have seen it", "few people in {country} have seen it"),
    **dict.fromkeys(("countryCreatorEngaged", "countryCreatorRate"), _COUNTRY_AUTHOR),
    "countryLanguageRate": _LANGUAGE,
    "sameCountry": ("where its author is from, seen from {country}", "where its author is from, seen from {country}"),
    **dict.fromkeys(("userEngaged", "userViewed", "userRate"), _OWN_HABIT),
    **dict.fromkeys(("ownViews", "hoursSinceOwnView"), _OWN_VIEWS),
    "userCreatorEngaged": _OWN_AUTHOR,
    "userCreatorRate": _OWN_AUTHOR_RATE,
    "userCreatorViewed": ("you saw {count} posts of this author", "you saw {count} posts of this author"),
    "follows": ("you follow the author", "you do not follow the author"),
    **dict.fromkeys(("userTagEngaged", "userTagRate"), _OWN_TAGS),
    "userLanguageRate": ("you engage with posts in its language", "you seldom engage with posts in its language"),
    "userCreatorCountryRate": _OWN_COUNTRIES,
    **dict.fromkeys(("tasteEngaged", "tasteViewed", "tasteMean"), _TASTE),
    **dict.fromkeys(("hourSine", "hourCosine"), _HOUR),
    "always": ("you engage more than others do", "you engage less than others do"),
    "authorShown": ("", "another post of its author stands above it"),
    "start": _START,
    "engagements": _ENGAGED,
}


def phrase(column: str, value: float, contribution: float, country: str) -> str:
    """The column's sentence.

    >>> phrase("userCreatorEngaged", 3.0, 0.8, "th"), phrase("ageScore", 0.5, 0.1, "")
    ('you engaged with 3 posts of this author', 'it is only 24 hours old')
    >>> phrase("userCreatorEngaged", 1.0, 0.8, "th")
    'you engaged with 1 post of this author'
    """
    above, below = PHRASES.get(column, (f"{column} is {value:.3g}",) * 2)
    words = (above if contribution > 0 else below).format(
        count=f"{value:,.0f}", age=_age(column, value), country=country.upper() if country else "the world"
    )
    return _singular(words) if round(value) == 1 else words


def _age(column: str, value: float) -> str:
    hours = -24.0 * log2(max(value, 1e-300)) if column == "ageScore" else value
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"


def _singular(words: str) -> str:
    for many, one in (("1 posts", "1 post"), ("1 engagements", "1 engagement"), ("1 photos", "1 photo")):
        words = words.replace(many, one)
    return words.replace("1 times", "once").replace("1 people", "one person")
