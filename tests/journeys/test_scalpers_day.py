"""Somebody tells of scalping on a phone without an account; the desk works on it, and the sender reads the outcome."""

import asyncio
import io
import re
import threading
import zipfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from conftest import Town
from desk_people import look_at, signed_in
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from yongquan.flows.watch_facts import hour_of
from yongquan.plumbing.db import Database, database_of, opened
from yongquan.plumbing.settings import read_settings
from yongquan.risk.watching.model import Finding, Rule, ShopHour
from yongquan.risk.watching.store import mark_watched, save_alerts

STORE = 2


@pytest.fixture(scope="module")
def officer(browser: Browser, town: Town) -> Iterator[Page]:
    page = signed_in(browser, town, "watcher", "--role", "bureau_officer")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def second(browser: Browser, town: Town) -> Iterator[Page]:
    page = signed_in(browser, town, "watcher-two", "--role", "bureau_officer")
    yield page
    page.context.close()


def test_a_tip_becomes_a_case_with_a_pack_and_its_sender_is_told(
    town: Town, phones: Callable[[], BrowserContext], officer: Page, second: Page, tmp_path: Path
) -> None:
    phone = phones().new_page()
    receipt = send_tip(phone, tmp_path)

    officer.goto("/console/risk/tips")
    look_at(officer, "risk-tips")
    officer.get_by_role("link", name="巷口收券人").click()
    officer.locator("button[value=look]").click()
    expect(officer.locator(".badge.state").first).to_have_text("核查中")
    look_at(officer, "risk-tip")
    case = open_case(officer, town)
    officer.go_back()
    officer.goto("/console/risk/tips?state=looking")
    officer.get_by_role("link", name="巷口收券人").click()
    officer.locator("select[name=into]").select_option(f"case:{case.rsplit('/', 1)[-1]}")
    officer.locator("button[value=merge]").click()
    officer.wait_for_url("**/risk/cases/*")
    officer.locator("button[value=take]").click()
    expect(officer.locator(".badge.state").first).to_have_text("办理中")
    look_at(officer, "risk-case")
    with officer.expect_download() as download:
        officer.locator("button[name=bureau][value=market]").click()
    packed = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert {"case.pdf", "manifest.json", "SHA256SUMS", "people.csv"} <= set(packed.namelist())
    officer.goto(case)
    officer.locator("select[name=outcome]").select_option("suspended")
    officer.locator("textarea[name=basis]").fill("公告第三条")
    officer.locator("form[action$=conclusion] button").click()
    expect(officer.get_by_text("您是提请人，须由他人复核。")).to_be_visible()
    second.goto(case)
    second.locator("button[value=agree]").click()
    expect(second.locator(".badge.state").first).to_have_text("已结案")

    phone.goto("/tips/status")
    phone.locator("input[name=receipt]").fill(receipt.lower())
    phone.locator("form.sheet button").click()
    expect(phone.locator("[data-tip=closed]")).to_be_visible()
    expect(phone.get_by_text("情况属实，已处理")).to_be_visible()
    for name in ("watch", "cases", "requests", "appeals"):
        officer.goto(f"/console/risk/{name}")
        look_at(officer, f"risk-{name}")


def test_an_alert_is_read_with_its_numbers_and_dismissed_with_a_reason(town: Town, officer: Page) -> None:
    store_id = UUID(town.stores[STORE]["store_id"])

    async def find(database: Database) -> None:
        async with database.transaction() as connection:
            row = await (await connection.execute("select plumbing.now()")).fetchone()
            assert row is not None
            hour = hour_of(row[0])
            seen = ShopHour(
                store_id=store_id,
                adcode="330203",
                day=hour.day,
                hour=hour.number,
                sales=(),
                day_sales=(),
                age_days=90,
            )
            finding = Finding(Rule.SPEED, 45, {"minute": 9})
            await save_alerts(connection, [(seen, 45, [finding])], now=row[0])
            await mark_watched(connection, hour.day, hour.number, shops=1, alerts=1, now=row[0])

    beside(town, find)
    officer.goto("/console/risk/watch")
    look_at(officer, "risk-watch-alert")
    officer.locator("tr[data-alert] a").first.click()
    look_at(officer, "risk-alert")
    officer.locator("textarea[name=reason]").fill("店庆排队")
    officer.locator("button[value=dismiss]").click()

    expect(officer.locator(".badge.state").first).to_have_text("已排除")
    expect(officer.locator("main")).to_contain_text("店庆排队")
    expect(officer.locator("main")).to_contain_text("一分钟内核销 9 笔")


