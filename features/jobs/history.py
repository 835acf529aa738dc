"""The history that rankers learn from and serve with, read from both databases: one way for every job."""

from datetime import datetime

from features.countries import COUNTRIES
from features.ranking.history import History, assemble, disregarding
from store.client import Databases
from store.columns import id_array
from store.inputs import event_log
from store.outputs import fraud_cases


def read_history(
    db: Databases, since: datetime, now: datetime, follows: bool = True, discount_bots: bool = False
) -> History:
    """Returns what happened in [since, now).

    Without `follows` nobody follows anybody, which saves reading them. `discount_bots` leaves out the engagements of
    likely bots; what they were shown stays.
    """
    history = assemble(event_log.read_log(db, since, now, COUNTRIES, follows), event_log.read_labels(db, since, now))
    return disregarding(history, id_array(fraud_cases.likely_bot_accounts(db))) if discount_bots else history
