"""The pages of money, each used for its main job: lines, files, fees, holds and payouts; a citizen's bank pages."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import psycopg
import pytest
from conftest import Town
from desk_people import look_at, signed_in
from people import bind_card, sign_in, switch_language
from playwright.sync_api import Browser, BrowserContext, Page, expect

from yongquan.plumbing.db import database_of
from yongquan.plumbing.settings import read_settings

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]
LONG_AGO = "2020-03-02"


@pytest.fixture(scope="module")
def signed_in_staff(browser: Browser, town: Town) -> Iterator[tuple[Page, Page]]:
    """One of finance who runs lines too, and another of finance."""
    both = (
        signed_in(browser, town, "money-maker", "--role", "finance", "--role", "operator"),
        signed_in(browser, town, "money-checker", "--role", "finance"),
    )
    yield both
    for page in both:
        page.context.close()


@pytest.fixture
def maker(signed_in_staff: tuple[Page, Page]) -> Page:
    signed_in_staff[0].context.clear_cookies(name="yq_language")
    return signed_in_staff[0]


@pytest.fixture
def checker(signed_in_staff: tuple[Page, Page]) -> Page:
    signed_in_staff[1].context.clear_cookies(name="yq_language")
    return signed_in_staff[1]


@pytest.fixture
def phone(phones: Phones) -> Page:
    """A citizen with a card."""
    page = phones().new_page()
    sign_in(page)
    bind_card(page)
    return page


def check_both(page: Page, check_page: Check) -> None:
    """Both languages; ends in the one it began in."""
    for _ in range(2):
        check_page(page)
        switch_language(page)


def code_of(page: Page) -> str:
    """The code in the demo inbox."""
    found = re.search(r"验证码\D*(\d{6})", page.locator("[data-inbox]").inner_text())
    assert found is not None
    return found[1]


def let_a_minute_pass(town: Town) -> None:
    """A code a minute goes to a phone: let that minute be over."""
    settings = read_settings({"YONGQUAN_DATA_DIR": town.data_dir})
    with database_of(settings) as conninfo, psycopg.connect(conninfo) as connection:
        connection.execute("update citizens.sign_in_code set sent_at = sent_at - interval '2 minutes'")


def confirm(page: Page, check_page: Check, *, action: str) -> None:
    """Type the code of a wish, once wrong."""
    code = code_of(page)
    page.locator("input[name=code]").fill("000000" if code != "000000" else "111111")
    page.locator(f"form[action='{action}'] button").click()
    expect(page.get_by_role("alert")).to_contain_text("验证码")
    check_page(page)
    page.locator("input[name=code]").fill(code)
    page.locator(f"form[action='{action}'] button").click()


def day_file(party: str, rows: list[tuple[str, str, int]]) -> bytes:
    """A party's file of a day long ago."""
    lines = [f"{key},purchase,{state},{fen},{LONG_AGO}T12:00:00+08:00" for key, state, fen in rows]
    head = f"#day-file,1,{party},{LONG_AGO},{len(rows)},{sum(row[2] for row in rows)}"
    return "\n".join([head, "key,kind,state,amount_fen,at", *lines, ""]).encode()


def send_file(page: Page, selector: str, name: str, content: bytes) -> None:
    page.set_input_files(selector, {"name": name, "mimeType": "text/csv", "buffer": content})
    page.locator(f"form:has({selector}) button").last.click()


def shop_of(town: Town) -> tuple[str, str, str, str]:
    """A seeded store: its id, name, acquirer and account."""
    settings = read_settings({"YONGQUAN_DATA_DIR": town.data_dir})
    query = "select store_id::text, name, acquirer, account_no from merchants.store where store_id = %s"
    with database_of(settings) as conninfo, psycopg.connect(conninfo) as connection:
        found = connection.execute(query, [town.stores[2]["store_id"]]).fetchone()
    assert found is not None
    return (found[0], found[1], found[2], found[3])


