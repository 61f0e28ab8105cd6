"""A bureau pays approved applications to cards: the citizen names a card, two people approve, the money arrives."""

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHINESE_LEFT, Town
from desk_people import PASSWORD, enrol_by_command, try_sign_in
from people import bind_card, sign_in
from playwright.sync_api import Browser, BrowserContext, Page, expect
from rooms.vouchers.test_application_form import FORM
from way_rounds import FUNDER, beside

from yongquan.app import running
from yongquan.flows.apply_with_proof import open_form
from yongquan.flows.fund_campaign import fund_campaign, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.settings import read_settings
from yongquan.vouchers.model import Campaign, Round, RoundMode, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds
from yongquan.vouchers.ways.application_form import Benefit, Form
from yongquan.vouchers.ways.card_payments import card_payment_of

Phones = Callable[[], BrowserContext]
PHOTO = {"name": "invoice.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n paid to a card"}
PAYS_FEN = 50_000


@pytest.fixture(scope="module")
def round_id(town: Town) -> UUID:
    return beside(_open_round(town.data_dir))


@pytest.fixture
def officers(browser: Browser, town: Town) -> Iterator[list[Page]]:
    """Two officers, each at a screen of 1280 pixels."""
    contexts = [browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900}) for _ in range(2)]
    pages = []
    for context in contexts:
        context.set_default_timeout(15_000)
        member = enrol_by_command(town.data_dir, f"payer-{os.urandom(4).hex()}", "--role", "bureau_officer")
        page = context.new_page()
        try_sign_in(page, login=member.login, password=PASSWORD, code=member.code)
        page.wait_for_url("**/console/overview")
        pages.append(page)
    yield pages
    for context in contexts:
        context.close()


def test_an_application_is_paid_to_the_bound_card_after_two_approved(
    town: Town, round_id: UUID, phones: Phones, officers: list[Page]
) -> None:
    phone = phones().new_page()
    sign_in(phone)
    bind_card(phone)
    _fill(phone, round_id)
    phone.locator("input[value=another]").check()
    phone.locator("input[name=to-number]").fill("6299010000000001")
    _looks_well(phone, "card-form")
    phone.locator(".sheet button").click()
    expect(phone.locator("p[role=alert]")).to_have_text("收款账号有误")
    phone.locator("input[name=to-card]").first.check()
    phone.set_input_files("input[name=photo]", PHOTO)  # type: ignore[arg-type]
    phone.locator(".sheet button").click()
    expect(phone.locator("h1")).to_have_text("等待审核")
    id_ = phone.url.rsplit("/", 1)[1]
    first, second = officers

    _take(first, id_)
    expect(first.locator("main")).to_contain_text("付到申请人的银行卡，须两人通过")
    _looks_well(first, "desk-review")
    first.locator("button[value=approved]").click()
    _take(second, id_)
    second.locator("button[value=approved]").click()
    second.wait_for_url("**/console/applications")

    phone.goto(f"/c/applications/{id_}")
    expect(phone.locator("[role=status]")).to_contain_text("已付到银行卡 · 500.00 元")
    _looks_well(phone, "card-paid")
    second.goto(f"/console/applications/{id_}")
    expect(second.locator("section[aria-labelledby=payment]")).to_contain_text("已付到银行卡")
    _looks_well(second, "desk-paid")
    phone.goto("/c/wallet")
    expect(phone.locator(".ticket")).to_have_count(0)

    beside(_came_back(town.data_dir, id_))
    phone.goto(f"/c/applications/{id_}")
    expect(phone.locator("[role=status]")).to_contain_text("已被收款行退回")
    _looks_well(phone, "card-returned")
    second.goto("/console/applications")
    expect(second.locator("section[aria-labelledby=unpaid]")).to_contain_text("长期不动户")
    second.goto(f"/console/applications/{id_}")
    _looks_well(second, "desk-returned")
    phone.locator("input[name=to-card]").first.check()
    phone.get_by_role("button", name="付到这张卡").click()
    expect(phone.locator("[role=status]")).to_contain_text("已付到银行卡")


