"""A phone is set up for a card with its bank's code, tapped at a till, and reported lost."""

import re
from collections.abc import Callable
from typing import Any

from conftest import Town
from people import bind_card, sign_in, sign_in_till, switch_language
from playwright.sync_api import BrowserContext, Page, expect

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]


def set_up(page: Page) -> None:
    page.goto("/c/phone-pay")
    page.locator(".sheet button").click()
    found = re.search(r"\d{6}", page.locator("[data-inbox]").inner_text())
    assert found is not None
    page.locator("input[name=code]").fill(found[0])
    page.locator(".sheet button").click()
    expect(page.locator("main[data-ready]")).to_be_visible()


def ask(till: Page, yuan: str) -> str:
    till.goto("/m/till")
    till.locator("#amount").fill(yuan)
    till.locator("#onward").click()
    till.locator("#by-tap summary").click()
    return till.locator("#tap-request").inner_text()


def answer(phone: Page, request: str) -> str:
    phone.locator("#request").fill(request)
    phone.locator("#tap").click()
    number = re.search("9F3704.{8}", request)
    assert number is not None
    expect(phone.locator("#answer")).to_contain_text(number[0])
    return phone.locator("#answer").inner_text()


def test_a_phone_pays_by_a_tap_and_no_longer_once_it_is_reported_lost(
    town: Town, phones: Phones, browser: Any, check_page: Check
) -> None:
    phone = phones().new_page()
    sign_in(phone)
    phone.goto("/c/phone-pay")
    check_page(phone)
    bind_card(phone)
    set_up(phone)
    check_page(phone)
    switch_language(phone)
    check_page(phone)
    expect(phone.locator("main[data-ready]")).to_be_visible()
    assert phone.locator("main").get_attribute("data-key") is None
    till = browser.new_context(base_url=town.address).new_page()
    sign_in_till(till, town.stores[0]["token"])

    request = ask(till, "12.50")
    check_page(till)
    other = ask(till, "12.50")
    assert request != other
    till.locator("#code").fill(answer(phone, request))
    till.locator("#charge").click()
    expect(till.locator("#status")).to_contain_text("18 位付款码")
    till.locator("#code").fill(answer(phone, other))
    till.locator("#charge").click()
    expect(till.locator("#outcome")).to_have_text("收款成功")

    again = ask(till, "1")
    late = answer(phone, again)
    phone.locator("button[formaction$=suspend]").click()
    expect(phone.locator("button[formaction$=resume]")).to_be_visible()
    check_page(phone)
    till.locator("#code").fill(late)
    till.locator("#charge").click()
    expect(till.locator("#status")).to_have_text("这部手机的闪付已挂失")
    till.context.close()
