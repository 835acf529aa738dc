"""Every collection: where it lives, the shape of its documents, its indexes, in this one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collection import Collection

from store.client import Databases
from store.documents import Document

# Field names of feeditems move between app versions: the present name first, then its older spellings.
FEEDITEM_FIELDS: Mapping[str, tuple[str, ...]] = {
    "seenCredential": ("seenCredential", "seenUUID"),
    "offScreenAt": ("offScreenAt", "offViewAt"),
}

ENGAGEMENT_TYPES = ("like", "comment", "recast", "quote")
CONTENT_TYPES = ("short", "blog", "image", "long", "video")


class Account(TypedDict, total=False):
    """A login of the app. It also holds secrets (e-mail, tokens): always project."""

    _id: ObjectId
    isGuest: bool
    visibility: str
    geolocation: dict[str, str]  # countryCode, lower-case ISO 3166-1 alpha-2
    preferences: dict[str, list[str]]  # languages
    createdAt: datetime


class User(TypedDict, total=False):
    """A public profile owned by an account."""

    _id: ObjectId
    ownerAccount: ObjectId
    type: str  # people · page
    displayId: str
    displayName: str
    visibility: str
    followerCount: int  # who follows me
    followedCount: int  # whom I follow
    createdAt: datetime


class Content(TypedDict, total=False):
    """A post."""

    _id: ObjectId
    author: dict[str, Any]  # id → users
    type: str
    payload: dict[str, Any]  # message, photo.contents[], link[]
    engagements: dict[str, dict[str, int]]  # like, comment, recast, quote: count
    hashtags: list[str]
    isRecast: bool
    isQuote: bool
    originalPost: dict[str, Any]  # _id, author.id
    visibility: str
    createdAt: datetime
    updatedAt: datetime


class Comment(TypedDict, total=False):
    """A comment on a content or on a comment."""

    _id: ObjectId
    author: dict[str, Any]
    message: str
    type: str
    targetRef: Any
    createdAt: datetime


class Engagement(TypedDict, total=False):
    """One act of a user on a content."""

    _id: ObjectId
    user: ObjectId
    account: ObjectId
    targetRef: Any  # DBRef {$ref: content | comment, $id}
    type: str
    itemId: ObjectId
    visibility: str
    createdAt: datetime


class FeedItem(TypedDict, total=False):
    """One content put before one viewer; `seenAt` makes it an exposure."""

    _id: ObjectId
    viewer: ObjectId
    content: ObjectId
    author: ObjectId
    calledAt: datetime
    seenAt: datetime
    offScreenAt: datetime
    seenCredential: ObjectId
    analytics: dict[str, Any]


class Relationship(TypedDict, total=False):
    """`user` follows or blocks `followedUser`."""

    _id: ObjectId
    user: ObjectId
    followedUser: ObjectId
    following: bool
    blocking: bool
    createdAt: datetime


class Credential(TypedDict, total=False):
    """One device or login."""

    _id: ObjectId
    account: ObjectId


class GuestFeedItem(TypedDict):
    """One line of a country's guest feed; ascending `_id` is descending `score` inside a country."""

    _id: ObjectId
    content: ObjectId
    score: float
    countryCode: str
    type: str
    author: ObjectId | None
    originalContent: ObjectId | None
    originalAuthor: ObjectId | None
    createdAt: datetime
    updatedAt: datetime


class ContentStats(TypedDict):
    """What is counted of a content at a clock."""

    _id: ObjectId
    contentId: ObjectId
    authorId: ObjectId | None
    likeCount: int
    commentCount: int
    recastCount: int
    quoteCount: int
    photoCount: int
    characterLength: int
    aggregator: dict[str, float]  # ageScore, engagementScore
    score: float
    createdAt: datetime
    updatedAt: datetime  # the clock of the run that counted


class CreatorStats(TypedDict, total=False):
    """What is counted of a creator at a clock, over the published contents of the last 30 days."""

    _id: ObjectId
    creatorId: ObjectId
    ownerAccount: ObjectId | None
    displayId: str | None
    userCreatedAt: datetime | None
    lastContentUpdatedAt: datetime | None
    followedCount: int
    followerCount: int
    geolocation: dict[str, str] | None
    contentCount: int
    creatorLikedCount: int
    creatorCommentedCount: int
    creatorRecastedCount: int
    creatorQuotedCount: int
    summary: list[dict[str, Any]]
    aggregator: dict[str, float]
    score: float
    updatedAt: datetime  # the clock of the run that last counted contents


