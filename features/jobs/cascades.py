"""Reshare trees: only those whose members changed or whose forecast is due are rebuilt, in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from features.arrays import Ints, positions
from features.cascades.documents import MOST_NODES, Measures, as_of, forecast_document, node_documents, tree_document
from features.cascades.grouping import Ids, Reshares, fingerprints, grouped
from features.cascades.parents import Follows, Nodes, candidates
from features.cascades.reconstruct import LIKELIHOOD, TIE_DAYS, Edges, Seen, rebuilt
from features.milliseconds import from_ms
from features.ranking.point_in_time import PairIndex
from store.client import Databases
from store.columns import NO_ID, NO_TIME_MS, Columns, object_ids
from store.ids import Document, ObjectId
from store.inputs.event_log import read_exposures, read_follows
from store.inputs.reshares import (
    read_authors,
    read_declared_parents,
    read_reshares,
    read_roots,
    read_ties,
    remove_by_id,
    replace_by_id,
    stored_trees,
)
from store.schema import ensure_indexes

Counts = dict[str, Any]
_NONE = np.array([NO_ID.binary], dtype="S12")
_SKEW = timedelta(days=1)  # an impression may be noted a little before its content


@dataclass(frozen=True)
class Config:
    """How trees are rebuilt and kept."""

    policy: str = LIKELIHOOD  # how parents are found
    batch_nodes: int = 5_000  # nodes whose impressions and follows are held at once

    @property
    def salt(self) -> str:
        """Tells apart trees that were rebuilt by other settings."""
        return f"-{self.policy}-0-{MOST_NODES}"  # 0: roots are not named explicitly


@dataclass(frozen=True)
class Batch:
    """Some trees: their roots, then their reshares."""

    ids: Ids  # (n,)
    nodes: Nodes
    named: Ints  # (n,)
    users: Ids  # (u,) the authors, ascending
    accounts: Ids  # (a,) their accounts, ascending
    account: Ints  # (n,) index into accounts
    followers: Any  # (n,) NaN when unknown
    hidden: Any  # (n,) the author is not public
    roots: Columns  # by tree; NO_ID where the root is gone
    since: datetime


def update_cascades(db: Databases, now: datetime, config: Config = Config()) -> Counts:
    """cascades as of `now`: a tree for every content that was reshared; a tree without reshares leaves."""
    ensure_indexes(db, "contents", "engagements", "relationships", "feeditems", "cascades")
    columns = read_reshares(db, now)
    known = (columns["id"] != _NONE) & (columns["original"] != _NONE) & (columns["time"] >= 0)  # dated, and after 1970
    reshares = grouped(*(columns[name][known] for name in ("id", "original", "author", "time", "published")))
    roots, kept = object_ids(reshares.roots), stored_trees(db)

    stale, members = _stale(reshares, roots, kept, now, config)
    written = replace_by_id(db, "cascades", _documents(db, reshares, stale, members, now, config), batch=100)
    left = remove_by_id(db, "cascades", [each for each in kept if each not in set(roots)])

    rejected = int((~known).sum())
    counts = {"trees": len(roots), "reshares": len(reshares.id), "rebuilt": written, "left": left}
    return counts | {"rejected": {"originalPost": rejected} if rejected else {}}


def _stale(
    reshares: Reshares,
    roots: Sequence[Any],
    kept: dict[ObjectId, tuple[str, datetime]],
    now: datetime,
    config: Config,
) -> tuple[list[int], list[str]]:
    """The trees to rebuild, and the fingerprint of every tree; looks are reckoned from the first reshare."""
    members = fingerprints(reshares, config.salt)
    first, last = reshares.time_ms[reshares.first[:-1]], reshares.time_ms[reshares.first[1:] - 1]
    moments = [as_of(from_ms(a), from_ms(b), now) for a, b in zip(first, last, strict=True)]
    fresh = [kept.get(root) == (member, at) for root, member, at in zip(roots, members, moments, strict=True)]
    return [tree for tree, done in enumerate(fresh) if not done], members


def _documents(
    db: Databases, reshares: Reshares, stale: list[int], members: list[str], now: datetime, config: Config
) -> Iterator[Document]:
    for trees in _batches(reshares, stale, config.batch_nodes):
        batch = _read_batch(db, reshares, trees, now)
        edges = _rebuild(db, batch, now, config.policy)
        for document, tree in zip(_described(batch, edges, now), trees, strict=True):
            yield document | {"members": members[tree], "policy": config.policy}


def _batches(reshares: Reshares, stale: list[int], most: int) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for tree in stale:
        batch.append(tree)
        size += int(reshares.first[tree + 1] - reshares.first[tree]) + 1
        if size >= most:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read_batch(db: Databases, reshares: Reshares, trees: list[int], now: datetime) -> Batch:
    rows = np.concatenate([np.arange(reshares.first[tree], reshares.first[tree + 1]) for tree in trees])
    tree = np.searchsorted(np.array(trees), reshares.tree[rows])
    roots = _roots(db, reshares.roots[trees], reshares.time_ms[reshares.first[trees]], now)
    ids = np.concatenate([reshares.roots[trees], reshares.id[rows]])
    author = np.concatenate([roots["author"], reshares.author[rows]])
    users = np.unique(author[author != _NONE])
    people = _aligned(read_authors(db, _listed(users)), users)
    accounts = np.unique(people["account"][people["account"] != _NONE])
    user = positions(users, author)
    time_ms = np.concatenate([roots["time"], reshares.time_ms[rows]])
    whole = np.concatenate([np.arange(len(trees)), tree])
    nodes = Nodes(whole, user, time_ms / 60_000, _positions(whole, time_ms, ids))
    above = reshares.named[rows]
    named = np.where(above < 0, -1, np.searchsorted(rows, above) + len(trees))
    return Batch(
        ids, nodes, np.concatenate([np.full(len(trees), -1), named]), users, accounts,
        np.where(user < 0, -1, positions(accounts, people["account"])[user]),
        np.where(user < 0, np.nan, people["followers"][user]), (user >= 0) & (people["published"][user] == 0),
        roots, from_ms(time_ms.min()) - _SKEW,
    )  # fmt: skip


def _rebuild(db: Databases, batch: Batch, now: datetime, policy: str) -> Edges:
    users, copies = _listed(batch.users), _listed(batch.ids)
    both = {side: {"$in": users} for side in ("user", "followedUser")}
    follows = read_follows(db, both | {"createdAt": {"$not": {"$gt": now}}})  # a follow without a date counts as old
    graph = Follows(
        positions(batch.users, follows["user"]), positions(batch.users, follows["followed"]),
        follows["time"] / 60_000, np.ones(len(follows["time"])),
    )  # fmt: skip
    order = np.argsort(batch.ids, kind="stable")
    shown = {"viewer": {"$in": _listed(batch.accounts)}, "content": {"$in": copies}}
    impressions = read_exposures(db, shown | {"seenAt": {"$gte": batch.since, "$lte": now}})
    seen = Seen(
        positions(batch.accounts, impressions["account"]),
        order[positions(batch.ids[order], impressions["content"])],
        impressions["time"] / 60_000,
    )  # fmt: skip
    named = _named(db, batch, order, copies, now)
    ties = _ties(db, batch, graph, now, policy)
    return rebuilt(batch.nodes, named, batch.account, seen, graph, ties, policy)


def _named(db: Databases, batch: Batch, order: Ints, copies: list[ObjectId], now: datetime) -> Ints:
    """The copy that each node names, in itself or in the engagement that made it."""
    made = read_declared_parents(db, copies, now)
    item, copy = (order[positions(batch.ids[order], made[name])] for name in ("item", "copy"))
    inside = np.isin(made["item"], batch.ids) & (batch.nodes.tree[item] == batch.nodes.tree[copy]) & (item != copy)
    roots = len(batch.roots["id"])
    inside &= (item >= roots) & (copy >= roots)
    named = batch.named.copy()
    named[item[inside]] = copy[inside]
    return named


def _ties(db: Databases, batch: Batch, graph: Follows, now: datetime, policy: str) -> PairIndex | None:
    """Engagements of those who had a choice of several copies."""
    found = candidates(batch.nodes, graph)
    several = np.flatnonzero(np.bincount(found.child, minlength=len(batch.ids)) > 1)
    choosers = batch.users[np.unique(batch.nodes.user[several])]
    if policy != LIKELIHOOD or not len(choosers):
        return None
    ties = read_ties(db, _listed(choosers), batch.since - timedelta(days=TIE_DAYS), now)
    left, right = positions(batch.users, ties["user"]), positions(batch.users, ties["author"])
    return PairIndex.build(left, right, ties["time"], len(batch.users))


def _described(batch: Batch, edges: Edges, now: datetime) -> Iterator[Document]:
    measures = Measures.of(edges.parent)
    times = [from_ms(minutes * 60_000) for minutes in batch.nodes.minutes]
    users = object_ids(np.where(batch.nodes.user < 0, _NONE, batch.users[batch.nodes.user]))
    shown = [None if hidden else user for user, hidden in zip(users, batch.hidden, strict=True)]
    described = node_documents(object_ids(batch.ids), shown, times, edges, measures)
    order = np.lexsort((batch.nodes.position, batch.nodes.tree))
    starts = np.searchsorted(batch.nodes.tree[order], np.arange(len(batch.roots["id"]) + 1))
    for tree in range(len(batch.roots["id"])):
        members = order[starts[tree] : starts[tree + 1]]
        document = tree_document(members, described, measures)
        yield _headed(document, batch, members, times, now)


def _headed(document: Document, batch: Batch, members: Ints, times: list[datetime], now: datetime) -> Document:
    """The tree with what is told of the whole."""
    root, first, last = int(members[0]), int(members[1]), int(members[-1])
    moment = as_of(times[first], times[last], now)
    minutes = np.maximum(batch.nodes.minutes[members] - batch.nodes.minutes[root], 0.0)
    age = max((moment - times[root]).total_seconds() / 60, 0.0)
    counted = int(batch.roots["reshares"][root])
    gone = bool(batch.roots["published"][root] != 1)
    cut = len(members) > MOST_NODES or (counted > len(members) - 1 and moment == now)
    return {"_id": document["nodes"][0]["id"], "contentId": document["nodes"][0]["id"]} | document | {
        "authorId": document["nodes"][0]["user"],
        "rootGone": gone,
        "truncated": cut,
        "forecast": forecast_document(minutes, batch.followers[members], age),
        "createdAt": times[root],
        "lastReshareAt": times[last],
        "asOf": moment,
    }  # fmt: skip


def _roots(db: Databases, ids: Ids, first_ms: Ints, now: datetime) -> Columns:
    """The roots in the order of `ids`; one that is gone begins with its first reshare."""
    order = np.argsort(ids, kind="stable")
    found = _aligned(read_roots(db, _listed(ids), now), ids[order])
    back = np.argsort(order, kind="stable")
    roots = {name: values[back] for name, values in found.items()}
    return roots | {"time": np.where(roots["time"] < 0, first_ms, roots["time"])}


def _aligned(columns: Columns, ids: Ids) -> Columns:
    """Columns in the order of `ids` (ascending), with what stands for missing where an id was not found."""
    order = np.argsort(columns["id"], kind="stable")
    at = positions(columns["id"][order], ids)
    missing: dict[str, Any] = {"S": NO_ID.binary, "f": np.nan}
    given = {}
    for name, values in columns.items():
        empty = NO_TIME_MS if name == "time" else missing.get(values.dtype.kind, -1)
        padded = np.append(values[order], np.array([empty], dtype=values.dtype))
        given[name] = padded[at]
    return given


def _positions(tree: Ints, time_ms: Ints, ids: Ids) -> Ints:
    """Order by time, then id, with every root before the rest."""
    reshare = np.arange(len(tree)) > tree.max(initial=-1)
    order = np.lexsort((ids, time_ms, reshare))
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    return position


def _listed(ids: Ids) -> list[ObjectId]:
    return [each for each in object_ids(ids) if each is not None]
