"""Cleans texts: removes links, mentions and markup."""

import hashlib
import html
import re
import unicodedata

_LINKED = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")  # markdown: the text of a link stays
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|net|gov|edu|co|io|th)(?:/\S*)?\b", re.IGNORECASE)
_MENTION = re.compile(r"(?<!\w)@[A-Za-z0-9_.]+")
_HASHTAG = re.compile(r"[#＃]([^\s#＃.,:;!?…()\[\]{}\"“”|/]+)")
_JOINED = re.compile(r"(?<=[a-z])(?=[A-Z])|_")  # ClimateChange, climate_change
_SPACES = re.compile(r"\s+")
_STRETCHED = re.compile(r"(\w)\1{3,}")  # soooooo → sooo; Thai 5555 laughs
_TOKEN = re.compile(r"\S*\w\S*")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
SPACELESS_TOKEN = 4.0  # characters per word in scripts without spaces between words (Thai, Lao, Khmer, Chinese …)


def clean(text: str) -> str:
    """Returns the text without links, mentions and markup; hashtags become words, emoji stay.

    >>> clean("Look @ann: <b>#ClimateChange</b> is&nbsp;real 😢 https://example.org/x")
    'Look : Climate Change is real 😢'
    """
    plain = _LINKED.sub(r"\1", html.unescape(text))
    plain = _LINK.sub(" ", _MARKUP.sub(" ", plain))
    plain = _HASHTAG.sub(lambda tag: " " + _JOINED.sub(" ", tag[1]) + " ", _MENTION.sub(" ", plain))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", plain)).strip()


def language_letters(text: str) -> str:
    """Returns the letters that identify the language, without hashtags unless there are no other words.

    >>> language_letters("Hola amigos 123 #travel 😀")
    'Hola amigos'
    """
    bare = _letters(clean(_HASHTAG.sub(" ", text)))
    return bare or _letters(clean(text))


def token_count(text: str) -> int:
    """Counts the words of a cleaned text; in scripts without spaces, four characters count as one word.

    >>> token_count("It's 3 words"), token_count("สวัสดีครับ")
    (3, 2)
    """
    spaceless = len(_SPACELESS.findall(text))
    return len(_TOKEN.findall(_SPACELESS.sub(" ", text))) + int(spaceless / SPACELESS_TOKEN)


def text_hash(text: str, version: str) -> str:
    """Returns 32 hexadecimal digits that change with the text and with the version of the analyzer."""
    return hashlib.sha256(f"{version}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


class _Letters(dict[int, str]):
    """A lazy table for str.translate that keeps letters, their marks and apostrophes."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        is_letter = unicodedata.category(letter)[0] in "LM" or letter in "'’\u200c\u200d"
        self[code] = letter if is_letter else " "
        return self[code]


_LETTERS = _Letters()


def _letters(text: str) -> str:
    bare = _SPACES.sub(" ", text.translate(_LETTERS)).strip(" '’")
    return _STRETCHED.sub(r"\1\1\1", bare)
