"""Analyses texts with Amazon Comprehend: languages and, with an endpoint, topics. Emotions come from our models.

A unit is 100 characters and a request costs at least three (aws.amazon.com/comprehend/pricing). The offline analyzer
replaces Comprehend once the budget of the day is spent, and for texts that Comprehend does not support.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from features.text.analyzer import OfflineAnalyzer, TextAnalysis
from features.text.cleaning import clean_once
from features.text.language import Language
from store.rules.languages import language_code

DOLLARS_PER_UNIT = 0.0001
UNIT_CHARACTERS = 100
LEAST_UNITS = 3
MOST_TEXTS = 25  # of one batch
MOST_BYTES = 5_000  # of one text


class Client(Protocol):
    """The methods of boto3's Comprehend client that are used."""

    def batch_detect_dominant_language(self, *, TextList: Sequence[str]) -> dict[str, Any]:
        """Returns the languages of up to 25 texts."""

    def classify_document(self, *, Text: str, EndpointArn: str) -> dict[str, Any]:
        """Returns the classes of a text by a custom classifier."""


@dataclass(frozen=True)
class ComprehendAnalyzer:
    """Analyses texts with Comprehend while `spend(dollars)` returns true."""

    client: Client
    spend: Callable[[float], bool]
    endpoint: str | None = None  # ARN of a custom classifier whose classes are slugs, root/child
    least_score: float = 0.5
    offline: OfflineAnalyzer = field(default_factory=OfflineAnalyzer)
    name: str = "comprehend"
    version: str = "comprehend-2"

    def analyze(self, texts: Sequence[str]) -> list[TextAnalysis]:
        """Returns the analysis of each text; the texts are as their authors wrote them."""
        clean_texts = [clean_once(text) for text in texts]
        analyses = self.offline.analyze_clean(clean_texts)
        cleaned = [text.words.encode()[:MOST_BYTES].decode(errors="ignore") for text in clean_texts]
        rows = [row for row, text in enumerate(cleaned) if text]
        for start in range(0, len(rows), MOST_TEXTS):
            batch = rows[start : start + MOST_TEXTS]
            if not self.spend(self._dollars([cleaned[row] for row in batch])):
                break
            for row, language in zip(batch, self._languages([cleaned[row] for row in batch]), strict=True):
                analyses[row] = self._analysis(analyses[row], language, cleaned[row])
        return analyses

    def _dollars(self, texts: Sequence[str]) -> float:
        requests = 2 if self.endpoint else 1
        return requests * sum(units(text) for text in texts) * DOLLARS_PER_UNIT

    def _languages(self, texts: Sequence[str]) -> list[Language | None]:
        reply = self.client.batch_detect_dominant_language(TextList=list(texts))
        languages: list[Language | None] = [None] * len(texts)
        for result in reply["ResultList"]:
            best = max(result["Languages"], key=lambda language: language["Score"], default=None)
            if best:
                languages[result["Index"]] = Language(language_code(best["LanguageCode"]), float(best["Score"]))
        return languages

    def _analysis(self, offline: TextAnalysis, language: Language | None, text: str) -> TextAnalysis:
        path = self._topics(text) if self.endpoint and offline.topics else offline.topics
        return replace(offline, language=language or offline.language, topics=path)

    def _topics(self, text: str) -> tuple[str, ...]:
        reply = self.client.classify_document(Text=text, EndpointArn=str(self.endpoint))
        best = max(reply.get("Classes", []), key=lambda topic: topic["Score"], default=None)
        if best is None or best["Score"] < self.least_score:
            return ()
        return tuple(str(best["Name"]).split("/"))


def units(text: str) -> int:
    """Returns the units that are billed for a request with this text.

    >>> units("short"), units("x" * 1000)
    (3, 10)
    """
    return max(LEAST_UNITS, math.ceil(len(text) / UNIT_CHARACTERS))
