"""One shop's day at the till."""

import re
from collections.abc import Callable
from pathlib import Path

from conftest import CHROMIUM, CHROMIUM_ARGS, PHONE, Town
from people import bind_card, charge, claim, film_of, shown_pay_code, sign_in, sign_in_till, switch_language
from playwright.sync_api import BrowserContext, Page, Playwright, Route, expect

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]


def test_shop_takes_money_sees_its_day_and_refunds(phones: Phones, town: Town) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    claim(citizen, town.rounds[0])
    sign_in_till(till, town.stores[5]["token"])

    charge(till, "25", shown_pay_code(citizen))
    expect(till.locator("#outcome")).to_have_class("is-succeeded")
    citizen.wait_for_url("**/c/payments/*")  # the phone goes to the receipt by itself
    charge(till, "8.50", shown_pay_code(citizen))
    expect(till.locator("#outcome")).to_have_class("is-succeeded")
    till.goto("/m/today")

    expect(till.locator("#count")).to_have_text("2")
    expect(till.locator(".tiles")).to_contain_text("¥28.50")
    expect(till.locator(".tiles")).to_contain_text("¥5.00")
    till.locator("[data-refund]").first.click()
    expect(till.locator("#refund-amount")).to_have_value("8.50")
    till.locator("#refund-do").click()
    expect(till.locator("#count")).to_have_text("1")
    expect(till.locator("[data-refund]")).to_have_count(1)


def test_shop_refunds_a_part_and_the_receipt_says_who_got_what(phones: Phones, town: Town, check_page: Check) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    claim(citizen, town.rounds[0])
    sign_in_till(till, town.stores[6]["token"])
    charge(till, "50", shown_pay_code(citizen))
    expect(till.locator("#outcome")).to_have_class("is-succeeded")
    citizen.wait_for_url("**/c/payments/*")

    till.goto("/m/today")
    till.locator("[data-refund]").first.click()
    check_page(till)
    till.locator("#refund-amount").fill("99")
    till.locator("#refund-do").click()
    expect(till.locator("#refund-error")).to_contain_text("超过可退金额")
    till.locator("#refund-amount").fill("20")
    till.locator("#refund-reason").fill("退一件")
    till.locator("#refund-do").click()

    expect(till.locator(".rows").last).to_contain_text("已退 ¥20.00")
    citizen.goto("/c/payments")
    citizen.locator(".rows a").first.click()
    receipt = citizen.locator("[data-refunded='2000']")
    expect(receipt).to_contain_text("¥18.00")
    expect(receipt).to_contain_text("¥2.00")
    expect(citizen.locator(".receipt")).to_contain_text("券视为已用")
    check_page(citizen)


def test_used_code_is_refused_in_words(phones: Phones, town: Town) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    sign_in_till(till, town.stores[0]["token"])
    code = shown_pay_code(citizen)
    charge(till, "3", code)
    expect(till.locator("#outcome")).to_have_class("is-succeeded")

    charge(till, "3", code)

    expect(till.locator("#status")).to_contain_text("付款码已使用")


def test_mistyped_code_never_leaves_the_till(phones: Phones, town: Town) -> None:
    till = phones().new_page()
    sign_in_till(till, town.stores[0]["token"])

    charge(till, "3", "620000000000000001")

    expect(till.locator("#status")).to_contain_text("18 位付款码")


def test_scanner_may_type_while_the_amount_has_the_focus(phones: Phones, town: Town) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    sign_in_till(till, town.stores[0]["token"])
    code = shown_pay_code(citizen)

    till.keyboard.type(f"12.5{code}")
    till.keyboard.press("Enter")

    expect(till.locator("#outcome-sum")).to_have_text("¥12.50")


def test_camera_reads_the_code_from_the_citizens_phone(
    phones: Phones, town: Town, playwright: Playwright, tmp_path: Path
) -> None:
    citizen = phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    film = tmp_path / "phone.y4m"
    film.write_bytes(film_of(shown_pay_code(citizen)))
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGS, *camera])

    till = browser.new_context(base_url=town.address, viewport=PHONE, permissions=["camera"]).new_page()
    sign_in_till(till, town.stores[0]["token"])
    charge(till, "9.90", "")
    till.locator("#camera").click()

    expect(till.locator("#outcome-sum")).to_have_text("¥9.90", timeout=20_000)
    browser.close()


def test_lost_answer_at_the_till_charges_once(phones: Phones, town: Town) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    sign_in_till(till, town.stores[0]["token"])
    lost: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.url)
        route.fetch()
        route.abort("connectionreset")

    till.route("**/v1/payments", lose_the_first_answer)
    charge(till, "7", shown_pay_code(citizen))
    expect(till.locator("#status")).to_contain_text("网络中断")
    till.locator("#charge").click()

    expect(till.locator("#outcome")).to_have_class("is-succeeded")
    citizen.goto("/c/payments")
    expect(citizen.locator(".rows li")).to_have_count(1)


def test_stores_own_code_leads_the_citizen_to_pay_here(phones: Phones, town: Town) -> None:
    till = phones().new_page()
    sign_in_till(till, town.stores[0]["token"])

    till.goto("/m/code")

    expect(till.locator("[data-address]")).to_have_text(f"{town.address}/c/pay?store={town.stores[0]['store_id']}")
    expect(till.locator(".qr-frame svg")).to_be_visible()


def test_forged_token_is_refused(phones: Phones, town: Town) -> None:
    till = phones().new_page()
    forged = town.stores[0]["token"][:-4] + "AAAA"

    till.goto("/m/sign-in")
    till.locator("#token").fill(forged)
    till.locator("#sign-in button").click()

    expect(till.locator("#error")).to_be_visible()
    till.goto("/m/till")
    expect(till).to_have_url(re.compile(r"/m/sign-in\?back="))


def test_till_pages_are_accessible_in_both_languages(phones: Phones, town: Town, check_page: Check) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    till.goto("/m/sign-in")
    check_page(till)
    sign_in_till(till, town.stores[1]["token"])

    for language in ("zh-CN", "en"):
        if till.locator("html").get_attribute("lang") != language:
            switch_language(till)
        charge(till, "3", shown_pay_code(citizen))
        expect(till.locator("#outcome")).to_have_class("is-succeeded")
        check_page(till)
        for path in ("/m/till", "/m/today", "/m/code"):
            till.goto(path, wait_until="networkidle")
            check_page(till)
