"""Both languages say the same: nothing is left untranslated, every fact has its place, the switch stays at home."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.extract import extract

from yongquan.institutions.acp import codes as acp_codes
from yongquan.merchants.providers import course
from yongquan.web import (
    bank_words,
    case_words,
    field_words,
    objection_words,
    own_words,
    review_words,
    risk_words,
    shop_words,
    terms_words,
    words,
)
from yongquan.web.cashier.showing import CASHIER_WORDS
from yongquan.web.citizen import scripts
from yongquan.web.citizen.phone_pay import PHONE_PAY_WORDS
from yongquan.web.citizen.scan import SCAN_WORDS
from yongquan.web.language import Language, is_inside, speech
from yongquan.web.merchant import space_words
from yongquan.web.merchant.till import TILL_WORDS
from yongquan.web.surveyor.binding import BIND_WORDS
from yongquan.web.surveyor.route import ROUTE_WORDS
from yongquan.web.words import Words

CHINESE = re.compile(r"[\u4e00-\u9fff]")
FACT = re.compile(r"%\(\w+\)s|%s")
FOLDERS = ("acp", "base", "cashier", "citizen", "merchant", "surveyor")
LISTS = (
    *(words.INDUSTRIES, words.WHY_NOT, words.VOUCHER_STATES, words.PAYMENT_STATES, words.DECLINED, words.PROBLEMS),
    *(
        scripts.BUTTON_WORDS,
        scripts.DRAW_WORDS,
        scripts.PAY_CODE_WORDS,
        scripts.PAY_WORDS,
        scripts.MAP_WORDS,
        TILL_WORDS,
        CASHIER_WORDS,
        SCAN_WORDS,
        PHONE_PAY_WORDS,
        ROUTE_WORDS,
        BIND_WORDS,
    ),
    *(own_words.KINDS, own_words.STATES, own_words.CHANNELS, own_words.RUNS, own_words.BASES, own_words.FAULTS),
    *field_words.LISTS,
    *space_words.LISTS,
    *objection_words.LISTS,
    own_words.TERMS,
    own_words.PROBLEMS,
    *(shop_words.KINDS, shop_words.PUBLICATION_STATES, shop_words.AUDIENCES, shop_words.REQUEST_STATES),
    *(shop_words.ORDER_STATES, shop_words.PIECES),
    *(shop_words.TOPICS, shop_words.NOMINATION_STATES, shop_words.CONDITIONS, shop_words.ASKED),
    *(shop_words.WHAT_TO_DO, shop_words.FAULTS, shop_words.PROBLEMS),
    *review_words.LISTS,
    *risk_words.LISTS,
    *case_words.LISTS,
    *bank_words.LISTS.values(),
    acp_codes.TEXTS,
    *(words.APPLICATION_STATES, words.REVIEW_REASONS, words.WRONG_ANSWERS, words.CARD_PAYMENT_STATES),
)


def said_by_phone_pages() -> Iterator[str]:
    """Every msgid of the phone pages."""
    templates = Path(str(files("yongquan.web") / "templates"))
    for folder in FOLDERS:
        for file in sorted((templates / folder).glob("*.html")):
            with file.open("rb") as source:
                options = {"newstyle_gettext": "true"}
                for _, message, _, _ in extract("jinja2.ext:babel_extract", source, options=options):
                    yield message if isinstance(message, str) else message[0]
    for listed in LISTS:
        yield from listed.values()
    yield words.DECLINED_OTHERWISE
    yield field_words.FIELD_REFUSED
    yield from course.LESSONS
    for question in course.QUESTIONS:
        yield from (question.text, *question.options)
    yield shop_words.OPERATOR_NAME
    yield from (*terms_words.SENTENCES.values(), *terms_words.LISTED)


def test_every_sentence_has_its_english() -> None:
    english = speech(Language.ENGLISH)
    msgids = set(said_by_phone_pages())

    assert len(msgids) > 200
    assert [msgid for msgid in msgids if CHINESE.search(english.texts.gettext(msgid))] == []


def test_english_keeps_every_fact_of_a_sentence() -> None:
    english = speech(Language.ENGLISH)

    lost = [
        msgid
        for msgid in set(said_by_phone_pages())
        if sorted(FACT.findall(msgid)) != sorted(FACT.findall(english.texts.gettext(msgid)))
    ]

    assert lost == []


@pytest.mark.parametrize(
    ("amount_fen", "threshold_fen", "rate_bp", "chinese", "english"),
    [
        (500, 2_500, None, "满 25 元减 5 元", "¥5 off from ¥25"),
        (550, 0, None, "立减 5.50 元", "¥5.50 off"),
        (3_000, 10_000, 1_250, "满 100 元减 12.5%，最多 30 元", "12.5% off from ¥100, at most ¥30"),
        (3_000, 0, 2_000, "立减 20%，最多 30 元", "20% off, at most ¥30"),
    ],
)
def test_offer_is_told_in_both_languages(
    amount_fen: int, threshold_fen: int, rate_bp: int | None, chinese: str, english: str
) -> None:
    facts = {"amount_fen": amount_fen, "threshold_fen": threshold_fen, "rate_bp": rate_bp}

    assert Words(speech(Language.CHINESE)).offer(**facts) == chinese  # type: ignore[arg-type]
    assert Words(speech(Language.ENGLISH)).offer(**facts) == english  # type: ignore[arg-type]


def test_scope_names_industry_places_and_relief() -> None:
    english = Words(speech(Language.ENGLISH))

    assert english.scope("dining", ["Haishu", "Yinzhou"], hardship_only=True) == (
        "Dining · Haishu, Yinzhou · Relief shops only"
    )
    assert english.scope(None, [], hardship_only=False) == "All industries · Shops of the whole city"


@pytest.mark.parametrize(
    "path", ["//elsewhere.example/", "https://elsewhere.example/", "/\\elsewhere.example", "c", ""]
)
def test_nobody_is_led_off_the_site(path: str) -> None:
    assert not is_inside(path)


def test_own_paths_are_inside() -> None:
    assert is_inside("/c/pay?store=1")
