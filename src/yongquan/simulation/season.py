"""The demo day's campaigns: Xiangshan's, Haishu's and the city's February grab, and the other divisions' rounds.

Rules of the three are those that local guides published (see `ningbo/SOURCES.md`); budgets and stocks are invented.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from yongquan.institutions.store import Funder
from yongquan.kernel.ids import named_id
from yongquan.kernel.regions import Division
from yongquan.plumbing.clock import SHANGHAI
from yongquan.simulation.industries import INDUSTRIES
from yongquan.simulation.season_draw import PlannedDraw, plan_draw
from yongquan.vouchers.model import (
    Campaign,
    CampaignRules,
    Caps,
    Conditions,
    Direction,
    RefundPolicy,
    Round,
    VoucherType,
)

HAISHU: Final = "330203"
XIANGSHAN: Final = "330225"
CARD_BANKS: Final = ("chaoxin", "yuehu", "yunfan", "daoxiang", "zhenlan")
# [spend at least, off] in yuan: general vouchers, and those of relief industries.
GENERAL: Final = ((25, 5), (50, 10), (100, 20), (200, 40))
RELIEF: Final = ((50, 20), (100, 40), (200, 80), (300, 120))
# How much of the season's stock each step of the ladder has, in relative numbers: small vouchers are many.
SHARES: Final = (8, 5, 3, 1)
VOUCHERS_AT_FULL_SCALE: Final = 385_000
LARGE: Final = 0.5
# How many rounds a citizen cares for in all, in basis points, of the city's and of the home division's.
CITY_INTEREST_BP: Final = 11_000
DIVISION_INTEREST_BP: Final = 24_000


@dataclass(frozen=True, slots=True)
class PlannedRound:
    """A round of the day, when it opens, and how much citizens care for it (basis points)."""

    round: Round
    types: tuple[VoucherType, ...]
    interest_bp: int


@dataclass(frozen=True, slots=True)
class PlannedCampaign:
    """A campaign with its funder and rounds."""

    campaign: Campaign
    funder: Funder
    rounds: tuple[PlannedRound, ...]


@dataclass(frozen=True, slots=True)
class Season:
    """Everything that bureaux publish for the demo day."""

    day: date
    campaigns: tuple[PlannedCampaign, ...]
    draw: PlannedDraw

    @property
    def rounds(self) -> tuple[PlannedRound, ...]:
        """All rounds to grab from, in the order of their opening."""
        return tuple(
            sorted((r for c in self.campaigns for r in c.rounds), key=lambda r: (r.round.opens_at, r.round.name))
        )


@dataclass(frozen=True, slots=True)
class _Style:
    code: str
    name: str
    name_en: str
    opens: time
    rules: CampaignRules
    caps: Caps
    conditions: Conditions
    valid_days: int
    rounds: int
    interest_bp: int


def plan_season(divisions: tuple[Division, ...], *, day: date, scale: float) -> Season:
    """The day's campaigns for a city of `scale` (1 is full size): at full scale 100 rounds and 1,100 types."""
    large = scale >= LARGE
    rounds_each = 9 if large else 3
    styles = [_city_style(divisions, 10 if large else 3)]
    styles += [_division_style(division, rounds_each) for division in divisions]
    total_rounds = sum(style.rounds for _, style in styles)
    stock = max(int(VOUCHERS_AT_FULL_SCALE * scale / total_rounds), 8)
    types_each = 11 if large else 5
    campaigns = tuple(_plan(place, style, day=day, stock=stock, types=types_each) for place, style in styles)
    city = _funder(None)
    draw = plan_draw(day=day, scale=scale, funder_id=city.funder_id, general=GENERAL, dining=RELIEF)
    return Season(day, campaigns, draw)


def _city_style(divisions: tuple[Division, ...], rounds: int) -> tuple[Division | None, _Style]:
    # February 2022: opens at 19:30, a bound card of a participating bank, inside the city by location,
    # one voucher a zone (industry) and four zones a round.
    style = _Style(
        code="city-february-grab",
        name="宁波市消费券(抢券)",
        name_en="Ningbo city vouchers (grab)",
        opens=time(19, 30),
        rules=CampaignRules(refund=RefundPolicy.RETURN),
        caps=Caps(per_round=4, per_industry_round=1),
        conditions=Conditions(districts=tuple(d.adcode for d in divisions), card_issuers=CARD_BANKS),
        valid_days=5,
        rounds=rounds,
        interest_bp=CITY_INTEREST_BP // rounds,
    )
    return None, style


