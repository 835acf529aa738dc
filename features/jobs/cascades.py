"""Reshare trees: reconstructs those with changed members or a due forecast, in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from features.arrays import Ints, positions
from features.cascades.documents import (
    MOST_NODES,
    Measures,
    document_time,
    forecast_document,
    node_documents,
    tree_document,
)
from features.cascades.grouping import Ids, Reshares, fingerprints, group_reshares
from features.cascades.parents import Follows, Nodes, find_candidates
from features.cascades.reconstruct import LIKELIHOOD, TIE_DAYS, Edges, Impressions, reconstruct
from features.milliseconds import from_ms
from features.ranking.point_in_time import PairIndex
from store.client import Databases
from store.columns import NO_ID, NO_TIME_MS, Columns, object_ids
from store.ids import Document, ObjectId
from store.inputs import event_log, reshares
from store.inputs.visibility import read_hidden
from store.rules.visibility import Hidden
from store.schema import ensure_indexes

Counts = dict[str, Any]
_NONE = np.array([NO_ID.binary], dtype="S12")
_SKEW = timedelta(days=1)  # an impression may have a time shortly before its content's


@dataclass(frozen=True)
class Config:
    """Policy and batch size."""

    policy: str = LIKELIHOOD  # how parents are inferred
    batch_nodes: int = 5_000  # nodes whose impressions and follows are in memory at a time

    @property
    def salt(self) -> str:
        """A suffix of fingerprints, so that trees are written again after a change of settings."""
        return f"-{self.policy}-0-{MOST_NODES}"  # 0: the app does not declare roots


@dataclass(frozen=True)
class Batch:
    """Some trees: their roots, then their reshares."""

    ids: Ids  # (n,)
    nodes: Nodes
    declared_parent: Ints  # (n,)
    users: Ids  # (u,) the authors, ascending
    accounts: Ids  # (a,) their accounts, ascending
    account: Ints  # (n,) index into accounts
    followers: Any  # (n,) NaN when unknown
    hidden: Any  # (n,) the author is not public
    roots: Columns  # by tree; NO_ID where the root is gone
    since: datetime


def update_cascades(db: Databases, now: datetime, config: Config = Config()) -> Counts:
    """Writes cascades as of `now`: a tree for every content that was reshared, and no others."""
    ensure_indexes(db, "contents", "engagements", "relationships", "feeditems", "cascades")
    hidden = read_hidden(db)
    columns = reshares.read_reshares(db, now, hidden)
    valid = (columns["id"] != _NONE) & (columns["original"] != _NONE) & (columns["time"] >= 0)  # dated, and after 1970
    forest = group_reshares(*(columns[name][valid] for name in ("id", "original", "author", "time", "published")))
    roots, stored = object_ids(forest.roots), reshares.stored_trees(db)

    stale, members = _stale(forest, roots, stored, now, config, hidden)
    written = reshares.replace_by_id(
        db, "cascades", _documents(db, forest, stale, members, now, config, hidden), batch=100
    )
    left = reshares.remove_by_id(db, "cascades", [root for root in stored if root not in set(roots)])

    rejected = int((~valid).sum())
    counts = {"trees": len(roots), "reshares": len(forest.id), "rebuilt": written, "left": left}
    return counts | {"rejected": {"originalPost": rejected} if rejected else {}}


def _stale(
    forest: Reshares,
    roots: Sequence[Any],
    stored: dict[ObjectId, tuple[str, datetime]],
    now: datetime,
    config: Config,
    hidden: Hidden,
) -> tuple[list[int], list[str]]:
    """Returns the trees to reconstruct, and the fingerprint of every tree.

    Checkpoints count from the first reshare, because roots have not been read yet.
    """
    gone = set(hidden.originals)
    members = [
        f"{members}-gone" if root in gone else members
        for root, members in zip(roots, fingerprints(forest, config.salt), strict=True)
    ]
    first, last = forest.time_ms[forest.first[:-1]], forest.time_ms[forest.first[1:] - 1]
    times = [document_time(from_ms(a), from_ms(b), now) for a, b in zip(first, last, strict=True)]
    current = [stored.get(root) == (member, at) for root, member, at in zip(roots, members, times, strict=True)]
    return [tree for tree, is_current in enumerate(current) if not is_current], members


def _documents(
    db: Databases,
    forest: Reshares,
    stale: list[int],
    members: list[str],
    now: datetime,
    config: Config,
    hidden: Hidden,
) -> Iterator[Document]:
    for trees in _batches(forest, stale, config.batch_nodes):
        batch = _read_batch(db, forest, trees, now, hidden)
        edges = _edges(db, batch, now, config.policy)
        for document, tree in zip(_tree_documents(batch, edges, now), trees, strict=True):
            yield document | {"members": members[tree], "policy": config.policy}


def _batches(forest: Reshares, stale: list[int], most: int) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for tree in stale:
        batch.append(tree)
        size += int(forest.first[tree + 1] - forest.first[tree]) + 1
        if size >= most:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read_batch(db: Databases, forest: Reshares, trees: list[int], now: datetime, hidden: Hidden) -> Batch:
    rows = np.concatenate([np.arange(forest.first[tree], forest.first[tree + 1]) for tree in trees])
    tree = np.searchsorted(np.array(trees), forest.tree[rows])
    roots = _roots(db, forest.roots[trees], forest.time_ms[forest.first[trees]], now, hidden)
    ids = np.concatenate([forest.roots[trees], forest.id[rows]])
    author = np.concatenate([roots["author"], forest.author[rows]])
    users = np.unique(author[author != _NONE])
    people = _aligned(reshares.read_authors(db, _object_ids(users)), users)
    accounts = np.unique(people["account"][people["account"] != _NONE])
    user = positions(users, author)
    time_ms = np.concatenate([roots["time"], forest.time_ms[rows]])
    whole = np.concatenate([np.arange(len(trees)), tree])
    nodes = Nodes(whole, user, time_ms / 60_000, _positions(whole, time_ms, ids))
    above = forest.declared_parent[rows]
    declared_parent = np.where(above < 0, -1, np.searchsorted(rows, above) + len(trees))
    return Batch(
        ids, nodes, np.concatenate([np.full(len(trees), -1), declared_parent]), users, accounts,
        np.where(user < 0, -1, positions(accounts, people["account"])[user]),
        np.where(user < 0, np.nan, people["followers"][user]), (user >= 0) & (people["published"][user] == 0),
        roots, from_ms(time_ms.min()) - _SKEW,
    )  # fmt: skip


def _edges(db: Databases, batch: Batch, now: datetime, policy: str) -> Edges:
    users, copies = _object_ids(batch.users), _object_ids(batch.ids)
    among = {side: {"$in": users} for side in ("user", "followedUser")}
    follows = event_log.read_follows(db, among | {"createdAt": {"$not": {"$gt": now}}})  # without a date: always
    graph = Follows(
        positions(batch.users, follows["user"]), positions(batch.users, follows["followed"]),
        follows["time"] / 60_000, np.ones(len(follows["time"])),
    )  # fmt: skip
    order = np.argsort(batch.ids, kind="stable")
    shown = {"viewer": {"$in": _object_ids(batch.accounts)}, "content": {"$in": copies}}
    columns = event_log.read_exposures(db, shown | {"seenAt": {"$gte": batch.since, "$lte": now}})
    impressions = Impressions(
        positions(batch.accounts, columns["account"]),
        order[positions(batch.ids[order], columns["content"])],
        columns["time"] / 60_000,
    )  # fmt: skip
    declared_parent = _declared_parents(db, batch, order, copies, now)
    ties = _ties(db, batch, graph, now, policy)
    return reconstruct(batch.nodes, declared_parent, batch.account, impressions, graph, ties, policy)


def _declared_parents(db: Databases, batch: Batch, order: Ints, copies: list[ObjectId], now: datetime) -> Ints:
    """Returns the copy that each node declares, in its document or in the engagement that created it."""
    pairs = reshares.read_declared_parents(db, copies, now)
    item, copy = (order[positions(batch.ids[order], pairs[name])] for name in ("item", "copy"))
    valid = np.isin(pairs["item"], batch.ids) & (batch.nodes.tree[item] == batch.nodes.tree[copy]) & (item != copy)
    roots = len(batch.roots["id"])
    valid &= (item >= roots) & (copy >= roots)
    parent = batch.declared_parent.copy()
    parent[item[valid]] = copy[valid]
    return parent


def _ties(db: Databases, batch: Batch, graph: Follows, now: datetime, policy: str) -> PairIndex | None:
    """Reads the engagements of users with several candidates, None if there are no such users."""
    candidates = find_candidates(batch.nodes, graph)
    with_choice = np.flatnonzero(np.bincount(candidates.child, minlength=len(batch.ids)) > 1)
    users = batch.users[np.unique(batch.nodes.user[with_choice])]
    if policy != LIKELIHOOD or not len(users):
        return None
    ties = reshares.read_ties(db, _object_ids(users), batch.since - timedelta(days=TIE_DAYS), now)
    left, right = positions(batch.users, ties["user"]), positions(batch.users, ties["author"])
    return PairIndex.build(left, right, ties["time"], len(batch.users))


def _tree_documents(batch: Batch, edges: Edges, now: datetime) -> Iterator[Document]:
    measures = Measures.of(edges.parent)
    times = [from_ms(minutes * 60_000) for minutes in batch.nodes.minutes]
    users = object_ids(np.where(batch.nodes.user < 0, _NONE, batch.users[batch.nodes.user]))
    public = [None if hidden else user for user, hidden in zip(users, batch.hidden, strict=True)]
    nodes = node_documents(object_ids(batch.ids), public, times, edges, measures)
    order = np.lexsort((batch.nodes.position, batch.nodes.tree))
    starts = np.searchsorted(batch.nodes.tree[order], np.arange(len(batch.roots["id"]) + 1))
    for tree in range(len(batch.roots["id"])):
        members = order[starts[tree] : starts[tree + 1]]
        document = tree_document(members, nodes, measures)
        yield _with_header(document, batch, members, times, now)


def _with_header(document: Document, batch: Batch, members: Ints, times: list[datetime], now: datetime) -> Document:
    """Returns the tree's document with the fields that describe the whole tree."""
    root, first, last = int(members[0]), int(members[1]), int(members[-1])
    time = document_time(times[first], times[last], now)
    minutes = np.maximum(batch.nodes.minutes[members] - batch.nodes.minutes[root], 0.0)
    age = max((time - times[root]).total_seconds() / 60, 0.0)
    counter = int(batch.roots["reshares"][root])
    gone = bool(batch.roots["published"][root] != 1)
    truncated = len(members) > MOST_NODES or (counter > len(members) - 1 and time == now)
    return {"_id": document["nodes"][0]["id"], "contentId": document["nodes"][0]["id"]} | document | {
        "authorId": document["nodes"][0]["user"],
        "rootGone": gone,
        "truncated": truncated,
        "forecast": forecast_document(minutes, batch.followers[members], age),
        "createdAt": times[root],
        "lastReshareAt": times[last],
        "asOf": time,
    }  # fmt: skip


