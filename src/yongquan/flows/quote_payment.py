"""What a payment at a store would come to, before anybody confirms it: the best vouchers and what is left to pay."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from yongquan.flows.funder_kinds import FunderKinds
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.db import Database
from yongquan.vouchers.catalogue import Catalogue
from yongquan.vouchers.model import Direction
from yongquan.vouchers.pricing import Cart, Line
from yongquan.vouchers.selection import HeldVoucher, Selection, choose_best
from yongquan.vouchers.usability import StoreFacts
from yongquan.vouchers.views import HeldRow, held_now


async def quote_payment(
    database: Database,
    catalogue: Catalogue,
    *,
    cells: int,
    citizen_id: UUID,
    store: StoreFacts,
    amount_fen: int,
    now: datetime,
) -> Selection:
    """The vouchers that a citizen's payment at a store's code would use now. Locks nothing; amount in fen."""
    async with database.transaction() as connection:
        rows = await held_now(connection, cell_of(citizen_id, cells), citizen_id, now=now)
        missing = catalogue.missing(UUID(row[1]).hex for row in rows)
        if missing:
            await catalogue.load_types(connection, missing)
    cart = Cart((Line("bill", amount_fen, 1),))
    kinds = FunderKinds(database)
    held = [replace(v, funder_kind=await kinds.of(v.type.funder_id)) for v in _held(catalogue, rows)]
    return choose_best(cart, held, store=store, direction=Direction.CITIZEN_SCANS)


def _held(catalogue: Catalogue, rows: Sequence[HeldRow]) -> list[HeldVoucher]:
    return [
        HeldVoucher(voucher_id, type_, datetime.fromisoformat(valid_until), amount_fen)
        for voucher_id, type_id, valid_until, amount_fen in rows
        if (type_ := catalogue.type(UUID(type_id).hex)) is not None
    ]
