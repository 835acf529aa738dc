"""Language of short posts: posts of our own in the languages that apps see most, scripts, spellings, oddities."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.text.language import identify, supported
from store.rules.languages import language_code

POSTS = [
    ("en", "can't believe it's monday again lol"),
    ("en", "Best. Concert. EVER!! thank you guys"),
    ("th", "วันนี้ฝนตกหนักมากกก รถติดสุดๆ"),
    ("th", "iPhone ใหม่สวยมาก อยากได้ 555"),
    ("de", "Heute endlich wieder Sonne, ab an den See!"),
    ("de", "Ich hab so keinen Bock auf Arbeit morgen"),
    ("fr", "Trop hâte d'être en vacances, plus que deux jours"),
    ("fr", "Quelqu'un connaît un bon resto à Lyon ?"),
    ("es", "No puedo creer que ya se acabó el verano"),
    ("es", "¿Alguien vio el partido anoche? qué locura"),
    ("pt", "Que saudade da praia, não aguento mais esse frio"),
    ("pt", "Alguém sabe se amanhã tem aula?"),
    ("it", "Finalmente è venerdì, stasera pizza con gli amici"),
    ("it", "Non vedo l'ora di partire per il mare"),
    ("nl", "Wat een mooie dag vandaag, lekker naar het strand"),
    ("nl", "Ik heb echt geen zin om te werken"),
    ("pl", "Nie mogę się doczekać weekendu, w końcu odpocznę"),
    ("pl", "Kto ogląda dzisiaj mecz?"),
    ("ru", "Сегодня очень холодно, сижу дома с чаем"),
    ("ru", "Кто знает хороший фильм на вечер?"),
    ("uk", "Сьогодні дуже гарна погода, їдемо до лісу"),
    ("uk", "Хто знає, що робити ввечері?"),
    ("tr", "Bugün hava çok güzel, sahile gidiyoruz"),
    ("tr", "Bu diziyi izleyen var mı ya?"),
    ("ar", "اليوم الجو جميل جدا في المدينة"),
    ("ar", "مين شاف المباراة امبارح؟"),
    ("fa", "امروز هوا خیلی خوبه، می‌ریم کوه"),
    ("he", "איזה יום יפה היום, הולכים לים"),
    ("hi", "आज मौसम बहुत अच्छा है, चलो घूमने चलते हैं"),
    ("id", "Hari ini macet banget, males pulang kerja"),
    ("id", "Siapa yang nonton konser semalam? seru banget"),
    ("vi", "Hôm nay trời đẹp quá, đi chơi thôi mọi người"),
    ("ja", "今日は天気がいいから散歩に行こう"),
    ("ja", "お腹すいた、ラーメン食べたい"),
    ("ko", "오늘 날씨 진짜 좋다 산책 가자"),
    ("zh", "今天天气真好，我们去公园吧"),
    ("zh", "有人看昨晚的比赛吗？太精彩了"),
    ("sv", "Äntligen fredag, nu blir det bio med tjejerna"),
    ("el", "Σήμερα έχει πολύ ωραίο καιρό"),
    ("fi", "Tänään on niin kaunis ilma, mennään rannalle"),
    ("cs", "Dneska je krásně, jdeme na pivo"),
]


def lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().strip().split("\n")


def test_short_posts_in_the_common_languages_are_identified() -> None:
    right = [identify(text).code == code for code, text in POSTS]

    assert sum(right) / len(right) >= 0.97, [post for post, correct in zip(POSTS, right, strict=True) if not correct]


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "123 456", "https://example.org/abc", "@someone", "!!! ... ???"])
def test_without_letters_the_language_is_unknown(text: str) -> None:
    assert identify(text).code == "und"


def test_links_mentions_and_hashtags_do_not_count() -> None:
    text = "Mañana vamos a la playa con toda la familia https://example.org/the/best/english/words @johnsmith #sunnyday"

    assert identify(text).code == "es"


def test_a_hashtag_counts_when_nothing_else_is_there() -> None:
    assert identify("#สงกรานต์").code == "th"


def test_other_spellings_of_a_code_are_normalised() -> None:
    assert [language_code(code) for code in ("no", "iw", "zh-TW", "EN")] == ["nb", "he", "zh", "en"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gets_a_known_code_and_a_probability(text: str) -> None:
    language = identify(text)

    assert language.code in supported() | {"und"}
    assert 0 <= language.probability <= 1


def test_sentences_of_all_supported_languages_are_identified(shared_data: Path) -> None:
    by_language: dict[str, list[str]] = {}
    for line in lines(shared_data / "language" / "lingua_dev.jsonl.gz"):
        row = json.loads(line)
        by_language.setdefault(row["label"], []).append(row["text"])

    codes_by_language = {code: [identify(text).code for text in texts[:20]] for code, texts in by_language.items()}

    recall = [codes.count(code) / len(codes) for code, codes in codes_by_language.items() if code in supported()]
    assert sum(recall) / len(recall) >= 0.9


def test_thai_posts_are_thai(shared_data: Path) -> None:
    sample = lines(shared_data / "thai" / "wisesight_dev.jsonl.gz")[::8]
    texts = [json.loads(line)["text"] for line in sample]
    thai = [text for text in texts if sum("\u0e00" <= letter <= "\u0e7f" for letter in text) >= 3]

    right = sum(identify(text).code == "th" for text in thai)

    assert right / len(thai) >= 0.995