def _roots(db: Databases, ids: Ids, first_ms: Ints, now: datetime, hidden: Hidden) -> Columns:
    """Reads the roots in the order of `ids`; a missing root gets the time of its first reshare."""
    order = np.argsort(ids, kind="stable")
    ascending = _aligned(reshares.read_roots(db, _object_ids(ids), now, hidden), ids[order])
    inverse = np.argsort(order, kind="stable")
    roots = {name: values[inverse] for name, values in ascending.items()}
    return roots | {"time": np.where(roots["time"] < 0, first_ms, roots["time"])}


def _aligned(columns: Columns, ids: Ids) -> Columns:
    """Returns the columns in the order of `ids` (ascending), with the missing value for ids without a row."""
    order = np.argsort(columns["id"], kind="stable")
    row = positions(columns["id"][order], ids)
    missing: dict[str, Any] = {"S": NO_ID.binary, "f": np.nan}
    aligned = {}
    for name, values in columns.items():
        default = NO_TIME_MS if name == "time" else missing.get(values.dtype.kind, -1)
        aligned[name] = np.append(values[order], np.array([default], dtype=values.dtype))[row]
    return aligned


def _positions(tree: Ints, time_ms: Ints, ids: Ids) -> Ints:
    """Returns the order by time, then id, with every root before the reshares."""
    is_reshare = np.arange(len(tree)) > tree.max(initial=-1)
    order = np.lexsort((ids, time_ms, is_reshare))
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    return position


def _object_ids(ids: Ids) -> list[ObjectId]:
    return [id for id in object_ids(ids) if id is not None]
