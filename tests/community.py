"""A small simulated community for tests that need a whole app."""

from copy import deepcopy
from functools import cache

from lab.simulate import Config, documents, simulate

CONFIG = Config(users=50, days=3, seed=11)
TIME = CONFIG.until.isoformat()


@cache
def _community():
    made = {}
    for name, batch in documents(simulate(CONFIG)):
        made.setdefault(name, []).extend(batch)
    return made


def community():
    """Collection → its documents, each call its own copy."""
    return deepcopy(_community())


def fill(db, collections):
    for name, batch in collections.items():
        db.app[name].insert_many(batch)
