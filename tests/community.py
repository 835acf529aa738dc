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


def open_gates(db):
    """As if there were data enough for members' own models: the gate lets all in, and all are to be trained anew."""
    gate = {"penalty": 3.0, "open": [True] * 5, "gain": [0.0] * 5, "error": [0.0] * 5}
    db.analytics.mlArtifacts_global.update_one({"account": "members"}, {"$set": {"report.gate": gate}})
    db.analytics.mlArtifacts.drop()  # deleted keys would lie in the way of every upsert for a minute
