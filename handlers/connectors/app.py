"""The app: follows and likes as the app writes them."""

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
        """Writes a relationship and counts one follower more."""
        return app_writes.follow(self.db, actor, user, self.now)

    def unfollow(self, actor: Any, user: Any) -> str:
        """Ends the follow of the relationship."""
        return app_writes.unfollow(self.db, actor, user, self.now)

    def like(self, actor: Any, post: Any) -> str:
        """Writes an engagement and counts one like more."""
        return app_writes.like(self.db, actor, post, self.now)

    def unlike(self, actor: Any, post: Any) -> str:
        """Marks the engagement as deleted."""
        return app_writes.unlike(self.db, actor, post, self.now)
