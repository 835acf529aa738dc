"""Our own files: addressed with a hash of what is in them, so that browsers keep each until it changes."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
VERSION = "v"  # the parameter of the address that holds the hash
KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"  # kept too, but only used after asking whether it changed


@cache
def version(name: str) -> str:
    """A hash of what is in the file."""
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


class Assets(StaticFiles):
    """The files; those that are asked for in their present version are kept for good."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, and how long to keep it."""
        response = await super().get_response(path, scope)
        asked = QueryParams(scope["query_string"]).get(VERSION)
        response.headers["Cache-Control"] = KEPT if asked == version(path) else ASKED_AGAIN
        return response
