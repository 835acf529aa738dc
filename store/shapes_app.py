"""The documents of app-db, as far as this project touches them."""

from datetime import datetime
from typing import Any, TypedDict

from bson import ObjectId


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
    earlier: list[dict[str, Any]]  # verdicts from before it was opened again: score, source, audit, verdict
    verificationStatus: bool  # true = a bot
    verifiedAt: datetime
