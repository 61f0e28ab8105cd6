"""One citizen's day on the phone."""

import re
from collections.abc import Callable

from conftest import HERE, Town
from people import bind_card, charge, claim, shown_pay_code, sign_in, sign_in_till, switch_language
from playwright.sync_api import BrowserContext, Page, Route, expect

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]


def test_citizen_claims_pays_and_sees_the_receipt(phones: Phones, town: Town) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)

    claim(citizen, town.rounds[0])
    citizen.goto("/c/wallet")
    expect(citizen.locator(".ticket")).to_have_count(1)
    code = shown_pay_code(citizen)
    sign_in_till(till, town.stores[0]["token"])
    charge(till, "36.80", code)

    expect(till.locator("#outcome")).to_have_class("is-succeeded")
    expect(till.locator("#outcome-lines")).to_contain_text("¥31.80")
    citizen.wait_for_url("**/c/payments/*")  # the phone notices by itself
    expect(citizen.locator(".receipt-state")).to_have_text("付款成功")
    expect(citizen.locator(".receipt")).to_contain_text("压测资金")
    expect(citizen.locator(".receipt")).to_contain_text("−¥5.00")
    citizen.goto("/c/payments")
    expect(citizen.locator(".rows li")).to_have_count(1)
    expect(citizen.locator(".rows")).to_contain_text("¥31.80")
    citizen.goto("/c/wallet?tab=used")
    expect(citizen.locator(".ticket")).to_have_count(1)


def test_citizen_pays_at_a_stores_code(phones: Phones, town: Town) -> None:
    page = phones().new_page()
    sign_in(page)
    bind_card(page)
    claim(page, town.rounds[1])

    page.goto(f"/c/pay?store={town.stores[1]['store_id']}")
    page.locator("#amount").fill("30")
    expect(page.locator("#to-pay")).to_have_text("¥25.00")
    page.locator("#confirm").click()

    page.wait_for_url("**/c/payments/*")
    expect(page.locator(".receipt-sum")).to_have_text("¥25.00")


def test_claim_button_tells_every_refusal(phones: Phones, town: Town) -> None:
    page = phones().new_page()
    button = page.locator("#claim")

    page.goto(f"/c/rounds/{town.rounds[0]}")
    expect(button).to_have_attribute("data-state", "sign_in")
    sign_in(page)
    page.goto(f"/c/rounds/{town.special.coming}")
    expect(button).to_have_attribute("data-state", "not_open")
    expect(page.locator("#countdown")).to_have_text(re.compile(r"^0[12]:\d\d:\d\d$"))
    page.goto(f"/c/rounds/{town.special.over}")
    expect(button).to_have_attribute("data-state", "closed")
    page.goto(f"/c/rounds/{town.special.sold_out}")
    expect(button).to_have_attribute("data-state", "sold_out")
    page.goto(f"/c/rounds/{town.special.for_elders}")
    button.click()
    expect(button).to_have_attribute("data-state", "not_eligible")
    page.goto(f"/c/rounds/{town.special.far_away}")
    button.click()
    expect(button).to_have_attribute("data-state", "wrong_place")
    expect(button).to_be_enabled()
    claim(page, town.special.nearby)
    page.reload()
    expect(button).to_have_attribute("data-state", "claimed")


def test_location_is_asked_only_where_a_round_has_districts(phones: Phones, town: Town) -> None:
    context = phones()
    context.clear_permissions()
    page = context.new_page()
    sign_in(page)

    claim(page, town.rounds[0])
    page.goto(f"/c/rounds/{town.special.nearby}")
    page.locator("#claim").click()

    expect(page.locator("#claim")).to_have_attribute("data-state", "wrong_place")
    context.grant_permissions(["geolocation"])
    context.set_geolocation(HERE)
    page.locator("#claim").click()
    expect(page.locator("#claim")).to_have_attribute("data-state", "claimed")


def test_lost_answer_is_asked_again_under_the_same_key(phones: Phones, town: Town) -> None:
    page = phones().new_page()
    sign_in(page)
    keys: list[str | None] = []

    def lose_the_first_answer(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()  # the server did it; the phone never hears
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/claims", lose_the_first_answer)
    page.goto(f"/c/rounds/{town.rounds[2]}")
    page.locator("#claim").click()
    expect(page.locator("#claim")).to_have_attribute("data-state", "lost")
    page.reload()  # the key outlives the page
    expect(page.locator("#claim")).to_have_attribute("data-state", "lost")
    page.locator("#claim").click()

    expect(page.locator("#claim")).to_have_attribute("data-state", "claimed")
    assert keys[0] == keys[1]
    page.goto("/c/wallet")
    expect(page.locator(".ticket")).to_have_count(1)


def test_voucher_page_lists_stores_near_the_citizen(phones: Phones, town: Town) -> None:
    page = phones().new_page()
    sign_in(page)
    claim(page, town.rounds[0])
    page.goto("/c/wallet")
    page.locator(".ticket a").click()

    for n in range(len(town.stores)):
        expect(page.locator("#stores li").filter(has_text=f"压测门店 {n + 1}")).to_have_count(1)
    expect(page.locator("#stores li .far").first).to_contain_text("米")
    expect(page.locator(".leaflet-control-attribution")).to_contain_text("OpenStreetMap contributors")
    assert page.locator("path.leaflet-interactive").count() >= len(town.stores)


def test_voucher_that_is_not_valid_yet_says_when(phones: Phones, town: Town) -> None:
    page = phones().new_page()
    sign_in(page)
    claim(page, town.special.later_valid)

    page.goto("/c/wallet")

    expect(page.locator(".ticket .strong")).to_contain_text("起可用")


def test_wrong_code_does_not_sign_in(phones: Phones) -> None:
    page = phones().new_page()
    page.goto("/c/sign-in")
    page.locator("input[name=phone]").fill("13900001111")
    page.locator(".sheet button").click()
    page.locator("input[name=code]").fill(
        "000000" if "000000" not in page.locator("[data-inbox]").inner_text() else "1"
    )
    page.locator(".sheet button").click()

    expect(page.locator("#error")).to_be_visible()
    page.goto("/c/wallet")
    expect(page).to_have_url(re.compile(r"/c/sign-in\?back="))


def test_every_page_is_accessible_in_both_languages(phones: Phones, town: Town, check_page: Check) -> None:
    page = phones().new_page()
    sign_in(page)
    bind_card(page)
    claim(page, town.rounds[0])
    claim(page, town.special.later_valid)
    paths = ["/c/rounds", *(f"/c/rounds/{id_}" for id_ in (town.rounds[0], town.special.coming, town.special.nearby))]
    paths += ["/c/wallet", "/c/wallet?tab=used", "/c/wallet?tab=expired", "/c/me", "/c/cards", "/c/payments"]
    paths += ["/c/pay-code", f"/c/pay?store={town.stores[0]['store_id']}", "/c/sign-in", "/c/pay?store=" + "0" * 32]
    page.goto("/c/wallet")
    paths.append(str(page.locator(".ticket a").first.get_attribute("href")))

    for language in ("zh-CN", "en"):
        page.goto("/c/rounds")
        if page.locator("html").get_attribute("lang") != language:
            switch_language(page)
        for path in paths:
            page.goto(path, wait_until="networkidle")
            check_page(page)