def test_an_operator_closes_a_line_and_opens_it_again(maker: Page, checker: Page) -> None:
    maker.goto("/console/lines")
    row = maker.locator("tr:has(input[value='lujiao//2'])")

    row.locator("input[name=reason]").fill("检修")
    row.locator("button").click()
    expect(maker.get_by_role("status")).to_contain_text("线路已停用")
    expect(row).to_contain_text("人工停用")
    look_at(maker, "lines-closed")
    row.locator("input[name=reason]").fill("检修完毕")
    row.locator("button").click()

    expect(maker.get_by_role("status")).to_contain_text("线路已启用")
    expect(row).not_to_contain_text("人工停用")
    checker.goto("/console/lines")
    expect(checker.locator("input[name=reason]")).to_have_count(0)
    expect(checker.locator("main")).to_contain_text("线路由平台运营人员启停")


def test_a_days_file_is_refused_by_line_then_imported_and_its_case_closed(maker: Page, town: Town) -> None:
    party = town.stores[2]["store_id"]
    maker.goto("/console/reconciliation")

    send_file(maker, "#day-file", "bad.csv", day_file(party, [("LONG-1", "done", 8_800)]))
    expect(maker.locator("tbody tr")).to_contain_text("状态应为 succeeded")
    expect(maker.locator("tbody td").first).to_have_text("3")
    maker.get_by_role("link", name="返回对账").click()
    send_file(maker, "#day-file", "good.csv", day_file(party, [("LONG-1", "succeeded", 8_800)]))
    expect(maker.get_by_role("status")).to_contain_text("文件已导入并对账")
    look_at(maker, "reconciliation")
    maker.get_by_role("link", name="LONG-1").click()
    expect(maker.locator("h1")).to_contain_text("长款")
    maker.get_by_role("button", name="接手处理").click()
    maker.locator("#case-text").fill("商户确认多报一笔")
    maker.get_by_role("button", name="结案").click()

    expect(maker.locator(".head")).to_contain_text("已结案")
    expect(maker.locator(".list-group")).to_contain_text("商户确认多报一笔")
    look_at(maker, "reconciliation-case")
    maker.goto(f"/console/reconciliation?day={LONG_AGO}&state=open")
    expect(maker.locator("main")).to_contain_text("没有符合条件的差异")


def test_a_fee_table_is_written_by_one_and_approved_by_another(maker: Page, checker: Page) -> None:
    maker.goto("/console/fees")
    day = (date.today() + timedelta(days=3_000)).isoformat()

    for typed in ("很多", "0.31"):
        maker.locator("[name='0.interchange.rate']").fill(typed)
        maker.locator("#rows-day").fill(day)
        maker.locator("#rows-reason").fill("试调发卡机构手续费")
        maker.locator("#fee-rows button[value=preview]").click()
        if typed == "很多":
            expect(maker.get_by_role("alert")).to_contain_text("有 1 处要改")
            expect(maker.locator("[name='0.interchange.rate']")).to_have_value(typed)
            expect(maker.locator("[id='fault-0.interchange.rate']")).to_contain_text("费率写百分数")
    expect(maker.locator("#fee-sample")).to_contain_text("0.31")
    expect(maker.locator("#rows-reason")).to_have_value("试调发卡机构手续费")
    look_at(maker, "fees-tried")
    # The switch of languages began a new form.
    maker.locator("[name='0.interchange.rate']").fill("0.31")
    maker.locator("#rows-day").fill(day)
    maker.locator("#rows-reason").fill("试调发卡机构手续费")
    maker.locator("#fee-rows button[value=propose]").click()
    expect(maker.get_by_role("status")).to_contain_text("待复核")
    expect(maker.locator("button[name=approve]")).to_have_count(0)
    checker.goto("/console/fees")
    expect(checker.locator("main details[open]")).to_contain_text("0.31%")
    look_at(checker, "fees-proposed")
    checker.get_by_role("button", name="同意", exact=True).click()

    expect(checker.get_by_role("status")).to_contain_text("已同意")
    expect(checker.locator(f"tr:has-text('{day}')")).to_contain_text("已同意")


