"""A shop owner signs up by phone, is sent back, mends it, comes in and is on the map; a listed one is stopped."""

import asyncio
import io
import random
import re
import threading
from collections.abc import Callable, Coroutine
from datetime import date

from conftest import Town
from people import switch_language
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from yongquan.app import Platform, running
from yongquan.flows.decide_merchant import Verdict
from yongquan.flows.list_merchant import ListingOrder, decide_listing, propose_listing
from yongquan.institutions.connectors.account_messages import Identity
from yongquan.institutions.connectors.register import RegisterEntry
from yongquan.kernel.credit_codes import credit_code
from yongquan.merchants.applications.model import State
from yongquan.merchants.applications.views import applications_of_licence
from yongquan.merchants.identity.model import Level
from yongquan.merchants.near import Fitting, stores_near
from yongquan.plumbing.db import database_of
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.settings import read_settings
from yongquan.simulation.city_applicants import id_number
from yongquan.staff import Role, RoleGrant, Staff

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]
NUMBER = random.SystemRandom().randrange(10**6, 10**8)
OWNER, ID_NO = "沈小湖", id_number(NUMBER)


def test_a_shop_is_sent_back_mends_it_comes_in_and_a_listed_one_is_stopped(
    phones: Phones, town: Town, check_page: Check
) -> None:
    code, again = [credit_code(NUMBER + n, adcode="330203", is_company=False) for n in (0, 1)]
    at_platform(town, lambda platform: _enter(platform, code, again))
    page = phones().new_page()
    sign_in_space(page)
    check_page(page)
    page.locator("#begin").click()

    _fill_licence(page, code, check_page)
    _send_photo(page)
    page.locator("#person_name").fill(OWNER)
    page.locator("#person_id_no").fill(ID_NO)
    page.locator("input[value=owner]").check()
    expect(page.locator("#kept")).to_have_text("已保存")
    page.reload()
    expect(page.locator("#person_name")).to_have_value(OWNER)
    # The reload may have cut off the saving of what was typed last.
    page.locator("#person_id_no").fill(ID_NO)
    page.locator("input[value=owner]").check()
    page.locator("#onward").click()
    _fill_store(page, check_page)
    page.locator("input[name=acquirer]").first.check()
    page.locator("#account_holder").fill("别家面馆")
    page.locator("#account_no").fill(f"6220{NUMBER}")
    page.locator("#onward").click()
    check_page(page)
    page.locator("#send").click()

    expect(page.locator("#state")).to_have_attribute("data-state", "rejected")
    expect(page.locator("#reason")).to_have_attribute("data-reason", "account_differs")
    check_page(page)
    page.locator("#mend").click()
    page.locator("#account_holder").fill(OWNER)
    page.locator("#onward").click()
    page.locator("#send").click()
    expect(page.locator("#state")).to_have_attribute("data-state", "in_review")
    at_platform(town, lambda platform: _approve(platform, code))
    page.reload()
    expect(page.locator("#state")).to_have_attribute("data-state", "open")
    switch_language(page)
    check_page(page)
    page.locator("#open-till").click()
    page.wait_for_url("**/m/till")
    found = at_platform(town, _nearby)
    assert found == [f"阿水面馆{NUMBER}"]

    # Listed, the same owner asks again with a new licence and a new name.
    at_platform(town, lambda platform: _list(platform, code))
    other = phones().new_page()
    sign_in_space(other)
    _apply_again(other, again)
    expect(other.locator("#state")).to_have_attribute("data-state", "stopped")
    expect(other.locator("#reason")).to_have_attribute("data-reason", "listed_owner")
    check_page(other)
    other.locator("textarea[name=appeal]").fill("与该店无关")
    other.locator("#appeal").click()
    expect(other.locator("#state")).to_have_attribute("data-state", "appealed")


def sign_in_space(page: Page) -> None:
    """Sign in to Merchant Space with a fresh phone."""
    page.goto("/m/space")
    page.locator("input[name=phone]").fill(f"137{random.SystemRandom().randrange(10**8):08d}")
    page.locator(".sheet button").click()
    found = re.search(r"\d{6}", page.locator("[data-inbox]").inner_text())
    assert found is not None
    page.locator("input[name=code]").fill(found[0])
    page.locator(".sheet button").click()
    page.wait_for_url("**/m/space")


def at_platform(town: Town, work: Callable[[Platform], Coroutine[object, object, object]]) -> object:
    """Work beside the running server; in a thread, as Playwright holds this one's loop."""
    told: list[object] = []

    async def inside() -> None:
        settings = read_settings({"YONGQUAN_DATA_DIR": town.data_dir})
        with database_of(settings) as conninfo:
            async with running(settings, conninfo, cells=1) as platform:
                told.append(await work(platform))

    thread = threading.Thread(target=lambda: asyncio.run(inside()))
    thread.start()
    thread.join()
    assert told
    return told[0]