class ContentInfo(TypedDict, total=False):
    """What the text of a post says."""

    contentId: ObjectId
    language: str  # ISO 639-1, "und" when unknown
    topics: list[ObjectId]  # root first
    emotions: dict[str, float]  # label: probability; empty where the language is not understood
    emotion: str | None  # the label, when one is likely enough
    provider: str  # offline · comprehend
    textHash: str  # of the cleaned text and the classifier's version
    updatedAt: datetime


class Topic(TypedDict):
    """A node of the hierarchy of topics."""

    _id: ObjectId
    slug: str
    parents: list[dict[str, Any]]  # _id, slug
    children: list[dict[str, Any]]
    createdAt: datetime
    updatedAt: datetime


class HashtagStats(TypedDict):
    """What is counted of a hashtag at a clock, over the published contents of the window."""

    _id: str  # the hashtag, lower case, without #
    contentCount: int
    creatorCount: int
    engagementScore: float  # decayed
    score: float
    updatedAt: datetime


class Mood(TypedDict, total=False):
    """A user's consent (`_id` = the user), or one analysis (`_id` = {user, at}); gone after the retention."""

    _id: Any
    userId: ObjectId
    consentedAt: datetime
    analysedAt: datetime
    mood: str  # Cheerful · Satisfied · Stressed · Depressed · unknown
    reason: str | None  # why unknown
    positivity: float
    negativity: float
    interval: dict[str, list[float]]
    happiest: ObjectId | None
    saddest: ObjectId | None
    contents: int
    expiresAt: datetime


class TextSpending(TypedDict):
    """Dollars of one day for classifying by an outside service."""

    _id: str  # the day, ISO 8601
    dollars: float


class Artifact(TypedDict, total=False):
    """A model as bytes that need no unpickling; `previous` is the version a rollback returns to."""

    account: ObjectId | str
    model: str
    artifact: bytes
    format: str  # ubj · npz · identity
    checksum: str  # SHA-256 of artifact, hexadecimal
    features: list[str]
    trainedAt: datetime
    version: int
    parent: str | None
    report: dict[str, Any]
    previous: dict[str, Any]


class TrainingShard(TypedDict):
    """Rows of some members on their way to a worker."""

    _id: str
    data: bytes  # npz
    checksum: str
    penalty: float
    open: list[bool]
    members: int  # version of the members' booster
    trainedAt: datetime
    createdAt: datetime


class Evaluation(TypedDict):
    """One day's judgement of the rankers."""

    _id: str  # what was judged, and the day
    time: datetime
    report: dict[str, Any]


class Run(TypedDict, total=False):
    """One run of one job."""

    function: str
    time: datetime  # the job's clock
    startedAt: datetime
    seconds: float
    counts: dict[str, Any]
    status: Literal["running", "done", "failed", "skipped"]
    error: str


class Lease(TypedDict):
    """Who runs what, until when by the server's clock."""

    _id: str
    owner: str
    expiresAt: datetime


class CredentialFeatures(TypedDict, total=False):
    """How a credential read, over its latest readings up to `lastSeenAt`; also every name of fraud.behaviour.OWN."""

    _id: ObjectId
    seenCredential: ObjectId
    firstSeenAt: datetime
    lastSeenAt: datetime
    count: int
    judged: bool  # readings enough for a score
    replayKeys: list[int]
    lockstepKeys: list[int]
    fraudScore: float  # 0-1
    reasons: list[str]
    likelyBot: bool  # fraudScore over the threshold of the detector that served
    scoredVersion: int  # of the training behind the score
    scoredAt: datetime
    verificationStatus: bool  # true = a bot
    verifiedAt: datetime
    createdAt: datetime
    updatedAt: datetime


class FraudDetector(TypedDict, total=False):
    """One candidate of one training; of each training one is served."""

    _id: str  # trainedAt and model
    model: str
    version: int
    served: bool
    reason: str  # why this training serves the one it serves
    threshold: float  # fraudScore from which a case is opened
    dataset: dict[str, Any]
    features: list[str]
    model_classes: list[str]
    artifact: bytes
    format: str  # npz
    checksum: str  # SHA-256 of artifact, hexadecimal
    evaluationReport: dict[str, Any]
    trainedAt: datetime


class SuspiciousCredential(TypedDict, total=False):
    """A case for a moderator, who adds verificationStatus and verifiedAt."""

    _id: ObjectId
    seenCredential: ObjectId
    firstSeenAt: datetime
    lastSeenAt: datetime
    score: float
    reasons: list[str]
    source: str  # score · audit
    audit: bool  # drawn by lot, whatever its score
    status: str  # open · closed
    createdAt: datetime
    closedAt: datetime
    copied: dict[str, Any]  # the verdict that has reached credentialfeatures
    verificationStatus: bool  # true = a bot
    verifiedAt: datetime


