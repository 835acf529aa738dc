"""What a bare reshare is: it passes a post on without a text of its own, and shows that post. A quote does not."""

from typing import Any

_TEXT = {"$cond": [{"$eq": [{"$type": "$payload.message"}, "string"]}, {"$trim": {"input": "$payload.message"}}, ""]}


def bare_reshare() -> dict[str, Any]:
    """Returns the aggregation expression on app-db.contents that is true for a bare reshare.

    An app that writes neither `isQuote` nor `isRecast` quotes where the reshare has a text.
    """
    passes_on = {"$or": [{"$eq": ["$isRecast", True]}, {"$eq": [_TEXT, ""]}]}
    return {"$and": [{"$eq": [{"$type": "$originalPost._id"}, "objectId"]}, {"$ne": ["$isQuote", True]}, passes_on]}
