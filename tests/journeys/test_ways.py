"""Each way to a voucher, as people live it: at the desk, at the till, on the phone."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHINESE_LEFT, Town
from desk_people import PASSWORD, Member, enrol_by_command, try_sign_in
from people import claim, sign_in, sign_in_till, switch_language
from playwright.sync_api import Browser, BrowserContext, Page, expect
from way_rounds import WayRounds, beside, open_way_rounds

Phones = Callable[[], BrowserContext]
PHOTO = {"name": "invoice.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n photo"}


@pytest.fixture(scope="module")
def ways(town: Town) -> WayRounds:
    return beside(open_way_rounds(town.data_dir))


@pytest.fixture
def desks(browser: Browser, town: Town) -> Iterator[Callable[[], BrowserContext]]:
    """Screens of 1280 pixels; an error of a script fails the test."""
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def take() -> BrowserContext:
        context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(15_000)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        opened.append(context)
        return context

    yield take
    for context in opened:
        context.close()
    assert errors == []


@pytest.fixture(scope="module")
def officer(browser: Browser, town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of an officer, signed in once: a code works once."""
    member: Member = enrol_by_command(town.data_dir, "giver", "--role", "bureau_officer")
    state = tmp_path_factory.mktemp("ways") / "state.json"
    context = browser.new_context(base_url=town.address)
    page = context.new_page()
    try_sign_in(page, login=member.login, password=PASSWORD, code=member.code)
    page.wait_for_url("**/console/overview")
    context.storage_state(path=state)
    context.close()
    return state


@pytest.fixture
def desk(browser: Browser, town: Town, officer: Path) -> Iterator[Page]:
    """A page of the officer."""
    context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900}, storage_state=officer)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def vouchers_of(page: Page) -> int:
    """How many vouchers the wallet shows."""
    page.goto("/c/wallet")
    return page.locator(".ticket:not(summary)").count()


