"""The payments room's SQL for single payments and instruments (hot SQL: migrations/hot)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.kernel.ids import cell_of
from yongquan.payments.model import Payment, PaymentState, Share
from yongquan.payments.vault import Vault
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_PAYMENT = """
select payment_id, citizen_id, store_id, order_no, amount_fen, discount_fen, charged_fen,
       interchange_fen + network_fee_fen + acquirer_fee_fen, state, settlement_date, begun_at, ended_at, response_code,
       refunded_fen, merchant_offer_fen
  from payments.payment where cell = %s and payment_id = %s
"""
_SHARES = """
select voucher_id, type_id, funder_id, amount_fen from payments.share
 where cell = %s and payment_id = %s and amount_fen > 0 order by voucher_id, amount_fen desc, funder_id
"""
_BIND = """
copy payments.instrument (cell, instrument_id, citizen_id, issuer, kind, pan_sealed, pan_tail, bound_at, pan_index)
from stdin
"""
_ADD_GUEST = """
insert into payments.instrument (cell, instrument_id, citizen_id, issuer, kind, pan_sealed, pan_tail, bound_at,
                                 pan_index)
values (%(cell)s, %(instrument)s, %(citizen)s, %(issuer)s, %(kind)s, %(sealed)s, %(tail)s, %(now)s, %(index)s)
    on conflict (cell, instrument_id) do update set state = 'bound'
"""
_BY_PAN = """
select citizen_id, instrument_id, issuer from payments.instrument
 where pan_index = %s and state = 'bound' order by bound_at, instrument_id limit 1
"""
_OF_CARD = "select distinct citizen_id from payments.instrument where pan_index = %s and state = 'bound'"
_NUMBERS = "select pan_sealed from payments.instrument where cell = %s and citizen_id = %s and state = 'bound'"
_UNINDEXED = """
select cell, instrument_id, pan_sealed from payments.instrument where pan_index is null limit %s
   for no key update skip locked
"""
_INDEX = """
update payments.instrument i set pan_index = u.pan_index
  from unnest(%s::smallint[], %s::uuid[], %s::bytea[]) as u(cell, instrument_id, pan_index)
 where i.cell = u.cell and i.instrument_id = u.instrument_id
"""
_ADD_CODE = """
insert into payments.pay_code (cell, code_hash, citizen_id, instrument_id, voucher_ids, expires_at)
values (%s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class NewInstrument:
    """A card or wallet to bind; `pan` is sealed before it is written."""

    instrument_id: UUID
    citizen_id: UUID
    issuer: str
    kind: str
    pan: str


async def payment_of(connection: Connection, cell: int, payment_id: UUID | None) -> Payment | None:
    """One payment with its shares."""
    row = await (await connection.execute(_PAYMENT, [cell, payment_id])).fetchone()
    if row is None:
        return None
    shares = await (await connection.execute(_SHARES, [cell, payment_id])).fetchall()
    return Payment(*(*row[:8], PaymentState(row[8]), *row[9:13], tuple(Share(*share) for share in shares), *row[13:]))


async def bind_many(
    connection: Connection, instruments: Iterable[NewInstrument], sealing: Sealing, *, cells: int, now: datetime
) -> None:
    """Bind instruments in bulk."""
    vault = Vault(sealing)
    async with connection.cursor().copy(_BIND) as copy:
        for i in instruments:
            cell = cell_of(i.citizen_id, cells)
            kept = vault.keep(i.pan)
            await copy.write_row(
                (cell, i.instrument_id, i.citizen_id, i.issuer, i.kind, kept.sealed, kept.tail, now, kept.index)
            )


async def add_guest(
    connection: Connection, instrument: NewInstrument, sealing: Sealing, *, cells: int, now: datetime
) -> None:
    """Keep the card of a payer who is no citizen here, or no longer has it bound; a repeat changes nothing."""
    kept = Vault(sealing).keep(instrument.pan)
    values = {
        "cell": cell_of(instrument.citizen_id, cells),
        "instrument": instrument.instrument_id,
        "citizen": instrument.citizen_id,
        "issuer": instrument.issuer,
        "kind": instrument.kind,
        "sealed": kept.sealed,
        "tail": kept.tail,
        "now": now,
        "index": kept.index,
    }
    await connection.execute(_ADD_GUEST, values)


async def instrument_by_pan(connection: Connection, pan_index: bytes) -> tuple[UUID, UUID, str] | None:
    """The holder, the instrument and the issuer of a bound card, the first to bind it; asks every cell."""
    return await (await connection.execute(_BY_PAN, [pan_index])).fetchone()


async def citizens_of_card(connection: Connection, card_no: str, sealing: Sealing) -> list[UUID]:
    """Who has bound a card."""
    rows = await (await connection.execute(_OF_CARD, [Vault(sealing).index(card_no)])).fetchall()
    return [row[0] for row in rows]


async def card_numbers_of(connection: Connection, citizen_id: UUID, sealing: Sealing, *, cells: int) -> list[str]:
    """The numbers of what a citizen has bound, to look them up by; nobody is shown them."""
    rows = await (await connection.execute(_NUMBERS, [cell_of(citizen_id, cells), citizen_id])).fetchall()
    return [Vault(sealing).open(bytes(row[0])) for row in rows]


async def index_cards(connection: Connection, sealing: Sealing, *, limit: int = 1000) -> int:
    """Make cards that were bound before there was an index findable by number; how many."""
    rows = await (await connection.execute(_UNINDEXED, [limit])).fetchall()
    vault = Vault(sealing)
    indexes = [vault.index(vault.open(bytes(row[2]))) for row in rows]
    await connection.execute(_INDEX, [[row[0] for row in rows], [row[1] for row in rows], indexes])
    return len(rows)


async def add_pay_code(
    connection: Connection,
    cell: int,
    *,
    code_hash: UUID,
    citizen_id: UUID,
    instrument_id: UUID,
    vouchers: tuple[UUID, ...] | None,
    expires_at: datetime,
) -> None:
    """Write a fresh pay code."""
    chosen = None if vouchers is None else list(vouchers)
    await connection.execute(_ADD_CODE, [cell, code_hash, citizen_id, instrument_id, chosen, expires_at])
