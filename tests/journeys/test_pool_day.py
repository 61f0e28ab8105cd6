"""A shop agrees to be in the pool; the operator opens it to a bank; its people see it and nothing else."""

import re
from collections.abc import Callable, Iterator

import pytest
from conftest import Town
from desk_people import PASSWORD, enrol_by_command, look_at, signed_in, try_sign_in
from people import sign_in_till
from playwright.sync_api import Browser, BrowserContext, Page, expect


@pytest.fixture(scope="module")
def operator(browser: Browser, town: Town) -> Iterator[Page]:
    page = signed_in(browser, town, "poolkeeper", "--role", "operator")
    yield page
    page.context.close()


def test_shop_agrees_and_withdraws_on_its_phone_and_by_the_api(
    town: Town, phones: Callable[[], BrowserContext]
) -> None:
    till = phones().new_page()
    store = town.stores[2]
    sign_in_till(till, store["token"])
    headers = {"Authorization": f"Bearer {store['token']}"}

    till.goto("/m/pool")
    look_at(till, "pool-agree", phone=True)
    till.locator("button[name=agreed][value=true]").click()

    expect(till.locator("button[name=agreed][value=false]")).to_be_visible()
    assert till.request.get("/v1/stores/pool-consent", headers=headers).json()["agreed"] is True
    left = till.request.put("/v1/stores/pool-consent", headers=headers, data={"agreed": False})
    assert left.json()["agreed"] is False
    assert (
        till.request.put("/v1/stores/pool-consent", headers=headers, data={"agreed": True, "text_no": 0}).status == 400
    )
    look_at(till, "pool-left", phone=True)


def test_bank_is_granted_the_pool_and_its_seat_opens_nothing_else(town: Town, browser: Browser, operator: Page) -> None:
    operator.goto("/console/pool/grants")
    operator.locator("#grant-holder").select_option("zhenlan")
    operator.locator("#grant-industry").select_option(["dining"])
    operator.locator("#grant-reason").fill("银行卡优惠选店")
    operator.locator("form:has(#grant-holder) button").click()
    operator.wait_for_url("**/pool/grants?done=granted")
    look_at(operator, "pool-grants")

    member = enrol_by_command(town.data_dir, "bankseat", "--role", "operator", "--institution", "zhenlan")
    seat = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900}).new_page()
    try_sign_in(seat, login="bankseat", password=PASSWORD, code=member.code)
    seat.wait_for_url("**/console/pool")
    expect(seat.locator("#in-view")).to_be_visible()
    look_at(seat, "pool")
    seat.goto("/console/tiers")
    assert seat.url.endswith("/console/pool")
    assert seat.request.get("/console/pool?holder=bureau-330200").status == 404
    seat.context.close()


def test_desk_grades_the_month_and_shows_rules_and_statements(operator: Page) -> None:
    operator.goto("/console/tiers")
    operator.locator("form:has(input[name=month][type=hidden]) button").click()
    operator.wait_for_url(re.compile("done=graded"))
    look_at(operator, "tiers")
    operator.locator("#shop-tiers a").first.click()
    look_at(operator, "tier-shop")
    for path in ("rules/tiers", "rules/contribution", "contribution", "contribution/trial"):
        operator.goto(f"/console/{path}")
        look_at(operator, path.replace("/", "-"))
    operator.goto("/console/rules/contribution")
    operator.locator("#rule-document").fill("lines: [")
    operator.locator("#rule-reason").fill("试试")
    operator.locator("form:has(#rule-document) button").click()
    expect(operator.locator("#fault")).to_contain_text("line 1")
    expect(operator.locator("#rule-reason")).to_have_value("试试")
