"""One post once: a bare reshare shows its original, a quote is a post of its own.

A post has a number: the row of its original, or a negative number when the original is not among the contents.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Flags, Floats, Ints, positions

NONE = b""  # a missing id: twelve zero bytes compare equal to it


def posts_of(original: Ints, original_id: NDArray[Any], is_bare: Flags) -> Ints:
    """Returns the post of each content; shape (contents,). A reshare of a reshare belongs to the first original.

    Contents that reshare each other in a circle are posts of their own.

    Args:
        original: (contents,) row of the content that each one reshares, −1 without one or for one not among them.
        original_id: (contents,) S12, its id, NONE without one.
        is_bare: (contents,) whether it reshares without a text of its own.

    >>> original_id = np.array([b"", b"a", b"b", b"x"])
    >>> posts_of(np.array([-1, 0, 1, -1]), original_id, np.array([False, True, True, True])).tolist()
    [0, 0, 0, -1]
    """
    own = np.arange(len(original))
    copies = is_bare & (original_id != NONE)
    parent = np.where(copies & (original >= 0), original, own)
    root = _roots(parent)
    lost = np.flatnonzero(copies & (original < 0))
    post = own.copy()
    post[lost] = -1 - np.unique(original_id[lost], return_inverse=True)[1]
    return np.where(parent[root] == root, post[root], own) if len(own) else own


def rows_of(ids: NDArray[Any], wanted: NDArray[Any]) -> Ints:
    """Returns the row of each wanted id, −1 for a missing one; `ids` in any order; shape (wanted,)."""
    order = np.argsort(ids, kind="stable")
    place = positions(ids[order], wanted)
    return np.where(place >= 0, order[place], -1) if len(order) else place


def original_authors(post: Ints, author: Ints, original: Ints, named: Ints) -> Ints:
    """Returns who wrote what each reshare shows, row of users, −1 for no reshare or an unknown author; (contents,).

    Args:
        post: (contents,) as `posts_of`.
        author: (contents,) row of users.
        original: (contents,) row of the content that each one reshares, −1 without one.
        named: (contents,) row of the user that each one names as the author of its original, −1 without one.
    """
    if not len(post):
        return named
    root = post[original]
    written_by = np.where(original < 0, -1, np.where(root < 0, named[original], author[root]))
    return np.where(written_by >= 0, written_by, named)


def representatives(post: Ints, created_ms: Ints, oldest_ms: int, rows: Ints) -> Ints:
    """Returns the content that represents each of `rows` in a list: the original while it is live; shape (rows,).

    `post`, `created_ms`: (contents,); contents before `oldest_ms` are no longer live.

    >>> post, created_ms = np.array([0, 1, 0, 1]), np.array([1, 5, 6, 7])
    >>> representatives(post, created_ms, 5, np.array([2, 3])).tolist()
    [2, 1]
    """
    original = post[rows]
    is_live = (original >= 0) & (created_ms[original] >= oldest_ms) if len(rows) else np.zeros(0, np.bool_)
    return np.where(is_live, original, rows)


def heads_of(post: Ints, created_ms: Ints, window_ms: int) -> Ints:
    """Returns the content that represents each content at any time; shape (contents,).

    That is the original for the bare reshares made while it was live, and the oldest one for all later ones.

    >>> heads_of(np.array([0, 0, 0, 0]), np.array([0, 5, 20, 25]), 10).tolist()
    [0, 0, 2, 2]
    """
    own = np.arange(len(post))
    original = np.where(post >= 0, post, own)
    late = np.flatnonzero((post < 0) | (created_ms - created_ms[original] > window_ms))
    head = original.copy()
    _, first, place = np.unique(post[late], return_index=True, return_inverse=True)
    head[late] = late[first][place]
    return head


def best_of_posts(post: Ints, score: Floats) -> Ints:
    """Returns the positions of the best content of each post, ascending; the first one of equal scores.

    `post`, `score`: (contents,).

    >>> best_of_posts(np.array([7, 7, 2]), np.array([0.1, 0.2, 0.3])).tolist()
    [1, 2]
    """
    order = np.argsort(-score, kind="stable")
    return np.sort(order[np.unique(post[order], return_index=True)[1]])


def _roots(parent: Ints) -> Ints:
    """Returns the end of each row's chain of parents; of rows that lead into a circle, any row of it."""
    for _ in range(len(parent).bit_length()):
        further = parent[parent]
        if (further == parent).all():
            break
        parent = further
    return parent