def beside(town: Town, do: Callable[[Database], Coroutine[object, object, None]]) -> None:
    """Do something in the town's database, in a thread, as Playwright holds this one's loop."""

    async def run() -> None:
        with database_of(read_settings({"YONGQUAN_DATA_DIR": town.data_dir})) as conninfo:
            async with opened(conninfo) as database:
                await do(database)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()


def send_tip(phone: Page, folder: Path) -> str:
    """Tell with a photo, after a first try that lacks words; the receipt number."""
    picture = folder / "till.png"
    Image.new("RGB", (320, 320), "teal").save(picture)
    phone.goto("/tips")
    look_at(phone, "tips", phone=True)
    phone.locator("input[name=kind][value=person]").check()
    phone.locator("input[name=subject]").fill("巷口收券人")
    phone.locator("textarea[name=told]").evaluate("field => field.removeAttribute('minlength')")
    phone.locator("textarea[name=told]").fill("收券")
    phone.locator("form.sheet button").click()
    expect(phone.locator("#fault-told")).to_be_visible()
    expect(phone.locator("input[name=subject]")).to_have_value("巷口收券人")
    phone.locator("textarea[name=told]").fill("每天中午在店门口七折收购消费券，当面扫码。")
    phone.locator("input[name=photos]").set_input_files(picture)
    phone.locator("form.sheet button").click()
    receipt = phone.locator("[data-receipt]").inner_text()
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", receipt)
    phone.locator("form button.weui-btn_primary").click()
    expect(phone.locator("[data-tip=received]")).to_be_visible()
    look_at_status(phone)
    return receipt


def look_at_status(phone: Page) -> None:
    phone.goto("/tips/status")
    look_at(phone, "tip-status", phone=True)


def open_case(officer: Page, town: Town) -> str:
    """Open a case about a shop by hand; its address."""
    officer.goto("/console/risk/cases")
    officer.locator("input[name=title]").fill("巷口收券")
    officer.locator("input[name=store_id]").fill(town.stores[STORE]["store_id"])
    officer.locator("form[action$=cases] button").click()
    officer.wait_for_url(re.compile(r"/risk/cases/[0-9a-f-]{36}"))
    return officer.url


def test_the_announcement_is_published_by_another_and_read_by_all(
    phones: Callable[[], BrowserContext], officer: Page, second: Page
) -> None:
    officer.goto("/console/risk/announcement")
    officer.locator("input[name=title]").fill("联合公告")
    officer.get_by_role("button", name="保存草稿").click()
    expect(officer.locator("#fault-body")).to_be_visible()
    expect(officer.locator("input[name=title]")).to_have_value("联合公告")
    officer.locator("textarea[name=body]").fill("严禁倒卖消费券。")
    officer.locator("input[name=issuers]").fill("商务局、公安局")
    officer.get_by_role("button", name="保存草稿").click()
    expect(officer.get_by_text("须由他人公布")).to_be_visible()
    look_at(officer, "risk-announcement")
    second.goto("/console/risk/announcement")
    second.get_by_role("button", name="公布").click()

    phone = phones().new_page()
    phone.goto("/announcement")
    look_at(phone, "announcement", phone=True)

    expect(phone.locator("main")).to_contain_text("严禁倒卖消费券。")
