"""A day as the bureau watches it: claims and payments by hour and industry, and what they come to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from yongquan.kernel.money import BASIS_POINTS
from yongquan.plumbing.db import Connection
from yongquan.vouchers.board import HourOfClaims, Places, claims_by_hour

# The one question that needs two rooms at once: in which industry money was spent.
_TAKINGS = """
select extract(hour from p.begun_at at time zone 'Asia/Shanghai')::int, s.industry, p.state, count(*)::int,
       sum(p.amount_fen)::bigint, sum(p.discount_fen)::bigint, sum(p.charged_fen)::bigint,
       coalesce(sum(p.amount_fen) filter (where p.discount_fen > 0), 0)::bigint,
       count(*) filter (where p.discount_fen > 0)::int
  from payments.payment p join merchants.store s on s.store_id = p.store_id
 where p.settlement_date = %(day)s and (%(places)s::text[] is null or s.adcode = any (%(places)s))
 group by 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class HourOfTakings:
    """Payments of one hour in one industry and one state; amounts in fen."""

    hour: int
    industry: str
    state: str
    count: int
    amount_fen: int
    subsidy_fen: int
    charged_fen: int
    with_voucher_fen: int
    with_voucher: int


@dataclass(frozen=True)
class DayWatch:
    """All of a day. Rates are None while there is nothing to divide by."""

    day: date
    claims: list[HourOfClaims]
    takings: list[HourOfTakings]

    @cached_property
    def paid(self) -> list[HourOfTakings]:
        """Succeeded payments only."""
        return [row for row in self.takings if row.state == "succeeded"]

    @property
    def claimed(self) -> int:
        return sum(row.claimed for row in self.claims)

    @property
    def redeemed(self) -> int:
        """How many of the day's claims have been redeemed since."""
        return sum(row.redeemed for row in self.claims)

    @property
    def claimed_fen(self) -> int:
        return sum(row.amount_fen for row in self.claims)

    @property
    def payments(self) -> int:
        return sum(row.count for row in self.paid)

    @property
    def with_voucher(self) -> int:
        return sum(row.with_voucher for row in self.paid)

    @property
    def unanswered(self) -> int:
        """Payments whose bank has not answered yet."""
        return sum(row.count for row in self.takings if row.state in {"charging", "unknown"})

    @property
    def failed(self) -> int:
        return sum(row.count for row in self.takings if row.state == "failed")

    @property
    def amount_fen(self) -> int:
        return sum(row.amount_fen for row in self.paid)

    @property
    def subsidy_fen(self) -> int:
        return sum(row.subsidy_fen for row in self.paid)

    @property
    def charged_fen(self) -> int:
        return sum(row.charged_fen for row in self.paid)

    @property
    def with_voucher_fen(self) -> int:
        return sum(row.with_voucher_fen for row in self.paid)

    @property
    def redemption_bp(self) -> int | None:
        """Share of the day's claims that were redeemed (核销率), in basis points, rounded half up."""
        return _ratio(self.redeemed * BASIS_POINTS, self.claimed)

    @property
    def pull_hundredths(self) -> int | None:
        """Spending with vouchers for each yuan of subsidy (拉动比), in hundredths, rounded half up."""
        return _ratio(self.with_voucher_fen * 100, self.subsidy_fen)

    def claims_by(self, what: str) -> Counter[object]:
        """Claims by `hour` or `industry`."""
        return _count((getattr(row, what), row.claimed) for row in self.claims)

    def payments_by(self, what: str) -> Counter[object]:
        """Succeeded payments by `hour` or `industry`."""
        return _count((getattr(row, what), row.count) for row in self.paid)


async def watch_day(connection: Connection, day: date, *, places: Places) -> DayWatch:
    """Read a business day; `places` bounds claims to campaigns, payments to shops of these divisions."""
    values = {"day": day, "places": None if places is None else list(places)}
    takings = await (await connection.execute(_TAKINGS, values)).fetchall()
    claims = await claims_by_hour(connection, day, places=places)
    return DayWatch(day, claims, [HourOfTakings(*row) for row in takings])


def _ratio(part: int, whole: int) -> int | None:
    return (2 * part + whole) // (2 * whole) if whole else None


def _count(pairs: Iterable[tuple[object, int]]) -> Counter[object]:
    counter: Counter[object] = Counter()
    for key, number in pairs:
        counter[key] += number
    return counter
