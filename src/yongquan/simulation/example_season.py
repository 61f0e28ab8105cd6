"""An example season as documents: 11 bureaux, 300 rounds, 1,100 types in 12 industries; every amount is invented.

Steps of spend-and-save, hours, caps and refund rules stay within what local guides published (see `season.py`).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.kernel.regions import Division
from yongquan.plumbing.clock import SHANGHAI
from yongquan.simulation.industries import INDUSTRIES, Industry
from yongquan.simulation.season import CARD_BANKS, GENERAL, HAISHU, RELIEF, XIANGSHAN
from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.model import (
    Campaign,
    CampaignRules,
    Caps,
    Conditions,
    Direction,
    RefundPolicy,
    Round,
    SubActivity,
    VoucherType,
)

ROUNDS: Final = 300
TYPES: Final = 1_100
CITY_ROUNDS: Final = 30
CITY_SUBS: Final = 24
STOCKS: Final = (4_000, 2_400, 1_200, 400)
DAYS: Final = 90
THEMES: Final = (
    ("美食节", "food festival"),
    ("家电焕新", "appliance renewal"),
    ("夜市", "night market"),
    ("文旅惠民", "culture and tourism"),
    ("汽车后市场", "motoring"),
    ("亲子周末", "family weekend"),
)


def example_season(divisions: Sequence[Division], *, starts_on: date) -> list[CampaignDocument]:
    """The season's campaigns, the city's first; the same arguments give the same documents."""
    places: list[Division | None] = [None, *divisions]
    rest = ROUNDS - CITY_ROUNDS
    rounds = [CITY_ROUNDS, *(rest // len(divisions) + (n < rest % len(divisions)) for n in range(len(divisions)))]
    turn = count()
    return [_campaign(place, many, starts_on, turn) for place, many in zip(places, rounds, strict=True)]


def _campaign(place: Division | None, rounds: int, starts_on: date, turn: "count[int]") -> CampaignDocument:
    code = f"{place.adcode if place else '330200'}-{starts_on:%Y}-season"
    id_ = named_id("campaign", code)
    subs = list(_subs(id_, place, CITY_SUBS if place is None else rounds // 9))
    made = [_round(id_, place, n, of=rounds, starts_on=starts_on, sub=subs[n % len(subs)]) for n in range(rounds)]
    # Rounds in the order of the document: those of a sub-activity stand together.
    made.sort(key=lambda pair: (subs.index(pair[1]), pair[0].opens_at))
    types, keys = [], {s.sub_activity_id: f"s{s.position + 1}" for s in subs}
    for round_, _, key in made:
        keys[round_.round_id] = key
        for n, type_ in enumerate(_types(round_, place, next(turn))):
            types.append(type_)
            keys[type_.type_id] = f"t{n + 1}"
    name = place.name if place else "宁波市"
    name_en = place.name_en if place else "Ningbo"
    campaign = Campaign(
        campaign_id=id_,
        code=code,
        name=f"{name}{starts_on:%Y}年消费季",
        name_en=f"{name_en} shopping season {starts_on:%Y}",
        funder_id=f"bureau-{place.adcode if place else '330200'}",
        adcode=place.adcode if place else None,
        starts_at=_at(starts_on, 0, time(0)),
        ends_at=_at(starts_on, DAYS, time(0)),
        budget_fen=-(-sum(t.exposure_fen for t in types) // 10_000_000) * 10_000_000,
        rules=_rules(place),
    )
    return CampaignDocument(campaign, tuple(subs), tuple(r for r, _, _ in made), tuple(types), keys)


def _rules(place: Division | None) -> CampaignRules:
    if place and place.adcode == HAISHU:
        return CampaignRules(refund=RefundPolicy.RETURN, direction=Direction.SHOP_SCANS)
    if place and place.adcode == XIANGSHAN:
        return CampaignRules(refund=RefundPolicy.FORFEIT)
    return CampaignRules(refund=RefundPolicy.RETURN)


def _subs(campaign_id: UUID, place: Division | None, many: int) -> Iterator[SubActivity]:
    for n in range(many):
        zh, en = THEMES[n % len(THEMES)]
        edition = n // len(THEMES) + 1
        yield SubActivity(
            sub_activity_id=named_id(campaign_id, "sub-activity", f"s{n + 1}"),
            campaign_id=campaign_id,
            name=f"{zh}第{edition}期",
            name_en=f"{en.capitalize()}, edition {edition}",
            position=n,
            adcode=place.adcode if place else None,
        )


def _round(
    campaign_id: UUID, place: Division | None, number: int, *, of: int, starts_on: date, sub: SubActivity
) -> tuple[Round, SubActivity, str]:
    key = f"r{number + 1}"
    day = number * (DAYS - 7) // of
    opens = time(19, 30) if place is None else time(9, 30) if place.adcode == XIANGSHAN else time(10, 0)
    conditions, caps = Conditions(), Caps(per_round=1, per_day=3)
    if place is None:
        conditions, caps = Conditions(card_issuers=CARD_BANKS), Caps(per_round=4, per_industry_round=1)
    elif place.adcode == HAISHU:
        conditions = Conditions(daily=(time(10, 0), time(22, 0)))
    round_ = Round(
        round_id=named_id(campaign_id, "round", key),
        campaign_id=campaign_id,
        name=f"{sub.name} 第{number + 1}轮",
        name_en=f"{sub.name_en}, round {number + 1}",
        opens_at=_at(starts_on, day, opens),
        closes_at=_at(starts_on, day + 3, time(0)),
        caps=caps,
        conditions=conditions,
        sub_activity_id=sub.sub_activity_id,
    )
    return round_, sub, key


def _types(round_: Round, place: Division | None, turn: int) -> Iterator[VoucherType]:
    # 200 of 300 rounds have four types, the others three: 1,100 in all.
    many = 3 + (turn * (TYPES - 3 * ROUNDS) // ROUNDS != (turn + 1) * (TYPES - 3 * ROUNDS) // ROUNDS)
    for n in range(many):
        industry: Industry | None = None if n == 0 else INDUSTRIES[(turn + 5 * n) % len(INDUSTRIES)]
        spend, off = (GENERAL if industry is None else RELIEF)[(turn + n) % 4]
        label, label_en = (industry.name, industry.name_en) if industry else ("通用", "General")
        yield VoucherType(
            type_id=named_id(round_.round_id, "type", f"t{n + 1}"),
            round_id=round_.round_id,
            name=f"{label}券 满{spend}减{off}",
            name_en=f"{label_en}: {off} off {spend}",
            amount_fen=off * 100,
            threshold_fen=spend * 100,
            stock=STOCKS[(turn + n) % 4],
            industry=industry.code if industry else None,
            valid_days=3 if place else 5,
            districts=(place.adcode,) if place else None,
        )


def _at(day: date, days: int, at: time) -> datetime:
    return datetime.combine(day + timedelta(days=days), at, SHANGHAI).astimezone(UTC)
