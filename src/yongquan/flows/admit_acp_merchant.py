"""An ACP merchant is admitted: its certificate registered, with a store for its takings."""

from dataclasses import replace
from datetime import datetime

from yongquan.flows.fund_campaign import open_books
from yongquan.flows.open_merchant_store import sandbox_store
from yongquan.institutions.connectors.account_messages import AccountOpening, ShopOpening
from yongquan.institutions.gateway import ACP, GatewayMerchant, merchant_of, register
from yongquan.institutions.links import Links
from yongquan.institutions.store import save_institutions
from yongquan.kernel.errors import BadInput
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.merchants.views import store_of
from yongquan.payments.mandates import Scene
from yongquan.payments.mandates_store import allow_scenes
from yongquan.plumbing.db import Database

_OPENING_FEN = 1_000_000_00


async def admit(
    database: Database, links: Links, merchant: GatewayMerchant, *, cells: int, now: datetime
) -> GatewayMerchant:
    """Register the merchant; without a store it gets one, with a settlement account at an acquirer. Idempotent.

    Raises `BadInput` for an unknown store, or if there is no acquirer to open an account at.
    """
    async with database.transaction() as connection:
        known = await merchant_of(connection, ACP, merchant.number)
        if merchant.store_id is not None and await store_of(connection, merchant.store_id) is None:
            raise BadInput(f"--store {merchant.store_id}: there is no such store")
    has_store = merchant.store_id or (known and known.store_id)
    store = None if has_store else await _settled_store(links, merchant)
    admitted = merchant if store is None else replace(merchant, store_id=store.store_id)
    async with database.transaction() as connection:
        if store is not None:
            members = links.registry.members if links.registry else ()
            await save_institutions(connection, members)
            await open_books(connection, [m.code for m in members], [], cells=cells, now=now)
            await register_stores(connection, [store], now=now)
            await allow_scenes(connection, store.store_id, [Scene.UTILITIES], now=now)
        await register(connection, admitted, now=now)
    return admitted


async def _settled_store(links: Links, merchant: GatewayMerchant) -> NewStore:
    store = sandbox_store(links, merchant)
    if store is None:
        raise BadInput("--store: name the merchant's store (without the sandbox there is none to make)")
    # Something to pay out of, before the merchant's first takings are settled.
    funded = AccountOpening(account_no=store.account_no, holder=store.name, opening_balance_fen=_OPENING_FEN)
    async with links.client(store.acquirer) as client:
        await client.open_accounts([funded])
        shop = ShopOpening(shop_id=str(store.store_id), name=store.name, account_no=store.account_no)
        answer = await client.take_on_shops([shop])
    if answer.refused:
        raise BadInput(f"{store.acquirer} did not take the merchant on: {answer.refused[0].code}")
    return store
