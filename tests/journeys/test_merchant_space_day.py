"""Merchant Space and its desk: a notice reaches its audience, a shop joins a campaign, a reviewer uses keys alone."""

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from conftest import PHONE, Town
from desk_people import look_at, signed_in
from newcomers import PLACE, enter_newcomers
from playwright.sync_api import Browser, Page, expect

from yongquan.plumbing.db import Database, database_of, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.settings import read_settings
from yongquan.vouchers.model import Campaign
from yongquan.vouchers.store import save_campaign

STORE = 2


@pytest.fixture(scope="module")
def maker(browser: Browser, town: Town) -> Iterator[Page]:
    page = signed_in(browser, town, "space-maker", "--role", "operator")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def checker(browser: Browser, town: Town) -> Iterator[Page]:
    page = signed_in(browser, town, "space-checker", "--role", "operator")
    yield page
    page.context.close()


def shop(browser: Browser, town: Town, number: int) -> Page:
    """A shop's phone, signed in by its token."""
    context = browser.new_context(base_url=town.address, viewport=PHONE, locale="zh-CN")
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"/m/sign-in#{town.stores[number]['token']}")
    page.wait_for_url("**/m/till")
    return page


def beside(town: Town, do: Callable[[Database], Coroutine[object, object, None]]) -> None:
    """Do something in the town's database, in a thread, as Playwright holds this one's loop."""

    async def run() -> None:
        settings = read_settings({"YONGQUAN_DATA_DIR": town.data_dir})
        with database_of(settings) as conninfo:
            async with opened(conninfo) as database:
                await do(database)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()


def open_coming_campaign(town: Town, code: str) -> None:
    async def save(database: Database) -> None:
        async with database.transaction() as connection:
            row = await (await connection.execute("select plumbing.now()")).fetchone()
            assert row is not None
            starts_at = row[0] + timedelta(days=30)
            ends_at = starts_at + timedelta(days=9)
            campaign = Campaign(fresh_id(), code, "冬日活动", "Winter", "seed", None, starts_at, ends_at, 0)
            await save_campaign(connection, campaign, now=row[0])

    beside(town, save)


def publish(maker: Page, checker: Page) -> str:
    """Submit what the maker's form made; the checker publishes it."""
    maker.locator("button[value=submitted]").click()
    expect(maker.locator("[data-state]").first).to_have_attribute("data-state", "submitted")
    assert maker.locator("button[value=published]").count() == 0
    address = maker.url
    checker.goto(address)
    checker.locator("button[value=published]").click()
    expect(checker.locator("[data-state]").first).to_have_attribute("data-state", "published")
    return address


def test_notice_reaches_its_shop_alone_and_a_question_becomes_an_answer_for_all(
    browser: Browser, town: Town, maker: Page, checker: Page
) -> None:
    mine, other = shop(browser, town, STORE), shop(browser, town, STORE - 1)
    maker.goto("/console/space/new?kind=notice")
    look_at(maker, "space-form")
    maker.locator("[name=title]").fill("请补交照片")
    maker.locator("[value=store]").check()
    maker.locator("[name=for_store]").fill(town.stores[STORE]["store_id"])
    maker.get_by_role("button", name="保存草稿").click()
    expect(maker.locator("#fault-body")).to_be_visible()
    expect(maker.locator("[name=title]")).to_have_value("请补交照片")
    maker.locator("textarea[name=body]").fill("门头照片看不清，请在问答中重发。")
    maker.get_by_role("button", name="保存草稿").click()
    maker.locator("button[value=submitted]").click()
    expect(maker.locator("[data-state]").first).to_have_attribute("data-state", "published")

    other.goto("/m/notices")
    expect(other.locator("main")).not_to_contain_text("请补交照片")
    mine.goto("/m/home")
    look_at(mine, "space-home", phone=True)
    mine.locator("[data-todo] a[href='/m/notices']").click()
    mine.get_by_text("请补交照片").click()
    expect(mine.locator("main")).to_contain_text("门头照片看不清")
    maker.reload()
    expect(maker.locator("[data-reads]")).to_have_attribute("data-reads", "1")
    look_at(maker, "space-one")

    mine.goto("/m/questions")
    mine.locator("textarea[name=body]").fill("换了手机，收款码要换吗？")
    mine.get_by_role("button", name="提交问题").click()
    maker.goto("/console/questions")
    look_at(maker, "space-inbox")
    maker.get_by_text("换了手机").click()
    maker.locator("textarea[name=answer]").fill("不用换，收款码跟着门店走。")
    maker.get_by_role("button", name="答复", exact=True).click()
    maker.get_by_role("link", name="整理为常见问题发布").click()
    maker.get_by_role("button", name="保存草稿").click()
    publish(maker, checker)
    other.goto("/m/questions?q=手机收款码")
    expect(other.locator("[data-answer]").first).to_contain_text("收款码跟着门店走")
    look_at(other, "space-questions", phone=True)
    for page in (mine, other):
        page.context.close()


