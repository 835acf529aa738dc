"""Mastodon, through its client library. Servers allow declared bots: the actor's account needs the bot flag."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mastodon import Mastodon, MastodonError

from predictors.social.connectors import RequestError


@dataclass(frozen=True)
class MastodonConnector:
    """One account of one server; the actor is the owner of the token."""

    client: Mastodon

    @classmethod
    def at(cls, server: str, token: str) -> "MastodonConnector":
        """Returns the connector of the token's account; the library waits when the server limits requests."""
        return cls(Mastodon(api_base_url=server, access_token=token, ratelimit_method="pace", request_timeout=20))

    def follow(self, actor: Any, user: Any) -> str:
        """Follows the account of that id."""
        return self._call(self.client.account_follow, user)

    def unfollow(self, actor: Any, user: Any) -> str:
        """Ends the follow of the account."""
        return self._call(self.client.account_unfollow, user)

    def like(self, actor: Any, post: Any) -> str:
        """Marks the status as a favourite."""
        return self._call(self.client.status_favourite, post)

    def unlike(self, actor: Any, post: Any) -> str:
        """Removes the favourite."""
        return self._call(self.client.status_unfavourite, post)

    @staticmethod
    def _call(call: Callable[[Any], Any], target: Any) -> str:
        try:
            return str(call(target)["id"])
        except MastodonError as error:
            raise RequestError(f"{type(error).__name__}: {str(error)[:300]}") from error
