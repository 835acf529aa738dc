"""Cleans texts: removes links, mentions and markup.

Every expression is bounded and every text is cut to LONGEST_TEXT first, so the time grows with the length only.
"""

import hashlib
import html
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from store.rules.characters import without_invisible

LONGEST_TEXT: Final = 10_000  # characters of a post that are read
# letters of scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer, kana, Chinese
_SPACELESS_RANGE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff"
_URL_SIGN = rf"[^\s{_SPACELESS_RANGE}\u3000-\u303f\uac00-\ud7af]"  # a link ends where such a script begins
_LABEL_SIGN = r"A-Za-z0-9_\u00c0-\u024f\u0370-\u052f-"  # of a domain's part
# endings of domains without a path; country codes that are common words are left out
_ENDINGS = (
    "com|org|net|gov|edu|mil|info|biz|xyz|online|site|shop|store|app|dev|blog|news|io|ai|tv|ly|gg|fm|co|th|uk|eu|de|fr|"
    "es|pt|nl|be|ch|pl|cz|se|dk|fi|gr|ru|ua|tr|il|jp|kr|cn|tw|hk|sg|vn|id|ph|la|kh|mm|np|lk|pk|au|nz|ca|mx|br|ar|cl|za|"
    "ng|ke|eg"
)
_LINKED = re.compile(r"!?\[([^\[\]]{0,200})\]\([^)\s]{0,1000}\)")  # markdown: the text of a link stays
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_LINK = re.compile(
    rf"https?://{_URL_SIGN}*|(?<![a-z])www\.{_URL_SIGN}+"
    rf"|(?<![{_LABEL_SIGN}.@])(?:[A-Za-z0-9._+-]{{1,64}}@)?(?:[{_LABEL_SIGN}]{{1,63}}\.){{1,8}}"
    rf"(?:(?:{_ENDINGS})(?![{_LABEL_SIGN}])|[a-z]{{2,24}}(?=(?::\d{{1,5}})?/{_URL_SIGN}))"
    rf"(?::\d{{1,5}})?(?:[/?#]{_URL_SIGN}*)?",
    re.IGNORECASE,
)
_MENTION = re.compile(r"(?<!\w)@[A-Za-z0-9_.]+")
_HASHTAG = re.compile(r"[#＃]([^\s#＃.,:;!?…()\[\]{}\"“”|/]+)")
_JOINED = re.compile(r"(?<=[a-z])(?=[A-Z])|_")  # ClimateChange, climate_change
_SPACES = re.compile(r"\s+")
_STRETCHED = re.compile(r"(\w)\1{3,}")  # soooooo → sooo; Thai 5555 laughs
_MARKS = re.compile(r"([\u0300-\u036f]{8})[\u0300-\u036f]+")  # normalising long runs of marks is quadratic
_WORD_SIGN = re.compile(r"\w")
_SPACELESS = re.compile(f"[{_SPACELESS_RANGE}]")
_NO_EMOJI = re.compile("[^\u2122\u2139\u24c2\u3297\u3299\U0001f200-\U0001f265]+")  # NFKC makes letters of these emoji
SPACELESS_TOKEN = 4.0  # characters of a word in scripts without spaces between words


@dataclass(frozen=True)
class CleanText:
    """A post cleaned once."""

    words: str  # hashtags become words, emoji stay; links, mentions and markup go
    letters: str  # letters only, without hashtags where other words remain: what the language is identified by


def clean_once(text: str) -> CleanText:
    """Returns both forms of a post as its author wrote it; characters after LONGEST_TEXT are not read.

    >>> clean_once("Hola amigos 123 #travel 😀")
    CleanText(words='Hola amigos 123 travel 😀', letters='Hola amigos')
    """
    plain = _LINKED.sub(r"\1", _normalised(text))
    plain = _MENTION.sub(" ", _LINK.sub(" ", _MARKUP.sub(" ", plain)))
    tagged = _HASHTAG.sub(lambda tag: " " + _JOINED.sub(" ", tag[1]) + " ", plain)
    words = _SPACES.sub(" ", tagged).strip()
    return CleanText(words, _letters(_HASHTAG.sub(" ", plain)) or _letters(words))


def clean(text: str) -> str:
    """Returns the post's words: hashtags become words, emoji stay; links, mentions and markup go.

    >>> clean("Look @ann: <b>#ClimateChange</b> is&nbsp;real 😢 https://example.org/x")
    'Look : Climate Change is real 😢'
    """
    return clean_once(text).words


def language_letters(text: str) -> str:
    """Returns the letters that the language is identified by, without hashtags where other words remain.

    >>> language_letters("Hola amigos 123 #travel 😀")
    'Hola amigos'
    """
    return clean_once(text).letters


def token_count(text: str) -> int:
    """Counts the words of a cleaned text; in scripts without spaces, four characters count as one word.

    >>> token_count("It's 3 words"), token_count("สวัสดีครับ")
    (3, 2)
    """
    spaceless = len(_SPACELESS.findall(text))
    spaced = _SPACELESS.sub(" ", text).split()
    return sum(_WORD_SIGN.search(token) is not None for token in spaced) + int(spaceless / SPACELESS_TOKEN)


def text_hash(text: str, version: str) -> str:
    """Returns 32 hexadecimal digits that change with the text and with the version of the analyzer."""
    return hashlib.sha256(f"{version}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


# letters and the marks on them; enclosing marks (Me) make signs, like the keycap U+20E3
_LETTER_CATEGORIES = frozenset(["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"])


class _Letters(dict[int, str]):
    """A lazy table for str.translate that keeps letters, their marks and apostrophes."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        is_letter = (unicodedata.category(letter) in _LETTER_CATEGORIES and _NO_EMOJI.match(letter)) or letter in "'’"
        self[code] = letter if is_letter else " "
        return self[code]


_LETTERS = _Letters()


def _letters(text: str) -> str:
    words = text.translate(_LETTERS).split()
    bare = " ".join(word for word in words if any(map(str.isalpha, word)))  # a mark without a letter is no word
    return _STRETCHED.sub(r"\1\1\1", bare.strip(" '’"))


def _normalised(text: str) -> str:
    """Returns the text in NFKC, without invisible characters and cut to LONGEST_TEXT; emoji stay."""
    readable = _MARKS.sub(r"\1", without_invisible(html.unescape(text[:LONGEST_TEXT])))
    return _NO_EMOJI.sub(lambda run: unicodedata.normalize("NFKC", run[0]), readable)[:LONGEST_TEXT]
