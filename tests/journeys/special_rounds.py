"""Rounds in the states that a load test's seed does not have: coming, over, sold out, for others, elsewhere, shared."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.fund_campaign import fund_campaign, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.settings import Settings
from yongquan.vouchers.model import Campaign, CampaignRules, Caps, Conditions, Round, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds

FUNDER = "seed"
VOUCHER_FEN = 1_000


@dataclass(frozen=True, slots=True)
class SpecialRounds:
    """Round ids as they stand in addresses."""

    coming: str
    over: str
    sold_out: str
    for_elders: str
    far_away: str
    nearby: str
    later_valid: str


async def open_special_rounds(settings: Settings) -> SpecialRounds:
    """Publish them beside the running server."""
    with database_of(settings) as conninfo:
        async with opened(conninfo) as database, database.transaction() as connection:
            row = await (await connection.execute("select plumbing.now()")).fetchone()
            assert row is not None
            now: datetime = row[0]
            campaign = _campaign(now)
            rounds = _rounds(campaign, now)
            types = [_type(round_, now) for round_ in rounds.values()]
            budget_fen = sum(type_.exposure_fen for type_ in types)
            await save_campaign(connection, campaign, now=now)
            await save_rounds(connection, list(rounds.values()), types)
            await record_prepayment(
                connection, receipt=str(campaign.campaign_id), funder_id=FUNDER, amount_fen=budget_fen, now=now
            )
            await fund_campaign(
                connection, campaign_id=campaign.campaign_id, funder_id=FUNDER, cash_fen=budget_fen, now=now
            )
            ids: list[UUID] = [round_.round_id for round_ in rounds.values()]
            await publish_rounds(connection, campaign.campaign_id, ids, cells=1, now=now)
    return SpecialRounds(**{name: str(round_.round_id) for name, round_ in rounds.items()})


def _campaign(now: datetime) -> Campaign:
    return Campaign(
        campaign_id=fresh_id(),
        code="journeys",
        name="海曙春日消费季",
        name_en="Haishu spring season",
        funder_id=FUNDER,
        adcode="330203",
        starts_at=now - timedelta(days=2),
        ends_at=now + timedelta(days=9),
        budget_fen=10**9,
        rules=CampaignRules(stacks_with_others=True),
    )


def _rounds(campaign: Campaign, now: datetime) -> dict[str, Round]:
    hour = timedelta(hours=1)
    times = {"coming": (now + 2 * hour, now + 30 * hour), "over": (now - 30 * hour, now - hour)}
    conditions = {
        "for_elders": Conditions(age_min=60),
        "far_away": Conditions(districts=("330225",)),
        "nearby": Conditions(districts=("330203",)),
    }
    names = {
        "coming": ("周末餐饮券", "Weekend dining"),
        "over": ("首轮体验券", "First taste"),
        "sold_out": ("秒杀券", "Flash round"),
        "for_elders": ("银龄券", "Silver years"),
        "far_away": ("象山海鲜券", "Xiangshan seafood"),
        "nearby": ("海曙到店券", "Haishu visitors"),
        "later_valid": ("月末券", "End of month"),
    }
    return {
        key: Round(
            round_id=fresh_id(),
            campaign_id=campaign.campaign_id,
            name=name,
            name_en=name_en,
            opens_at=times.get(key, (now - hour, now))[0],
            closes_at=times.get(key, (now, now + 90 * hour))[1],
            caps=Caps(per_round=1),
            conditions=conditions.get(key, Conditions()),
        )
        for key, (name, name_en) in names.items()
    }


def _type(round_: Round, now: datetime) -> VoucherType:
    return VoucherType(
        type_id=fresh_id(),
        round_id=round_.round_id,
        name="满50减10元",
        name_en="10 off 50",
        amount_fen=VOUCHER_FEN,
        threshold_fen=5_000,
        stock=0 if round_.name == "秒杀券" else 50,
        industry="dining",
        valid_from=now + timedelta(days=3) if round_.name == "月末券" else None,
        valid_until=now + timedelta(days=8),
        districts=("330203",),
    )
