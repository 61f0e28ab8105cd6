"""A city's grids are drawn at the desk, redrawn by hand, and approved by somebody else."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHINESE_LEFT, Town
from desk_people import PASSWORD, enrol_by_command, try_sign_in
from playwright.sync_api import Browser, Page, expect


def signed_in(browser: Browser, town: Town, login: str) -> Page:
    member = enrol_by_command(town.data_dir, login, "--role", "operator")
    context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    page = context.new_page()
    try_sign_in(page, login=login, password=PASSWORD, code=member.code)
    page.wait_for_url("**/console/overview")
    return page


@pytest.fixture(scope="module")
def drawer(browser: Browser, town: Town) -> Iterator[Page]:
    page = signed_in(browser, town, "gridder")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def checker(browser: Browser, town: Town) -> Iterator[Page]:
    page = signed_in(browser, town, "gridchecker")
    yield page
    page.context.close()


def look_at(page: Page) -> None:
    """Both languages: nothing of Chinese left in English, nothing that a reader without eyes stumbles over."""
    for language in ("en", "zh-CN"):
        if page.locator("html").get_attribute("lang") != language:
            page.locator(".desk-top button[name=language]").click()
        expect(page.locator("#map")).to_have_attribute("data-ready", "yes")
        found = Axe().run(page).response["violations"]
        bad = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in {"serious", "critical"}]
        assert bad == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, page.url
        if language == "en":
            assert page.evaluate(CHINESE_LEFT) == [], page.url


def draw(page: Page, reason: str, *, base: str | None = None) -> str:
    """Draw a version by the form; its number."""
    page.goto("/console/grids")
    if base is not None:
        page.locator("#grid-base").select_option(base)
    page.locator("#grid-day").fill((date.today() + timedelta(days=30)).isoformat())
    page.locator("#grid-reason").fill(reason)
    page.locator("form.card button.btn-primary").click()
    page.wait_for_url(re.compile(r"version=(\d+)&done=drawn"))
    return page.locator("#version").input_value()


def try_a_move(page: Page, number: str) -> tuple[str, str]:
    """Try cells of a grid, with the keyboard, until a move is allowed: the cell and its new grid."""
    page.goto(f"/console/grids/{number}/330212-01")
    for n in range(page.locator("tr[data-cell] input[type=radio]").count()):
        row = page.locator("tr[data-cell]", has=page.locator("input[type=radio]")).nth(n)
        cell = row.get_attribute("data-cell") or ""
        target = "330212-" + row.locator("td").nth(2).inner_text().split()[0]
        row.locator("input[type=radio]").focus()
        page.keyboard.press("Space")
        page.locator("#to").select_option(target)
        page.locator("#move button").press("Enter")
        page.wait_for_url(re.compile(f"cell={cell}"))
        if page.locator("section#trial").count():
            return cell, target
        expect(page.locator("p#trial")).to_contain_text("没有保存")
    raise AssertionError


def test_grids_are_drawn_changed_locked_and_approved_by_another(drawer: Page, checker: Page) -> None:
    number = draw(drawer, "首次划分")
    expect(drawer.locator("tr[data-grid]")).to_have_count(74)
    expect(drawer.locator(".tiles")).to_contain_text("74")
    expect(drawer.locator("form[action$=decision]")).to_have_count(0)
    look_at(drawer)

    cell, target = try_a_move(drawer, number)
    look_at(drawer)
    drawer.locator("section#trial form button").click()
    expect(drawer.locator("[role=status]")).to_contain_text("已移动")
    expect(drawer.locator(f"tr[data-cell='{cell}']")).to_have_count(0)
    drawer.goto(f"/console/grids/{number}/{target}")
    expect(drawer.locator(f"tr[data-cell='{cell}']")).to_have_count(1)

    drawer.locator(".head form button").click()
    expect(drawer.locator("[role=status]")).to_contain_text("已锁定")
    drawer.goto(f"/console/grids/{number}/330212-01")
    token = drawer.locator("input[name=form_token]").first.get_attribute("value") or ""
    inside = drawer.locator("tr[data-cell]").first.get_attribute("data-cell") or ""
    form = {"form_token": token, "cell": inside, "to": target}
    assert drawer.request.post(f"/console/grids/{number}/330212-01/move", form=form).status == 409
    decided = drawer.request.post(f"/console/grids/{number}/decision", form={"form_token": token, "approve": "true"})
    assert decided.status == 403

    checker.goto(f"/console/grids?version={number}")
    checker.locator("form[action$=decision] button[value=true]").click()
    expect(checker.locator("[role=status]")).to_contain_text("已同意")
    drawer.goto(f"/console/grids/{number}/330212-01")
    expect(drawer.locator("#move")).to_have_count(0)
    drawer.goto("/console/grids")
    expect(drawer.locator("#version")).to_contain_text(f"{number} · 已同意")


def test_evening_out_from_a_version_leaves_its_locked_grid(drawer: Page) -> None:
    number = draw(drawer, "基础版")
    drawer.goto(f"/console/grids/{number}/330203-01")
    drawer.locator(".head form button").click()
    cells = sorted(row.get_attribute("data-cell") or "" for row in drawer.locator("tr[data-cell]").all())

    again = draw(drawer, "再平衡", base=number)

    drawer.goto(f"/console/grids/{again}/330203-01")
    assert sorted(row.get_attribute("data-cell") or "" for row in drawer.locator("tr[data-cell]").all()) == cells
    expect(drawer.locator(".head")).to_contain_text("已锁定")
