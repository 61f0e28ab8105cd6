"""The demo's draw: the rules of August and September 2022, registration and a draw before a notary.

Registration from Friday 20:00 to Sunday 23:59:59, at most three categories a citizen and one voucher of each, general
vouchers and those of dining (see `ningbo/SOURCES.md`). Here they are valid from noon of the demo day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.plumbing.clock import SHANGHAI
from yongquan.simulation.dice import key_of
from yongquan.vouchers.draw_plan import Beacon
from yongquan.vouchers.model import Campaign, CampaignRules, RefundPolicy, Round, RoundMode, VoucherType

WISHES_MAX: Final = 3
DINING: Final = "dining"
VOUCHERS_AT_FULL_SCALE: Final = 78_000
# The draw grows no further than it has at this scale: an experiment of 20,000 people says what one of 200,000 would.
LARGEST_SCALE: Final = 0.1
# Small vouchers are many; also how often each is wished for, so that every queue is longer than its places.
SHARES: Final = (8, 5, 3, 1)
# Citizens who sign up (basis points of those who care for vouchers at all).
INTEREST_BP: Final = 12_000
VALID_DAYS: Final = 5
BEACON_NAME: Final = "甬城公开摇奖 2022-021 期"
BEACON_VALUE: Final = "03 08 14 21 27 33 + 09"


@dataclass(frozen=True, slots=True)
class DrawTimes:
    """When the draw's steps come, for a demo day."""

    opens_at: datetime
    closes_at: datetime
    beacon: Beacon
    reveal_by: datetime

    @classmethod
    def before(cls, day: date) -> "DrawTimes":
        """Sign-up on the weekend before a Monday, the beacon on that morning."""
        midnight = datetime.combine(day, time(0), SHANGHAI)
        return cls(
            opens_at=midnight - timedelta(days=2, hours=4),
            closes_at=midnight,
            beacon=Beacon(BEACON_NAME, midnight + timedelta(hours=8)),
            reveal_by=midnight + timedelta(hours=22),
        )


@dataclass(frozen=True, slots=True)
class PlannedDraw:
    """The draw's campaign, its one round and its categories, a voucher type each."""

    campaign: Campaign
    round: Round
    types: tuple[VoucherType, ...]
    times: DrawTimes
    interest_bp: int

    def wishes_of(self, seed: int, citizen: int) -> list[UUID]:
        """What a citizen wishes for, one to three categories, the most wanted first."""
        count = 1 + key_of(seed, "wishes", citizen) % WISHES_MAX
        left = list(self.types)
        wanted: list[UUID] = []
        for turn in range(count):
            type_ = left.pop(_weighted(left, key_of(seed, "wish", citizen, turn)))
            wanted.append(type_.type_id)
        return wanted


def plan_draw(
    *, day: date, scale: float, funder_id: str, general: Iterable[tuple[int, int]], dining: Iterable[tuple[int, int]]
) -> PlannedDraw:
    """The draw of a demo day; ladders are [spend at least, off] in yuan."""
    times = DrawTimes.before(day)
    campaign_id = named_id("demo", day, "city-august-draw")
    round_ = Round(
        round_id=named_id(campaign_id, "round", 0),
        campaign_id=campaign_id,
        name="宁波消费券(报名摇号) 第1轮",
        name_en="Ningbo vouchers by draw, round 1",
        opens_at=times.opens_at,
        closes_at=times.closes_at + timedelta(days=1),
        mode=RoundMode.DRAW,
    )
    sized = min(scale, LARGEST_SCALE)
    stock = max(int(VOUCHERS_AT_FULL_SCALE * sized), 34)
    ladders: Sequence[tuple[str | None, Iterable[tuple[int, int]]]] = ((None, general), (DINING, dining))
    rungs = [(industry, rung) for industry, ladder in ladders for rung in zip(ladder, SHARES, strict=True)]
    noon = times.closes_at + timedelta(hours=12)
    types = tuple(
        VoucherType(
            type_id=named_id(round_.round_id, "type", n),
            round_id=round_.round_id,
            name=f"{'餐饮' if industry else '通用'}券 满{spend}减{off}",
            name_en=f"{'Dining' if industry else 'General'}: {off} off {spend}",
            amount_fen=off * 100,
            threshold_fen=spend * 100,
            stock=max(stock * share // (2 * sum(SHARES)), 1),
            industry=industry,
            valid_from=noon,
            valid_until=times.closes_at + timedelta(days=VALID_DAYS),
        )
        for n, (industry, ((spend, off), share)) in enumerate(rungs)
    )
    campaign = Campaign(
        campaign_id=campaign_id,
        code=f"city-august-draw-{day.isoformat()}",
        name="宁波消费券(报名摇号)",
        name_en="Ningbo city vouchers (draw)",
        funder_id=funder_id,
        adcode=None,
        starts_at=times.opens_at,
        ends_at=times.closes_at + timedelta(days=VALID_DAYS),
        budget_fen=sum(type_.exposure_fen for type_ in types),
        rules=CampaignRules(refund=RefundPolicy.RETURN),
    )
    return PlannedDraw(campaign, round_, types, times, interest_bp=round(INTEREST_BP * sized / scale))


def _weighted(types: list[VoucherType], thrown: int) -> int:
    thrown %= sum(type_.stock for type_ in types)
    for n, type_ in enumerate(types):
        thrown -= type_.stock
        if thrown < 0:
            return n
    raise AssertionError("stocks come to more than 0")
