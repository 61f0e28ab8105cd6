"""Redemptions for an auditor: a random sample that anybody with the seed can draw again, and what each leads to."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

SAMPLE_MAX = 200
_OF_FUNDER = """
  from payments.share s join payments.payment p on p.cell = s.cell and p.payment_id = s.payment_id
 where s.funder_id = %(funder)s and s.amount_fen > 0 and p.settlement_date >= %(since)s
   and p.settlement_date < %(until)s and p.state in ('succeeded', 'refunding', 'refunded')
"""
_POPULATION = f"select count(*)::int, coalesce(sum(s.amount_fen), 0)::bigint {_OF_FUNDER}"
# The order is SHA-256 of seed, payment and voucher: fixed by the seed alone, and nobody can choose it.
_SAMPLE = f"""
select s.payment_id, s.voucher_id, p.store_id, p.settlement_date, p.begun_at, p.state, s.amount_fen
  {_OF_FUNDER}
 order by sha256(convert_to(%(seed)s || ':' || s.payment_id || ':' || s.voucher_id, 'UTF8'))
 limit %(size)s
"""
_LINE = """
select day, acquirer, state, due_fen, paid_fen, instruction_id, paid_at from payments.settlement
 where store_id = %s and day = %s and cut_no = 0 order by acquirer
"""


@dataclass(frozen=True, slots=True)
class Population:
    """What is sampled from: redemptions of a funder in a period, and its part of them."""

    count: int
    sum_fen: int


@dataclass(frozen=True, slots=True)
class SampledRedemption:
    """One redemption of the sample; `amount_fen` is this funder's part."""

    payment_id: UUID
    voucher_id: UUID
    store_id: UUID
    settlement_date: date
    begun_at: datetime
    state: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class InstructedLine:
    """The shop's line of the day in which the redemption was paid out, and its instruction to the acquirer."""

    day: date
    acquirer: str
    state: str
    due_fen: int
    paid_fen: int
    instruction_id: str | None
    paid_at: datetime | None


async def draw_sample(
    connection: Connection, funder_id: str, *, since: date, until: date, seed: str, size: int
) -> tuple[Population, list[SampledRedemption]]:
    """The sample of a half-open period: the same seed over the same redemptions is the same sample."""
    values = {"funder": funder_id, "since": since, "until": until, "seed": seed, "size": min(size, SAMPLE_MAX)}
    row = await (await connection.execute(_POPULATION, values)).fetchone()
    rows = await (await connection.execute(_SAMPLE, values)).fetchall()
    return Population(*row) if row else Population(0, 0), [SampledRedemption(*found) for found in rows]


async def instructed_lines(connection: Connection, store_id: UUID, day: date) -> list[InstructedLine]:
    """A shop's settlement lines of a day, one an acquirer; none before the day is drawn up."""
    return [InstructedLine(*row) for row in await (await connection.execute(_LINE, [store_id, day])).fetchall()]
