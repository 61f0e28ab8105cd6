"""What screens read of payments: a citizen's cards and history, a store's day. Amounts in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.payments.vault import Vault
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

PAGE = 50
HEAD_DIGITS = 8
_CARDS = """
select instrument_id, issuer, kind, pan_tail, bound_at, is_default from payments.instrument
 where cell = %s and citizen_id = %s and state = 'bound' order by is_default desc, bound_at, instrument_id
"""
_SEALED_CARDS = """
select instrument_id, pan_sealed from payments.instrument where cell = %s and citizen_id = %s and state = 'bound'
"""
_CARD_OF = "select i.issuer, i.pan_tail from payments.instrument i where i.cell = %s and i.instrument_id = %s"
_ROW = """
       payment_id, store_id, order_no, amount_fen, discount_fen, charged_fen,
       interchange_fen + network_fee_fen + acquirer_fee_fen, state, settlement_date, begun_at, refunded_fen
"""
_OF_CITIZEN = f"""
select {_ROW} from payments.payment where (cell, citizen_id) in (
        select %(cell)s::smallint, %(citizen)s::uuid
        union all
        select g.cell, g.citizen_id from payments.instrument g where g.handed_to = %(citizen)s)
   and (%(before)s::timestamptz is null or begun_at < %(before)s)
 order by begun_at desc limit %(limit)s
"""
_OF_STORE = f"""
select {_ROW} from payments.payment
 where store_id = %(store)s and begun_at >= %(since)s and begun_at < %(until)s
 order by begun_at desc limit %(limit)s
"""
_TAKINGS = """
select p.settlement_date, count(*), sum(p.charged_fen - b.charged)::bigint, sum(p.discount_fen - b.discount)::bigint,
       sum(p.interchange_fen + p.network_fee_fen + p.acquirer_fee_fen - b.fees)::bigint, min(s.state), min(s.paid_at)
  from payments.payment p
  join lateral (select coalesce(sum(r.charged_fen), 0) as charged, coalesce(sum(r.discount_fen), 0) as discount,
                       coalesce(sum(r.interchange_fen + r.network_fee_fen + r.acquirer_fee_fen), 0) as fees
                  from payments.refund r
                 where p.refunded_fen > 0 and r.cell = p.cell and r.payment_id = p.payment_id
                   and r.state = 'succeeded' and r.settlement_date = p.settlement_date) b on true
  left join payments.settlement s on s.day = p.settlement_date and s.store_id = p.store_id and s.cut_no = 0
 where p.store_id = %s and p.begun_at >= %s and p.begun_at < %s and p.state = 'succeeded'
 group by p.settlement_date order by p.settlement_date
"""
_COUNTED = """
select store_id, count(*) from payments.payment
 where store_id = any (%s) and begun_at >= %s and begun_at < %s and state = 'succeeded' group by store_id
"""
_PAID_AT = """
select s.paid_at from payments.settlement s where s.day = %s and s.store_id = %s and s.state = 'paid' and s.cut_no = 0
"""
_BY_CODE = "select payment_id from payments.pay_code where cell = %s and code_hash = %s and citizen_id = %s"
_AMOUNTS = """
select coalesce(sum(p.amount_fen), 0)::bigint
  from unnest(%s::smallint[], %s::uuid[]) as u(cell, payment_id)
  join payments.payment p on p.cell = u.cell and p.payment_id = u.payment_id
"""
_INSTRUMENT_OF = "select p.instrument_id from payments.payment p where p.cell = %s and p.payment_id = %s"


@dataclass(frozen=True, slots=True)
class CardRow:
    """A bound card or wallet; only its last four digits are known here."""

    instrument_id: UUID
    issuer: str
    kind: str
    pan_tail: str
    bound_at: datetime
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment in a list."""

    payment_id: UUID
    store_id: UUID
    order_no: str
    amount_fen: int
    discount_fen: int
    charged_fen: int
    fee_fen: int
    state: str
    settlement_date: date
    begun_at: datetime
    refunded_fen: int


@dataclass(frozen=True, slots=True)
class Takings:
    """What a store took under one settlement date, less what it refunded of it on that date.

    `state` is None until the day was cleared.
    """

    settlement_date: date
    payments: int
    trade_fen: int
    subsidy_fen: int
    fee_fen: int
    state: str | None
    paid_at: datetime | None

    @property
    def arrives_fen(self) -> int:
        """What the acquirer will pay the store."""
        return self.trade_fen + self.subsidy_fen - self.fee_fen


async def cards_of(connection: Connection, cell: int, citizen_id: UUID) -> Sequence[CardRow]:
    """A citizen's bound cards, the first bound first."""
    return [CardRow(*row) for row in await (await connection.execute(_CARDS, [cell, citizen_id])).fetchall()]


