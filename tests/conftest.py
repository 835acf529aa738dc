"""One real mongod for the run (or the server of MONGODB_URI), fresh databases for every test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers import runtime
from ops.mongod.serving import serving
from store.client import Databases, connect
from store.ids import ObjectId
from tests.reliability.harness import databases

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


OPENED: list[Databases] = []  # by the handlers, whose connections live as long as their container


@pytest.fixture(scope="session")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of this run."""
    if given := os.environ.get("MONGODB_URI"):
        yield given
        return
    with serving(tmp_path_factory.mktemp("mongod"), durable=False) as started:
        yield started
        end_container()


@pytest.fixture(scope="session", autouse=True)
def recorded() -> Iterator[None]:
    """What the handlers open is known."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "connect", lambda *where, **how: OPENED.append(connect(*where, **how)) or OPENED[-1])
        yield


@pytest.fixture(autouse=True)
def container() -> Iterator[None]:
    """Each test has a container of its own, which closes its connections at its end."""
    yield
    end_container()


def end_container() -> None:
    """The handlers forget their connections, which are closed."""
    runtime._connected.cache_clear()
    while OPENED:
        OPENED.pop().client.close()


@pytest.fixture
def db(uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Databases]:
    """Fresh databases; handlers and commands called in the test use them too."""
    prefix = f"test-{ObjectId()}-"
    monkeypatch.setenv("MONGODB_URI", uri)
    monkeypatch.setenv("DB_PREFIX", prefix)
    with databases(uri, prefix) as fresh:
        yield fresh


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data (../shared/data) is not beside this checkout")
    return SHARED_DATA
