"""Codes shown and scanned: a store's card, an order on the till, a pay code inside a consumer-presented code."""

import re
from collections.abc import Callable

import httpx
from conftest import Town
from people import bind_card, charge, shown_pay_code, sign_in, sign_in_till, switch_language
from playwright.sync_api import BrowserContext, Page, expect

from yongquan.payments.emvco import sign_tlv
from yongquan.payments.emvco_consumer import make_consumer_code

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]


def scan(page: Page, text: str) -> None:
    page.goto("/c/scan")
    page.locator("#text").fill(text)
    page.locator("#by-hand button").click()


def test_the_code_on_the_counter_leads_a_citizen_to_paying_there(town: Town, phones: Phones, check_page: Check) -> None:
    till, citizen = phones().new_page(), phones().new_page()
    sign_in_till(till, town.stores[0]["token"])
    till.goto("/m/card")
    code = till.locator("[data-code]").get_attribute("data-code")
    assert code is not None
    check_page(till)
    switch_language(till)
    check_page(till)
    sign_in(citizen)
    bind_card(citizen)

    citizen.goto("/c/scan")
    check_page(citizen)
    scan(citizen, code)

    citizen.wait_for_url(f"**/c/pay?store={town.stores[0]['store_id']}")
    expect(citizen.locator("#amount")).to_be_focused()


def test_an_order_shown_by_the_till_is_scanned_and_paid_and_the_till_sees_it(
    town: Town, phones: Phones, check_page: Check
) -> None:
    till, citizen = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    sign_in_till(till, town.stores[0]["token"])
    for key in "12.5":
        till.locator(f".keypad [data-key='{key}']").click()
    till.locator("#onward").click()
    with till.expect_response("**/v1/orders") as opening:
        till.locator("#show-order").click()
    expect(till.locator("#order-code")).to_have_attribute("data-ready", "yes")
    check_page(till)

    scan(citizen, opening.value.json()["cashier_url"])
    expect(citizen.locator("#to-pay")).to_have_text("¥12.50")
    citizen.locator("#confirm").click()

    expect(citizen.locator(".receipt-state")).to_have_text("付款成功")
    expect(till.locator("#outcome")).to_have_text("收款成功")


def test_a_till_that_gives_up_its_order_closes_it(town: Town, phones: Phones) -> None:
    till = phones().new_page()
    sign_in_till(till, town.stores[0]["token"])
    till.locator(".keypad [data-key='7']").click()
    till.locator("#onward").click()
    till.locator("#show-order").click()

    till.locator("#order-cancel").click()

    expect(till.locator("#step-amount")).to_be_visible()


def test_a_code_of_another_network_is_told_as_such(town: Town, phones: Phones, check_page: Check) -> None:
    citizen = phones().new_page()
    sign_in(citizen)
    other = sign_tlv([("00", "01"), ("01", "11"), ("26", "0011com.example"), ("58", "CN"), ("59", "X"), ("60", "Y")])

    scan(citizen, other)
    expect(citizen.locator("#result")).to_have_text("这不是可用的付款码")
    scan(citizen, "https://elsewhere.example/cashier/1")
    expect(citizen.locator("#result")).to_have_text("这不是可用的付款码")
    switch_language(citizen)
    check_page(citizen)


def test_a_till_takes_a_pay_code_inside_a_consumer_code(town: Town, phones: Phones) -> None:
    citizen = phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    code = make_consumer_code(shown_pay_code(citizen))
    headers = {"Authorization": f"Bearer {town.stores[0]['token']}", "Idempotency-Key": "emv-1"}

    answer = httpx.post(
        f"{town.address}/v1/payments",
        json={"pay_code": code, "order_no": "EMV-1", "amount_fen": 1000},
        headers=headers,
        trust_env=False,
    )

    assert (answer.status_code, answer.json()["state"]) == (201, "succeeded")


def test_a_large_payment_waits_at_the_till_until_the_phone_confirms(
    town: Town, phones: Phones, check_page: Check
) -> None:
    till, citizen = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    sign_in_till(till, town.stores[0]["token"])

    charge(till, "1200", shown_pay_code(citizen))
    expect(till.locator("#outcome")).to_have_text("请顾客在手机上确认付款")
    check_page(till)
    citizen.wait_for_url("**/c/confirm/**")
    expect(citizen.locator("#countdown")).to_have_text(re.compile(r"^00:00:[0-3]\d$"))
    check_page(citizen)
    citizen.locator("#yes").click()

    citizen.wait_for_url("**/c/payments/**")
    expect(citizen.locator(".receipt-state")).to_have_text("付款成功")
    expect(till.locator("#outcome")).to_have_text("收款成功")
    expect(till.locator("#stop-waiting")).to_be_hidden()


def test_a_large_payment_is_refused_on_the_phone_or_given_up_by_the_till(
    town: Town, phones: Phones, check_page: Check
) -> None:
    till, citizen = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    sign_in_till(till, town.stores[0]["token"])

    charge(till, "1300", shown_pay_code(citizen))
    citizen.wait_for_url("**/c/confirm/**")
    switch_language(citizen)
    check_page(citizen)
    citizen.locator("#no").click()
    expect(citizen.locator(".receipt-state")).to_have_text("You did not agree, nothing was taken")
    check_page(citizen)
    expect(till.locator("#outcome")).to_have_text("没有收款")
    expect(till.locator("#outcome-sum")).to_have_text("顾客没有同意付款")

    charge(till, "1400", shown_pay_code(citizen))
    till.locator("#stop-waiting").click()
    expect(till.locator("#outcome-sum")).to_have_text("收银台已取消这笔收款")
