"""How long reading posts takes: the language of one, everything of ten thousand, and the first of a container."""

import resource
import subprocess
import sys
import time

import pytest

from features.text.analyzer import OfflineAnalyzer
from features.text.language import identify

POSTS = [
    "The stock market fell again today and investors sold their shares before the weekend, who would have thought",
    "วันนี้ไปกินชาบูกับเพื่อน อร่อยมาก แนะนำเลย ร้านอยู่แถวสยาม บรรยากาศดี ราคาไม่แพง",
    "so tired of all this rain, when does summer start?",
    "Mañana vamos a la playa con toda la familia, qué ganas tengo de ver el mar otra vez",
]
FIRST = (
    "from features.text.analyzer import OfflineAnalyzer; OfflineAnalyzer({tier!r}).analyze(['The first post of all'])"
)

pytestmark = pytest.mark.bench
tiers = pytest.mark.parametrize("tier", ["linear", "embeddings"])


def test_a_language_is_told_in_a_millisecond() -> None:
    identify("warm up")

    started = time.perf_counter()
    for _ in range(500):
        for post in POSTS:
            identify(post)

    assert (time.perf_counter() - started) / 2000 < 0.001


@tiers
def test_ten_thousand_posts_are_read_in_a_minute(tier: str) -> None:
    analyzer = OfflineAnalyzer(tier)
    analyzer.analyze(POSTS)

    started = time.perf_counter()
    for _ in range(40):
        analyzer.analyze([f"{post} {place}" for place in range(63) for post in POSTS][:250])
    seconds = time.perf_counter() - started

    print(f"10,000 posts, {tier}: {seconds:.1f} s")  # noqa: T201
    assert seconds < 60


@tiers
def test_a_cold_start_takes_seconds(tier: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", FIRST.format(tier=tier)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    print(f"first reading of a process, {tier}: {seconds:.1f} s of processor")  # noqa: T201
    assert seconds < 10
