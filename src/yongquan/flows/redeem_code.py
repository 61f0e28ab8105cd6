"""A citizen enters a code and gets its voucher: once each, with a door that shuts on who guesses."""

from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.grant_vouchers import Grant, grant_vouchers
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.model import Origin
from yongquan.vouchers.views import WalletRow, voucher_of
from yongquan.vouchers.ways import codes_store
from yongquan.vouchers.ways.codes import read_code
from yongquan.vouchers.ways.codes_store import FoundCode

GUESSES_MAX = 5
LOCKED_FOR = timedelta(minutes=15)


class NotACode(Refusal):
    """The characters or the check characters are wrong: a typing mistake, which is not counted as a guess."""

    code = "not_a_code"


class UnknownVoucherCode(Refusal):
    """There is no such code, or its batch was stopped."""

    code = "voucher_code_unknown"


class VoucherCodeUsed(Refusal):
    """Somebody else has redeemed this code."""

    code = "voucher_code_used"


class GuessingTooMuch(Refusal):
    """Five codes that do not exist: wait a quarter of an hour."""

    code = "locked_out"


class CodeRefused(Refusal):
    """The code's round says no."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code  # type: ignore[misc]


async def redeem_code(
    database: Database, sealing: Sealing, typed: str, *, citizen_id: UUID, cells: int, now: datetime
) -> WalletRow:
    """The voucher of a code; who redeemed it before gets the same voucher again. `now` is business time.

    Locks the code, then the cell's claim lock. Raises `NotACode`, `UnknownVoucherCode`, `VoucherCodeUsed`,
    `GuessingTooMuch`, `CodeRefused` (not_open, closed, cap_reached, sold_out, blocked).
    """
    code = read_code(typed)
    if code is None:
        raise NotACode
    code_hash, cell = sealing.index(code, what="voucher code"), cell_of(citizen_id, cells)
    async with database.transaction() as connection:
        if await codes_store.locked_until(connection, cell, citizen_id, now=now):
            raise GuessingTooMuch
        found = await codes_store.find_code(connection, code_hash)
        if found is None:
            await codes_store.note_guess(connection, cell, citizen_id, most=GUESSES_MAX, locked_for=LOCKED_FOR, now=now)
        else:
            voucher_id = await _voucher(connection, found, code_hash, citizen_id, cells=cells, now=now)
            row = await voucher_of(connection, cell, citizen_id, voucher_id, now=now)
    if found is None:  # after the commit: the guess is counted
        raise UnknownVoucherCode
    if row is None:
        raise LookupError("a voucher that was just granted is not there")
    return row


async def _voucher(
    connection: Connection, found: FoundCode, code_hash: bytes, citizen_id: UUID, *, cells: int, now: datetime
) -> UUID:
    cell = cell_of(citizen_id, cells)
    if found.voucher_id is not None:
        if found.citizen_id != citizen_id:
            raise VoucherCodeUsed
        return found.voucher_id
    had = await codes_store.had_of_round(connection, cell, citizen_id, found.round_id)
    if found.batch_state != "active":
        raise UnknownVoucherCode
    if found.round_state != "published" or found.campaign_state != "published" or now < found.opens_at:
        raise CodeRefused("not_open")
    if now >= found.closes_at:
        raise CodeRefused("closed")
    if found.cap_round is not None and had >= found.cap_round:
        raise CodeRefused("cap_reached")
    grant = Grant(citizen_id, found.type_id, UUID(bytes=code_hash))
    (granted,) = await grant_vouchers(connection, [grant], origin=Origin.CODE, cells=cells, now=now)
    if granted.voucher_id is None:
        raise CodeRefused("not_open" if granted.code == "not_published" else granted.code)
    await codes_store.spend_code(connection, code_hash, citizen_id=citizen_id, voucher_id=granted.voucher_id, now=now)
    await codes_store.forgive(connection, cell, citizen_id)
    return granted.voucher_id
