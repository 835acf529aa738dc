"""A simulated community in databases of its own, for tests that only add to it or look at it."""

from collections.abc import Iterator
from contextlib import contextmanager

from lab.simulate import Config, documents, simulate
from store.client import Databases, connect
from store.ids import ObjectId


@contextmanager
def simulated(uri: str, config: Config) -> Iterator[Databases]:
    """Databases that hold the community; dropped at the end."""
    db = connect(uri, f"test-{ObjectId()}-")
    for name, batch in documents(simulate(config)):
        db.app[name].insert_many(batch, ordered=False)
    try:
        yield db
    finally:
        for each in (db.app, db.analytics):
            db.client.drop_database(each.name)
        db.client.close()
