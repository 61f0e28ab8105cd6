"""What a round asks for and why a voucher cannot be used are said in words, in the reader's language."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import psycopg
from conftest import Town
from people import bind_card, claim, sign_in, switch_language
from playwright.sync_api import BrowserContext, Page, expect

from yongquan.plumbing.db import database_of
from yongquan.plumbing.settings import read_settings

SHOTS = os.environ.get("YONGQUAN_TEST_SHOTS")


@contextmanager
def store_of_another_industry(town: Town, store_id: str) -> Iterator[None]:
    def turn(industry: str) -> None:
        settings = read_settings({"YONGQUAN_DATA_DIR": town.data_dir})
        with database_of(settings) as conninfo, psycopg.connect(conninfo) as connection:
            connection.execute("update merchants.store set industry = %s where store_id = %s", [industry, store_id])

    turn("lodging")
    try:
        yield
    finally:
        turn("dining")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_terms_are_told_in_the_language_that_is_accepted(town: Town) -> None:
    url = f"{town.address}/v1/rounds/{town.special.for_elders}/terms"

    chinese = httpx.get(url, trust_env=False)
    english = httpx.get(url, headers={"Accept-Language": "de, en-GB;q=0.8, zh;q=0.5"}, trust_env=False)
    missing = httpx.get(f"{town.address}/v1/rounds/{town.special.for_elders[:-4]}0000/terms", trust_env=False)

    assert (chinese.headers["content-language"], english.headers["content-language"]) == ("zh-CN", "en")
    assert any("周岁" in sentence for sentence in chinese.json()["claiming"])
    assert english.json()["language"] == "en"
    assert all(sentence.isascii() for sentence in english.json()["claiming"])
    assert english.json()["types"][0]["offer"] == "¥10 off from ¥50"
    assert missing.json()["code"] == "not_found"


def test_payment_page_says_which_vouchers_cannot_be_used_and_why(
    town: Town, phones: Callable[[], BrowserContext], check_page: Callable[[Page], None]
) -> None:
    page = phones().new_page()
    sign_in(page)
    bind_card(page)
    claim(page, town.special.nearby)
    store_id = town.stores[2]["store_id"]

    with store_of_another_industry(town, store_id):
        page.goto(f"/c/pay?store={store_id}")
        page.locator("#amount").fill("30")
        unusable = page.locator("#quote-unusable")
        expect(unusable.locator("summary")).to_have_text("另有 1 张券这次不能用")
        unusable.locator("summary").click()
        expect(unusable.locator("dd")).to_have_text("不适用于该行业的门店")
        check_page(page)
        shoot(page, "pay-unusable")
        switch_language(page)
        page.goto(f"/c/pay?store={store_id}")
        page.locator("#amount").fill("30")
        expect(unusable.locator("summary")).to_have_text("1 of your vouchers cannot be used here")
        unusable.locator("summary").click()
        shoot(page, "pay-unusable-en")

    page.goto(f"/c/pay?store={store_id}")
    page.locator("#amount").fill("30")
    expect(page.locator("#to-pay")).to_have_text("¥30.00")
    expect(unusable).to_be_hidden()
