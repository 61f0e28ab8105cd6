"""How a citizen is told which merchant gave a coupon: by its own word, its store's name, or its app's."""

from collections.abc import Iterable

from yongquan.institutions.apps_store import apps
from yongquan.institutions.gateway import V3, behind_numbers
from yongquan.institutions.views import Party
from yongquan.merchants.views import facts_of_stores
from yongquan.plumbing.db import Connection


async def name_v3_merchants(connection: Connection, called: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Party]:
    """The names of merchants by (mchid, what it calls itself, which may be empty)."""
    asked = set(called)
    behind = await behind_numbers(connection, V3, sorted({mchid for mchid, _ in asked}))
    stores = await facts_of_stores(connection, [store for _, store in behind.values() if store is not None])
    names = {app.institution: app for app in await apps(connection)} if behind else {}
    found: dict[tuple[str, str], Party] = {}
    for mchid, own in asked:
        institution, store_id = behind.get(mchid, ("", None))
        if own:
            found[mchid, own] = Party(mchid, own, own)
        elif store_id is not None and store_id in stores:
            found[mchid, own] = Party(mchid, stores[store_id].name, stores[store_id].name)
        elif institution in names:
            found[mchid, own] = Party(mchid, names[institution].name, names[institution].name_en)
        else:
            found[mchid, own] = Party(mchid, mchid, mchid)
    return found
