"""The database of a command: the server of MONGODB_URI, or the embedded one of the home folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.client import Databases

HOME = ".feedpulse"


def home() -> Path:
    """Returns the home folder: FEEDPULSE_HOME, or `.feedpulse` of the current folder."""
    return Path(os.environ.get("FEEDPULSE_HOME") or HOME)


def own_home() -> Path:
    """Creates the home folder if it is missing, readable by its owner only, and returns it."""
    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    return home()


def is_embedded() -> bool:
    """Returns whether the embedded server is used, because the environment names none."""
    return not (os.environ.get("MONGODB_URI") or os.environ.get("MONGODB_URI_PARAMETER"))


def require_database_name(name: str | None) -> None:
    """Refuses to write over a server that is not the embedded one, unless `name` is that of its app-db.

    Raises:
        ValueError: with the option that is needed.
    """
    if is_embedded():
        return
    from handlers.runtime import databases

    if name != (expected := databases().app.name):
        raise ValueError(
            f"--yes-drop: {name or 'missing'}: MONGODB_URI names a server that feedpulse did not start; to change "
            f"the database {expected} there, add --yes-drop {expected}"
        )


@contextmanager
def database() -> Iterator["Databases"]:
    """Yields both databases; the embedded server runs during the block, with MONGODB_URI set for the handlers.

    Raises:
        EmbeddedDatabaseError: when the embedded server is used and does not start.
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
