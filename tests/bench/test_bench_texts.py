"""How long reading posts takes: the language of one, everything of ten thousand, and the first of a container."""

import subprocess
import sys
import time

import pytest

from features.language import identify
from features.text_reading import OfflineReader

POSTS = [
    "The stock market fell again today and investors sold their shares before the weekend, who would have thought",
    "วันนี้ไปกินชาบูกับเพื่อน อร่อยมาก แนะนำเลย ร้านอยู่แถวสยาม บรรยากาศดี ราคาไม่แพง",
    "so tired of all this rain, when does summer start?",
    "Mañana vamos a la playa con toda la familia, qué ganas tengo de ver el mar otra vez",
]
FIRST = "from features.text_reading import OfflineReader; OfflineReader().read(['The first post of a container'])"

pytestmark = pytest.mark.bench


def test_a_language_is_told_in_a_millisecond() -> None:
    identify("warm up")

    started = time.perf_counter()
    for _ in range(500):
        for post in POSTS:
            identify(post)

    assert (time.perf_counter() - started) / 2000 < 0.001


def test_ten_thousand_posts_are_read_in_a_minute() -> None:
    reader = OfflineReader()
    reader.read(POSTS)

    started = time.perf_counter()
    for _ in range(40):
        reader.read([f"{post} {place}" for place in range(63) for post in POSTS][:250])
    seconds = time.perf_counter() - started

    print(f"10,000 posts: {seconds:.1f} s")  # noqa: T201
    assert seconds < 60


def test_a_cold_start_takes_seconds() -> None:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIRST], check=True)
    seconds = time.perf_counter() - started

    print(f"first reading of a process: {seconds:.1f} s")  # noqa: T201
    assert seconds < 10
