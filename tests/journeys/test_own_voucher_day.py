"""A shop designs its own voucher, the bureau approves it, citizens claim it by its code and pay with it there only."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from bank_app import command
from conftest import CHINESE_LEFT, Town
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from desk_people import PASSWORD, enrol_by_command, try_sign_in
from people import bind_card, charge, shown_pay_code, sign_in, sign_in_till
from playwright.sync_api import Browser, BrowserContext, Page, expect

from example_bank_app.platform import Platform, Refused

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]
SHOTS = os.environ.get("YONGQUAN_TEST_SHOTS")


@pytest.fixture(scope="module")
def desk(browser: Browser, town: Town) -> Iterator[Page]:
    """An officer's desk, used for all of these tests: a code signs in once."""
    member = enrol_by_command(town.data_dir, "own-officer", "--role", "bureau_officer", "--role", "finance")
    context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    page = context.new_page()
    try_sign_in(page, login=member.login, password=PASSWORD, code=member.code)
    page.wait_for_url("**/console/overview")
    yield page
    context.close()


def look(page: Page, check: Check, name: str) -> None:
    """A phone page in both languages."""
    for language in ("zh", "en"):
        check(page)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{language}.png", full_page=True)
        switch_to(page, "en" if language == "zh" else "zh-CN")


def switch_to(page: Page, language: str) -> None:
    """Use the switch and wait for the page in the other language."""
    page.locator("form[action='/language'] button").click()
    expect(page.locator("html")).to_have_attribute("lang", language)


def look_at_desk(page: Page, name: str) -> None:
    """A page of the desk in both languages."""
    for language in ("zh", "en"):
        found = Axe().run(page).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in {"serious", "critical"}]
        assert serious == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        if language == "en":
            assert page.evaluate(CHINESE_LEFT) == [], page.url
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/desk-{name}-{language}.png", full_page=True)
        switch_to(page, "en" if language == "zh" else "zh-CN")


def design(page: Page, name: str, **more: str) -> None:
    """Fill the form in and keep the draft."""
    fields = {"name": name, "amount": "10", "threshold": "30", "stock": "20"} | more
    for field, text in fields.items():
        page.locator(f"input[name={field}]").fill(text)
    page.locator(".sheet > .weui-btn").click()


def press(page: Page, act: str, state: str) -> None:
    """Press one of the voucher's buttons and see its state."""
    page.locator(f"[data-act={act}]").click()
    expect(page.locator("[data-state]")).to_have_attribute("data-state", state)


def open_at_desk(desk: Page, name: str, channel: str) -> None:
    """Find an application in the queue by its channel."""
    desk.goto(f"/console/own?channel={channel}")
    desk.locator(f"tr[data-channel={channel}] a", has_text=name).first.click()


def design_and_submit(shop: Page, check_page: Check) -> None:
    """The shop's way to the queue."""
    shop.goto("/m/own")
    look(shop, check_page, "m-own-none")
    shop.goto("/m/own/new")
    look(shop, check_page, "m-own-new")

    design(shop, "开业券", threshold="5")  # a threshold below the amount
    expect(shop.locator("#error")).to_contain_text("门槛不能低于减免金额")
    shop.locator("input[name=threshold]").fill("30")
    shop.locator(".sheet > .weui-btn").click()
    expect(shop.locator("[data-most]")).to_have_attribute("data-most", "20000")
    expect(shop.locator("main")).to_contain_text("89%")
    look(shop, check_page, "m-own-draft")
    press(shop, "submit", "submitted")


def reject_then_approve(shop: Page, desk: Page) -> None:
    """The officer wants another name first."""
    open_at_desk(desk, "开业券", "merchant_space")
    desk.locator("input[name=reason]").fill("请写清券名")
    desk.locator("button[value=rejected]").click()
    shop.reload()
    expect(shop.locator("main")).to_contain_text("请写清券名")
    shop.get_by_role("link", name="修改").click()
    design(shop, "满三十减十")
    press(shop, "submit", "resubmitted")
    desk.goto("/console/own")
    look_at_desk(desk, "own")
    open_at_desk(desk, "满三十减十", "merchant_space")
    look_at_desk(desk, "own-one")
    desk.locator("button[value=approved]").click()
    expect(desk.locator("[data-state]")).to_have_attribute("data-state", "approved")


def pay_and_publish(shop: Page, check_page: Check) -> str:
    """Unpaid it is refused; the code to claim."""
    shop.reload()
    shop.locator("[data-act=publish]").click()
    expect(shop.locator("[role=alert]")).to_contain_text("余额不足")  # unpaid is not published
    look(shop, check_page, "m-own-unpaid")
    press(shop, "prepay", "approved")
    press(shop, "publish", "published")
    expect(shop.locator("[data-free]")).to_have_attribute("data-free", "0")
    look(shop, check_page, "m-own-published")
    return shop.locator("[data-code]").inner_text()


def find_and_claim(citizen: Page, code: str, check_page: Check) -> None:
    """By the code on the poster; it is on no list."""
    citizen.goto("/c/rounds")
    expect(citizen.locator("main")).not_to_contain_text("满三十减十")
    citizen.goto("/c/own")
    look(citizen, check_page, "c-own-code")
    citizen.locator("input[name=code]").fill(code.upper())
    citizen.locator(".sheet .weui-btn").click()
    look(citizen, check_page, "c-own")
    sign_in(citizen)
    bind_card(citizen)
    citizen.goto(f"/c/own/{code}/claim")
    citizen.wait_for_url("**/c/rounds/*")
    look(citizen, check_page, "c-own-claim")
    citizen.locator("#claim[data-state=open]").click()
    expect(citizen.locator("#claim")).to_have_attribute("data-state", "claimed")


