"""A simulated community in databases of its own, for tests that only add to it or look at it."""

from collections.abc import Iterator
from contextlib import contextmanager

from lab.simulate import Config, documents, simulate
from store.client import Databases
from store.ids import ObjectId
from tests.reliability.harness import databases


@contextmanager
def simulated(uri: str, config: Config) -> Iterator[Databases]:
    """Databases that hold the community; dropped at the end."""
    with databases(uri, f"test-{ObjectId()}-") as db:
        for name, batch in documents(simulate(config)):
            db.app[name].insert_many(batch, ordered=False)
        yield db
