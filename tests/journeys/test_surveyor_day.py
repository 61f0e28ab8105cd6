"""A surveyor's day on the phone: the course, tasks accepted, the route, a terminal bound, a task done."""

import re
from collections.abc import Callable
from uuid import UUID

from conftest import Town
from desk_people import PASSWORD, enrol_by_command, try_sign_in
from field_town import PHONES, SECOND, open_field
from playwright.sync_api import Browser, BrowserContext, Page, expect

from yongquan.merchants.providers.course import QUESTIONS


def sign_in_to_field(page: Page, phone: str) -> None:
    page.goto("/p/")
    page.locator("[name=phone]").fill(phone)
    page.locator("main form button").click()
    code = re.search(r"\d{6}", page.locator("[data-inbox]").inner_text())
    assert code is not None
    page.locator("[name=code]").fill(code[0])
    page.locator("main form button").click()
    page.wait_for_url("**/p/tasks")


def take_the_course(page: Page) -> None:
    page.goto("/p/course")
    for number, question in enumerate(QUESTIONS, 1):
        page.locator(f"[name=q{number}]").nth(question.right).check()
    page.locator("main form button").click()
    expect(page.locator("[role=status]")).to_contain_text("100")


def act(page: Page, task: UUID, step: str, note: str = "") -> None:
    page.goto(f"/p/tasks/{task}")
    form = page.locator(f"form[action$='/{step}']")
    if note:
        form.locator("textarea").fill(note)
    form.locator("button").click()
    page.wait_for_url(re.compile(f"done={step}"))


def bind_terminals(page: Page, tasks: list[UUID], codes: list[str]) -> None:
    """The neighbour's code is refused; the store's own is bound, and the terminal moves only with a reason."""
    page.goto(f"/p/tasks/{tasks[0]}")
    page.get_by_role("link", name="绑定码牌与终端").click()
    for code, said in ((codes[1], "另一家"), ("000201", "码牌")):
        page.locator("#code-text").fill(code)
        page.locator("#terminal").fill("sn-0001")
        page.locator("form[action^='/p/bind'] button:not([type])").click()
        expect(page.locator("#error")).to_contain_text(said)
    page.locator("#code-text").fill(codes[0])
    page.locator("form[action^='/p/bind'] button:not([type])").click()
    expect(page.locator("main [role=status]").first).to_contain_text("已绑定")
    expect(page.locator("ul.rows")).to_contain_text("SN-0001")
    act(page, tasks[1], "start")
    page.goto(f"/p/bind/{tasks[1]}")
    page.locator("#code-text").fill(codes[1])
    page.locator("#terminal").fill("SN-0001")
    page.locator("form[action^='/p/bind'] button:not([type])").click()
    expect(page.locator("#error")).to_contain_text("换绑")
    page.locator("#reason").fill("终端调拨")
    page.locator("form[action^='/p/bind'] button:not([type])").click()
    expect(page.locator("ul.rows")).to_contain_text("终端调拨")
    page.goto(f"/p/bind/{tasks[0]}")
    expect(page.locator("ul.rows")).to_contain_text("已换到别处")


def test_surveyor_learns_routes_binds_and_is_checked(
    town: Town,
    browser: Browser,
    phones: Callable[[], BrowserContext],
    check_page: Callable[[Page], None],
) -> None:
    tasks, codes = open_field(town.data_dir, [UUID(store["store_id"]) for store in town.stores[:2]])
    page = phones().new_page()

    # A phone that nobody works with is told so; without the course no task is accepted.
    page.goto("/p/tasks")
    expect(page).to_have_url(re.compile("/p/sign-in"))
    sign_in_to_field(page, PHONES[SECOND])
    page.goto(f"/p/tasks/{tasks[0]}")
    page.locator("form[action$='/accept'] button").click()
    expect(page.locator("[role=alert]")).to_contain_text("培训")
    take_the_course(page)
    check_page(page)

    # Both tasks come onto the day's page, in order and on the map.
    for task in tasks:
        act(page, task, "accept")
    page.goto("/p/route")
    expect(page.locator("main .rows li")).to_have_count(2)  # late in the day one may not fit, and is listed below
    if page.locator("#map").count():
        expect(page.locator("#map")).to_have_attribute("data-ready", "yes")
    page.locator("button.language").click()
    check_page(page)
    page.locator("button.language").click()

    act(page, tasks[0], "start")
    bind_terminals(page, tasks, codes)
    check_page(page)

    # Done, and off the route; staff find it on the board and check it.
    act(page, tasks[0], "finish", "码牌已核对")
    page.goto("/p/route")
    expect(page.locator("main .rows li")).to_have_count(1)
    member = enrol_by_command(town.data_dir, "fielder", "--role", "operator")
    desk = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900}).new_page()
    try_sign_in(desk, login=member.login, password=PASSWORD, code=member.code)
    desk.wait_for_url("**/console/overview")
    desk.goto(f"/console/tasks/{tasks[0]}")
    expect(desk.locator("main")).to_contain_text("码牌已核对")
    desk.locator("button[name=step][value=check]").click()
    expect(desk.locator(".head")).to_contain_text("已完结")
    desk.goto("/console/providers")
    expect(desk.locator("main")).to_contain_text("旅途走访服务社")
    desk.context.close()
