"""After the demo's day: rounds that a visitor can claim from, and where to click."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from yongquan.flows.announce_draw import Terms, announce_draw
from yongquan.flows.fund_campaign import fund_campaign, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.tokens import Holder, Tokens
from yongquan.simulation.city import City
from yongquan.simulation.city_applicants import MANAGER_PHONE
from yongquan.simulation.city_providers import Field
from yongquan.simulation.demo_staff import enrol_demo_staff
from yongquan.simulation.populate import store_id_of
from yongquan.staff.sandbox import CHECKER_LOGIN, MAKER_LOGIN
from yongquan.vouchers.draw_plan import Beacon
from yongquan.vouchers.model import Campaign, CampaignRules, Caps, RefundPolicy, Round, RoundMode, VoucherType
from yongquan.vouchers.sharing import FunderShare
from yongquan.vouchers.store import save_campaign, save_rounds

FUNDER = "bureau-330200"
# City, and two districts that promise on their advancer's limit.
SHARES = (FunderShare(FUNDER, 5_000), FunderShare("bureau-330203", 3_000), FunderShare("bureau-330212", 2_000))
STOCK = 2_000
SOON = timedelta(minutes=3)
LASTS = timedelta(days=7)
SIGN_UP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who a visitor can be: a citizen by phone, a store by link, an officer by login."""

    phone: str
    name: str
    store_token: str
    store_name: str
    login: str
    password: str
    totp_secret: str
    surveyor: Field


async def open_for_visitors(
    database: Database, sealing: Sealing, *, strata: Sequence[str], cells: int, now: datetime
) -> VoucherType:
    """Publish a campaign with a round open now, one that opens in three minutes, and a draw to sign up for.

    Returns a type that can be claimed now.
    """
    campaign = Campaign(
        campaign_id=fresh_id(),
        code=f"visitors-{now:%Y%m%d%H%M%S}",
        name="体验消费券",
        name_en="Vouchers to try",
        funder_id=FUNDER,
        adcode=None,
        starts_at=now,
        ends_at=now + LASTS,
        budget_fen=3 * STOCK * (1_000 + 2_000),
        rules=CampaignRules(refund=RefundPolicy.RETURN),
    )
    rounds = [
        Round(
            round_id=fresh_id(),
            campaign_id=campaign.campaign_id,
            name=name,
            name_en=name_en,
            opens_at=opens_at,
            closes_at=now + LASTS,
            caps=Caps(per_round=1),
        )
        for name, name_en, opens_at in (
            ("体验券 现在就抢", "To try: open now", now),
            ("体验券 三分钟后开抢", "To try: opens in three minutes", now + SOON),
        )
    ]
    drawn = Round(
        round_id=fresh_id(),
        campaign_id=campaign.campaign_id,
        name="体验券 报名摇号",
        name_en="To try: sign up for a draw",
        opens_at=now + timedelta(seconds=1),
        closes_at=now + LASTS,
        mode=RoundMode.DRAW,
    )
    rounds.append(drawn)
    types = [type_ for round_ in rounds for type_ in _types(round_)]
    async with database.transaction() as connection:
        await save_campaign(connection, campaign, now=now)
        await _fund(connection, campaign, now=now)
        await save_rounds(connection, rounds, types)
        ids = [round_.round_id for round_ in rounds]
        await publish_rounds(connection, campaign.campaign_id, ids, cells=cells, now=now)
        closes_at = now + SIGN_UP
        beacon = Beacon("体验摇号 随机数", closes_at + timedelta(seconds=30))
        terms = Terms(closes_at, beacon, now + LASTS - SOON, 2, strata)
        await announce_draw(connection, drawn.round_id, terms, sealing, actor="command:demo", now=now)
    return types[0]


async def welcome(database: Database, sealing: Sealing, tokens: Tokens, city: City, field: Field) -> Welcome:
    """Make the demo's logins: its first citizen, its first store, one officer."""
    login, password, totp_secret = await enrol_demo_staff(database, sealing, wall_now())
    return Welcome(
        phone=city.citizens.row(0).phone,
        name=city.citizens.row(0).name,
        store_token=tokens.issue(
            Holder.STORE, store_id_of(city.shops.row(0), city.seed), expires_at=wall_now() + LASTS
        ),
        store_name=city.shops.row(0).name,
        login=login,
        password=password,
        totp_secret=totp_secret,
        surveyor=field,
    )


def lines_of(welcomed: Welcome, *, url: str, bank: str) -> Sequence[str]:
    """What to tell a visitor, a line each."""
    return (
        f"市民手机页 citizen  {url}/c/  手机号 phone {welcomed.phone} (验证码在页面上 the code is on the page)",
        f"商户收银页 till     {url}/m/sign-in#{welcomed.store_token}  ({welcomed.store_name})",
        f"商户空间 shops' space  {url}/m/space  手机号 phone {MANAGER_PHONE} (入驻申请 applications in each state)",
        f"管理台 console      {url}/console  {welcomed.login} / {welcomed.password} (动态码在页面上 code on the page)",
        f"商户空间 Merchant Space  {url}/m/home (商户 the shop), {url}/console/space (管理台 the console)",
        f"商户自有券 own vouchers  {url}/m/own (商户 the shop), {url}/console/own (管理台 the console)",
        f"  {MAKER_LOGIN} 写活动 writes a campaign, {CHECKER_LOGIN} 复核 approves it (密码相同 the same password)",
        f"服务商走访 surveyor {url}/p/  手机号 phone {welcomed.surveyor.phone} ({welcomed.surveyor.provider})",
        f"银行应用 bank's app  {bank}/  手机号 phone {welcomed.phone} 姓名 name {welcomed.name}",
        f"  授权短信 its code of consent is shown at {url}/c/apps",
        f"接口文档 API docs    {url}/docs",
    )


async def _fund(connection: Connection, campaign: Campaign, *, now: datetime) -> None:
    for share in SHARES:
        part_fen = campaign.budget_fen * share.share_bp // 10_000
        cash_fen = part_fen if share.funder_id == FUNDER else 0
        if cash_fen:
            await record_prepayment(connection, receipt=campaign.code, funder_id=FUNDER, amount_fen=cash_fen, now=now)
        await fund_campaign(
            connection,
            campaign_id=campaign.campaign_id,
            funder_id=share.funder_id,
            cash_fen=cash_fen,
            advance_fen=part_fen - cash_fen,
            now=now,
        )


def _types(round_: Round) -> list[VoucherType]:
    return [
        VoucherType(
            type_id=fresh_id(),
            round_id=round_.round_id,
            name=f"通用券 满{spend}减{off}",
            name_en=f"General: {off} off {spend}",
            amount_fen=off * 100,
            threshold_fen=spend * 100,
            stock=STOCK,
            valid_days=5,
            shares=SHARES,
        )
        for spend, off in ((50, 10), (100, 20))
    ]
