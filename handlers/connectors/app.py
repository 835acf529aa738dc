"""Our own app: follows and likes as the app itself writes them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.client import Databases
from store.inputs import app_writes


@dataclass(frozen=True)
class AppConnector:
    """Writes relationships and engagements, with the app's counters, at a clock."""

    db: Databases
    now: datetime

    def follow(self, actor: Any, user: Any) -> str:
        """A relationship, and one follower more."""
        return app_writes.follow(self.db, actor, user, self.now)

    def unfollow(self, actor: Any, user: Any) -> str:
        """The relationship no longer follows."""
        return app_writes.unfollow(self.db, actor, user, self.now)

    def like(self, actor: Any, post: Any) -> str:
        """An engagement, and one like more."""
        return app_writes.like(self.db, actor, post, self.now)

    def unlike(self, actor: Any, post: Any) -> str:
        """The engagement is marked deleted."""
        return app_writes.unlike(self.db, actor, post, self.now)