def _fill(phone: Page, round_id: UUID) -> None:
    phone.goto("/c/applications")
    expect(phone.locator("main")).to_contain_text("500 元付到银行卡")
    phone.goto(f"/c/applications/new/{round_id}")
    number = str(int.from_bytes(os.urandom(8)))[:8].zfill(8)
    for name, text in (("invoice", number), ("plate", f"浙B{number[:5]}"), ("price", "128,800")):
        phone.locator(f"input[name={name}]").fill(text)
    phone.set_input_files("input[name=photo]", PHOTO)  # type: ignore[arg-type]


def _take(desk: Page, id_: str) -> None:
    desk.goto(f"/console/applications/{id_}")
    desk.locator("button", has_text="领取审核").click()


def _looks_well(page: Page, shot: str) -> None:
    """In both languages: no serious fault, no Chinese left, nothing beyond the edge."""
    shots = os.environ.get("YONGQUAN_TEST_SHOTS")
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}] == [], shot
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), shot
    if shots:
        page.screenshot(path=f"{shots}/{shot}-zh.png", full_page=True)
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("form[action='/language'] button").click()
    expect(other.locator("html")).to_have_attribute("lang", "en")
    assert other.evaluate(CHINESE_LEFT) == [], shot
    if shots:
        other.screenshot(path=f"{shots}/{shot}-en.png", full_page=True)
    other.locator("form[action='/language'] button").click()
    expect(other.locator("html")).to_have_attribute("lang", "zh-CN")
    other.close()


async def _open_round(data_dir: str) -> UUID:
    with database_of(read_settings({"YONGQUAN_DATA_DIR": data_dir})) as conninfo:
        async with opened(conninfo) as database, database.transaction() as connection:
            row = await (await connection.execute("select plumbing.now()")).fetchone()
            assert row is not None
            now = row[0]
            campaign_id, round_id = fresh_id(), fresh_id()
            campaign = Campaign(
                campaign_id=campaign_id,
                code=f"cards-{campaign_id}",
                name="汽车置换",
                name_en="Car replacement",
                funder_id=FUNDER,
                adcode=None,
                starts_at=now - timedelta(hours=1),
                ends_at=now + timedelta(days=9),
                budget_fen=PAYS_FEN * 5,
            )
            round_ = Round(
                round_id=round_id,
                campaign_id=campaign_id,
                name="汽车置换补贴到卡",
                name_en="Car grant to a card",
                opens_at=now - timedelta(minutes=5),
                closes_at=now + timedelta(days=3),
                mode=RoundMode.APPLY,
            )
            type_ = VoucherType(
                type_id=fresh_id(),
                round_id=round_id,
                name="五百元",
                name_en="500 yuan",
                amount_fen=PAYS_FEN,
                threshold_fen=0,
                stock=5,
                valid_days=30,
            )
            await save_campaign(connection, campaign, now=now)
            await save_rounds(connection, [round_], [type_])
            await open_form(connection, round_id, Form(FORM.fields, None, Benefit.CARD), mode=RoundMode.APPLY)
            budget_fen = campaign.budget_fen
            await record_prepayment(connection, receipt=campaign.code, funder_id=FUNDER, amount_fen=budget_fen, now=now)
            await fund_campaign(connection, campaign_id=campaign_id, funder_id=FUNDER, cash_fen=budget_fen, now=now)
            await publish_rounds(connection, campaign_id, [round_id], cells=1, now=now)
            return round_id


async def _came_back(data_dir: str, application_id: str) -> None:
    """The bank sends the first attempt back, and both chores that notice it are run now."""
    settings = read_settings({"YONGQUAN_DATA_DIR": data_dir})
    with database_of(settings) as conninfo:
        async with running(settings, conninfo, cells=1) as platform:
            payouts = platform.payouts
            paid = await payouts.find(await payouts.of_funder(FUNDER), f"apply-{UUID(application_id).hex}-1")
            assert paid is not None
            async with platform.links.client(paid.payee_bank) as bank:
                await bank.send_back(f"{paid.payout_id.hex}-{paid.turn}-c", "长期不动户")
            # The server's own chores may be at it: whoever is first does it.
            for _ in range(40):
                await payouts.take_returns()
                await platform.card_payments.sweep()
                async with platform.database.transaction() as connection:
                    payment = await card_payment_of(connection, UUID(application_id))
                if payment is not None and payment.state == "returned":
                    return
                await asyncio.sleep(0.25)