def test_a_hold_is_proposed_for_a_shop_found_by_name_decided_and_released(
    maker: Page, checker: Page, town: Town
) -> None:
    store_id, name, _, _ = shop_of(town)
    maker.goto("/console/settlement")
    maker.locator("#shop-name").fill(name[:2])
    maker.get_by_role("button", name="查找").click()
    look_at(maker, "settlement-found")

    maker.locator(f"a[href*='store={store_id}']").click()
    expect(maker.locator("#hold-store")).to_have_value(store_id)
    maker.locator("#hold-basis").fill("规则第三条")
    maker.locator("#hold-notice").fill("核查期间暂缓补贴")
    maker.locator("#hold-deadline").fill(f"{date.today() + timedelta(days=20)}T12:00")
    maker.get_by_role("button", name="提交复核").click()
    expect(maker.get_by_role("status")).to_be_visible()
    held = checker.locator("tr:has-text('规则第三条')")
    checker.goto("/console/settlement")
    held.get_by_role("button", name="同意", exact=True).click()
    expect(held).to_contain_text("暂缓中")
    look_at(checker, "settlement-held")
    held.locator("input[name=reason]").fill("已查清")
    held.get_by_role("button", name="提请解除").click()
    maker.goto("/console/settlement")
    maker.locator("tr:has-text('规则第三条')").get_by_role("button", name="同意", exact=True).click()

    expect(maker.locator("tr:has-text('规则第三条')")).to_contain_text(re.compile("已解除|收单机构执行中"))
    maker.goto(f"/console/settlement/shops/{store_id}")
    maker.locator("input[name=minimum_yuan]").fill("50")
    maker.locator("form", has=maker.locator("input[name=minimum_yuan]")).get_by_role("button").click()
    expect(maker.get_by_role("status")).to_contain_text("已记录")
    expect(maker.locator("main")).to_contain_text("现在：50.00 元")
    look_at(maker, "settlement-shop")


def test_a_file_of_payouts_is_checked_approved_by_another_and_reported(maker: Page, checker: Page, town: Town) -> None:
    _, name, acquirer, account = shop_of(town)
    rows = [f"MP-1,{account},{name},1.20,奖励,{acquirer}", f"MP-2,{account},别人,1.00,奖励,{acquirer}"]
    content = "\n".join(["payout_no,account,name,amount,purpose,bank", *rows, ""]).encode()
    maker.goto("/console/payouts")

    maker.locator("#payer").select_option("store:")
    maker.locator("#batch_no").fill("MP-0")
    send_file(maker, "#file", "wages.csv", content)
    expect(maker.get_by_role("alert")).to_contain_text("没有这个付款方")
    maker.locator("#payer").select_option("funder:seed")
    maker.locator("#batch_no").fill("MP-A")
    send_file(maker, "#file", "wages.csv", content)
    expect(maker.locator("main")).to_contain_text("户名与账号不符")
    expect(maker.get_by_role("button", name="复核放行")).to_have_count(0)
    look_at(maker, "payouts-planned")
    checker.goto(maker.url)
    checker.get_by_role("button", name="复核放行").click()

    expect(checker.locator("[data-count=succeeded] td").first).to_have_text("1", timeout=20_000)
    look_at(checker, "payouts-paid")
    with checker.expect_download() as waiting:
        checker.get_by_role("link", name="下载结果（未付成）").click()
    report = waiting.value.path().read_text(encoding="utf-8-sig")
    assert "MP-2" in report
    assert "MP-1" not in report
    checker.goto("/console/payouts")
    expect(checker.locator("tr:has-text('MP-A')")).to_contain_text("已放行")
    look_at(checker, "payouts")


def test_money_is_sent_to_a_phone_and_both_accounts_show_it(
    phone: Page, phones: Phones, town: Town, check_page: Check
) -> None:
    other = phones().new_page()
    number = sign_in(other)
    bind_card(other)
    let_a_minute_pass(town)
    phone.goto("/c/transfer")
    check_both(phone, check_page)

    phone.locator("input[name=to]").fill(number)
    phone.locator("input[name=amount]").fill("12.5")
    phone.get_by_role("button", name="下一步").click()
    confirm(phone, check_page, action="/c/transfer/send")

    expect(phone.locator("h1")).to_have_text("已到账")
    check_both(phone, check_page)
    for page, amount in ((phone, "−¥12.50"), (other, "+¥12.50")):
        page.goto("/c/cards")
        page.get_by_role("link", name="余额与明细").click()
        expect(page.locator(".rows li").first).to_contain_text(amount)
    check_both(phone, check_page)


