"""Payments that approved applications end in: their life, and their SQL. Card numbers come here sealed by the vault.

A payment stands on a voucher of its round's type that nobody can spend: locked until the money has arrived.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from yongquan.plumbing.db import Connection

AT_ONCE = 200
LEASE = timedelta(seconds=30)


class CardPaymentState(StrEnum):
    """`refused`: no money is out; `returned`: it had arrived and came back; both may be paid again."""

    DUE = "due"
    PAYING = "paying"
    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"
    GIVEN_UP = "given_up"


_OUTCOMES = frozenset({CardPaymentState.PAID, CardPaymentState.REFUSED, CardPaymentState.RETURNED})
STUCK = frozenset({CardPaymentState.REFUSED, CardPaymentState.RETURNED})
CARD_PAYMENT_MOVES: Mapping[CardPaymentState, frozenset[CardPaymentState]] = {
    CardPaymentState.DUE: _OUTCOMES | {CardPaymentState.PAYING},
    CardPaymentState.PAYING: _OUTCOMES,
    CardPaymentState.PAID: frozenset({CardPaymentState.RETURNED}),
    CardPaymentState.REFUSED: frozenset({CardPaymentState.DUE, CardPaymentState.GIVEN_UP}),
    CardPaymentState.RETURNED: frozenset({CardPaymentState.DUE, CardPaymentState.GIVEN_UP}),
    CardPaymentState.GIVEN_UP: frozenset(),
}
_SAVE_CARD = """
insert into vouchers.application_card (cell, application_id, card_sealed, card_tail) values (%s, %s, %s, %s)
on conflict (cell, application_id) do update set card_sealed = excluded.card_sealed, card_tail = excluded.card_tail
"""
_TAIL = "select card_tail from vouchers.application_card where cell = %s and application_id = %s"
_LOCK_VOUCHER = "select vouchers.lock(%s, array[%s]::uuid[], array[null]::uuid[], array[%s]::bigint[])"
_UNLOCK_VOUCHER = "select voucher_id from vouchers.unlock(%s, array[%s]::uuid[], array[%s]::boolean[])"
_LOCK_AGAIN = """
update vouchers.voucher set state = 'locked' where cell = %s and voucher_id = %s and state = 'redeemed'
"""
_PROMISE = """
insert into vouchers.card_payment (cell, application_id, voucher_id, type_id, citizen_id, funder_id, amount_fen,
                                   purpose, state, changed_at, look_at)
select %(cell)s, %(application)s, %(voucher)s, t.type_id, %(citizen)s, c.funder_id, t.amount_fen, left(r.name, 100),
       'due', %(now)s, %(now)s
  from vouchers.voucher_type t
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where t.type_id = %(type)s
returning amount_fen
"""
_COLUMNS = """
       p.cell, p.application_id, p.voucher_id, p.type_id, p.citizen_id, p.funder_id, p.amount_fen, p.purpose, p.state,
       p.attempt, p.reason, p.changed_at, c.card_sealed, c.card_tail
"""
_FROM = "vouchers.card_payment p join vouchers.application_card c using (cell, application_id)"
_ONE = f"select {_COLUMNS} from {_FROM} where p.application_id = %s"
_LOCKED = "select 1 from vouchers.card_payment where cell = %s and application_id = %s for no key update"
_UNPAID = f"""
select {_COLUMNS} from {_FROM}
  join vouchers.voucher_type t on t.type_id = p.type_id
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign g on g.campaign_id = r.campaign_id
 where p.state in ('due', 'paying', 'refused', 'returned')
   and (%(places)s::text[] is null or g.adcode = any (%(places)s))
 order by p.changed_at limit 200
"""
_LEASE = f"""
with due as (select cell, application_id from vouchers.card_payment where look_at <= %(now)s
              order by look_at limit %(limit)s for no key update skip locked),
leased as (update vouchers.card_payment p set look_at = %(until)s from due
            where p.cell = due.cell and p.application_id = due.application_id returning p.*)
select {_COLUMNS} from leased p join vouchers.application_card c using (cell, application_id)
"""
_MOVE = """
update vouchers.card_payment
   set state = %(to)s, reason = %(reason)s, changed_at = %(now)s, look_at = %(look_at)s,
       attempt = attempt + case when %(to)s = 'due' then 1 else 0 end
 where cell = %(cell)s and application_id = %(id)s and state = %(was)s and attempt = %(attempt)s
