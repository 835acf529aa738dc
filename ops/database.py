"""Where a command finds its database: the environment's server, or the embedded one of the home folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.client import Databases

HOME = ".feedpulse"


def home() -> Path:
    """The folder of everything that a command keeps: FEEDPULSE_HOME, or `.feedpulse` of the current folder."""
    return Path(os.environ.get("FEEDPULSE_HOME") or HOME)


def own_home() -> Path:
    """The home folder, made when it is missing; only its owner can look into it."""
    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    return home()


def is_embedded() -> bool:
    """Whether no server is named, so that the embedded one serves."""
    return not (os.environ.get("MONGODB_URI") or os.environ.get("MONGODB_URI_PARAMETER"))


@contextmanager
def database() -> Iterator["Databases"]:
    """Both databases; the embedded server runs while the block does, and MONGODB_URI names it to the handlers.

    Raises:
        EmbeddedDatabaseError: when no server is named and the embedded one does not start.
    """
    from handlers.runtime import databases

    if not is_embedded():
        yield databases()
        return
    from ops.mongod.serving import serving

    with serving(home()) as uri:
        os.environ["MONGODB_URI"] = uri
        try:
            yield databases()
        finally:
            del os.environ["MONGODB_URI"]