async def card_heads_of(connection: Connection, cell: int, citizen_id: UUID, sealing: Sealing) -> dict[UUID, str]:
    """The first eight digits of a citizen's cards: which of a bank's kinds of card each is."""
    rows = await (await connection.execute(_SEALED_CARDS, [cell, citizen_id])).fetchall()
    return {row[0]: Vault(sealing).prefix(bytes(row[1]))[:HEAD_DIGITS] for row in rows}


async def card_of_payment(connection: Connection, cell: int, payment_id: UUID) -> tuple[str, str] | None:
    """Issuer and last four digits of the card that paid."""
    row = await (await connection.execute(_INSTRUMENT_OF, [cell, payment_id])).fetchone()
    card = row and await (await connection.execute(_CARD_OF, [cell, row[0]])).fetchone()
    return (card[0], card[1]) if card else None


async def history_of(
    connection: Connection, cell: int, citizen_id: UUID, *, before: datetime | None
) -> Sequence[PaymentRow]:
    """One page of a citizen's payments, newest first; `PAGE` rows if there may be more.

    What was paid as a guest, with a card that the citizen bound later, is among them.
    """
    values = {"cell": cell, "citizen": citizen_id, "before": before, "limit": PAGE}
    return [PaymentRow(*row) for row in await (await connection.execute(_OF_CITIZEN, values)).fetchall()]


async def store_payments(
    connection: Connection, store_id: UUID, *, since: datetime, until: datetime
) -> Sequence[PaymentRow]:
    """The last `PAGE` payments of a store in a half-open period, newest first; asks every cell."""
    values = {"store": store_id, "since": since, "until": until, "limit": PAGE}
    return [PaymentRow(*row) for row in await (await connection.execute(_OF_STORE, values)).fetchall()]


async def takings_of(connection: Connection, store_id: UUID, *, since: datetime, until: datetime) -> Sequence[Takings]:
    """A store's takings in a half-open period, a row each settlement date; asks every cell."""
    return [Takings(*row) for row in await (await connection.execute(_TAKINGS, [store_id, since, until])).fetchall()]


async def payments_counted(
    connection: Connection, store_ids: Sequence[UUID], *, since: datetime, until: datetime
) -> dict[UUID, int]:
    """How many payments each of some stores took in a half-open period; a store without any is left out."""
    rows = await (await connection.execute(_COUNTED, [list(store_ids), since, until])).fetchall()
    return {row[0]: int(row[1]) for row in rows}


async def paid_out_at(connection: Connection, settlement_date: date, store_id: UUID) -> datetime | None:
    """When the acquirer reported a store's money of a day as paid, None if it has not."""
    row = await (await connection.execute(_PAID_AT, [settlement_date, store_id])).fetchone()
    return row[0] if row else None


async def payment_by_code(connection: Connection, cell: int, *, code_hash: UUID, citizen_id: UUID) -> UUID | None:
    """The payment a citizen's pay code led to, None while nobody used it."""
    row = await (await connection.execute(_BY_CODE, [cell, code_hash, citizen_id])).fetchone()
    return row[0] if row else None


_SETTLED = """
select day, acquirer, payments, refunds, trade_fen, subsidy_fen, fee_fen, due_fen, paid_fen, state, paid_at, reason,
       held_fen, hold, payout_no, cut_no
  from payments.settlement where store_id = %s and day = %s order by acquirer, cut_no = 0, cut_no
"""


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A shop's line of a cleared day: what citizens and funders paid, the fee, what its acquirer paid out and when.

    `due_fen` differs from trade plus subsidy less fee by what was carried from and to other days.
    """

    day: date
    acquirer: str
    payments: int
    refunds: int
    trade_fen: int
    subsidy_fen: int
    fee_fen: int
    due_fen: int
    paid_fen: int
    state: str
    paid_at: datetime | None
    reason: str
    held_fen: int = 0
    hold: str = "none"
    payout_no: int = 0
    cut_no: int = 0  # the cut-off that paid this part on the day itself, 0 the day's close


async def settled_lines_of(connection: Connection, store_id: UUID, day: date) -> Sequence[SettledLine]:
    """A shop's lines of a settlement day (one an acquirer); none before the day is drawn up."""
    return [SettledLine(*row) for row in await (await connection.execute(_SETTLED, [store_id, day])).fetchall()]


async def amounts_of(connection: Connection, payments: Sequence[tuple[int, UUID]]) -> int:
    """What was bought with some payments (cell and id), in fen before any discount."""
    columns = [[cell for cell, _ in payments], [payment_id for _, payment_id in payments]]
    row = await (await connection.execute(_AMOUNTS, columns)).fetchone()
    return int(row[0]) if row else 0
