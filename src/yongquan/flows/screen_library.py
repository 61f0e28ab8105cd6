"""Shops of the library are scored, with what our own books know of them beside the lists."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.kernel.regions import Regions
from yongquan.merchants.library import curating, store, views
from yongquan.merchants.library.screening import Known, Trade, screen
from yongquan.payments.trade import trade_of_stores
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing

TRADE_SEEN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Library:
    """What the library's flows work with.

    `known` is what others said of licences and phones, `apart` one matching process for several lists.
    """

    database: Database
    sealing: Sealing
    regions: Regions
    known: Known = field(default_factory=Known)
    apart: Executor | None = None


async def known_of_stores(
    library: Library, connection: Connection, stores: Mapping[UUID, UUID], *, now: datetime
) -> Known:
    """What our books say of the shops that are stores of ours (shop -> store). `now` is the product's time."""
    if not stores:
        return library.known
    wanted = list(stores.values())
    trade = await trade_of_stores(connection, wanted, since=now - TRADE_SEEN)
    shared = await views.account_sharers(connection, wanted)
    return Known(
        {shop: Trade(*trade.get(one, (0, 0)), shared.get(one, 0)) for shop, one in stores.items()},
        library.known.in_business,
        library.known.phone_verified,
    )


async def rescore(library: Library, connection: Connection, shop_ids: Sequence[UUID], *, now: datetime) -> None:
    """Score some shops anew, beside those that share a phone with them."""
    near = await curating.shops_sharing_phones(connection, shop_ids)
    rows = await store.rows_of_shops(connection, [*{*near, *shop_ids}], library.sealing)
    cards = await views.shop_cards(connection, shop_ids)
    stores = {shop: card.store_id for shop, card in cards.items() if card.store_id is not None}
    known = await known_of_stores(library, connection, stores, now=now)
    await store.keep_scores(connection, screen(rows, library.regions, known, wanted=frozenset(shop_ids)), now=now)
