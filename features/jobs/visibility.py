"""What is shown follows what is public: posts of people who are not public any more leave the guest feed at once."""

from collections.abc import Mapping
from typing import Any

from store.change_streams import Change
from store.client import Databases
from store.inputs.visibility import read_public_users
from store.outputs import guest_feed
from store.queries import ids_where
from store.schema import ensure_indexes


def withdraw_hidden(db: Databases, changes: Mapping[str, Change]) -> dict[str, Any]:
    """Withdraws what is not public from the guest feed, when one of the changed users or accounts is not public.

    `changes`: by collection, of users and accounts; without any, everything that is shown is checked.
    """
    ensure_indexes(db, "users", "contents", "guestfeeditems")
    users, accounts = (changes.get(name, Change()) for name in ("users", "accounts"))
    owned = ids_where(db, "users", {"ownerAccount": {"$in": [*accounts.written, *accounts.deleted]}})
    changed = {*users.written, *users.deleted, *owned}
    hidden = changed - read_public_users(db, changed)

    withdrawn = guest_feed.withdraw(db, guest_feed.shown_posts(db)) if hidden or not changes else 0
    return {"users": len(changed), "hidden": len(hidden), "withdrawn": withdrawn}
