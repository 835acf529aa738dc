"""Reading posts by Amazon Comprehend: its languages and, with an endpoint, its topics; emotions stay ours.

A unit is 100 characters and a request counts three at least (aws.amazon.com/comprehend/pricing). Once the day's
budget is spent, or where a text is beyond the service, the offline reader answers.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from features.text.analyzer import OfflineReader, Reading
from features.text.cleaning import clean
from features.text.language import Language, canonical

DOLLARS_PER_UNIT = 0.0001
UNIT_CHARACTERS = 100
LEAST_UNITS = 3
MOST_TEXTS = 25  # of one batch
MOST_BYTES = 5_000  # of one text


class Client(Protocol):
    """The part of boto3's Comprehend client that is used."""

    def batch_detect_dominant_language(self, *, TextList: Sequence[str]) -> dict[str, Any]:
        """Languages of up to 25 texts."""

    def classify_document(self, *, Text: str, EndpointArn: str) -> dict[str, Any]:
        """Classes of a text by a custom classifier."""


@dataclass(frozen=True)
class ComprehendReader:
    """Reads with Comprehend while `spend(dollars)` says yes."""

    client: Client
    spend: Callable[[float], bool]
    endpoint: str | None = None  # ARN of a custom classifier whose classes are slugs, root/child
    least_score: float = 0.5
    offline: OfflineReader = field(default_factory=OfflineReader)
    name: str = "comprehend"
    version: str = "comprehend-1"

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading for each text as its author wrote it."""
        readings = self.offline.read(texts)
        cleaned = [clean(text).encode()[:MOST_BYTES].decode(errors="ignore") for text in texts]
        asked = [place for place, text in enumerate(cleaned) if text]
        for start in range(0, len(asked), MOST_TEXTS):
            batch = asked[start : start + MOST_TEXTS]
            if not self.spend(self._dollars([cleaned[place] for place in batch])):
                break
            for place, language in zip(batch, self._languages([cleaned[place] for place in batch]), strict=True):
                readings[place] = self._reading(readings[place], language, cleaned[place])
        return readings

    def _dollars(self, texts: Sequence[str]) -> float:
        requests = 2 if self.endpoint else 1
        return requests * sum(units(text) for text in texts) * DOLLARS_PER_UNIT

    def _languages(self, texts: Sequence[str]) -> list[Language | None]:
        reply = self.client.batch_detect_dominant_language(TextList=list(texts))
        found: list[Language | None] = [None] * len(texts)
        for result in reply["ResultList"]:
            best = max(result["Languages"], key=lambda each: each["Score"], default=None)
            if best:
                found[result["Index"]] = Language(canonical(best["LanguageCode"]), float(best["Score"]))
        return found

    def _reading(self, reading: Reading, language: Language | None, text: str) -> Reading:
        path = self._topics(text) if self.endpoint and reading.topics else reading.topics
        return replace(reading, language=language or reading.language, topics=path)

    def _topics(self, text: str) -> tuple[str, ...]:
        reply = self.client.classify_document(Text=text, EndpointArn=str(self.endpoint))
        best = max(reply.get("Classes", []), key=lambda each: each["Score"], default=None)
        if best is None or best["Score"] < self.least_score:
            return ()
        return tuple(str(best["Name"]).split("/"))


def units(text: str) -> int:
    """Units that a request about this text is billed.

    >>> units("short"), units("x" * 1000)
    (3, 10)
    """
    return max(LEAST_UNITS, math.ceil(len(text) / UNIT_CHARACTERS))
