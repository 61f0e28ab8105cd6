"""Rounds of packs and of applications made by form at the desk, and codes whose making is watched."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHINESE_LEFT, Town
from desk_people import PASSWORD, enrol_by_command, try_sign_in
from playwright.sync_api import Browser, Page, expect
from test_campaign_documents import TEXT
from way_rounds import beside, open_way_rounds

WRITTEN = TEXT.replace("lantern", "packed").replace("灯会", "券包会").replace("budget: 2000元", "budget: 200000元")
ROUND = {
    "name": "第二轮",
    "name_en": "Round two",
    "opens_at": "2030-03-03T10:00",
    "closes_at": "2030-03-04T00:00",
    "per_round": "1",
}


@pytest.fixture
def desk(browser: Browser, town: Town) -> Iterator[Page]:
    member = enrol_by_command(town.data_dir, f"packer-{os.urandom(4).hex()}", "--role", "bureau_officer")
    context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    page = context.new_page()
    try_sign_in(page, login=member.login, password=PASSWORD, code=member.code)
    page.wait_for_url("**/console/overview")
    yield page
    context.close()


def fill(page: Page, values: dict[str, str]) -> None:
    for name, value in values.items():
        page.locator(f"[name={name}]").first.fill(value)


def looks_well(page: Page, shot: str) -> None:
    """In both languages and on a phone: no serious fault, no Chinese left, nothing beyond the edge."""
    shots = os.environ.get("YONGQUAN_TEST_SHOTS")
    for _ in range(2):
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}] == []
        if page.locator("html").get_attribute("lang") == "en":
            assert page.evaluate(CHINESE_LEFT) == []
        if shots:
            page.screenshot(path=f"{shots}/{shot}-{page.locator('html').get_attribute('lang')}.png", full_page=True)
        page.locator("form[action='/language'] button").click()
    page.set_viewport_size({"width": 360, "height": 800})
    if shots:
        page.screenshot(path=f"{shots}/{shot}-360.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, shot
    page.set_viewport_size({"width": 1280, "height": 900})


def test_packs_and_application_forms_become_drafts_of_their_campaign(desk: Page) -> None:
    desk.goto("/console/documents/new")
    desk.locator("#text").fill(WRITTEN)
    desk.locator("button[value=save]").click()
    desk.wait_for_url("**/console/documents/packed/1")

    desk.goto("/console/ways/packs")
    desk.locator("select[name=code]").select_option("packed")
    desk.get_by_role("button", name="填写").click()
    fill(desk, ROUND | {"packs": "100", "pack_name": "双券", "pack_name_en": "Two in one"})
    pack = {"row_name": "餐饮", "row_name_en": "Dining", "row_amount": "20", "row_threshold": "10", "row_copies": "2"}
    fill(desk, pack | {"row_valid_days": "3"})
    desk.get_by_role("button", name="保存草稿").click()
    expect(desk.get_by_role("alert")).to_contain_text("不能多于满")
    desk.locator("[name=row_threshold]").first.fill("50")
    desk.get_by_role("button", name="保存草稿").click()
    desk.wait_for_url("**/console/documents/packed/1")
    expect(desk.locator(".doc-changes")).to_contain_text("第二轮")

    desk.goto("/console/ways/packs")
    row = desk.locator("tbody tr", has_text="餐饮 × 2")
    expect(row).to_have_count(1)
    looks_well(desk, "packs")
    row.locator("a", has_text="修改").click()
    expect(desk.locator("[name=packs]")).to_have_value("100")
    looks_well(desk, "pack-edit")

    desk.goto("/console/ways/forms/edit?code=packed")
    fill(desk, ROUND | {"name": "申领", "name_en": "Apply", "type_name": "购车券", "type_name_en": "Car", "stock": "5"})
    fill(desk, {"type_amount": "500", "type_threshold": "0", "type_valid_days": "30", "second_from": "100000"})
    fill(desk, {"row_label": "价税合计", "row_label_en": "Price"})
    desk.locator("[name=row_kind]").first.select_option("amount")
    desk.locator("[name=row_decides]").first.select_option("yes")
    desk.get_by_role("button", name="保存草稿").click()
    desk.wait_for_url("**/console/documents/packed/1")
    desk.goto("/console/ways/forms")
    row = desk.locator("tbody tr", has_text="价税合计")
    expect(row).to_have_count(1)
    looks_well(desk, "forms")
    row.locator("a", has_text="修改").click()
    looks_well(desk, "form-edit")


def test_the_language_can_be_switched_after_a_check_and_the_text_stays(desk: Page) -> None:
    desk.goto("/console/documents/new")
    desk.locator("#text").fill(WRITTEN.replace("stock: 100", "stok: 100"))
    desk.locator("button[value=check]").click()
    expect(desk.get_by_role("alert")).to_be_visible()

    desk.locator("form[action='/language'] button").click()

    expect(desk.locator("html")).to_have_attribute("lang", "en")
    expect(desk.locator("#text")).to_have_value(WRITTEN.replace("stock: 100", "stok: 100"))


def test_making_codes_is_watched_and_ends_in_a_file(desk: Page, town: Town, tmp_path: Path) -> None:
    beside(open_way_rounds(town.data_dir))
    desk.goto("/console/ways/codes")
    fill(desk, {"name": "大批", "count": "200000"})

    with desk.expect_response("**/console/ways/codes/making/*") as told, desk.expect_download() as download:
        desk.locator("#make-codes button").click()
    download.value.save_as(tmp_path / "codes.csv")

    assert told.value.json()["size"] in {0, 200_000}
    assert len((tmp_path / "codes.csv").read_text().split()) == 200_001
    expect(desk.locator("#make-codes [role=status]")).to_contain_text("已生成 200,000 个")
