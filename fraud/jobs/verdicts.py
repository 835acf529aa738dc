"""Copies moderators' verdicts to features as labels."""

from datetime import UTC, datetime
from typing import Any

from store.client import Databases
from store.ids import Document, ObjectId
from store.outputs import fraud_cases
from store.schema import ensure_indexes


def copy_verdicts(db: Databases, now: datetime, case: ObjectId | None = None) -> dict[str, Any]:
    """Copies each verdict, or that of one case, to the credential's features, then closes the case.

    A case is closed last, and only if its verdict is still the copied one. So the next run finds verdicts that
    changed meanwhile or that a killed run left behind. Verdicts later than `now` and verdicts without features wait.
    """
    ensure_indexes(db, "credentialfeatures", "suspiciouscredentials")
    cases = list(fraud_cases.verdicts_to_copy(db, case))
    counts = {"bots": 0, "humans": 0, "waiting": 0, "later": 0}
    rejected: dict[str, int] = {}
    for document in cases:
        if field := _mistyped(document):
            rejected[field] = rejected.get(field, 0) + 1
        elif (verified_at := _verified_at(document, now)) > now:
            counts["later"] += 1
        elif not fraud_cases.copy_verdict(db, document["seenCredential"], document["verificationStatus"], verified_at):
            counts["waiting"] += 1
        else:
            fraud_cases.close_case(db, document, now)
            counts["bots" if document["verificationStatus"] else "humans"] += 1
    return counts | {"rejected": rejected}


def _mistyped(case: Document) -> str | None:
    if not isinstance(case["verificationStatus"], bool):
        return "verificationStatus"
    return None if isinstance(case.get("seenCredential"), ObjectId) else "seenCredential"


def _verified_at(case: Document, now: datetime) -> datetime:
    """Returns when the moderator decided; `now` for a verdict without a date."""
    verified_at = case.get("verifiedAt")
    return verified_at if isinstance(verified_at, datetime) else now.astimezone(UTC)
