"""Countries of the community: share, languages, time zone and mix of engagement kinds."""

from typing import NamedTuple

LANGUAGES = ("en", "th", "es", "pt", "ja", "de", "fr", "id", "ar", "hi")


class Country(NamedTuple):
    """One country: share of the members, chance of each main language, chance of English as a second one."""

    code: str  # ISO 3166-1 alpha-2, lower case
    share: float
    languages: dict[str, float]
    english: float
    timezone: str
    utc_offset: float  # hours, as of January
    kinds: tuple[float, float, float, float]  # like, comment, recast, quote


_SHY = (0.78, 0.09, 0.09, 0.04)
_EVEN = (0.68, 0.14, 0.12, 0.06)
_CHATTY = (0.56, 0.25, 0.10, 0.09)
_SHARING = (0.54, 0.12, 0.25, 0.09)

COUNTRIES = (
    Country("th", 0.15, {"th": 1}, 0.35, "Asia/Bangkok", 7, _SHARING),
    Country("us", 0.14, {"en": 0.9, "es": 0.1}, 1, "America/New_York", -5, _EVEN),
    Country("gb", 0.05, {"en": 1}, 1, "Europe/London", 0, _CHATTY),
    Country("ca", 0.03, {"en": 0.75, "fr": 0.25}, 0.8, "America/Toronto", -5, _EVEN),
    Country("au", 0.03, {"en": 1}, 1, "Australia/Sydney", 11, _EVEN),
    Country("nz", 0.015, {"en": 1}, 1, "Pacific/Auckland", 13, _SHY),
    Country("sg", 0.02, {"en": 1}, 1, "Asia/Singapore", 8, _SHY),
    Country("za", 0.02, {"en": 1}, 1, "Africa/Johannesburg", 2, _CHATTY),
    Country("ng", 0.03, {"en": 1}, 1, "Africa/Lagos", 1, _CHATTY),
    Country("es", 0.04, {"es": 1}, 0.35, "Europe/Madrid", 1, _EVEN),
    Country("mx", 0.05, {"es": 1}, 0.3, "America/Mexico_City", -6, _SHARING),
    Country("ar", 0.03, {"es": 1}, 0.3, "America/Argentina/Buenos_Aires", -3, _CHATTY),
    Country("co", 0.02, {"es": 1}, 0.25, "America/Bogota", -5, _SHARING),
    Country("br", 0.07, {"pt": 1}, 0.3, "America/Sao_Paulo", -3, _CHATTY),
    Country("pt", 0.02, {"pt": 1}, 0.55, "Europe/Lisbon", 0, _SHY),
    Country("jp", 0.06, {"ja": 1}, 0.2, "Asia/Tokyo", 9, _SHY),
    Country("de", 0.04, {"de": 1}, 0.6, "Europe/Berlin", 1, _SHY),
    Country("at", 0.015, {"de": 1}, 0.6, "Europe/Vienna", 1, _EVEN),
    Country("ch", 0.015, {"de": 0.7, "fr": 0.3}, 0.6, "Europe/Zurich", 1, _SHY),
    Country("fr", 0.04, {"fr": 1}, 0.4, "Europe/Paris", 1, _CHATTY),
    Country("be", 0.015, {"fr": 1}, 0.5, "Europe/Brussels", 1, _EVEN),
    Country("id", 0.06, {"id": 1}, 0.35, "Asia/Jakarta", 7, _SHARING),
    Country("eg", 0.03, {"ar": 1}, 0.3, "Africa/Cairo", 2, _SHARING),
    Country("sa", 0.03, {"ar": 1}, 0.4, "Asia/Riyadh", 3, _EVEN),
    Country("ma", 0.015, {"ar": 0.6, "fr": 0.4}, 0.2, "Africa/Casablanca", 1, _EVEN),
    Country("in", 0.06, {"hi": 0.7, "en": 0.3}, 0.6, "Asia/Kolkata", 5.5, _SHARING),
)
