"""A day at the bureau's desk."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHINESE_LEFT, Town
from desk_people import PASSWORD, enrol_by_command, enrol_demo, sign_in_with_demo_box, try_sign_in
from people import bind_card, charge, claim, shown_pay_code, sign_in, sign_in_till
from playwright.sync_api import Browser, BrowserContext, Page, expect

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]
PAGES = ("overview", "campaigns", "rounds", "shops", "funders", "funders/seed", "report", "audit")


@pytest.fixture(scope="module")
def session(browser: Browser, town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of the demo's bureau officer: signed in once, as a code works once."""
    enrol_demo(town.data_dir)
    state = tmp_path_factory.mktemp("desk") / "state.json"
    context = browser.new_context(base_url=town.address)
    sign_in_with_demo_box(context.new_page())
    context.storage_state(path=state)
    context.close()
    return state


@pytest.fixture
def desks(browser: Browser, town: Town) -> Iterator[Callable[..., BrowserContext]]:
    """Screens of 1280 pixels; an error of a script, or of the content policy, fails the test."""
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def take(**options: Any) -> BrowserContext:
        context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900}, **options)
        context.set_default_timeout(15_000)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)
        opened.append(context)
        return context

    yield take
    for context in opened:
        context.close()
    assert errors == []


@pytest.fixture
def desk(desks: Callable[..., BrowserContext], session: Path) -> Page:
    """A page of the demo's bureau officer."""
    return desks(storage_state=session).new_page()