class Watermark(TypedDict, total=False):
    """Up to where somebody has read."""

    _id: str
    until: datetime  # an incremental job
    token: dict[str, Any]  # who follows the changes of a collection


class Category(TypedDict):
    """A subject, as the operator keeps it."""

    slug: str
    name: str
    hashtags: list[str]  # normalised: small letters, without #


class Karma(TypedDict, total=False):
    """How a user's posts in a category are received; category "global" is over all."""

    _id: str  # userId:category
    userId: ObjectId
    category: str
    actions: dict[str, dict[str, Any]]  # karmaSeed (None with a reason), median, karma, interval, confidence
    karma: float  # engagements that the coming week will bring, per 100 followers
    interval: list[float]  # 80 %
    confidence: float  # share that rests on the user's own posts in the category
    influence: dict[str, float]  # pagerank, score
    why: dict[str, Any]  # posts, benchmark, followers, expectedWeek, suspicion, topPosts
    digest: str


class Action(TypedDict, total=False):
    """Something that an account of ours would do, has done or has taken back."""

    _id: str
    event: str  # FOLLOW_USER · UNFOLLOW_USER · POST_LIKED · POST_UNLIKED
    network: str
    category: str
    actor: Any  # who
    target: Any  # whom, or which content
    why: dict[str, Any]
    state: Literal["planned", "done", "failed", "undone"]
    dryRun: bool  # never carried out
    plannedAt: datetime
    dueAt: datetime


class ActionSettings(TypedDict, total=False):
    """What an operator set for a category (`_id`); `_id` "*" holds the kill switch."""

    _id: str
    enabled: bool
    dryRun: bool
    network: str
    actor: Any
    measure: str  # karmaSeed · karma
    thresholds: dict[str, float]
    likes: dict[str, float]  # followers, posts, likes
    perHour: float
    burst: float
    stopped: bool


class ActionBudget(TypedDict, total=False):
    """Requests that a network still takes."""

    _id: str
    tokens: float
    refilledAt: datetime


class Cascade(TypedDict, total=False):
    """The reshare tree of a content (`_id`)."""

    _id: ObjectId
    contentId: ObjectId
    authorId: ObjectId | None
    nodes: list[dict[str, Any]]  # id, user, parent, level, time, rank, method, confidence, candidates[{id, share}]
    size: int
    depth: int
    breadth: list[int]  # nodes per level
    structuralVirality: float
    rootGone: bool  # no longer published, or not in the database
    truncated: bool  # the app counted more reshares than there are, or more nodes than a document holds
    forecast: dict[str, Any]  # size, interval, coverage
    members: str  # changes with the reshares and the settings
    policy: str
    createdAt: datetime
    lastReshareAt: datetime
    asOf: datetime  # the moment that the forecast is about


class SnapshotPart(TypedDict, total=False):
    """What serving knows of the community: the header (`_id` 0), then the parts of one npz."""

    _id: int
    createdAt: datetime  # the clock at which it was taken
    version: str  # SHA-256 of the whole npz, hexadecimal
    parts: int
    part: bytes


class Configuration(TypedDict, total=False):
    """What is published of one setting (`_id`); variants share the accounts among them."""

    _id: str  # ranking
    variants: list[dict[str, Any]]  # name, share, personal


@dataclass(frozen=True)
class Declared:
    """One collection as this project knows it."""

    database: Literal["app", "analytics"]
    shape: type
    indexes: tuple[IndexModel, ...] = ()
    temporary: str | None = None  # where the next generation is built before the swap


def _index(*keys: str, unique: bool = False, expire_seconds: int | None = None) -> IndexModel:
    pairs = [(key.lstrip("-"), DESCENDING if key.startswith("-") else ASCENDING) for key in keys]
    extra: dict[str, Any] = {} if expire_seconds is None else {"expireAfterSeconds": expire_seconds}
    return IndexModel(pairs, unique=unique, **extra)


def _where_present(*keys: str) -> IndexModel:
    """An index of the documents that have the first key: an old spelling costs nothing where it is not used."""
    first = {keys[0]: {"$exists": True}}
    pairs = [(key.lstrip("-"), DESCENDING if key.startswith("-") else ASCENDING) for key in keys]
    return IndexModel(pairs, partialFilterExpression=first)


