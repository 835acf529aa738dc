"""Chooses the text analyzer: TEXT_PROVIDER offline (default) or comprehend, TEXT_TIER embeddings or linear."""

from datetime import datetime
from functools import partial

from features.text.analyzer import OfflineAnalyzer, TextAnalyzer
from handlers.runtime import setting
from store.client import Databases
from store.outputs import content_info

DAILY_DOLLARS = "1"


def text_analyzer(db: Databases, now: datetime) -> TextAnalyzer:
    """Returns the analyzer that the environment names; Comprehend stops at COMPREHEND_DAILY_DOLLARS a day.

    Raises:
        ValueError: for another provider or tier, or a cap that is not a number; names the setting.
    """
    provider, offline = setting("TEXT_PROVIDER", "offline"), OfflineAnalyzer(setting("TEXT_TIER", "embeddings"))
    if provider == "offline":
        return offline
    if provider != "comprehend":
        raise ValueError(f"TEXT_PROVIDER: {provider[:60]} is neither offline nor comprehend")
    return _comprehend(db, now, _cap(setting("COMPREHEND_DAILY_DOLLARS", DAILY_DOLLARS)), offline)


def _comprehend(db: Databases, now: datetime, cap: float, offline: OfflineAnalyzer) -> TextAnalyzer:
    import boto3  # the Lambda runtime has it

    from features.text.comprehend import ComprehendAnalyzer

    spend = partial(content_info.spend, db, now.date().isoformat(), cap=cap)
    return ComprehendAnalyzer(
        boto3.client("comprehend"), spend, setting("COMPREHEND_ENDPOINT") or None, offline=offline
    )


def _cap(dollars: str) -> float:
    try:
        return float(dollars)
    except ValueError:
        raise ValueError(f"COMPREHEND_DAILY_DOLLARS: {dollars[:60]} is not a number") from None
