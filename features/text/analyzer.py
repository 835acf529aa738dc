"""Analyses texts: language, topics of texts that are long enough, and emotions.

The tier "embeddings" covers the languages of the sentence encoder. The tier "linear" starts and runs faster; it finds
topics by words only, and emotions in English only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from features.text import emotions, topics
from features.text.cleaning import CleanText, clean_once, token_count
from features.text.embeddings import LANGUAGES, embed
from features.text.language import Language, identify_letters

TopicsAndEmotions = tuple[tuple[str, ...], Mapping[str, float]]
TOPICS_OF: Final = {"linear": frozenset(["en", "th"]), "embeddings": LANGUAGES}
_UNRELIABLE: Final = frozenset(["ar", "ko", "pl"])  # under 60 % of simple sentences correct: tests/features/text/labels
EMOTIONS_OF: Final = {"linear": frozenset(["en"]), "embeddings": LANGUAGES - _UNRELIABLE}


@dataclass(frozen=True)
class TextAnalysis:
    """Language, topics and emotions of one text."""

    language: Language
    topics: tuple[str, ...] = ()  # slugs, root first; empty for short texts and when no topic is probable enough
    emotions: Mapping[str, float] = field(default_factory=dict)  # label: probability; empty for other languages


class TextAnalyzer(Protocol):
    """Analyses texts."""

    @property
    def name(self) -> str:
        """The provider that contentinfo stores."""

    @property
    def version(self) -> str:
        """A version that changes with the results."""

    def analyze(self, texts: Sequence[str]) -> list[TextAnalysis]:
        """Returns the analysis of each text; the texts are as their authors wrote them."""


@dataclass(frozen=True)
class OfflineAnalyzer:
    """Analyses texts with the installed models, without a network."""

    tier: str = "embeddings"
    min_tokens: int = topics.MIN_TOKENS
    name: str = "offline"

    def __post_init__(self) -> None:
        if self.tier not in TOPICS_OF:
            raise ValueError(f"tier: {self.tier[:60]} is neither {' nor '.join(TOPICS_OF)}")

    @property
    def version(self) -> str:
        """A version that changes with the results."""
        return f"offline-4-{self.tier}"

    def analyze(self, texts: Sequence[str]) -> list[TextAnalysis]:
        """Returns the analysis of each text; the texts are as their authors wrote them."""
        return self.analyze_clean([clean_once(text) for text in texts])

    def analyze_clean(self, texts: Sequence[CleanText]) -> list[TextAnalysis]:
        """Returns the analysis of each cleaned text."""
        languages = [identify_letters(text.letters) for text in texts]
        cleaned = [text.words for text in texts]
        supported = TOPICS_OF[self.tier] | EMOTIONS_OF[self.tier]
        rows = [row for row, language in enumerate(languages) if language.code in supported and cleaned[row]]
        results = self._topics_and_emotions([cleaned[row] for row in rows], [languages[row].code for row in rows])
        by_row = dict(zip(rows, results, strict=True))
        return [TextAnalysis(language, *by_row.get(row, ())) for row, language in enumerate(languages)]

    def _topics_and_emotions(self, cleaned: Sequence[str], codes: Sequence[str]) -> list[TopicsAndEmotions]:
        """Returns topics and emotions of cleaned texts, each only for the languages that the tier supports."""
        vectors = embed(cleaned) if self.tier == "embeddings" else None
        probabilities = emotions.probabilities(cleaned, vectors)
        paths = topics.classify(cleaned, vectors)
        return [
            (
                path if token_count(text) > self.min_tokens and code in TOPICS_OF[self.tier] else (),
                by_label if code in EMOTIONS_OF[self.tier] else {},
            )
            for text, path, by_label, code in zip(cleaned, paths, probabilities, codes, strict=True)
        ]