_ARTIFACT_KEY = _index("account", "model", unique=True)
_DAY_SECONDS = 86_400

COLLECTIONS: Mapping[str, Declared] = {
    "accounts": Declared("app", Account),
    "users": Declared("app", User, (_index("ownerAccount"),)),
    "contents": Declared(
        "app", Content, (_index("createdAt"), _index("author.id", "createdAt"), _index("originalPost._id"))
    ),
    "comments": Declared("app", Comment),
    "engagements": Declared(
        "app",
        Engagement,
        (_index("createdAt"), _index("targetRef.$id", "createdAt"), _index("user", "createdAt"), _index("account")),
    ),
    "feeditems": Declared(
        "app",
        FeedItem,
        (
            _index("seenAt"),
            _index("viewer", "seenAt"),
            _index("seenCredential", "-seenAt", "offScreenAt", "content"),  # covers a credential's latest readings
            _index("offScreenAt", "seenCredential"),  # who read since the last run
            _where_present("seenUUID", "-seenAt"),
            _where_present("offViewAt", "seenCredential"),
        ),
    ),
    "relationships": Declared("app", Relationship, (_index("user"), _index("followedUser"))),
    "credentials": Declared("app", Credential, (_index("account"),)),
    "guestfeeditems": Declared(
        "app",
        GuestFeedItem,
        (_index("countryCode", "_id"), _index("countryCode", "-score"), _index("content")),
        temporary="guestfeeditemstemp",
    ),
    "contentStats": Declared("analytics", ContentStats, (_index("updatedAt"), _index("-score"), _index("authorId"))),
    "creatorStats": Declared("analytics", CreatorStats, (_index("-score"), _index("contentCount", "updatedAt"))),
    "contentinfo": Declared("app", ContentInfo, (_index("contentId", unique=True),)),
    "topics": Declared("analytics", Topic, (_index("slug", unique=True),)),
    "hashtagStats": Declared("analytics", HashtagStats, (_index("-score"), _index("updatedAt"))),
    "moods": Declared("analytics", Mood, (_index("userId", "-analysedAt"), _index("expiresAt", expire_seconds=0))),
    "textSpending": Declared("analytics", TextSpending),
    "mlArtifacts": Declared("analytics", Artifact, (_ARTIFACT_KEY,)),
    "mlArtifacts_country": Declared("analytics", Artifact, (_ARTIFACT_KEY,)),
    "mlArtifacts_global": Declared("analytics", Artifact, (_ARTIFACT_KEY,)),
    "credentialfeatures": Declared(
        "analytics",
        CredentialFeatures,
        (_index("seenCredential", "-lastSeenAt", unique=True), _index("likelyBot"), _index("verificationStatus")),
    ),
    "frauddetectionmlartifacts": Declared("analytics", FraudDetector, (_index("-trainedAt"),)),
    "suspiciouscredentials": Declared("app", SuspiciousCredential, (_index("seenCredential"), _index("status"))),
    "actions": Declared(
        "analytics", Action, (_index("state", "dueAt"), _index("category", "event", "state"), _index("-plannedAt"))
    ),
    "actionSettings": Declared("analytics", ActionSettings),
    "actionBudgets": Declared("analytics", ActionBudget),
    "categories": Declared("analytics", Category, (_index("slug", unique=True),)),
    "karma": Declared("analytics", Karma, (_index("userId", "category", unique=True), _index("category", "-karma"))),
    "cascades": Declared("analytics", Cascade, (_index("nodes.id"), _index("-size"))),
    "watermarks": Declared("analytics", Watermark),
    "evaluations": Declared("analytics", Evaluation, (_index("-time"),)),
    "trainingShards": Declared("analytics", TrainingShard, (_index("createdAt", expire_seconds=3 * _DAY_SECONDS),)),
    "runs": Declared("analytics", Run, (_index("function", "-time"), _index("startedAt", expire_seconds=180 * _DAY_SECONDS))),
    "leases": Declared("analytics", Lease),
    "servingSnapshot": Declared("analytics", SnapshotPart, (_index("createdAt"),)),
    "configurations": Declared("analytics", Configuration),
}


def collection(db: Databases, name: str) -> Collection[Document]:
    """The collection of that name, in the database where it belongs."""
    return (db.app if COLLECTIONS[name].database == "app" else db.analytics)[name]


def ensure_indexes(db: Databases, *names: str) -> None:
    """Makes the declared indexes of these collections where they are missing."""
    for name in names:
        if COLLECTIONS[name].indexes:
            collection(db, name).create_indexes(list(COLLECTIONS[name].indexes))
