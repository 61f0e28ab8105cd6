"""A surveyor records visits without a network, sends them twice without a double, and mends what was sent back."""

import asyncio
import re
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID

from conftest import Town
from desk_people import PASSWORD, enrol_by_command, try_sign_in
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from yongquan.flows.recruit_provider import ProviderDecision, ProviderDesk
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.ids import make_id, named_id
from yongquan.merchants.providers.course import QUESTIONS
from yongquan.merchants.providers.model import NewProvider, NewSurveyor, ProviderStep
from yongquan.merchants.tasks.model import TaskKind
from yongquan.merchants.tasks.planning import NewTask, period_of
from yongquan.merchants.tasks.store import add_tasks
from yongquan.plumbing.clock import Clock, business_day
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import read_settings
from yongquan.staff import Role, RoleGrant, Staff

PROVIDER, SURVEYOR = named_id("offline provider"), named_id("offline surveyor")
PHONE = "19811112222"


def staff(number: int) -> Staff:
    return Staff(make_id(at_ms=number, bucket=0, entropy=number), "x", "某人", frozenset({RoleGrant(Role.OPERATOR)}))


def hire(data_dir: str, store_id: UUID) -> None:
    """A trained surveyor with one task, made beside the running server; in a thread, as Playwright holds this loop."""

    async def work() -> None:
        settings = read_settings({"YONGQUAN_DATA_DIR": data_dir})
        sealing = Sealing(load_keys(settings.keys_dir))
        with database_of(settings) as conninfo:
            async with opened(conninfo) as database:
                clock = Clock()
                async with database.transaction() as connection:
                    await clock.refresh(connection)
                now, today = clock.now(), business_day(clock.now())
                desk = ProviderDesk(database, sealing)
                new = NewProvider(
                    provider_id=PROVIDER,
                    name="离线走访服务社",
                    licence_no=credit_code(31_700_000, adcode="330203", is_company=True),
                    contact="某人",
                    phone="19811113333",
                    capacity_minutes=6_000,
                    depot_address="海曙区演示路 2 号",
                    depot_lon=121.545,
                    depot_lat=29.872,
                )
                await desk.apply(staff(1), new, now=now)
                contract = (date(today.year, 1, 1), date(today.year + 1, 12, 31))
                await desk.decide(staff(2), PROVIDER, ProviderDecision(ProviderStep.APPROVE, "试点", contract), now=now)
                person = NewSurveyor(
                    surveyor_id=SURVEYOR, provider_id=PROVIDER, name="王走访", phone=PHONE, is_lead=False
                )
                await desk.take_on(staff(3), person, now=now)
                await desk.take_test(SURVEYOR, named_id("offline test"), [q.right for q in QUESTIONS], now=now)
                task = NewTask(
                    task_id=named_id("offline task"),
                    kind=TaskKind.INSPECTION,
                    period=period_of(today),
                    store_id=store_id,
                    minutes=20,
                    due_day=today,
                    provider_id=PROVIDER,
                    surveyor_id=SURVEYOR,
                )
                async with database.transaction() as connection:
                    await add_tasks(connection, [task], actor="command:test", now=now)

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()


def sign_in(page: Page) -> None:
    page.goto("/p/sign-in?back=/p/survey")
    page.locator("[name=phone]").fill(PHONE)
    page.locator("main form button").click()
    code = re.search(r"\d{6}", page.locator("[data-inbox]").inner_text())
    assert code is not None
    page.locator("[name=code]").fill(code[0])
    page.locator("main form button").click()
    page.wait_for_url("**/p/survey")


def photo(folder: Path, shade: int) -> str:
    file = folder / f"{shade}.jpg"
    Image.linear_gradient("L").resize((900, 700)).point(lambda x: (x * shade) % 256).save(file)
    return str(file)


