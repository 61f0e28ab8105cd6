"""The bureau's desk sees institutions' apps and independent platforms."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from bank_app import BankApp, bank_app, command
from conftest import CHINESE_LEFT, Town
from desk_people import enrol_demo, sign_in_with_demo_box
from playwright.sync_api import Browser, Page, expect

SHOTS = os.environ.get("YONGQUAN_TEST_SHOTS")
HEADER = "row_id,kind,day,voucher_no,person,campaign,face_fen,order_fen,subsidy_fen\n"


@pytest.fixture(scope="module")
def bank(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankApp]:
    with bank_app(
        tmp_path_factory.mktemp("desk-bank"), platform=town.address, data_dir=town.data_dir, key_id="yuehu-desk"
    ) as running:
        yield running


@pytest.fixture
def desk(browser: Browser, town: Town) -> Iterator[Page]:
    enrol_demo(town.data_dir)
    context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    page = context.new_page()
    sign_in_with_demo_box(page)
    yield page
    context.close()


def look_at(page: Page, name: str) -> None:
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found if v["impact"] in {"serious", "critical"}
    ]
    assert serious == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    if page.locator("html").get_attribute("lang") == "en":
        assert page.evaluate(CHINESE_LEFT) == [], page.url
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_officer_reserves_a_quota_sends_again_and_imports_a_platforms_day(
    town: Town, bank: BankApp, desk: Page, tmp_path: Path
) -> None:
    share = ("--funder", "seed", "--budget", "10", "--cap-per-person", "1")
    names = ("--name", "东城平台", "--name-en", "East platform")
    command(town.data_dir, "institutions", "platform", "add", "--platform", "east", *names, *share)
    person = hashlib.sha256(b"13900000001").hexdigest()
    rows = [f"{n},issued,2022-02-21,v{n},{person},spring,600,0,0\n" for n in range(2)]
    file = tmp_path / "east-2022-02-21.csv"
    file.write_text(HEADER + "".join(rows) + "9,redeemed,2022-02-30,v1,x,spring,600,1200,600\n")

    desk.goto("/console/apps")
    expect(desk.locator("tbody th a").first).to_be_visible()
    look_at(desk, "desk-apps")
    desk.goto("/console/apps/yuehu")
    desk.locator("#share").fill("30")
    desk.locator("form[action$=quotas] button").click()
    expect(desk.get_by_role("status")).to_have_text("已预留配额。")
    look_at(desk, "desk-app")
    desk.goto("/console/platforms")
    desk.locator("#file").set_input_files(file)
    desk.locator("form[action$=files] button").click()
    expect(desk.locator("tr.table-active")).to_contain_text("2 处，下载")
    expect(desk.locator(".text-danger").first).to_contain_text("超过份额")
    look_at(desk, "desk-platforms")
    desk.locator("form[action='/language'] button").click()
    look_at(desk, "desk-platforms-en")
    desk.goto("/console/apps/yuehu")
    look_at(desk, "desk-app-en")
    desk.goto("/console/audit")
    expect(desk.locator("main")).to_contain_text("Quota reserved")
    look_at(desk, "desk-audit-en")


def test_stranger_sees_no_report(town: Town, browser: Browser) -> None:
    page = browser.new_context(base_url=town.address).new_page()

    page.goto("/console/apps/yuehu")

    assert "/console/sign-in" in page.url