def test_a_plan_for_a_fund_makes_a_mandate_which_is_revoked(phone: Page, town: Town, check_page: Check) -> None:
    let_a_minute_pass(town)
    phone.goto("/c/funds")
    check_both(phone, check_page)
    phone.goto("/c/mandates")
    check_both(phone, check_page)
    phone.goto("/c/funds")

    phone.locator("input[name=fund]").first.check()
    phone.locator("input[name=amount]").fill("100")
    phone.locator("select[name=day]").select_option("10")
    phone.get_by_role("button", name="下一步").click()
    confirm(phone, check_page, action="/c/goods")
    expect(phone.get_by_role("heading", name="定投计划")).to_be_visible()
    expect(phone.get_by_role("link", name=re.compile("每月 10 日"))).to_contain_text("日盈货币")
    check_both(phone, check_page)
    phone.get_by_role("link", name=re.compile("每月 10 日")).click()
    expect(phone.locator("section[data-state=active]")).to_have_count(1)
    check_both(phone, check_page)
    phone.locator("summary").click()
    phone.get_by_role("button", name="确认解约").click()

    expect(phone.get_by_role("status")).to_contain_text("已解约")
    expect(phone.locator("section[data-state=revoked]")).to_have_count(1)


def test_another_banks_credit_card_is_repaid(phone: Page, town: Town, check_page: Check) -> None:
    let_a_minute_pass(town)
    phone.goto("/c/repay")
    check_both(phone, check_page)
    example = re.search(r"\d{16,19}", phone.locator("main").inner_text())
    assert example is not None

    phone.locator("input[name=target]").fill(example[0])
    phone.get_by_role("button", name="查账单").click()
    check_page(phone)
    left_fen = int(phone.locator("[data-left]").get_attribute("data-left") or "0")
    phone.locator("input[name=amount]").fill("1.5")
    phone.get_by_role("button", name="下一步").click()
    confirm(phone, check_page, action="/c/goods")

    expect(phone.locator("li[data-state=confirmed]")).to_contain_text("¥1.50")
    check_both(phone, check_page)
    phone.locator("input[name=target]").fill(example[0])
    phone.get_by_role("button", name="查账单").click()
    assert int(phone.locator("[data-left]").get_attribute("data-left") or "0") <= left_fen - 150


def test_a_card_is_bound_by_number_and_by_choosing_it_at_its_bank(
    phones: Phones, town: Town, check_page: Check
) -> None:
    page = phones().new_page()
    sign_in(page)
    let_a_minute_pass(town)
    page.goto("/c/cards/bind")
    check_both(page, check_page)
    page.locator("button[name=bank][value=yuehu]").click()
    pan, holder, mobile = (part.strip() for part in page.locator("[data-demo]").inner_text().split("·"))

    for name, text in (("pan", pan), ("holder", "别人"), ("phone", mobile)):
        page.locator(f"input[name={name}]").fill(text)
    page.locator("form.sheet button").click()
    expect(page.get_by_role("alert")).to_contain_text("与银行预留的不一致")
    check_page(page)
    for name, text in (("pan", pan), ("holder", holder), ("phone", mobile)):
        page.locator(f"input[name={name}]").fill(text)
    page.locator("form.sheet button").click()
    page.locator("input[name=code]").fill(code_of(page))
    check_page(page)
    page.locator("form.sheet button").click()
    expect(page.locator(".bank-card")).to_contain_text(pan[-4:])
    check_both(page, check_page)
    page.goto("/c/cards/banks/yuehu")

    expect(page.locator("main")).to_contain_text("已绑定")
    check_both(page, check_page)