def record_two_visits(phone: BrowserContext, page: Page, check_page: Callable[[Page], None], tmp_path: Path) -> None:
    """Without a network the page opens, and two visits are recorded: the task's, and of a shop that nobody knew."""
    phone.set_offline(True)
    page.reload()
    page.locator("#tasks li button").click()
    expect(page.locator("#position")).to_contain_text("误差")
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#fault")).to_contain_text("门头")
    page.locator("[data-kind=front]").set_input_files(photo(tmp_path, 3))
    expect(page.locator("#photos li")).to_have_count(1)
    check_page(page)
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#queue-text")).to_contain_text("还有 1 条")
    page.locator("#new").click()
    page.locator("#add").click()
    page.locator("[name=name]").fill("新芝路早点铺")
    page.locator("[name=address]").fill("海曙区新芝路 9 号")
    page.locator("[data-kind=front]").set_input_files(photo(tmp_path, 7))
    expect(page.locator("#photos li")).to_have_count(1)
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#queue-text")).to_contain_text("还有 2 条")


def send_with_a_lost_answer(phone: BrowserContext, page: Page, check_page: Callable[[Page], None]) -> None:
    """The network is back, but the first answer is lost after the server wrote: it is sent again, and is one."""
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if not lost:
            lost.append(route.request.url)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/p/survey/visits/*", lose_the_first)
    phone.set_offline(False)
    expect(page.locator("#queue-text")).to_contain_text("没有网络")
    assert len(lost) == 1
    page.locator("#send").click()
    expect(page.locator("#queue-text")).to_have_text("全部已发出")
    expect(page.locator("#records li")).to_have_count(2)
    expect(page.locator("#records .tag", has_text="待检查")).to_have_count(2)
    page.locator("button.language").click()
    expect(page.locator("#records li")).to_have_count(2)
    check_page(page)
    page.locator("button.language").click()


def be_sent_back_and_mend(town: Town, page: Page, browser: Browser, tmp_path: Path) -> None:
    """The desk sends the task's record back; the surveyor mends that one."""
    officer = enrol_by_command(town.data_dir, "survey-officer", "--role", "operator")
    desk = browser.new_page(base_url=town.address)
    try_sign_in(desk, login=officer.login, password=PASSWORD, code=officer.code)
    desk.goto("/console/surveys")
    expect(desk.locator("tbody tr")).to_have_count(2)
    desk.locator("tbody tr", has_not_text="新芝路早点铺").locator("a").first.click()
    expect(desk.locator(".survey-photos img")).to_have_js_property("complete", True)
    assert desk.locator(".survey-photos img").evaluate("image => image.naturalWidth") > 0
    desk.locator("[name=reason]").fill("请补拍终端")
    desk.get_by_role("button", name="退回补正").click()
    page.goto("/p/survey")
    record = page.locator("#records li", has_text="请补拍终端")
    record.get_by_role("button", name="修改后再发").click()
    page.locator("[data-kind=front]").set_input_files(photo(tmp_path, 5))
    page.locator("[data-kind=terminal]").set_input_files(photo(tmp_path, 11))
    expect(page.locator("#photos li")).to_have_count(2)
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#records .tag", has_text="待检查")).to_have_count(2)
    desk.reload()
    expect(desk.locator("h1 + p")).to_contain_text("第 2 版")
    desk.get_by_role("button", name="通过", exact=True).click()
    expect(desk.locator("h1 + p")).to_contain_text("已通过")
    desk.close()


def test_visits_recorded_offline_arrive_once_and_are_mended(
    town: Town,
    browser: Browser,
    phones: Callable[[], BrowserContext],
    check_page: Callable[[Page], None],
    tmp_path: Path,
) -> None:
    hire(town.data_dir, UUID(town.stores[2]["store_id"]))
    phone = phones()
    page = phone.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page)
    expect(page.locator("#tasks li")).to_have_count(1)
    page.wait_for_function("caches.open('survey-1').then(k => k.keys()).then(k => k.length > 5)")

    record_two_visits(phone, page, check_page, tmp_path)
    send_with_a_lost_answer(phone, page, check_page)
    be_sent_back_and_mend(town, page, browser, tmp_path)
