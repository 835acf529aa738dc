"""What a post says, all of it: language, then topics of texts long enough, then emotions.

Two tiers: "embeddings" reads the languages of the sentence encoder; "linear" starts and reads faster, and tells topics
by words alone and emotions of English alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from features.text import emotions, topics
from features.text.cleaning import clean, token_count
from features.text.embeddings import LANGUAGES, embed
from features.text.language import Language, identify

Understood = tuple[tuple[str, ...], Mapping[str, float]]  # topics and emotions
TOPICS_OF: Final = {"linear": frozenset(["en", "th"]), "embeddings": LANGUAGES}
_UNSURE: Final = frozenset(
    ["ar", "ko", "pl"]
)  # fewer than six in ten plain sentences right: tests/features/text/labels
EMOTIONS_OF: Final = {"linear": frozenset(["en"]), "embeddings": LANGUAGES - _UNSURE}


@dataclass(frozen=True)
class Reading:
    """What one post says."""

    language: Language
    topics: tuple[str, ...] = ()  # slugs, root first; none for short texts and where none is likely enough
    emotions: Mapping[str, float] = field(default_factory=dict)  # label: probability; none where not understood


class Reader(Protocol):
    """Reads posts."""

    @property
    def name(self) -> str:
        """As contentinfo says who read it."""

    @property
    def version(self) -> str:
        """Changes when posts would be read differently."""

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading for each text as its author wrote it."""


@dataclass(frozen=True)
class OfflineReader:
    """Reads with what is installed, asking nobody."""

    tier: str = "embeddings"
    min_tokens: int = topics.MIN_TOKENS
    name: str = "offline"

    def __post_init__(self) -> None:
        if self.tier not in TOPICS_OF:
            raise ValueError(f"tier: {self.tier[:60]} is neither {' nor '.join(TOPICS_OF)}")

    @property
    def version(self) -> str:
        """Changes when posts would be read differently."""
        return f"offline-3-{self.tier}"

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading for each text as its author wrote it."""
        languages = [identify(text) for text in texts]
        cleaned = [clean(text) for text in texts]
        read = TOPICS_OF[self.tier] | EMOTIONS_OF[self.tier]
        places = [place for place, language in enumerate(languages) if language.code in read and cleaned[place]]
        found = self._understand([cleaned[each] for each in places], [languages[each].code for each in places])
        known = dict(zip(places, found, strict=True))
        return [Reading(language, *known.get(place, ())) for place, language in enumerate(languages)]

    def _understand(self, cleaned: Sequence[str], codes: Sequence[str]) -> list[Understood]:
        """Topics and emotions of cleaned texts, each where its language is read for it."""
        vectors = embed(cleaned) if self.tier == "embeddings" else None
        felt = emotions.probabilities(cleaned, vectors)
        about = topics.classify(cleaned, vectors)
        told = [token_count(text) > self.min_tokens for text in cleaned]
        return [
            (
                path if enough and code in TOPICS_OF[self.tier] else (),
                feeling if code in EMOTIONS_OF[self.tier] else {},
            )
            for path, enough, feeling, code in zip(about, told, felt, codes, strict=True)
        ]
