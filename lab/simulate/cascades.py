"""Reshares: new contents that name the root; their true parent is the copy that the person saw."""

import numpy as np

from .config import Config
from .content_table import ContentTable
from .texts import PARTS, message_length, quote_wording
from .world import KINDS, Contents, Ints

RECAST, QUOTE = KINDS.index("recast"), KINDS.index("quote")


def root_of(contents: Contents, rows: Ints) -> Ints:
    """Returns the original of each content row, itself for originals; shape (rows,)."""
    return np.where(contents.root[rows] < 0, rows, contents.root[rows])


def add_reshares(
    config: Config,
    table: ContentTable,
    account: Ints,
    parent: Ints,
    quote: Ints,
    time_ms: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Adds one content per reshare and returns their rows; a recast is as appealing as its original."""
    contents, users = table.contents(), table.users
    root, n = root_of(contents, parent), len(account)
    language = np.where(quote, table.accounts.fluency[account].argmax(axis=1), contents.language[root])
    wording = np.where(quote[:, None], quote_wording(n, rng), np.full((n, PARTS), -1))
    copied = contents.quality[root] + users.quality[contents.author[root]] - users.quality[account]
    own = 0.5 * contents.quality[root] + rng.gumbel(-0.5772 * 0.5, 0.5, n) * config.quality_scale
    topic = contents.topic[root]
    length = np.where(quote, message_length(wording, language, topic), contents.length[root])
    return table.add(
        created_ms=time_ms,
        author=account,  # user row = account row of members
        language=language,
        topic=topic,
        second_topic=contents.second_topic[root],
        quality=np.round(np.where(quote, own, copied), 3),
        type=np.where(quote, 0, contents.type[root]),
        wording=wording,
        length=length,
        photos=np.where(quote, 0, contents.photos[root]),
        root=root,
        parent=parent,
        quote=quote,
        visibility=np.zeros(n, dtype=np.int64),
    )
