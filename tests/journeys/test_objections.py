"""A citizen who is listed wrongly reads so in general words, objects on the phone, and is taken off by the desk."""

from collections.abc import Callable

from conftest import Town
from desk_people import look_at, signed_in
from people import sign_in
from playwright.sync_api import Browser, BrowserContext, expect

PHONE = "19611220077"
WHY = "这张卡一直是我本人在用，都是日常买菜。"


def test_a_listed_citizen_objects_on_the_phone_and_the_desk_releases(
    town: Town, browser: Browser, phones: Callable[[], BrowserContext]
) -> None:
    phone = phones().new_page()
    sign_in(phone, phone=PHONE)
    phone.goto("/c/standing")
    expect(phone.get_by_text("账户状态正常")).to_be_visible()
    lister = signed_in(browser, town, "objectionlister", "--role", "operator")
    lister.goto("/console/risk/lists")
    lister.locator("#colour").select_option("yellow")
    lister.locator("#value").fill(PHONE)
    lister.locator("#source").fill("举报 77")
    lister.locator("#basis").fill("在二手平台出售消费券")
    lister.get_by_role("button", name="提交").click()
    lister.wait_for_url("**/console/risk/lists/*?done=listed")
    entry = lister.url.split("?")[0]

    phone.goto("/c/standing")
    expect(phone.locator("[data-held=no_vouchers]")).to_be_visible()
    assert "举报 77" not in phone.content()
    assert "黄名单" not in phone.content()
    look_at(phone, "standing", phone=True)
    phone.locator("textarea[name=reason]").fill(WHY)
    phone.get_by_role("button", name="提交异议").click()
    expect(phone.locator("[data-objection=open]")).to_contain_text(WHY)
    expect(phone.get_by_role("button", name="提交异议")).to_have_count(0)

    lister.goto("/console/risk/appeals")
    own = lister.locator("section.card", has_text=WHY)
    expect(own.get_by_text("须由没有提交或复核这些名单的人答复。")).to_be_visible()
    lister.context.close()
    decider = signed_in(browser, town, "objectiondecider", "--role", "operator")
    decider.goto("/console/risk/appeals")
    look_at(decider, "risk-appeals")
    one = decider.locator("section.card", has_text=WHY)
    one.locator("textarea").fill("经核对，您的付款没有异常。")
    one.get_by_role("button", name="异议成立").click()
    decider.wait_for_url("**/console/risk/appeals?done=uphold*")
    decider.goto(entry)
    expect(decider.locator("dl.facts").first).to_contain_text("已解除")
    decider.context.close()

    phone.goto("/c/standing")
    expect(phone.get_by_text("账户状态正常")).to_be_visible()
    expect(phone.locator("[data-objection=upheld]")).to_contain_text("经核对，您的付款没有异常。")
