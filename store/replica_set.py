"""A single mongod as the primary of a replica set with one member."""

import time
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

REPLICA_SET = "rs0"
NOT_YET_INITIALIZED = 94
STILL_STARTING = {23, 109}  # AlreadyInitialized (its configuration is being read), ConfigurationInProgress


def become_primary(address: str, *, durable: bool, patience_seconds: float) -> bool:
    """Makes the mongod at `host:port` the writable primary of the set `rs0`; returns whether it is one in that time.

    The configuration of a data directory that was served at another address is corrected. `durable` makes majority
    writes wait for the journal; a durable server remains durable. A second call changes nothing.

    Raises:
        ConnectionError: with the server's message, when it refuses.
    """
    until = time.monotonic() + patience_seconds
    client: MongoClient[dict[str, Any]] = MongoClient(
        address, directConnection=True, serverSelectionTimeoutMS=1000, appname="feedpulse"
    )
    with client:
        while not _is_primary(client.admin, address, durable):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
    return True


def _is_primary(admin: Database[dict[str, Any]], address: str, durable: bool) -> bool:
    """Corrects the configuration and returns whether the server accepts writes."""
    try:
        _configure(admin, address, durable)
        return bool(admin.command("hello")["isWritablePrimary"])
    except AutoReconnect:
        return False
    except OperationFailure as failure:
        if failure.code in STILL_STARTING:
            return False
        raise ConnectionError(str(failure)) from failure
    except PyMongoError as error:
        raise ConnectionError(str(error)) from error


def _configure(admin: Database[dict[str, Any]], address: str, durable: bool) -> None:
    """Initiates the set, or corrects the stored configuration."""
    config = _stored_config(admin)
    if config is None:
        first = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}]}
        admin.command("replSetInitiate", first | {"writeConcernMajorityJournalDefault": durable})
        return
    journalled = config.get("writeConcernMajorityJournalDefault", True)
    if config["members"][0]["host"] != address or (durable and not journalled):
        config["members"][0]["host"] = address
        config["writeConcernMajorityJournalDefault"] = durable or journalled
        admin.command("replSetReconfig", config, force=True)


def _stored_config(admin: Database[dict[str, Any]]) -> dict[str, Any] | None:
    try:
        config: dict[str, Any] = admin.command("replSetGetConfig")["config"]
    except OperationFailure as failure:
        if failure.code == NOT_YET_INITIALIZED:
            return None
        raise
    return config
