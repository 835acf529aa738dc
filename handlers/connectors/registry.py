"""The networks on which planned actions can be executed."""

from datetime import datetime

from handlers.connectors.app import AppConnector
from handlers.runtime import setting
from predictors.social.connectors import Connector
from store.client import Databases


def configured(db: Databases, now: datetime) -> dict[str, Connector]:
    """Returns the networks that the environment names: the app itself, and Mastodon with a server and a token."""
    connectors: dict[str, Connector] = {"app": AppConnector(db, now)}
    server, token = setting("MASTODON_SERVER"), setting("MASTODON_TOKEN")
    if server and token:
        from handlers.connectors.mastodon import MastodonConnector  # a development dependency

        connectors["mastodon"] = MastodonConnector.at(server, token)
    return connectors
