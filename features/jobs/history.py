"""Reads the history from both databases, for every job that trains or serves rankers."""

from datetime import datetime

from features.countries import COUNTRIES
from features.ranking.history import History, assemble, without_engagements_of
from store.client import Databases
from store.columns import id_array
from store.inputs import event_log
from store.outputs import fraud_cases


def read_history(
    db: Databases, since: datetime, now: datetime, follows: bool = True, discount_bots: bool = False
) -> History:
    """Returns the history of [since, now).

    `follows` reads the follows too. `discount_bots` leaves out the engagements of likely bots; their exposures stay.
    """
    history = assemble(event_log.read_log(db, since, now, COUNTRIES, follows), event_log.read_labels(db, since, now))
    return without_engagements_of(history, id_array(fraud_cases.likely_bot_accounts(db))) if discount_bots else history
