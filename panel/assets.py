"""Static files. Addresses carry a hash of the content, so browsers cache each file until it changes."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
VERSION = "v"  # the query parameter that holds the hash
_CACHE_FOREVER = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"  # cached too, but the browser checks whether it changed


@cache
def version(name: str) -> str:
    """Returns a hash of the file's content."""
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


class Assets(StaticFiles):
    """Serves the files. Requests for the current version may be cached forever."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Returns the file with its cache policy."""
        response = await super().get_response(path, scope)
        is_current = QueryParams(scope["query_string"]).get(VERSION) == version(path)
        response.headers["Cache-Control"] = _CACHE_FOREVER if is_current else _REVALIDATE
        return response
