"""A list of shops is sent in at the desk, mapped, taken in, searched, split; doubts are decided by a key."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHINESE_LEFT, Town
from desk_people import PASSWORD, enrol_by_command, try_sign_in
from playwright.sync_api import Browser, Page, expect

REGISTER = "编号,店名,地址,电话号\nr1,潮汐角海鲜馆,宁波市鄞州区百丈路1123号,13877001001\nr2,,,没有号码\n"
MAP = "店名,地址,电话\n宁波潮汐角海鲜馆,宁波市江东区百丈路1123号,13877001001\n潮汐角,宁波市鄞州区百丈路,\n"


@pytest.fixture(scope="module")
def keeper(browser: Browser, town: Town) -> Iterator[Page]:
    member = enrol_by_command(town.data_dir, "librarian", "--role", "operator")
    context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    page = context.new_page()
    try_sign_in(page, login="librarian", password=PASSWORD, code=member.code)
    page.wait_for_url("**/console/overview")
    yield page
    context.close()


def look_at(page: Page) -> None:
    """Both languages: nothing of Chinese left in English, nothing that a reader without eyes stumbles over."""
    for language in ("en", "zh-CN"):
        if page.locator("html").get_attribute("lang") != language:
            page.locator(".desk-top button[name=language]").click()
        found = Axe().run(page).response["violations"]
        bad = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in {"serious", "critical"}]
        assert bad == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, page.url
        if language == "en":
            assert page.evaluate(CHINESE_LEFT) == [], page.url


def send(page: Page, name: str, text: str, kind: str) -> None:
    page.goto("/console/library/imports")
    page.locator("#file").set_input_files({"name": f"{name}.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.locator("#name").fill(name)
    page.locator("#kind").select_option(kind)
    page.locator("#given").fill("某单位")
    page.locator("#basis").fill("数据共享协议")
    page.locator("form.card button.btn-primary").click()
    page.wait_for_url(re.compile("/imports/[0-9a-f-]{36}"))


def test_a_list_goes_in_and_people_put_the_library_right(keeper: Page) -> None:
    send(keeper, "登记名单", REGISTER, "register")
    columns = keeper.locator("select[name=column]")
    assert [columns.nth(n).input_value() for n in range(4)] == ["id", "name", "address", ""]
    columns.nth(3).select_option("phone")
    keeper.get_by_role("button", name="按新的对应重新检查").click()
    expect(keeper.locator("#faults")).to_contain_text("1 行有错")
    keeper.locator("button[formaction]").click()
    expect(keeper.locator("[role=status]")).to_contain_text("1 行收下")
    look_at(keeper)
    with keeper.expect_download() as taken:
        keeper.locator("a[href$=errors]").click()
    assert "没有号码" in taken.value.path().read_text(encoding="utf-8-sig")

    send(keeper, "地图名单", MAP, "map")
    keeper.locator("button[formaction]").click()
    expect(keeper.locator("[role=status]")).to_contain_text("1 行并入已有商户")

    keeper.goto("/console/library")
    keeper.locator("#q").fill("13877001001")
    keeper.keyboard.press("Enter")
    look_at(keeper)
    keeper.locator("tbody a").click()
    expect(keeper.locator("#values")).to_be_visible()
    look_at(keeper)
    keeper.locator("input[name=why]").first.fill("实地看过，是两家")
    keeper.get_by_role("button", name="拆分").first.click()
    expect(keeper.locator("[role=status]")).to_contain_text("已拆分")


def test_a_doubtful_pair_is_decided_by_a_key(keeper: Page) -> None:
    near = "店名,地址,电话\n灯塔下服装店,宁波市海曙区镇明路1108号,13877002001\n灯塔下,宁波市海曙区镇明路,13877002001\n"
    send(keeper, "收单名单", near, "acquirer")
    keeper.locator("button[formaction]").click()
    keeper.goto("/console/library/review")
    look_at(keeper)
    if keeper.locator("button[data-key=n]").count():
        keeper.keyboard.press("n")
        expect(keeper.locator("#decide")).to_be_visible()
        look_at(keeper)
        keeper.keyboard.press("d")
        expect(keeper.locator("[role=status]")).to_contain_text("已记为两家")
