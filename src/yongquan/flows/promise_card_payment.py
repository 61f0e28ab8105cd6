"""The money behind a payment to an applicant's card: out of its round's stock, and back if nobody can be paid.

Each step is one commit of the caller's: the payment's state, the voucher it stands on, and the ledger together.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan import ledger
from yongquan.kernel.ids import named_id
from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import require_move
from yongquan.vouchers.voiding import void
from yongquan.vouchers.ways import card_payments as store
from yongquan.vouchers.ways.applications import Application
from yongquan.vouchers.ways.card_payments import CARD_PAYMENT_MOVES, CardPayment, CardPaymentState


async def promise_card_payment(
    connection: Connection, application: Application, voucher_id: UUID, *, now: datetime
) -> None:
    """Lock the voucher that an approval granted, and have its amount paid from now on."""
    amount_fen = await store.promise(
        connection,
        application.cell,
        application.application_id,
        voucher_id=voucher_id,
        type_id=application.type_id,
        citizen_id=application.citizen_id,
        now=now,
    )
    locking = ledger.recipes.lock_voucher(
        event=named_id(application.application_id, "promised"),
        voucher_id=voucher_id,
        type_id=application.type_id,
        amount_fen=amount_fen,
    )
    await ledger.post(connection, locking, cell=application.cell, now=now)


async def end_attempt(
    connection: Connection, payment: CardPayment, to: CardPaymentState, *, reason: str, now: datetime
) -> bool:
    """Note how an attempt ended: paid, refused or returned; False if that was noted before."""
    require_move(CARD_PAYMENT_MOVES, payment.state, to)
    if not await store.move(connection, payment, to, reason=reason, now=now):
        return False
    if to is CardPaymentState.PAID and await store.unlock_voucher(connection, payment, redeemed=True):
        await _post(connection, payment, "paid", now=now)
    if payment.state is CardPaymentState.PAID and await store.lock_voucher_again(connection, payment):
        await _post(connection, payment, "returned", now=now)
    return True


async def give_up(connection: Connection, payment: CardPayment, *, reason: str, actor: str, now: datetime) -> None:
    """End a payment that could not be made: its money is recycled. Raises `ForbiddenMove`."""
    require_move(CARD_PAYMENT_MOVES, payment.state, CardPaymentState.GIVEN_UP)
    if await store.move(connection, payment, CardPaymentState.GIVEN_UP, reason=reason, now=now):
        await store.unlock_voucher(connection, payment, redeemed=False)
        await void(connection, payment.cell, [payment.voucher_id], reason=reason, actor=actor, now=now)
        await _post(connection, payment, "given_up", now=now)


async def _post(connection: Connection, payment: CardPayment, step: str, *, now: datetime) -> None:
    event = named_id(payment.application_id, payment.attempt, step)
    of: dict[str, Any] = {"voucher_id": payment.voucher_id, "type_id": payment.type_id}
    fen = payment.amount_fen
    match step:
        case "paid":
            chain = ledger.recipes.redeem_voucher(event=event, amount_fen=fen, redeemed_fen=fen, **of)
        case "returned":
            chain = ledger.chain_of(
                ledger.recipes.restore_voucher(event=event, redeemed_fen=fen, **of),
                ledger.recipes.lock_voucher(event=event, amount_fen=fen, **of),
            )
        case _:
            chain = ledger.chain_of(
                ledger.recipes.return_voucher(event=event, amount_fen=fen, **of),
                ledger.recipes.void_voucher(event=event, amount_fen=fen, **of),
            )
    await ledger.post(connection, chain, cell=payment.cell, now=now)
