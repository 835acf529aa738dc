"""Reshares: new contents that name the root, while the copy that the person saw is their true parent."""

import numpy as np

from .config import Config
from .shelf import Shelf
from .texts import PARTS, message_length, quote_wording
from .world import KINDS, Contents, Ints

RECAST, QUOTE = KINDS.index("recast"), KINDS.index("quote")


def root_of(contents: Contents, rows: Ints) -> Ints:
    """The original of each content row, itself for originals, (rows,)."""
    return np.where(contents.root[rows] < 0, rows, contents.root[rows])


def add_reshares(
    config: Config,
    shelf: Shelf,
    account: Ints,
    parent: Ints,
    quote: Ints,
    time_ms: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Makes one content per reshare and gives its row; a recast appeals as its original does, (reshares,)."""
    contents, users = shelf.contents(), shelf.users
    root, n = root_of(contents, parent), len(account)
    language = np.where(quote, shelf.accounts.fluency[account].argmax(axis=1), contents.language[root])
    wording = np.where(quote[:, None], quote_wording(n, rng), np.full((n, PARTS), -1))
    copied = contents.quality[root] + users.quality[contents.author[root]] - users.quality[account]
    own = 0.5 * contents.quality[root] + rng.gumbel(-0.5772 * 0.5, 0.5, n) * config.quality_scale
    topic = contents.topic[root]
    length = np.where(quote, message_length(wording, language, topic), contents.length[root])
    return shelf.add(
        created_ms=time_ms,
        author=account,  # the member of row i writes as the user of row i
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
