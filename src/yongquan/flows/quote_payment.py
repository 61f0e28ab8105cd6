"""What a payment at a store would come to, before anybody confirms it: the best vouchers and what is left to pay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from yongquan.flows.funder_kinds import FunderKinds
from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import StoreRow
from yongquan.plumbing.db import Database
from yongquan.vouchers.catalogue import Catalogue
from yongquan.vouchers.model import Direction
from yongquan.vouchers.pricing import Cart, Line
from yongquan.vouchers.selection import HeldVoucher, Selection, choose_best, use_named
from yongquan.vouchers.usability import StoreFacts, WhyNot
from yongquan.vouchers.use_caps import within_use_caps
from yongquan.vouchers.views import HeldRow, held_now


@dataclass(frozen=True, slots=True)
class Quote:
    """The vouchers a payment would use, and those it cannot use here with the reason of each."""

    selection: Selection
    unusable: tuple[tuple[HeldVoucher, WhyNot], ...]

    @property
    def saved_fen(self) -> int:
        """What the vouchers take off."""
        return sum(chosen.discount_fen for chosen in self.selection.chosen)


def facts_of(store: StoreRow, *, now: datetime, issuer: str | None = None, card_bin: str = "") -> StoreFacts:
    """What vouchers look at in a store, for a payment there now with a card of an issuer, if it is known."""
    return StoreFacts(
        store.industry,
        store.adcode,
        store.hardship,
        groups=frozenset(store.groups),
        place=(store.lon, store.lat),
        merchant=store.licence_no,
        now=now,
        issuer=issuer,
        card_bin=card_bin,
        may_take_subsidies=store.may_take_subsidies,
    )


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
    """What a citizen's payment at a store's code would use now, and why not the rest. Locks nothing; amount in fen.

    `lines` are the goods, where they are known.
    """
    held = await vouchers_at_hand(
        database, catalogue, cells=cells, citizen_id=citizen_id, merchant=store.merchant, now=now
    )
    return quote_of(held, store=store, direction=direction, amount_fen=amount_fen, lines=lines)


async def vouchers_at_hand(
    database: Database, catalogue: Catalogue, *, cells: int, citizen_id: UUID, merchant: str, now: datetime
) -> list[HeldVoucher]:
    """The vouchers that a citizen holds and that are good now, with what their caps of use leave at a merchant."""
    async with database.transaction() as connection:
        rows = await held_now(connection, cell_of(citizen_id, cells), citizen_id, now=now)
        missing = catalogue.missing(UUID(row[1]).hex for row in rows)
        if missing:
            await catalogue.load_types(connection, missing)
    vouchers = await within_use_caps(
        database, _held(catalogue, rows), cells=cells, citizen_id=citizen_id, merchant=merchant, now=now
    )
    kinds = FunderKinds(database)
    return [
        replace(
            v,
            funder_kind=await kinds.of(v.type.funder_id),
            is_public=await kinds.any_public(v.type.funders),
        )
        for v in vouchers
    ]


def quote_of(
    held: Sequence[HeldVoucher],
    *,
    store: StoreFacts,
    direction: Direction,
    amount_fen: int,
    named: Sequence[UUID] | None = None,
    lines: tuple[Line, ...] = (),
) -> Quote:
    """The best of some vouchers, or exactly the named ones, for an amount in fen. Raises `VoucherNotUsable`."""
    cart = Cart(lines or (Line("bill", amount_fen, 1),))
    unusable = tuple((v, why) for v in held if (why := v.why_not(store, direction)) is not None)
    if named is None:
        return Quote(choose_best(cart, held, store=store, direction=direction), unusable)
    names = {str(id_) for id_ in named}
    wanted = [v for v in held if v.voucher_id in names]
    return Quote(use_named(cart, wanted, store=store, direction=direction), unusable)


def _held(catalogue: Catalogue, rows: Sequence[HeldRow]) -> list[HeldVoucher]:
    return [
        HeldVoucher(voucher_id, type_, datetime.fromisoformat(valid_until), amount_fen)
        for voucher_id, type_id, valid_until, amount_fen in rows
        if (type_ := catalogue.type(UUID(type_id).hex)) is not None
    ]