"""


@dataclass(frozen=True, slots=True)
class CardPayment:
    """A payment as it stands; `reason` is of the last refusal or return, `card_sealed` opens in the vault only."""

    cell: int
    application_id: UUID
    voucher_id: UUID
    type_id: UUID
    citizen_id: UUID
    funder_id: str
    amount_fen: int
    purpose: str
    state: CardPaymentState
    attempt: int
    reason: str
    changed_at: datetime
    card_sealed: bytes
    card_tail: str

    @property
    def payout_no(self) -> str:
        """The number of the payout that this attempt is: never another's, the same at every repeat."""
        return f"apply-{self.application_id.hex}-{self.attempt}"


async def save_card(connection: Connection, cell: int, application_id: UUID, *, sealed: bytes, tail: str) -> None:
    """The card that the applicant wants to be paid on, instead of the one before."""
    await connection.execute(_SAVE_CARD, [cell, application_id, sealed, tail])


async def card_tail_of(connection: Connection, cell: int, application_id: UUID) -> str | None:
    """The last four digits of an application's card, None if it has none."""
    row = await (await connection.execute(_TAIL, [cell, application_id])).fetchone()
    return str(row[0]) if row else None


async def promise(
    connection: Connection,
    cell: int,
    application_id: UUID,
    *,
    voucher_id: UUID,
    type_id: UUID,
    citizen_id: UUID,
    now: datetime,
) -> int:
    """Write a payment down on a voucher that was just granted, and lock the voucher; its amount in fen."""
    facts = {"cell": cell, "application": application_id, "voucher": voucher_id, "type": type_id}
    row = await (await connection.execute(_PROMISE, facts | {"citizen": citizen_id, "now": now})).fetchone()
    amount_fen = int(row[0]) if row else 0
    await connection.execute(_LOCK_VOUCHER, [cell, voucher_id, amount_fen])
    return amount_fen


async def unlock_voucher(connection: Connection, payment: CardPayment, *, redeemed: bool) -> bool:
    """The locked voucher is used up, or is held again; False if it was not locked."""
    values = [payment.cell, payment.voucher_id, redeemed]
    return await (await connection.execute(_UNLOCK_VOUCHER, values)).fetchone() is not None


async def lock_voucher_again(connection: Connection, payment: CardPayment) -> bool:
    """The voucher of a payment that came back is locked as before it was paid; False if it was not used up."""
    return (await connection.execute(_LOCK_AGAIN, [payment.cell, payment.voucher_id])).rowcount == 1


async def card_payment_of(
    connection: Connection, application_id: UUID, *, lock_cell: int | None = None
) -> CardPayment | None:
    """An application's payment; with `lock_cell` (its cell) it is kept from others until the commit."""
    if lock_cell is not None:
        await connection.execute(_LOCKED, [lock_cell, application_id])
    rows = await (await connection.execute(_ONE, [application_id])).fetchall()
    return _read(rows)[0] if rows else None


async def unpaid(connection: Connection, *, places: Sequence[str] | None) -> list[CardPayment]:
    """Payments of some divisions that have not arrived, the oldest first; None is the whole city."""
    values = {"places": None if places is None else list(places)}
    return _read(await (await connection.execute(_UNPAID, values)).fetchall())


async def lease_due(connection: Connection, *, now: datetime) -> list[CardPayment]:
    """Payments for which something is due, kept from other sweepers for a while."""
    values = {"now": now, "limit": AT_ONCE, "until": now + LEASE}
    return _read(await (await connection.execute(_LEASE, values)).fetchall())


async def move(
    connection: Connection,
    payment: CardPayment,
    to: CardPaymentState,
    *,
    reason: str = "",
    look_at: datetime | None = None,
    now: datetime,
) -> bool:
    """Write a step of `CARD_PAYMENT_MOVES` down; False if the payment is not where we thought."""
    facts = {"cell": payment.cell, "id": payment.application_id, "was": payment.state, "attempt": payment.attempt}
    done = await connection.execute(_MOVE, facts | {"to": to, "reason": reason, "look_at": look_at, "now": now})
    return done.rowcount == 1


def _read(rows: Sequence[Sequence[object]]) -> list[CardPayment]:
    return [
        CardPayment(*(*row[:8], CardPaymentState(str(row[8])), *row[9:12], bytes(row[12]), row[13]))  # type: ignore[call-overload]
        for row in rows
    ]
