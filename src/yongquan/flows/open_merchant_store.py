"""Beside the sandbox, a merchant of a wire format that names no store gets one, with a settlement account."""

from datetime import datetime
from uuid import UUID

from yongquan.flows.fund_campaign import open_books
from yongquan.institutions.connectors.account_messages import ShopOpening
from yongquan.institutions.gateway import GatewayMerchant, give_store, lock_merchant
from yongquan.institutions.links import Links
from yongquan.institutions.store import save_institutions
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import bucket_from, make_id, named_id
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.merchants.views import store_of
from yongquan.plumbing.db import Database

# A store of the demo city's middle, until the merchant names its own.
_ADCODE, _LON, _LAT, _MCC = "330203", 121.55, 29.87, "5311"
# Its licence is as invented as the store: of numbers that no demo city uses.
_LICENCES_FROM, _LICENCES = 800_000_000, 80_000_000


async def open_merchant_store(
    database: Database, links: Links, merchant: GatewayMerchant, *, cells: int, now: datetime
) -> UUID:
    """The store of a merchant that had none; a repeat after a crash finds what the first one opened.

    Raises `Outage` if no acquirer takes the merchant on.
    """
    store = sandbox_store(links, merchant)
    if store is None:
        raise Outage("no acquirer is there to take the merchant on")
    async with links.client(store.acquirer) as acquirer:
        shop = ShopOpening(shop_id=str(store.store_id), name=store.name, account_no=store.account_no)
        answer = await acquirer.take_on_shops([shop])
    if answer.refused:
        raise Outage(f"{store.acquirer} did not take the merchant on: {answer.refused[0].code}")
    async with database.transaction() as connection:
        members = links.registry.members if links.registry else ()
        await save_institutions(connection, members)
        await open_books(connection, [m.code for m in members], [], cells=cells, now=now)
        await lock_merchant(connection, merchant)
        if await store_of(connection, store.store_id) is None:
            await register_stores(connection, [store], now=now)
        await give_store(connection, merchant, store.store_id)
    return store.store_id


def sandbox_store(links: Links, merchant: GatewayMerchant) -> NewStore | None:
    """The store that a merchant without one gets beside the sandbox; None where no acquirer is there to settle it."""
    acquirers = links.registry.acquirers if links.registry else ()
    if not acquirers:
        return None
    # Named for the merchant, so that everybody who opens it opens the same one.
    name = named_id("gateway-store", merchant.dialect, merchant.number)
    return NewStore(
        store_id=make_id(at_ms=0, bucket=bucket_from(name.bytes), entropy=name.int & 0xFFFF_FFFF_FFFF_FFFF),
        name=f"商户 {merchant.number}",
        brand=None,
        licence_no=credit_code(_LICENCES_FROM + name.int % _LICENCES, adcode=_ADCODE, is_company=True),
        industry="department_store",
        mcc=_MCC,
        adcode=_ADCODE,
        address="线上门店",
        lon=_LON,
        lat=_LAT,
        acquirer=acquirers[name.int % len(acquirers)].code,
        account_no=f"shop-{merchant.dialect}-{merchant.number}",
    )
