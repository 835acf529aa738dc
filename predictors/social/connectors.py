"""How planned actions reach a network: four requests, each harmless when it is made twice."""

from typing import Any, Protocol


class RequestError(RuntimeError):
    """A network refused a request or did not answer."""


class Connector(Protocol):
    """One network, or our own app."""

    def follow(self, actor: Any, user: Any) -> str:
        """Makes the actor follow the user; gives what the network calls it."""

    def unfollow(self, actor: Any, user: Any) -> str:
        """Ends the follow."""

    def like(self, actor: Any, post: Any) -> str:
        """Makes the actor like the post."""

    def unlike(self, actor: Any, post: Any) -> str:
        """Takes the like back."""


def request(connector: Connector, event: str, actor: Any, target: Any) -> str:
    """Carries out one event.

    Raises:
        ValueError: when the event is unknown.
    """
    calls = {
        "FOLLOW_USER": connector.follow,
        "UNFOLLOW_USER": connector.unfollow,
        "POST_LIKED": connector.like,
        "POST_UNLIKED": connector.unlike,
    }
    if event not in calls:
        raise ValueError(f"event: {event!r} is none of {', '.join(calls)}")
    return calls[event](actor, target)
