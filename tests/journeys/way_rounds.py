"""Rounds for the other ways to a voucher, beside a running server: push, code, gift, apply, a pack, and free budget."""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from rooms.vouchers.test_application_form import FORM

from yongquan.flows.apply_with_proof import open_form
from yongquan.flows.fund_campaign import fund_campaign, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.plumbing.db import Connection, database_of, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.settings import read_settings
from yongquan.vouchers.model import Campaign, Caps, Round, RoundMode, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds
from yongquan.vouchers.ways.packs import Pack, PackItem, caps_of_packs, save_pack

FUNDER = "seed"
NAMES = {
    "push": ("银龄关怀券", "Silver care"),
    "code": ("商会券码", "Federation codes"),
    "gift": ("门店答谢券", "Thanks from the shop"),
    "apply": ("汽车以旧换新", "Car replacement"),
    "pack": ("杭式券包", "Pack of five"),
    "grab": ("开抢演练用轮次", "Round to rehearse"),
}
PACK = ((500, 2_000, 2), (1_000, 4_000, 2), (2_000, 8_000, 1))
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WayRounds:
    """Round ids as they stand in addresses."""

    push: str
    code: str
    gift: str
    apply: str
    pack: str
    grab: str


def beside(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread, as Playwright holds this one's loop."""
    answers: list[T] = []
    thread = threading.Thread(target=lambda: answers.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return answers[0]


async def open_way_rounds(data_dir: str) -> WayRounds:
    """Publish them all, funded."""
    with database_of(read_settings({"YONGQUAN_DATA_DIR": data_dir})) as conninfo:
        async with opened(conninfo) as database, database.transaction() as connection:
            row = await (await connection.execute("select plumbing.now()")).fetchone()
            assert row is not None
            return await _publish(connection, row[0])


async def _publish(connection: Connection, now: datetime) -> WayRounds:
    campaign = Campaign(
        campaign_id=fresh_id(),
        code=f"ways-{fresh_id()}",
        name="各种发券方式",
        name_en="Ways to a voucher",
        funder_id=FUNDER,
        adcode=None,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=9),
        budget_fen=10**8,
    )
    rounds = {key: _round(campaign, key, now) for key in NAMES}
    types = {key: _types(round_) for key, round_ in rounds.items()}
    flat = [type_ for of in types.values() for type_ in of]
    await save_campaign(connection, campaign, now=now)
    await save_rounds(connection, list(rounds.values()), flat)
    items = tuple(PackItem(t.type_id, copies) for t, (_, _, copies) in zip(types["pack"], PACK, strict=True))
    await save_pack(connection, rounds["pack"], types["pack"], Pack("五券同享", "Five in one", 10, items))
    await open_form(connection, rounds["apply"].round_id, FORM, mode=RoundMode.APPLY)
    sum_fen = sum(type_.exposure_fen for type_ in flat) + 1_000_000
    facts: dict[str, Any] = {"funder_id": FUNDER, "now": now}
    await record_prepayment(connection, receipt=campaign.code, amount_fen=sum_fen, **facts)
    await fund_campaign(connection, campaign_id=campaign.campaign_id, cash_fen=sum_fen, **facts)
    ids = [round_.round_id for round_ in rounds.values()]
    await publish_rounds(connection, campaign.campaign_id, ids, cells=1, now=now)
    return WayRounds(**{key: str(round_.round_id) for key, round_ in rounds.items()})


def _round(campaign: Campaign, key: str, now: datetime) -> Round:
    name, name_en = NAMES[key]
    caps = Caps(per_round=1)
    return Round(
        fresh_id(),
        campaign.campaign_id,
        name,
        name_en,
        now - timedelta(minutes=5),
        now + timedelta(days=3),
        mode=RoundMode(key) if key in set(RoundMode) else RoundMode.GRAB,
        caps=caps_of_packs(caps, 5) if key == "pack" else caps,
    )


def _types(round_: Round) -> list[VoucherType]:
    kinds = PACK if round_.name == NAMES["pack"][0] else ((1_000, 5_000, 10),)
    return [
        VoucherType(
            type_id=fresh_id(),
            round_id=round_.round_id,
            name=f"满{threshold // 100}减{amount // 100}元",
            name_en=f"{amount // 100} off {threshold // 100}",
            amount_fen=amount,
            threshold_fen=threshold,
            stock=10 * copies,
            valid_days=7,
        )
        for amount, threshold, copies in kinds
    ]
