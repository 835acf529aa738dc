"""What a post says, all of it: language, then topics of texts long enough, then emotions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from features import emotions, topics
from features.language import Language, identify
from features.text import clean, token_count
from features.text_embeddings import LANGUAGES, embed


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

    min_tokens: int = topics.MIN_TOKENS
    name: str = "offline"
    version: str = "offline-1"

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading for each text as its author wrote it."""
        languages = [identify(text) for text in texts]
        cleaned = [clean(text) for text in texts]
        understood = [
            place for place, language in enumerate(languages) if language.code in LANGUAGES and cleaned[place]
        ]
        found = dict(zip(understood, self._understand([cleaned[place] for place in understood]), strict=True))
        return [Reading(language, *found.get(place, ())) for place, language in enumerate(languages)]

    def _understand(self, cleaned: Sequence[str]) -> list[tuple[tuple[str, ...], dict[str, float]]]:
        """Topics and emotions of cleaned texts in languages that the embeddings carry."""
        vectors = embed(cleaned)
        felt = emotions.probabilities(cleaned, vectors)
        about = topics.classify(cleaned, vectors)
        long_enough = [token_count(text) > self.min_tokens for text in cleaned]
        return [
            (path if enough else (), feeling) for path, enough, feeling in zip(about, long_enough, felt, strict=True)
        ]
