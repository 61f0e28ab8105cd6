"""How vouchers did, by any cut: claims and redemptions of the vouchers room beside orders of the payments room.

redemption rate by count  = vouchers redeemed / vouchers claimed
redemption rate by amount = fen taken off / face value claimed
pull ratio                = fen of orders paid with vouchers / fen of subsidy

An order with vouchers of several campaigns or funders is divided among them in proportion to their subsidy, so that
the parts of a cut add up to the whole. Payments that were refunded count nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from yongquan.kernel.money import BASIS_POINTS
from yongquan.plumbing.db import Connection
from yongquan.vouchers.board import Places

# Buying cars moves so much money that pull ratios are told with and without it.
CARS: Final = ("cars", "motoring")
CUTS: Final = ("campaign", "round", "industry", "district", "day", "funder", "bank")
# What a voucher is sorted by, and what a payment is sorted by; a voucher knows no bank before it is used.
_VOUCHER_KEY: Mapping[str, str] = MappingProxyType(
    {
        "campaign": "c.code",
        "round": "v.round_id::text",
        "industry": "coalesce(v.industry, '')",
        "district": "coalesce(c.adcode, '')",
        "day": "v.claimed_on::text",
        "funder": "c.funder_id",
        "bank": "null",
    }
)
_ORDER_KEY: Mapping[str, str] = MappingProxyType(
    {
        "campaign": "c.code",
        "round": "r.round_id::text",
        "industry": "s.industry",
        "district": "s.adcode",
        "day": "p.settlement_date::text",
        "funder": "h.funder_id",
        "bank": "p.issuer",
    }
)
_CLAIMED = """
select {key}, count(*)::bigint, count(*) filter (where v.state = 'redeemed')::bigint,
       coalesce(sum(v.amount_fen), 0)::bigint,
       coalesce(sum(v.redeemed_fen) filter (where v.state = 'redeemed'), 0)::bigint
  from vouchers.voucher v join vouchers.campaign c on c.campaign_id = v.campaign_id
 where v.state <> 'void'
   and (%(since)s::date is null or v.claimed_on >= %(since)s) and (%(until)s::date is null or v.claimed_on < %(until)s)
   and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 group by 1
"""
_ORDERED = """
select {key}, count(distinct p.payment_id)::bigint, sum(h.amount_fen)::bigint,
       round(sum(p.amount_fen::numeric * h.amount_fen / p.discount_fen))::bigint,
       coalesce(sum(h.amount_fen) filter (where s.industry = any (%(cars)s)), 0)::bigint,
       round(coalesce(sum(p.amount_fen::numeric * h.amount_fen / p.discount_fen)
                      filter (where s.industry = any (%(cars)s)), 0))::bigint
  from payments.payment p
  join payments.share h on h.cell = p.cell and h.payment_id = p.payment_id
  join merchants.store s on s.store_id = p.store_id
  join vouchers.voucher_type t on t.type_id = h.type_id
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where p.state = 'succeeded' and p.discount_fen > 0
   and (%(since)s::date is null or p.settlement_date >= %(since)s)
   and (%(until)s::date is null or p.settlement_date < %(until)s)
   and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 group by 1
"""
_BROUGHT = """
select f.kind, count(distinct f.funder_id)::int,
       coalesce(sum((select sum(c.budget_fen) from vouchers.campaign c
                      where c.funder_id = f.funder_id and c.state <> 'draft')), 0)::bigint,
       coalesce(sum((select sum(h.amount_fen) from payments.share h
                       join payments.payment p on p.cell = h.cell and p.payment_id = h.payment_id
                      where h.funder_id = f.funder_id and p.state = 'succeeded')), 0)::bigint
  from institutions.funder f
 where %(places)s::text[] is null or f.adcode = any (%(places)s)
 group by f.kind order by f.kind
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a cut. Claims are None where a cut says nothing of vouchers (by bank). Amounts in fen."""

    key: str
    claimed: int | None
    redeemed: int | None
    claimed_fen: int | None
    taken_off_fen: int | None
    orders: int = 0
    subsidy_fen: int = 0
    order_fen: int = 0
    car_subsidy_fen: int = 0
    car_order_fen: int = 0

    @property
    def redemption_bp(self) -> int | None:
        """Vouchers redeemed of those claimed, basis points, rounded half up."""
        return _ratio(self.redeemed, self.claimed, BASIS_POINTS)

    @property
    def redemption_by_amount_bp(self) -> int | None:
        """Fen taken off of face value claimed, basis points, rounded half up."""
        return _ratio(self.taken_off_fen, self.claimed_fen, BASIS_POINTS)

    @property
    def pull_hundredths(self) -> int | None:
        """Order amount over redeemed subsidy, hundredths, rounded half up."""
        return _ratio(self.order_fen, self.subsidy_fen, 100)

    @property
    def pull_without_cars_hundredths(self) -> int | None:
        """The same without shops that sell or serve cars."""
        return _ratio(self.order_fen - self.car_order_fen, self.subsidy_fen - self.car_subsidy_fen, 100)


@dataclass(frozen=True, slots=True)
class Brought:
    """What funders of one kind brought: budgets of their campaigns, and what of it reached shops."""

    kind: str
    funders: int
    budget_fen: int
    spent_fen: int


async def watch_effect(
    connection: Connection, cut: str | None, *, places: Places, since: date | None = None, until: date | None = None
) -> list[Part]:
    """The parts of a cut (`CUTS`), the greatest subsidy first; one part for everything if `cut` is None.

    `since` and `until` are business days, half-open: of claims for redemption rates, of payments for pull ratios.
    """
    voucher_key, order_key = ("''", "''") if cut is None else (_VOUCHER_KEY[cut], _ORDER_KEY[cut])
    values = {
        "since": since,
        "until": until,
        "places": None if places is None else list(places),
        "cars": list(CARS),
    }
    claimed = {}
    if voucher_key != "null":
        rows = await (await connection.execute(_CLAIMED.format(key=voucher_key).encode(), values)).fetchall()
        claimed = {row[0]: row[1:] for row in rows}
    rows = await (await connection.execute(_ORDERED.format(key=order_key).encode(), values)).fetchall()
    ordered = {row[0]: row[1:] for row in rows}
    unknown = (None,) * 4 if voucher_key == "null" else (0,) * 4
    parts = [Part(key, *claimed.get(key, unknown), *ordered.get(key, (0,) * 5)) for key in sorted({*claimed, *ordered})]
    if cut == "day":
        return parts
    return sorted(parts, key=lambda part: (-part.subsidy_fen, -(part.claimed or 0), part.key))


async def resources_brought(connection: Connection, *, places: Places) -> list[Brought]:
    """What bureaux, banks and merchants brought, by kind of funder."""
    values = {"places": None if places is None else list(places)}
    return [Brought(*row) for row in await (await connection.execute(_BROUGHT, values)).fetchall()]


def _ratio(part: int | None, whole: int | None, unit: int) -> int | None:
    if part is None or not whole or whole < 0:
        return None
    return (2 * part * unit + whole) // (2 * whole)
