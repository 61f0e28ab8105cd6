"""What a payment at a store would come to, before anybody confirms it: the best vouchers and what is left to pay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from yongquan.flows.funder_kinds import FunderKinds
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.db import Database
from yongquan.vouchers.catalogue import Catalogue
from yongquan.vouchers.model import Direction
from yongquan.vouchers.pricing import Cart, Line
from yongquan.vouchers.selection import HeldVoucher, Selection, choose_best
from yongquan.vouchers.usability import StoreFacts, WhyNot
from yongquan.vouchers.use_caps import within_use_caps
from yongquan.vouchers.views import HeldRow, held_now


@dataclass(frozen=True, slots=True)
class Quote:
    """The vouchers a payment would use, and those it cannot use here with the reason of each."""

    selection: Selection
    unusable: tuple[tuple[HeldVoucher, WhyNot], ...]


async def quote_payment(
    database: Database,
    catalogue: Catalogue,
    *,
    cells: int,
    citizen_id: UUID,
    store: StoreFacts,
    amount_fen: int,
    now: datetime,
    direction: Direction = Direction.CITIZEN_SCANS,
    lines: tuple[Line, ...] = (),
) -> Quote:
    """What a citizen's payment at a store would use now, and why not the rest. Locks nothing; amount in fen.

    `lines` are the goods, where they are known.
    """
    async with database.transaction() as connection:
        rows = await held_now(connection, cell_of(citizen_id, cells), citizen_id, now=now)
        missing = catalogue.missing(UUID(row[1]).hex for row in rows)
        if missing:
            await catalogue.load_types(connection, missing)
    vouchers = await within_use_caps(
        database, _held(catalogue, rows), cells=cells, citizen_id=citizen_id, merchant=store.merchant, now=now
    )
    cart = Cart(lines or (Line("bill", amount_fen, 1),))
    kinds = FunderKinds(database)
    held = [replace(v, funder_kind=await kinds.of(v.type.funder_id)) for v in vouchers]
    selection = choose_best(cart, held, store=store, direction=direction)
    unusable = [(v, why) for v in held if (why := v.why_not(store, direction)) is not None]
    return Quote(selection, tuple(unusable))


def _held(catalogue: Catalogue, rows: Sequence[HeldRow]) -> list[HeldVoucher]:
    return [
        HeldVoucher(voucher_id, type_, datetime.fromisoformat(valid_until), amount_fen)
        for voucher_id, type_id, valid_until, amount_fen in rows
        if (type_ := catalogue.type(UUID(type_id).hex)) is not None
    ]
