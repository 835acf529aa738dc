"""From moderators' verdicts to labels, none lost."""

from datetime import UTC, datetime
from typing import Any

from store.client import Databases
from store.ids import Document, ObjectId
from store.outputs import fraud_cases
from store.schema import ensure_indexes


def copy_verdicts(db: Databases, now: datetime, case: ObjectId | None = None) -> dict[str, Any]:
    """Copies each verdict (or this case's) to the credential's features, then closes its case.

    The case is closed last and only under the verdict that was copied, so a run that was killed, or a verdict that
    changed meanwhile, is found again by the next run. A verdict without features waits for them; one that is
    later than `now` waits for its time.
    """
    ensure_indexes(db, "credentialfeatures", "suspiciouscredentials")
    waiting = list(fraud_cases.verdicts_to_copy(db, case))

    counts = {"bots": 0, "humans": 0, "waiting": 0, "later": 0}
    rejected: dict[str, int] = {}
    for each in waiting:
        if field := _mistyped(each):
            rejected[field] = rejected.get(field, 0) + 1
        elif (verified_at := _verified_at(each, now)) > now:
            counts["later"] += 1
        elif not fraud_cases.copy_verdict(db, each["seenCredential"], each["verificationStatus"], verified_at):
            counts["waiting"] += 1
        else:
            fraud_cases.close_case(db, each, now)
            counts["bots" if each["verificationStatus"] else "humans"] += 1
    return counts | {"rejected": rejected}


def _mistyped(case: Document) -> str | None:
    if not isinstance(case["verificationStatus"], bool):
        return "verificationStatus"
    return None if isinstance(case.get("seenCredential"), ObjectId) else "seenCredential"


def _verified_at(case: Document, now: datetime) -> datetime:
    """When the moderator decided; a verdict without a date is of now."""
    given = case.get("verifiedAt")
    return given if isinstance(given, datetime) else now.astimezone(UTC)
