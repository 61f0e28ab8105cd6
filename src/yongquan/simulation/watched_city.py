"""What the risk pages of the demo city have to show: the watched day, a tip, a case, a request, the announcement.

A small ring claims and pays at one shop on the visitors' morning, and the demo's staff do the rest, all through the
same flows as people use and after the demo's day: no count of it moves.
"""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from PIL import Image, ImageDraw

from yongquan.flows.answer_request import RequestDesk
from yongquan.flows.day_desk import DayDesk
from yongquan.flows.list_party import ListDesk
from yongquan.flows.publish_announcement import AnnouncementDesk
from yongquan.flows.take_tip import TipDesk
from yongquan.flows.watch_shops import watch_day
from yongquan.flows.work_alert import AlertDesk
from yongquan.flows.work_fraud_case import CaseDesk
from yongquan.kernel.ids import cell_of, named_id
from yongquan.merchants.views import store_of
from yongquan.payments.views import cards_of
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.announcements.store import Wording, in_force
from yongquan.risk.events import Entity
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import NewEntry
from yongquan.risk.requests.store import NewRequest, Officer
from yongquan.risk.tips.model import NewTip
from yongquan.risk.watching.store import AlertFilter, alerts_listed
from yongquan.simulation.doors import CityDoor, ClaimWish, PaymentWish
from yongquan.staff import Staff
from yongquan.staff.sandbox import CHECKER_LOGIN, MAKER_LOGIN
from yongquan.staff.store import find_by_login
from yongquan.vouchers.model import VoucherType

ANNOUNCEMENT = Wording(
    "关于严厉打击倒卖、套取消费券行为的联合公告",
    "消费券资金来自财政，须用于真实消费。\n"
    "严禁收购、倒卖消费券，严禁虚构交易、核销后返现等套取补贴的行为。\n"
    "对涉嫌违规的商户，暂缓结算补贴或货款并通知商户；商户可以在最迟结束日前申诉。\n"
    "查实的，追回补贴并退还出资方，取消参加活动的资格；涉嫌犯罪的，移送公安机关。\n"
    "欢迎举报，举报人信息严格保密。",
    "商务局、公安局、市场监督管理局、财政局、审计局",
    "Joint announcement against scalping of consumption vouchers",
    "Vouchers are public money and are for real purchases.\n"
    "Nobody may buy up or sell vouchers, invent trades, or pay cash back for redeemed vouchers.\n"
    "Where a shop is suspected, its subsidies or takings are held and it is told; it may appeal before the deadline.\n"
    "What is proven is recovered for its funders, and the shop is kept out of campaigns; crimes go to the police.\n"
    "Tell us what you see: who tells stays confidential.",
)
RING = 9
TOLD = "中午看到有人拿着好几部手机在收银台连续扫码，店员没有给货，之后转账给对方。"


async def suspect(desk: ListDesk, citizen_id: UUID) -> None:
    """The demo's maker puts a citizen on the grey list: what that one claims and pays is shown from now on."""
    now = desk.clock.now()
    maker = await staff_of(desk.database, desk.sealing, MAKER_LOGIN, now=now)
    grey = NewEntry(
        colour=Colour.GREY,
        party=Entity.CITIZEN,
        value=str(citizen_id),
        tier=1,
        source="二手平台巡查",
        basis="在二手平台出售消费券的账号与该手机号一致",
        since=now,
        until=now + timedelta(days=30),
    )
    await desk.add(maker, grey, key=str(citizen_id))


async def scalp(
    database: Database, door: CityDoor, citizens: Sequence[UUID], store_id: UUID, type_: VoucherType, *, cells: int
) -> None:
    """These citizens claim and at once pay the voucher's threshold at one shop."""
    async with database.transaction() as connection:
        store = await store_of(connection, store_id)
        cards = [await cards_of(connection, cell_of(citizen, cells), citizen) for citizen in citizens]
    for citizen, (card, *_) in zip(citizens, cards, strict=True):
        if store is None:
            return
        await door.claim(ClaimWish(citizen, type_.round_id, type_.type_id, store.lon, store.lat, store.adcode))
        await door.pay(PaymentWish(citizen, card.instrument_id, store_id, type_.threshold_fen, "scalped", by_code=True))


async def watch_city(days: DayDesk, sealing: Sealing, store_id: UUID, *, now: datetime) -> None:
    """Watch the day, and let the demo's maker and checker work on it, for a store of the city."""
    database, cells = days.database, days.cells
    maker, checker = [await staff_of(database, sealing, login, now=now) for login in (MAKER_LOGIN, CHECKER_LOGIN)]
    async with database.transaction() as connection:
        standing = await in_force(connection)
        place = await store_of(connection, store_id)
    if standing is not None or place is None:
        return
    versions = AnnouncementDesk(database)
    await versions.publish(checker, await versions.write(maker, ANNOUNCEMENT, now=now), now=now)
    day = business_day(now)
    await watch_day(database, day, now=now)
    async with database.transaction() as connection:
        alerts = await alerts_listed(connection, AlertFilter(day=day))
    key = named_id("demo", "tip", store_id)
    tip = NewTip(kind="shop", subject=place.name, told=TOLD)
    tips, cases = TipDesk(database, sealing), CaseDesk(database, sealing)
    await tips.send(tip, [_photo()], key=key, citizen_id=None, now=now - timedelta(hours=5))
    other = NewTip(kind="person", subject="网名“收券小哥”", told="在群里长期七折收购消费券，约到店里当面扫码。")
    await tips.send(other, [], key=named_id("demo", "tip", "person"), citizen_id=None, now=now - timedelta(hours=2))
    if alerts and alerts[0].store_id == store_id:
        await AlertDesk(database, days, cases).open_case(maker, alerts[0].alert_id, now=now)
    case_id = await tips.merge(maker, named_id("tip", key), store_id=store_id, now=now)
    await cases.take(maker, case_id, now=now)
    await cases.note(maker, case_id, "已调取当天核销记录，待实地走访。", now=now)
    wanted = NewRequest(
        number="甬公（经）调证字〔2022〕27号",
        authority="市公安局经侦支队",
        legal_basis="《中华人民共和国刑事诉讼法》第五十四条",
        officers=(Officer("周一民", "021187"), Officer("吴二安", "021533")),
        stores=(store_id,),
        from_day=day,
        until_day=day,
        case_id=case_id,
    )
    await RequestDesk(database, sealing, cells).take_in(maker, wanted, now=now)


async def staff_of(database: Database, sealing: Sealing, login: str, *, now: datetime) -> Staff:
    """One of the demo's staff."""
    async with database.transaction() as connection:
        found = await find_by_login(connection, login, sealing, now=now)
    if found is None:
        raise LookupError(f"{login} is not enrolled")
    return found


def _photo() -> bytes:
    """A till's slip, drawn."""
    picture = Image.new("RGB", (480, 640), "#f4f1e8")
    pen = ImageDraw.Draw(picture)
    for line in range(12):
        pen.rectangle((60, 60 + 40 * line, 420 - 23 * (line % 5), 76 + 40 * line), fill="#52616b")
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
