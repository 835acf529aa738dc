"""The prose of a Markdown page: without code, link targets and tables, with the numbers of its lines."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE_WORD = "code"  # replaces a code span, which counts as one word
_FENCE = re.compile(r"^\s*(```|~~~)")
_CODE_BLOCK = re.compile(r"^( {4}|\t)")
_LIST_ITEM = re.compile(r"^\s*([-*+]|\d+\.)\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_]*[A-Z0-9]|code\b)")


def pages() -> list[Path]:
    """Returns the README, the other pages of the root folder and everything in docs."""
    root = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    return [*root, *sorted((ROOT / "docs").rglob("*.md"))]


def text_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields the number and text of each line outside code blocks, without code spans and link targets.

    >>> list(text_lines("See `x`, [here](url).\\n\\n    code block"))
    [(1, 'See code, here.'), (2, '')]
    """
    fenced = after_text = False
    for number, line in enumerate(text.splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (after_text or not _CODE_BLOCK.match(line)):
            yield number, plain(line)
        after_text = bool(line.strip()) and (after_text or not _CODE_BLOCK.match(line))


def plain(line: str) -> str:
    """Returns a line without the marks of code spans, links and images.

    >>> plain("![A picture](a.png) of ``a`b``, see [the page](docs/a.md)")
    'A picture of code, see the page'
    """
    line = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", CODE_WORD, line)
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", line)


def sentences(text: str) -> list[str]:
    """Returns the sentences of paragraphs and list items; headings and tables are none.

    >>> sentences("# Title\\n\\nOne sentence. Another\\none.\\n\\n- An item\\n\\n| a | b |")
    ['One sentence.', 'Another one.', 'An item']
    """
    blocks: list[list[str]] = [[]]
    for _, line in text_lines(text):
        if not line.strip() or line.startswith("#") or line.lstrip().startswith("|"):
            blocks.append([])
        elif _LIST_ITEM.match(line):
            blocks.append([_LIST_ITEM.sub("", line).strip()])
        else:
            blocks[-1].append(line.strip())
    return [sentence for block in blocks if block for sentence in _SENTENCE_END.split(" ".join(block))]


def mean_words(sentences: Sequence[str]) -> float:
    """Returns the mean number of words; a word has a letter or a digit.

    >>> mean_words(["Two words.", "And four words - here."])
    3.0
    """
    return sum(sum(map(_is_word, sentence.split())) for sentence in sentences) / len(sentences)


def _is_word(token: str) -> bool:
    return any(character.isalnum() for character in token)