@pytest.fixture(scope="module")
def check_desk() -> Check:
    """Fails on a serious accessibility violation, sideways scrolling, or Chinese left in an English page."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page).response["violations"]
        serious = [
            (v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found if v["impact"] in {"serious", "critical"}
        ]
        assert serious == [], page.url
        for width in (1440, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} overflows at {width}"
        if page.locator("html").get_attribute("lang") == "en":
            assert page.evaluate(CHINESE_LEFT) == [], page.url

    return check


def test_desk_is_closed_to_strangers_and_leads_back(desks: Callable[..., BrowserContext], session: Path) -> None:
    page = desks().new_page()

    page.goto("/console/rounds?shown=open")

    expect(page).to_have_url(re.compile(r"/console/sign-in\?back="))
    expect(page.locator("main input[name=back]")).to_have_value("/console/rounds?shown=open")
    cookies = [c for c in desks(storage_state=session).cookies() if c["name"] == "yq_staff"]
    assert [(c["httpOnly"], c["sameSite"], c["path"]) for c in cookies] == [(True, "Strict", "/console")]


def test_wrong_code_is_refused_and_five_failures_lock_the_login(
    desks: Callable[..., BrowserContext], town: Town, check_desk: Check
) -> None:
    member = enrol_by_command(town.data_dir, "clumsy", "--role", "operator")
    page = desks().new_page()

    for _ in range(5):
        try_sign_in(page, login=member.login, password=PASSWORD, code="000000")
        expect(page.locator("#error")).to_contain_text("登录名、密码或动态码不对")
    check_desk(page)
    try_sign_in(page, login=member.login, password=PASSWORD, code=member.code)

    expect(page.locator("#error")).to_contain_text("登录已锁定")


def test_form_of_another_session_changes_nothing(desk: Page, town: Town) -> None:
    address = f"/console/rounds/{town.rounds[1]}/state"

    without = desk.request.post(address, form={"to": "ended", "reason": "抢在前面"})
    forged = desk.request.post(address, form={"to": "ended", "reason": "抢在前面", "form_token": "0" * 64})

    assert (without.status, forged.status) == (403, 403)
    desk.goto("/console/rounds?shown=ended")
    expect(desk.locator(f"[data-round='{town.rounds[1]}']")).to_have_count(0)


def test_paused_round_answers_not_open_until_resumed(desk: Page, phones: Phones, town: Town) -> None:
    round_id = town.rounds[2]
    citizen = phones().new_page()
    sign_in(citizen)
    desk.goto("/console/rounds")
    desk.locator(f"[data-round='{round_id}'] a").click()

    _steer(desk, round_id, "暂停", "库存核对")
    expect(desk.locator("[role=status]")).to_contain_text("已暂停")
    expect(desk.locator("main")).to_contain_text("库存核对")
    assert _claimed(citizen, round_id, wanted=409) == "not_open"
    _steer(desk, round_id, "恢复", "核对完成")

    expect(desk.locator("[role=status]")).to_contain_text("已恢复")
    assert _claimed(citizen, round_id, wanted=201) is None
    desk.goto("/console/audit")
    expect(desk.locator("tbody tr").first).to_contain_text("恢复轮次")
    expect(desk.locator("tbody tr").first).to_contain_text("王演示")


def test_paused_campaign_closes_all_its_rounds(desk: Page, phones: Phones, town: Town) -> None:
    round_id = town.special.nearby
    citizen = phones().new_page()
    sign_in(citizen)
    desk.goto("/console/campaigns")
    desk.get_by_role("link", name="海曙春日消费季").click()

    _steer(desk, None, "暂停", "规则调整")
    expect(desk.locator("[role=status]")).to_contain_text("已暂停")
    citizen.wait_for_timeout(1_000)  # a campaign's pause reaches every process within a second

    assert _claimed(citizen, round_id, wanted=409, place=True) == "not_open"
    _steer(desk, None, "恢复", "调整完成")
    assert _claimed(citizen, round_id, wanted=201, place=True) is None


def test_division_officer_sees_only_the_division(desks: Callable[..., BrowserContext], desk: Page, town: Town) -> None:
    member = enrol_by_command(town.data_dir, "haishu", "--role", "bureau_officer", "--adcode", "330203")
    officer = desks().new_page()
    desk.goto("/console/campaigns")
    city_campaign = desk.get_by_role("link", name="压测活动").first.get_attribute("href")

    try_sign_in(officer, login=member.login, password=PASSWORD, code=member.code)
    officer.goto("/console/campaigns")

    expect(officer.locator("tbody")).not_to_contain_text("压测活动")
    expect(officer.locator("tbody")).to_contain_text("海曙春日消费季")
    assert officer.request.get(f"{city_campaign}").status == 404
    assert officer.request.get("/console/audit").status == 403
    assert officer.request.get("/console/funders/seed").status == 404
    officer.get_by_role("link", name="海曙春日消费季").click()
    token = officer.locator("input[name=form_token]").first.get_attribute("value") or ""
    form = {"to": "ended", "reason": "越权", "form_token": token}
    assert officer.request.post(f"/console/rounds/{town.rounds[0]}/state", form=form).status == 403


def test_map_shows_shops_and_filters_them(desk: Page, town: Town) -> None:
    desk.goto("/console/shops")

    rows = desk.locator("#shops li")
    for n in range(len(town.stores)):
        expect(rows.filter(has_text=f"压测门店 {n + 1}")).to_have_count(1)
    expect(desk.locator("#map")).to_have_attribute("data-total", str(rows.count()))
    expect(desk.locator(".leaflet-control-attribution")).to_contain_text("© OpenStreetMap contributors")
    desk.locator("#industry").select_option("lodging")
    expect(desk.locator("#map")).to_have_attribute("data-total", "0")
    expect(desk.locator("#map-hint")).to_be_visible()


def test_day_at_the_shops_appears_on_overview_rounds_and_report(desk: Page, phones: Phones, town: Town) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    desk.goto("/console/rounds")
    row = desk.locator(f"[data-round='{town.rounds[0]}']")
    before = int(row.locator("[data-claimed]").inner_text())

    sign_in(citizen)
    bind_card(citizen)
    claim(citizen, town.rounds[0])

    expect(row.locator("[data-claimed]")).to_have_text(str(before + 1))  # by itself
    sign_in_till(till, town.stores[1]["token"])
    charge(till, "36.80", shown_pay_code(citizen))
    expect(till.locator("#outcome")).to_have_class("is-succeeded")
    desk.goto("/console/report")
    expect(desk.locator("[data-draw=hours]")).to_have_attribute("data-ready", "yes")
    expect(desk.locator("section", has_text="出资方承担").first).to_contain_text("压测资金")
    desk.goto("/console/funders/seed")
    expect(desk.locator("main")).to_contain_text("核销补贴")
    desk.goto("/console/overview")
    expect(desk.locator("[data-draw=industries]")).to_have_attribute("data-ready", "yes")


def test_every_page_is_usable_in_both_languages(desk: Page, check_desk: Check) -> None:
    desk.goto("/console/campaigns")
    campaigns = [a.get_attribute("href") or "" for a in desk.locator("tbody th a").all()]
    addresses = [*(f"/console/{page}" for page in PAGES), *campaigns, "/console/rounds?shown=paused"]

    for language in ("zh-CN", "en"):
        desk.goto("/console/overview")
        if desk.locator("html").get_attribute("lang") != language:
            desk.locator("button[name=language]").click()
        for address in addresses:
            desk.goto(address)
            expect(desk.locator("h1")).to_be_visible()
            check_desk(desk)


def test_report_prints_without_the_rail(desk: Page) -> None:
    desk.goto("/console/report")

    desk.emulate_media(media="print")

    expect(desk.locator(".desk-side")).to_be_hidden()
    expect(desk.locator("main")).to_be_visible()


def test_signing_out_ends_the_session(desks: Callable[..., BrowserContext], town: Town) -> None:
    member = enrol_by_command(town.data_dir, "leaver", "--role", "auditor")
    context = desks()
    page = context.new_page()
    try_sign_in(page, login=member.login, password=PASSWORD, code=member.code)
    page.wait_for_url("**/console/overview")
    kept = context.cookies()

    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/console/sign-in")
    context.add_cookies(kept)  # type: ignore[arg-type]
    page.goto("/console/overview")

    expect(page).to_have_url(re.compile(r"/console/sign-in"))


def _steer(desk: Page, round_id: str | None, move: str, reason: str) -> None:
    place = desk.locator(f"#r{round_id.replace('-', '')}" if round_id else ".head")
    place.locator("summary", has_text=move).click()
    place.locator("details[open] input[name=reason]").fill(reason)
    place.locator("details[open] button").click()


def _claimed(citizen: Page, round_id: str, *, wanted: int, place: bool = False) -> str | None:
    """Claim through the API, again until the answer is the wanted one (a pause holds within a second); its code."""
    token = citizen.request.get("/c/token").json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"desk-{round_id}"}
    body = {"location": {"lon": 121.545, "lat": 29.872}} if place else {}
    for _ in range(20):
        answer = citizen.request.post(f"/v1/rounds/{round_id}/claims", headers=headers, data=body)
        if answer.status == wanted:
            break
        citizen.wait_for_timeout(100)
    assert answer.status == wanted, answer.text()
    code = answer.json().get("code")
    return None if code is None else str(code)