def _fill_licence(page: Page, code: str, check_page: Check) -> None:
    """The register is looked at, and what is no photo is refused."""
    page.locator("input[name=has_licence][value=yes]").check()
    page.locator("#licence_no").fill(code.lower())
    page.locator("#look").click()
    expect(page.locator("[data-looked=found]")).to_contain_text("在营")
    check_page(page)
    page.locator("#onward").click()
    page.locator("#licence_photo").set_input_files({"name": "l.txt", "mimeType": "image/png", "buffer": b"no photo"})
    page.locator("#onward").click()
    expect(page.locator("#licence_photo-error")).to_contain_text("不是照片")


def _send_photo(page: Page) -> None:
    file = io.BytesIO()
    Image.new("RGB", (600, 400), "white").save(file, "PNG")
    page.locator("#licence_photo").set_input_files(
        {"name": "licence.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    page.locator("#onward").click()
    expect(page.locator("#person_name")).to_be_visible()


def _fill_store(page: Page, check_page: Check | None = None) -> None:
    page.locator("#shop_name").fill(f"阿水面馆{NUMBER}")
    page.locator("#industry").select_option("dining")
    page.locator("#address").fill("海曙区药行街12号")
    if check_page:
        check_page(page)
        page.locator("#here").click()  # the phone's own position
        expect(page.locator("#lat")).to_have_value("29.872000")
    else:
        page.locator("#lon").fill("121.549389")
        page.locator("#lat").fill("29.869606")
        page.locator("#system").select_option("gcj02")
    page.locator("#onward").click()
    expect(page.locator("#account_no")).to_be_visible()


def _apply_again(page: Page, code: str) -> None:
    page.locator("#begin").click()
    page.locator("input[name=has_licence][value=yes]").check()
    page.locator("#licence_no").fill(code)
    page.locator("#onward").click()
    _send_photo(page)
    page.locator("#person_name").fill(OWNER)
    page.locator("#person_id_no").fill(ID_NO)
    page.locator("input[value=owner]").check()
    page.locator("#onward").click()
    _fill_store(page)
    page.locator("input[name=acquirer]").last.check()
    page.locator("#account_holder").fill(OWNER)
    page.locator("#account_no").fill(f"6221{NUMBER}")
    page.locator("#onward").click()
    page.locator("#send").click()


async def _enter(platform: Platform, *codes: str) -> bool:
    async with platform.links.business_register() as office:
        for code in codes:
            entry = RegisterEntry(
                licence_no=code,
                name=f"宁波市海曙阿水面馆{code[-4:]}",
                kind="sole_trader",
                person=OWNER,
                owner_since=date(2019, 5, 1),
                address="浙江省宁波市海曙区药行街12号",
                scope="餐饮服务",
                established_on=date(2019, 5, 1),
                person_id_no=ID_NO,
            )
            await office.enter([entry])
    async with platform.links.client("chaoxin") as bank:
        await bank.enter_identity(Identity(id_no=ID_NO, name=OWNER, social_card_no=f"J{NUMBER:08d}"))
    return True


async def _approve(platform: Platform, code: str) -> State:
    async with platform.database.transaction() as connection:
        (one,) = await applications_of_licence(connection, code)
    staff = _reviewer("one")
    await platform.merchant_review.claim(staff, one.application_id)
    return await platform.merchant_review.decide(staff, one.application_id, Verdict(State.APPROVED))


async def _list(platform: Platform, code: str) -> bool:
    now = platform.clock.now()
    order = ListingOrder(
        licence_no=code,
        name="阿水面馆",
        level=Level.BARRED,
        reason="cash_out",
        basis="通报",
        provenance="商务局",
        facts_on=now.date(),
    )
    made = await propose_listing(platform.database, _reviewer("one").actor, order, key=code, now=now)
    await decide_listing(platform.database, _reviewer("two"), made, approve=True, now=now)
    return True


async def _nearby(platform: Platform) -> list[str]:
    """The list behind the citizens' map, beside the phone's own position."""
    async with platform.database.transaction() as connection:
        rows = await stores_near(connection, lon=121.545, lat=29.872, fitting=Fitting(industry="dining"))
    return [row.name for row in rows if row.name.endswith(str(NUMBER))]


def _reviewer(login: str) -> Staff:
    return Staff(fresh_id(), login, login, frozenset({RoleGrant(Role.OPERATOR)}))