def test_a_push_reaches_a_list(town: Town, ways: WayRounds, phones: Phones, desk: Page) -> None:
    phone = phones().new_page()
    number = sign_in(phone)
    rows = f"phone\n{number}\n123\n13000000000\n"
    desk.goto("/console/ways")
    desk.locator("form.way-form input[name=name]").fill("回访名单")
    desk.set_input_files(
        "form.way-form input[type=file]", {"name": "l.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    desk.locator("form.way-form button").click()
    expect(desk.locator("tbody tr")).to_have_count(2)
    expect(desk.locator(".way-phones")).to_have_text(f"{number[:3]}****{number[-4:]}")

    desk.goto("/console/ways/pushes/new")
    desk.locator("input[name=name]").fill("关怀发放")
    desk.locator("select[name=type_id] option", has_text="银龄关怀券").first.evaluate("o => o.selected = true")
    desk.locator("input[value=list]").check()
    desk.locator("select[name=list_id] option", has_text="回访名单").first.evaluate("o => o.selected = true")
    desk.locator(".way-sheet button").click()
    expect(desk.locator(".tile-figure").first).to_have_text("1")
    desk.locator("button", has_text="开始发放").click()
    expect(desk.locator("[data-state=sent]")).to_be_visible(timeout=30_000)

    assert vouchers_of(phone) == 1
    phone.goto("/c/me")
    phone.locator("button[value=no]").click()
    expect(phone.locator("button[value=yes]")).to_be_visible()


def test_a_pack_is_claimed_as_one_and_opens_in_the_wallet(ways: WayRounds, phones: Phones) -> None:
    phone = phones().new_page()
    sign_in(phone)

    claim(phone, ways.pack)
    phone.goto("/c/wallet")

    expect(phone.locator("details.pack")).to_have_count(1)
    phone.locator("details.pack summary").click()
    expect(phone.locator("details.pack li.ticket")).to_have_count(5)


def test_a_pack_answers_the_contract_and_all_its_vouchers(town: Town, ways: WayRounds, phones: Phones) -> None:
    phone = phones().new_page()
    sign_in(phone)
    token = phone.request.get("/c/token").json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "p"}
    path = f"{town.address}/v1/rounds/{ways.pack}/claims"

    first = httpx.post(path, headers=headers, trust_env=False)
    again = httpx.post(path, headers=headers, trust_env=False)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert [voucher["amount_fen"] for voucher in first.json()["vouchers"]] == [500, 500, 1000, 1000, 2000]
    assert first.json()["voucher_id"] == first.json()["vouchers"][0]["voucher_id"]


def test_codes_are_made_by_command_and_redeemed_by_phone_and_by_api(
    town: Town,
    ways: WayRounds,
    phones: Phones,
    tmp_path: Path,
    desk: Page,
) -> None:
    out = tmp_path / "codes.csv"
    command = [str(Path(sys.executable).with_name("yongquan")), "codes", "generate", "--round", ways.code]
    made = subprocess.run(
        [*command, "--count", "50", "--name", "商会", "--out", str(out), "--json"],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"YONGQUAN_DATA_DIR": town.data_dir},
        timeout=60,
    )
    assert '"count": 50' in made.stdout
    codes = out.read_text().split()[1:]
    phone, other = phones().new_page(), phones().new_page()
    sign_in(phone)
    sign_in(other)

    phone.goto("/c/codes")
    phone.locator("input[name=code]").fill(codes[0][:-1] + ("0" if codes[0][-1] != "0" else "1"))
    phone.locator(".sheet button").click()
    expect(phone.locator("#error")).to_have_text("券码有误，请核对后重输")
    phone.locator("input[name=code]").fill(codes[0].lower())
    phone.locator(".sheet button").click()
    phone.wait_for_url("**/c/vouchers/*")
    token = other.request.get("/c/token").json()["token"]

    def redeem(code: str, key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        path = f"{town.address}/v1/codes/redemptions"
        return httpx.post(path, headers=headers, json={"code": code}, trust_env=False)

    assert redeem(codes[0], "a").json()["code"] == "voucher_code_used"
    won = redeem(codes[1], "b")
    assert won.status_code == 201
    assert redeem(codes[1], "b").json() == won.json()
    assert redeem(codes[2], "b").json()["code"] == "conflicting_request"
    assert redeem(codes[2], "c").json()["code"] == "cap_reached"
    desk.goto("/console/ways/codes")
    expect(desk.locator(".bar-note").first).to_have_text("2 / 50")


def test_an_officer_makes_codes_at_the_desk_and_downloads_them_once(
    ways: WayRounds, desk: Page, tmp_path: Path
) -> None:
    desk.goto("/console/ways/codes")
    form = desk.locator("form.way-form")
    form.locator("input[name=name]").fill("五月社区")
    form.locator("input[name=count]").fill("25")

    with desk.expect_download() as download:
        form.locator("button").click()
    download.value.save_as(tmp_path / "codes.csv")
    desk.reload()

    codes = (tmp_path / "codes.csv").read_text().split()
    assert (codes[0], len(set(codes[1:]))) == ("code", 25)
    expect(desk.locator("tbody tr", has_text="五月社区")).to_contain_text("0 / 25")
    shots = os.environ.get("YONGQUAN_TEST_SHOTS")
    for path in ("codes", "gifts") if shots else ():
        desk.goto(f"/console/ways/{path}")
        desk.screenshot(path=f"{shots}/{path}.png", full_page=True)


def test_a_store_gives_to_a_stranger_who_then_registers(
    town: Town,
    ways: WayRounds,
    phones: Phones,
    desk: Page,
) -> None:
    store = town.stores[0]
    desk.goto("/console/ways/gifts")
    desk.locator("input[name=store_id]").fill(store["store_id"])
    desk.locator("input[name=quota]").fill("3")
    desk.locator(".way-form button").click()
    expect(desk.locator("tbody tr", has_text="压测门店 1")).to_have_count(1)
    till, phone = phones().new_page(), phones().new_page()
    sign_in_till(till, store["token"])
    number = f"137{os.getpid() % 10**8:08d}"

    till.goto("/m/gifts")
    till.locator("input[name=phone]").fill(number)
    till.locator(".sheet button").click()
    expect(till.locator(".result")).to_have_text("该手机号尚未注册，注册后自动到账")
    phone.goto("/c/sign-in")
    phone.locator("input[name=phone]").fill(number)
    phone.locator(".sheet button").click()
    found = re.search(r"\d{6}", phone.locator("[data-inbox]").inner_text())
    assert found is not None
    phone.locator("input[name=code]").fill(found[0])
    phone.locator(".sheet button").click()
    phone.wait_for_url("**/c/rounds")

    assert vouchers_of(phone) == 1
    till.goto("/m/gifts")
    expect(till.locator(".rows li").first).to_contain_text("已送达")


def test_an_application_is_returned_sent_again_and_approved_by_two(
    town: Town,
    ways: WayRounds,
    phones: Phones,
    desk: Page,
    desks: Callable[..., BrowserContext],
) -> None:
    phone = phones().new_page()
    sign_in(phone)
    phone.goto("/c/applications")
    phone.locator(f"a[href$='{ways.apply}']", has_text="汽车以旧换新").click()
    for name, text in (("invoice", "1234 5678"), ("plate", "浙B1234"), ("price", "128,800")):
        phone.locator(f"input[name={name}]").fill(text)
    phone.set_input_files("input[name=photo]", PHOTO)  # type: ignore[arg-type]
    phone.locator(".sheet button").click()
    expect(phone.locator("[role=alert]")).to_contain_text("请填写完整车牌")
    phone.locator("input[name=plate]").fill("浙b·12345")
    phone.set_input_files("input[name=photo]", PHOTO)  # type: ignore[arg-type]
    phone.locator(".sheet button").click()
    expect(phone.locator("h1")).to_have_text("等待审核")

    def take() -> None:
        desk.goto("/console/applications")
        desk.get_by_role("region", name="等待审核").locator("th a").first.click()
        desk.locator("button", has_text="领取审核").click()

    take()
    expect(desk.locator(".facts")).to_contain_text("浙B12345")
    desk.locator("button[value=returned]").click()
    phone.reload()
    expect(phone.locator(".error")).to_contain_text("材料看不清")
    phone.locator("input[name=price]").fill("128800")
    phone.locator(".sheet button").click()
    expect(phone.locator("h1")).to_have_text("等待审核")
    take()
    desk.locator("button[value=approved]").click()
    expect(desk.get_by_role("region", name="等待审核")).to_contain_text("等待复核")
    take()
    desk.locator("button[value=approved]").click()
    expect(desk.locator("main")).to_contain_text("须由另一人复核")
    beside(_forget_hold(town.data_dir))

    member = enrol_by_command(town.data_dir, "second", "--role", "bureau_officer")
    second = desks().new_page()
    try_sign_in(second, login=member.login, password=PASSWORD, code=member.code)
    second.goto("/console/applications")
    second.get_by_role("region", name="等待审核").locator("th a").first.click()
    second.locator("button", has_text="领取审核").click()
    second.locator("button[value=approved]").click()
    expect(second.locator("main")).to_contain_text("已通过")
    phone.reload()
    expect(phone.locator("h1")).to_have_text("已通过")


async def _forget_hold(data_dir: str) -> None:
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.settings import read_settings

    with database_of(read_settings({"YONGQUAN_DATA_DIR": data_dir})) as conninfo:
        async with opened(conninfo) as database, database.transaction() as connection:
            await connection.execute("update vouchers.application set held_until = plumbing.now()")


def test_testers_rehearse_a_round_that_nobody_else_sees(
    ways: WayRounds,
    phones: Phones,
    desk: Page,
) -> None:
    tester, other = phones().new_page(), phones().new_page()
    number = sign_in(tester)
    sign_in(other)
    desk.goto("/console/ways")
    desk.locator("form.way-form input[name=name]").fill("测试员")
    raw = f"phone\n{number}\n".encode()
    desk.set_input_files("form.way-form input[type=file]", {"name": "l.csv", "mimeType": "text/csv", "buffer": raw})
    desk.locator("form.way-form button").click()
    expect(desk.locator("h1")).to_have_text("测试员")
    desk.goto("/console/ways/rehearsals")
    desk.locator("select[name=round_id] option", has_text="开抢演练用轮次").first.evaluate("o => o.selected = true")
    desk.locator("select[name=list_id] option", has_text="测试员").first.evaluate("o => o.selected = true")
    desk.locator(".way-form button").click()
    desk.wait_for_url(re.compile(r"/rehearsals/[0-9a-f-]{36}"))
    copy = desk.url.rsplit("/", 1)[1]

    other.goto("/c/rounds")
    expect(other.locator("main")).not_to_contain_text("（演练）")
    assert other.goto(f"/c/rounds/{copy}").status == 404  # type: ignore[union-attr]
    tester.goto("/c/rounds")
    expect(tester.locator("main")).to_contain_text("开抢演练用轮次（演练）")
    claim(tester, copy)
    desk.reload()
    expect(desk.locator(".tile-figure").nth(1)).to_have_text("1")
    desk.locator("button", has_text="结束演练").click()
    expect(desk.locator(".tile-figure").nth(3)).to_have_text("已结束")
    tester.goto("/c/wallet?tab=expired")
    expect(tester.locator(".ticket")).to_contain_text("已作废")


def test_the_pages_of_the_ways_read_well_in_both_languages(
    ways: WayRounds, phones: Phones, town: Town, check_page: Callable[[Page], None]
) -> None:
    phone, till = phones().new_page(), phones().new_page()
    sign_in(phone)
    sign_in_till(till, town.stores[1]["token"])

    for path in ("/c/codes", "/c/applications", f"/c/applications/new/{ways.apply}", "/c/me", f"/c/rounds/{ways.pack}"):
        phone.goto(path)
        check_page(phone)
    till.goto("/m/gifts")
    check_page(till)
    switch_language(phone)
    for path in ("/c/codes", "/c/applications", f"/c/applications/new/{ways.apply}", "/c/me", f"/c/rounds/{ways.pack}"):
        phone.goto(path)
        check_page(phone)


def test_the_desk_of_the_ways_reads_well_in_both_languages(town: Town, desk: Page) -> None:
    axe = Axe()
    paths = ("ways", "ways/pushes/new", "ways/codes", "ways/gifts", "ways/rehearsals", "applications")

    for _ in range(2):
        for path in paths:
            desk.goto(f"/console/{path}")
            found = axe.run(desk).response["violations"]
            bad = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in {"serious", "critical"}]
            assert bad == [], path
            assert desk.evaluate("document.documentElement.scrollWidth") <= 1280, path
            if desk.locator("html").get_attribute("lang") == "en":
                assert desk.evaluate(CHINESE_LEFT) == [], path
        desk.locator("form[action='/language'] button").click()