def test_shop_designs_pays_and_its_customers_use_it_there_only(
    phones: Phones, desk: Page, town: Town, check_page: Check
) -> None:
    shop, other, citizen = phones().new_page(), phones().new_page(), phones().new_page()
    sign_in_till(shop, town.stores[3]["token"])
    design_and_submit(shop, check_page)
    reject_then_approve(shop, desk)
    code = pay_and_publish(shop, check_page)
    find_and_claim(citizen, code, check_page)

    sign_in_till(other, town.stores[4]["token"])
    charge(other, "30", shown_pay_code(citizen))
    expect(other.locator("#outcome")).to_have_class("is-succeeded")
    other.goto("/m/today")
    expect(other.locator(".tiles")).not_to_contain_text("¥10.00")  # not taken elsewhere
    charge(shop, "30", shown_pay_code(citizen))
    expect(shop.locator("#outcome")).to_have_class("is-succeeded")
    shop.goto("/m/today")
    expect(shop.locator(".tiles")).to_contain_text("¥10.00")

    open_at_desk(desk, "满三十减十", "merchant_space")
    desk.locator("button[name=listed]").click()
    citizen.wait_for_url("**/c/payments/*")  # the pay code's page goes to the receipt by itself
    citizen.goto("/c/rounds")
    expect(citizen.locator("main")).to_contain_text("满三十减十")
    shop.goto("/m/own")
    shop.locator("a.weui-cell", has_text="满三十减十").click()
    press(shop, "pause", "published")
    expect(shop.locator("[data-run]")).to_have_attribute("data-run", "paused")
    press(shop, "stop", "published")
    expect(shop.locator("[data-run]")).to_have_attribute("data-run", "ended")
    expect(shop.locator("[data-free]")).to_have_attribute("data-free", str(19 * 1_000))


def test_mini_programme_and_bureau_have_doors_of_their_own(
    phones: Phones, desk: Page, town: Town, check_page: Check
) -> None:
    shop = phones().new_page()
    shop.goto("/m/mini/own")
    look(shop, check_page, "m-mini")
    shop.goto(f"/m/sign-in?back=/m/mini/own#{town.stores[2]['token']}")
    shop.wait_for_url("**/m/mini/own")
    shop.locator("input[value=exchange]").check()
    design(shop, "兑换包子", threshold="0", skus="bun", amount="3")
    press(shop, "submit", "submitted")
    shop.goto("/m/code")
    found = re.search(r"store=([0-9a-f-]{36})", shop.locator("[data-address]").inner_text())
    assert found is not None
    desk.goto("/console/own/new")
    look_at_desk(desk, "own-find")
    desk.locator("input[name=store]").fill(found[1])
    desk.locator("main .btn-primary").click()
    expect(desk.locator("select[name=kind]")).to_be_visible()
    look_at_desk(desk, "own-new-empty")
    for field, text in {"name": "八折券", "amount": "20", "threshold": "0", "rate": "20"}.items():
        desk.locator(f"input[name={field}]").fill(text)
    desk.locator("select[name=kind]").select_option("percent_off")
    desk.locator("main .btn-primary").click()

    expect(desk.locator("main")).to_contain_text("须由另一人审核")
    expect(desk.locator("button[value=approved]")).to_have_count(0)
    open_at_desk(desk, "兑换包子", "mini_programme")
    expect(desk.locator("[data-channel=mini_programme]")).to_be_visible()
    shop.goto("/m/own")
    expect(shop.locator("main")).to_contain_text("八折券")


def test_provider_applies_with_its_key_and_resubmits(town: Town, desk: Page, phones: Phones, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    pem = tmp_path / "key.pem"
    pem.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    app = ("--institution", "fieldwork")
    command(town.data_dir, "institutions", "app", "add", *app, "--name", "田野服务", "--name-en", "Fieldwork")
    command(town.data_dir, "institutions", "key", "add", *app, "--key-id", "field-1", "--public-key", str(pem))
    shop = phones().new_page()
    sign_in_till(shop, town.stores[1]["token"])
    shop.goto("/m/code")
    found = re.search(r"store=([0-9a-f-]{36})", shop.locator("[data-address]").inner_text())
    assert found is not None
    client = Platform(town.address, key_id="field-1", key=key)
    wanted: dict[str, Any] = {
        "store_id": found[1],
        "name": "服务商券",
        "kind": "amount_off",
        "amount_fen": 500,
        "threshold_fen": 2_000,
        "stock": 10,
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "stores": [found[1]],
        "bank": "yuehu",
    }

    with pytest.raises(Refused) as shut:
        client._call("POST", "/v1/institutions/own-vouchers", body=wanted, key="a")
    command(town.data_dir, "institutions", "own-door", *app, "--channel", "provider")
    made = client._call("POST", "/v1/institutions/own-vouchers", body=wanted, key="a")
    again = client._call("POST", "/v1/institutions/own-vouchers", body=wanted, key="a")
    with pytest.raises(Refused) as bad:
        client._call("POST", "/v1/institutions/own-vouchers", body=wanted | {"amount_fen": 0}, key="b")
    open_at_desk(desk, "服务商券", "provider")
    desk.locator("input[name=reason]").fill("张数太少")
    desk.locator("button[value=rejected]").click()
    changed = {name: value for name, value in wanted.items() if name != "store_id"} | {"stock": 50}
    client._call("PUT", f"/v1/institutions/own-vouchers/{made['own_id']}", body=changed)
    (told,) = client._call("GET", "/v1/institutions/own-vouchers")["own_vouchers"]

    assert (shut.value.code, bad.value.code) == ("forbidden", "bad_request")
    assert made == again
    assert (told["state"], told["channel"], told["most_fen"]) == ("resubmitted", "provider", 25_000)
    client.close()
