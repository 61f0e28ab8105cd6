"""How vouchers did, by any cut: claims and redemptions of the vouchers room beside orders of the payments room.

redemption rate by count  = vouchers redeemed / vouchers claimed
redemption rate by amount = fen taken off / face value claimed
pull ratio                = fen of orders paid with vouchers / fen of subsidy

An order with vouchers of several campaigns or funders is divided among them in proportion to their subsidy, so that
the parts of a cut add up to the whole. What was refunded counts nowhere; of a payment refunded in part, the rest does.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from yongquan.kernel.money import BASIS_POINTS
from yongquan.plumbing.db import Connection
from yongquan.vouchers.board import Places
from yongquan.vouchers.sharing import FunderShare, reserves_of

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
  from payments.kept p
  join payments.kept_share h on h.cell = p.cell and h.payment_id = p.payment_id
  join merchants.store s on s.store_id = p.store_id
  join vouchers.voucher_type t on t.type_id = h.type_id
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where p.discount_fen > 0
   and (%(since)s::date is null or p.settlement_date >= %(since)s)
   and (%(until)s::date is null or p.settlement_date < %(until)s)
   and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 group by 1
"""
_FUNDERS = """
select f.funder_id, f.kind,
       (select coalesce(sum(h.amount_fen), 0)::bigint from payments.kept_share h where h.funder_id = f.funder_id)
  from institutions.funder f
 where %(places)s::text[] is null or f.adcode = any (%(places)s)
 order by f.kind, f.funder_id
"""
_BUDGETS = "select campaign_id, funder_id, budget_fen from vouchers.campaign where state <> 'draft'"
_SHARED_TYPES = """
select r.campaign_id, t.amount_fen, t.stock, array_agg(s.funder_id order by s.place),
       array_agg(s.share_bp order by s.place)
  from vouchers.type_share s
  join vouchers.voucher_type t on t.type_id = s.type_id
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where c.state <> 'draft'
 group by r.campaign_id, t.type_id
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
    """What funders of one kind brought: their parts of campaigns' budgets, and what of it reached shops."""

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
    funders = await (await connection.execute(_FUNDERS, values)).fetchall()
    budgets = await _budgets(connection)
    return [
        Brought(kind, len(ids), sum(budgets[id_] for id_ in ids), sum(spent for _, spent in mine))
        for kind, mine in _by_kind(funders).items()
        for ids in [[id_ for id_, _ in mine]]
    ]


def _by_kind(funders: Sequence[Sequence[Any]]) -> dict[str, list[tuple[str, int]]]:
    kinds: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for funder_id, kind, spent_fen in funders:
        kinds[kind].append((funder_id, spent_fen))
    return kinds


async def _budgets(connection: Connection) -> Counter[str]:
    """Each funder's part of the budgets: its share of the types it shares in; a campaign's own funder has the rest."""
    parts: Counter[str] = Counter()
    campaigns = {row[0]: (row[1], row[2]) for row in await (await connection.execute(_BUDGETS)).fetchall()}
    for lead, budget_fen in campaigns.values():
        parts[lead] += budget_fen
    for campaign_id, face_fen, stock, funders, shares_bp in await (await connection.execute(_SHARED_TYPES)).fetchall():
        shares = [FunderShare(*share) for share in zip(funders, shares_bp, strict=True)]
        for funder_id, fen in reserves_of(face_fen, shares).items():
            parts[funder_id] += fen * stock
            parts[campaigns[campaign_id][0]] -= fen * stock
    return parts


def _ratio(part: int | None, whole: int | None, unit: int) -> int | None:
    if part is None or not whole or whole < 0:
        return None
    return (2 * part * unit + whole) // (2 * whole)
