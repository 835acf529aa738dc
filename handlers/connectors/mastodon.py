"""Mastodon, through its client library. Its servers allow bots that say so: the actor's account needs the bot flag."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mastodon import Mastodon, MastodonError

from predictors.social.connectors import RequestError


@dataclass(frozen=True)
class MastodonConnector:
    """One account of one server; the actor is whoever the token belongs to."""

    client: Mastodon

    @classmethod
    def at(cls, server: str, token: str) -> "MastodonConnector":
        """The account of the token on the server; a request limit is waited for by the library."""
        return cls(Mastodon(api_base_url=server, access_token=token, ratelimit_method="pace", request_timeout=20))

    def follow(self, actor: Any, user: Any) -> str:
        """Follows the account of that id."""
        return self._asked(self.client.account_follow, user)

    def unfollow(self, actor: Any, user: Any) -> str:
        """Follows it no longer."""
        return self._asked(self.client.account_unfollow, user)

    def like(self, actor: Any, post: Any) -> str:
        """Marks the status as a favourite."""
        return self._asked(self.client.status_favourite, post)

    def unlike(self, actor: Any, post: Any) -> str:
        """Takes the mark away."""
        return self._asked(self.client.status_unfavourite, post)

    @staticmethod
    def _asked(call: Callable[[Any], Any], target: Any) -> str:
        try:
            return str(call(target)["id"])
        except MastodonError as error:
            raise RequestError(f"{type(error).__name__}: {str(error)[:300]}") from error
