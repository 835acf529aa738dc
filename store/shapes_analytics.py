"""The documents of analytics-db, which are ours."""

from datetime import datetime
from typing import Any, Literal, NotRequired, TypedDict

from bson import ObjectId


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
    fingerprint: str  # of the columns' values on a fixed log; another one is refused
    trainedAt: datetime
    version: int
    parent: str | None
    report: dict[str, Any]
    previous: dict[str, Any]


class TrainingShard(TypedDict):
    """Rows of some members on their way to a worker."""

    _id: str
    data: NotRequired[bytes]  # npz; gone once its artifacts are stored
    checksum: NotRequired[str]
    penalty: float
    open: list[bool]
    members: int  # version of the members' booster
    fingerprint: NotRequired[str]  # of the rows' columns
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
    status: Literal["running", "done", "failed", "skipped", "stopped"]
    error: str


class Lease(TypedDict):
    """Who runs what, until when by the server's clock."""

    _id: str
    owner: str
    expiresAt: datetime


class CredentialFeatures(TypedDict, total=False):
    """Features of a credential's exposures up to `lastSeenAt`; also every name of fraud.features.behaviour.FEATURES."""

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
    fingerprint: str  # of the features' values on fixed readings; another one is refused
    model_classes: list[str]
    artifact: bytes
    format: str  # npz
    checksum: str  # SHA-256 of artifact, hexadecimal
    evaluationReport: dict[str, Any]
    trainedAt: datetime


class Watermark(TypedDict, total=False):
    """Up to where somebody has read."""

    _id: str
    until: datetime  # an incremental job
    token: dict[str, Any]  # who follows the changes of a collection
    salt: str  # karmaStats: settings and categories of the last run
    karma: int  # its number of documents
    common: dict[str, Any]  # what all users shared at its midnight


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