def _division_style(division: Division, rounds: int) -> tuple[Division | None, _Style]:
    rules, caps, conditions = CampaignRules(refund=RefundPolicy.RETURN), Caps(per_round=1, per_day=3), Conditions()
    opens, days = time(10, 0), 3
    if division.adcode == HAISHU:
        # Haishu 2025: claims from 10:00 to 22:00, one voucher an order, the shop scans the citizen.
        rules = CampaignRules(refund=RefundPolicy.RETURN, direction=Direction.SHOP_SCANS)
        conditions = Conditions(daily=(time(10, 0), time(22, 0)))
    if division.adcode == XIANGSHAN:
        # Xiangshan: daily at 09:30; a refund forfeits the voucher; not with other government vouchers.
        rules, opens = CampaignRules(refund=RefundPolicy.FORFEIT), time(9, 30)
    style = _Style(
        code=f"division-{division.adcode}",
        name=f"{division.name}消费券",
        name_en=f"{division.name_en} vouchers",
        opens=opens,
        rules=rules,
        caps=caps,
        conditions=conditions,
        valid_days=days,
        rounds=rounds,
        interest_bp=DIVISION_INTEREST_BP // rounds,
    )
    return division, style


def _plan(place: Division | None, style: _Style, *, day: date, stock: int, types: int) -> PlannedCampaign:
    starts_at = datetime.combine(day, time(0), SHANGHAI)
    funder = _funder(place)
    campaign_id = named_id("demo", day, style.code)
    rounds = tuple(
        _round(campaign_id, style, number, starts_at=starts_at, place=place, stock=stock, types=types)
        for number in range(style.rounds)
    )
    budget_fen = sum(type_.exposure_fen for r in rounds for type_ in r.types)
    campaign = Campaign(
        campaign_id=campaign_id,
        code=f"{style.code}-{day.isoformat()}",
        name=style.name,
        name_en=style.name_en,
        funder_id=funder.funder_id,
        adcode=place.adcode if place else None,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=style.valid_days),
        budget_fen=budget_fen,
        rules=style.rules,
    )
    return PlannedCampaign(campaign, funder, rounds)


def _funder(place: Division | None) -> Funder:
    code = place.adcode if place else "330200"
    # The city prepays all of it; the divisions prepay most and are advanced the rest.
    return Funder(
        funder_id=f"bureau-{code}",
        name=f"{place.name if place else '宁波市'}商务局",
        name_en=f"{place.name_en if place else 'Ningbo'} commerce bureau",
        kind="bureau",
        adcode=place.adcode if place else None,
        bank="zhenlan" if place is None else CARD_BANKS[int(code) % 4],
        account_no=f"supervised-{code}",
        advancer=None if place is None else "donggang",
        advance_limit_fen=0 if place is None else 10**10,
    )


def _round(
    campaign_id: UUID,
    style: _Style,
    number: int,
    *,
    starts_at: datetime,
    place: Division | None,
    stock: int,
    types: int,
) -> PlannedRound:
    round_id = named_id(campaign_id, "round", number)
    opens_at = starts_at + timedelta(hours=style.opens.hour, minutes=style.opens.minute)
    round_ = Round(
        round_id=round_id,
        campaign_id=campaign_id,
        name=f"{style.name} 第{number + 1}轮",
        name_en=f"{style.name_en}, round {number + 1}",
        opens_at=opens_at,
        closes_at=starts_at + timedelta(days=1),
        caps=style.caps,
        conditions=style.conditions,
    )
    return PlannedRound(
        round_, tuple(_types(round_id, style, number, place=place, stock=stock, count=types)), style.interest_bp
    )


def _types(
    round_id: UUID, style: _Style, number: int, *, place: Division | None, stock: int, count: int
) -> Iterator[VoucherType]:
    kinds = [None, *(INDUSTRIES[(number + n) % len(INDUSTRIES)] for n in range((count - 1) // 2))]
    rungs = [(kind, step) for step in range(4) for kind in kinds][:count]
    weights = [SHARES[step] for _, step in rungs]
    for n, (kind, step) in enumerate(rungs):
        spend, off = (GENERAL if kind is None else RELIEF)[step]
        label, label_en = (kind.name, kind.name_en) if kind else ("通用", "General")
        yield VoucherType(
            type_id=named_id(round_id, "type", n),
            round_id=round_id,
            name=f"{label}券 满{spend}减{off}",
            name_en=f"{label_en}: {off} off {spend}",
            amount_fen=off * 100,
            threshold_fen=spend * 100,
            stock=max(stock * weights[n] // sum(weights), 1),
            industry=kind.code if kind else None,
            valid_days=style.valid_days,
            districts=(place.adcode,) if place else None,
        )
