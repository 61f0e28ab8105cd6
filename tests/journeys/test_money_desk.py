"""Money and suspicion at the desk: a stop, a frozen and a void voucher, a funder's pages, the auditor, shares."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from conftest import Town
from desk_people import look_at, signed_in
from people import bind_card, charge, claim, shown_pay_code, sign_in, sign_in_till
from playwright.sync_api import Browser, BrowserContext, Page, expect

Phones = Callable[[], BrowserContext]
DOCUMENT = """\
format: 1
code: shared
name: 共担消费券
name_en: Shared vouchers
funder: seed
starts_at: 2030-03-01 00:00
ends_at: 2030-03-08 00:00
budget: 2000元
rounds:
  - key: r1
    name: 第1轮
    name_en: Round 1
    opens_at: 2030-03-01 10:00
    closes_at: 2030-03-02 00:00
    caps: {limits: [{most: 1, period: day}]}  # 留在文件里
    types:
      - {key: t1, name: 餐饮券, name_en: Dining, amount: 20元, threshold: 50元, stock: 100, valid_days: 3}
"""


@pytest.fixture(scope="module")
def desk(browser: Browser, town: Town) -> Iterator[Page]:
    """An officer who is finance too."""
    page = signed_in(browser, town, "treasurer", "--role", "bureau_officer", "--role", "finance", "--role", "auditor")
    yield page
    page.context.close()


def vouchers_of(citizen: Page) -> list[str]:
    citizen.goto("/c/wallet")
    links = [a.get_attribute("href") or "" for a in citizen.locator("a[href^='/c/vouchers/']").all()]
    return [link.rpartition("/")[2] for link in links]


def claim_there(citizen: Page, round_id: str, *, key: str) -> int:
    token = citizen.request.get("/c/token").json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    body = {"location": {"lon": 121.545, "lat": 29.872}}
    return citizen.request.post(f"/v1/rounds/{round_id}/claims", headers=headers, data=body).status


def move_campaign(desk: Page, move: str, reason: str) -> None:
    place = desk.locator(".head")
    place.locator("summary", has_text=move).click()
    place.locator("details[open] input[name=reason]").fill(reason)
    place.locator("details[open] button").click()


def open_campaign(desk: Page) -> None:
    desk.goto("/console/campaigns")
    desk.get_by_role("link", name="海曙春日消费季").click()


def test_a_stop_closes_claims_and_wallets_until_it_is_lifted(desk: Page, phones: Phones, town: Town) -> None:
    citizen, other = phones().new_page(), phones().new_page()
    sign_in(citizen)
    sign_in(other)
    assert claim_there(citizen, town.special.nearby, key="before") == 201
    open_campaign(desk)

    move_campaign(desk, "紧急停用", "查实刷券")
    expect(desk.locator("[role=alert]")).to_contain_text("已紧急停用")
    refused = claim_there(other, town.special.nearby, key="meanwhile")
    move_campaign(desk, "恢复", "已查清")

    expect(desk.locator("[role=status]")).to_contain_text("已恢复")
    assert refused == 409
    for _ in range(20):
        status = claim_there(other, town.special.nearby, key="after")
        if status == 201:
            break
        other.wait_for_timeout(100)
    assert status == 201
    expect(desk.locator("#history").locator("xpath=../..")).to_contain_text("紧急停用活动")


def test_a_voucher_is_frozen_thawed_and_made_void_with_its_reason(desk: Page, phones: Phones, town: Town) -> None:
    citizen = phones().new_page()
    sign_in(citizen)
    assert claim_there(citizen, town.special.nearby, key="suspect") == 201
    (voucher,) = vouchers_of(citizen)
    open_campaign(desk)
    look_at(desk, "campaign-nothing-frozen")

    desk.locator("#freeze-ids").fill(voucher)
    desk.locator("#freeze-reason").fill("疑似代刷")
    desk.get_by_role("button", name="确认冻结").click()
    expect(desk.locator("[role=status]")).to_contain_text("已冻结 1 张券")
    look_at(desk, "campaign-frozen")
    citizen.goto(f"/c/vouchers/{voucher}")
    expect(citizen.locator("main")).to_contain_text("疑似代刷")
    expect(citizen.get_by_role("link", name="用这张券付款")).to_have_count(0)
    look_at(citizen, "voucher-frozen", phone=True)

    open_campaign(desk)
    desk.locator("summary", has_text="解冻").click()
    desk.locator("details[open] input[name=reason]").fill("查清")
    desk.get_by_role("button", name="确认解冻").click()
    expect(desk.locator("[role=status]")).to_contain_text("已解冻 1 张券")
    citizen.reload()
    expect(citizen.get_by_role("link", name="用这张券付款")).to_be_visible()

    desk.locator("#void-ids").fill(voucher)
    desk.locator("#void-reason").fill("误发")
    desk.locator("form[action$=void] input[name=sure]").last.check()
    desk.locator("form:has(#void-ids) button").click()
    expect(desk.locator("[role=status]")).to_contain_text("已作废 1 张券")
    citizen.reload()
    expect(citizen.locator("main")).to_contain_text("误发")
    desk.goto("/console/audit")
    for act in ("冻结消费券", "解冻消费券", "作废消费券"):
        expect(desk.locator("tbody")).to_contain_text(act)


def test_finance_moves_money_by_document_once_and_takes_the_statement(desk: Page) -> None:
    desk.goto("/console/funders/seed/money")

    for _ in range(2):
        desk.locator("#kind").select_option("prepay")
        desk.locator("#document_no").fill("收据-2030-7")
        desk.locator("#amount").fill("1234.50")
        desk.get_by_role("button", name="登记并记账").click()
        expect(desk.locator("[role=status]")).to_contain_text("已登记")
    expect(desk.locator("td", has_text="收据-2030-7")).to_have_count(1)
    desk.locator("#scope").select_option("day")
    desk.locator("#limit").fill("99999")
    desk.get_by_role("button", name="保存上限").click()
    expect(desk.locator("[role=status]")).to_contain_text("补贴上限已更新")
    look_at(desk, "funder-money")
    with desk.expect_download() as waiting:
        desk.get_by_role("button", name="下载 Excel").click()
    assert waiting.value.suggested_filename.endswith(".xlsx")
    desk.locator("#limit").fill("")
    desk.locator("#scope").select_option("day")
    desk.get_by_role("button", name="保存上限").click()


def test_budget_is_moved_between_types_and_the_board_follows(desk: Page) -> None:
    open_campaign(desk)
    desk.get_by_role("link", name="预算看板").click()
    look_at(desk, "budget-board")
    options = {text.split(" · ")[1].split(" (")[0]: text for text in desk.locator("#source option").all_inner_texts()}
    target = options["象山海鲜券"]
    left = int(target.rpartition("(")[2].rstrip(")"))

    desk.locator("#source").select_option(label=options["海曙到店券"])
    desk.locator("#target").select_option(label=target)
    desk.locator("#pieces").fill("3")
    desk.locator("#move-reason").fill("海鲜券更受欢迎")
    desk.get_by_role("button", name="调剂").click()

    expect(desk.locator("[role=status]")).to_contain_text("预算已调剂")
    expect(desk.locator("#target option", has_text="象山海鲜券")).to_contain_text(f"({left + 3})")


def test_an_auditor_draws_the_same_sample_again_and_opens_it(
    browser: Browser, desk: Page, phones: Phones, town: Town
) -> None:
    citizen, till = phones().new_page(), phones().new_page()
    sign_in(citizen)
    bind_card(citizen)
    claim(citizen, town.rounds[0])
    sign_in_till(till, town.stores[0]["token"])
    charge(till, "68.00", shown_pay_code(citizen))
    expect(till.locator("#outcome")).to_have_class("is-succeeded")
    until = (date.today() + timedelta(days=1)).isoformat()
    seat = signed_in(browser, town, "examiner", "--role", "auditor", "--funder", "seed", "--valid-until", until)

    samples = []
    for _ in range(2):
        seat.goto("/console/seat")
        seat.locator("#seed").fill("20300301")
        seat.get_by_role("button", name="抽样").click()
        samples.append(seat.locator("tbody th").all_inner_texts())

    assert samples[0] == samples[1] != []
    look_at(seat, "seat")
    seat.locator("tbody th a").first.click()
    expect(seat.locator("h1")).to_contain_text("核销明细")
    look_at(seat, "redemption")
    assert seat.request.get("/console/campaigns").url.endswith("/console/seat")
    desk.goto("/console/audit")
    expect(desk.locator("tbody")).to_contain_text("审计抽样")


def test_shares_are_chosen_in_the_form_and_the_limits_stay_in_the_text(desk: Page) -> None:
    desk.goto("/console/documents/new")
    desk.locator("#text").fill(DOCUMENT)
    desk.locator("button[value=check]").click()
    expect(desk.get_by_role("status").first).to_contain_text("检查通过")
    shares = desk.locator("[data-shares]")

    shares.locator("select").nth(0).select_option("seed")
    shares.locator("input").nth(0).fill("60")
    shares.locator("input").nth(1).fill("40%")
    expect(shares.locator("[data-sum]")).to_have_text("100%")
    shares.locator("input").nth(1).fill("")
    expect(shares.locator("[data-sum]")).to_have_class(re.compile("is-short"))
    desk.locator("button[value=form-check]").click()
    expect(desk.get_by_role("alert")).to_contain_text("各方比例合计须为 100%")
    desk.locator("[data-shares] input").nth(0).fill("100")
    desk.locator("button[value=form-check]").click()

    expect(desk.get_by_role("status").first).to_contain_text("检查通过")
    text = desk.locator("#text").input_value()
    assert "shares: [{funder: seed, share: 100%}]" in text
    assert "caps: {limits: [{most: 1, period: day}]}  # 留在文件里" in text
    expect(desk.locator("main")).to_contain_text("只在文件里写，表单原样保留")
    desk.locator("button[value=form-save]").click()
    desk.wait_for_url("**/console/documents/shared/1")
    desk.goto("/console/documents/shared/edit")
    look_at(desk, "document-form-usual")
    for more in desk.locator(".doc-more > summary").all():
        more.click()
    look_at(desk, "document-form")