def test_shop_sees_each_condition_joins_and_withdraws(browser: Browser, town: Town, maker: Page, checker: Page) -> None:
    code = f"winter-{fresh_id().hex[:8]}"
    open_coming_campaign(town, code)
    phone = shop(browser, town, STORE)
    for title, is_relief in (("纾困门店招募", True), ("全行业招募", False)):
        maker.goto("/console/space/new?kind=call")
        maker.locator("[name=title]").fill(title)
        maker.locator("textarea[name=body]").fill("说明")
        coming = maker.locator("[name=campaign] option", has_text="冬日活动").first.get_attribute("value")
        maker.locator("[name=campaign]").select_option(coming)
        maker.locator("[name=opens_at]").fill("2020-01-01T00:00")
        maker.locator("[name=closes_at]").fill(_soon(maker))
        maker.locator("[name=needs_licence]").uncheck()
        maker.locator("[name=relief_only]").set_checked(is_relief)
        maker.locator("[name=industries][value=dining]").check()
        maker.get_by_role("button", name="保存草稿").click()
        call = publish(maker, checker).rsplit("/", 1)[1]

        phone.goto(f"/m/campaigns/{call}")
        expect(phone.locator("[data-condition=industry]")).to_have_attribute("data-met", "yes")
        if is_relief:
            expect(phone.locator("[data-condition=relief]")).to_have_attribute("data-met", "no")
            expect(phone.locator("[data-condition=relief]")).to_contain_text("请向所在区县申请认定")
            expect(phone.locator("button[value=joined]")).to_have_count(0)
            look_at(phone, "space-campaign", phone=True)
    phone.locator("button[value=joined]").click()
    expect(phone.locator("[data-joined]")).to_have_attribute("data-joined", "yes")
    maker.goto(f"/console/calls/{call}")
    expect(maker.locator(f"[data-enrolled='{town.stores[STORE]['store_id']}']")).to_have_count(1)
    look_at(maker, "call")
    phone.locator("button[value=withdrawn]").click()
    expect(phone.locator("[data-joined]")).to_have_attribute("data-joined", "no")
    phone.context.close()


def test_reviewer_works_through_the_queue_by_keys_alone(browser: Browser, town: Town) -> None:
    officer = ("--role", "bureau_officer", "--adcode", PLACE)
    one, two = (signed_in(browser, town, login, *officer) for login in ("reviewer-one", "reviewer-two"))
    citizen = UUID(town_citizen(town))
    names = ("药行街面馆甲", "药行街面馆乙", "药行街面馆丙", "药行街面馆丁")
    made = enter_newcomers(town.data_dir, citizen, names)
    one.goto("/console/reviews")
    expect(one.locator("tr[data-application]").first).to_contain_text("药行街面馆甲")
    look_at(one, "reviews")

    one.keyboard.press("j")
    one.wait_for_url(f"**/reviews/{made[0]}")
    look_at(one, "review")
    one.keyboard.press("a")
    one.wait_for_url(f"**/reviews/{made[1]}")
    two.goto(f"/console/reviews/{made[1]}")
    expect(two.locator("[data-key=a]")).to_have_count(0)
    one.keyboard.press("r")
    expect(one.locator("dialog#reject")).to_be_visible()
    one.keyboard.press("ArrowDown")
    one.keyboard.press("Tab")
    one.keyboard.type("请重拍")
    one.keyboard.press("Enter")
    one.wait_for_url(f"**/reviews/{made[2]}")
    one.keyboard.press("j")
    one.wait_for_url(f"**/reviews/{made[3]}")
    expect(one.locator("tr[data-changed=address] del")).to_contain_text("旧地址")
    look_at(one, "review-changed")
    one.keyboard.press("k")
    one.wait_for_url(f"**/reviews/{made[2]}")
    one.keyboard.press("a")
    one.wait_for_url(f"**/reviews/{made[3]}")
    one.keyboard.press("a")
    one.wait_for_url(re.compile(r"/console/reviews\?done=all"))

    two.goto("/console/reviews")
    two.keyboard.press("j")
    two.wait_for_url(f"**/reviews/{made[2]}")
    expect(two.locator("[data-key=a]")).to_contain_text("复核通过")
    two.keyboard.press("a")
    two.wait_for_url(re.compile(r"/console/reviews\?done=all"))
    two.goto(f"/console/reviews/{made[1]}")
    expect(two.locator("[data-state]").first).to_have_attribute("data-state", "rejected")
    two.get_by_role("link", name="这家商户的全部经过").click()
    expect(two.locator("tr[data-action='merchant_application.decided']")).to_have_count(1)
    look_at(two, "merchant-story")
    for page in (one, two):
        page.context.close()


def town_citizen(town: Town) -> str:
    """A citizen of the seed."""
    found: list[str] = []

    async def ask(database: Database) -> None:
        async with database.transaction() as connection:
            row = await (
                await connection.execute("select citizen_id from citizens.citizen order by citizen_id limit 1")
            ).fetchone()
            assert row is not None
            found.append(str(row[0]))

    beside(town, ask)
    return found[0]


def _soon(page: Page) -> str:
    """A day from now on the desk's clock, as its forms write moments."""
    shown = datetime.strptime(page.locator(".desk-clock time").inner_text(), "%Y-%m-%d %H:%M")
    return (shown + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
