"""What screens read of stores: one store, some by their names. Degrees are WGS-84, distances metres."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from yongquan.plumbing.db import Connection

NEAREST = 100
NAMED_MAX = 20
# The columns of a `StoreRow` but the last.
STORE = "store_id, name, industry, adcode, address, lon, lat, acquirer, hardship, state"
# Of the merchants' category codes (ISO 18245), banks and insurers are left out.
OVER_A_COUNTER = "mcc not between '6010' and '6300'"
_STORE = f"""
select {STORE}, null::float8, licence_no,
       array(select m.code from merchants.shop_group_member m where m.store_id = s.store_id),
       merchants.may_take_subsidies(s.licence_no, plumbing.now())
  from merchants.store s where store_id = %s
"""
_NAMED = f"""
select {STORE}, null::float8 from merchants.store where strpos(name, %s) > 0 order by name, store_id limit %s
"""
_MCC = "select s.mcc from merchants.store s where s.store_id = %s"
_KINDS = """
select s.store_id, s.name, s.industry, s.adcode, s.hardship, s.lon, s.lat,
       array(select m.code from merchants.shop_group_member m where m.store_id = s.store_id), s.licence_no,
       merchants.may_take_subsidies(s.licence_no, plumbing.now())
  from merchants.store s where s.store_id = any (%s)
"""
_ACQUIRERS = "select store_id, name, acquirer from merchants.store where store_id = any (%s) order by name, store_id"
_PAYING_ACCOUNT = "select name, acquirer, account_no from merchants.store where store_id = %s"


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store as a citizen sees it; `metres` is the distance from the place that was asked about.

    `groups` are the shop groups it is in; they, the licence and whether it lets public money in are read for a single
    store.
    """

    store_id: UUID
    name: str
    industry: str
    adcode: str
    address: str
    lon: float
    lat: float
    acquirer: str
    hardship: bool
    state: str
    metres: float | None
    licence_no: str = ""
    groups: Sequence[str] = ()
    may_take_subsidies: bool = True


async def settled_to(connection: Connection, store_id: UUID) -> tuple[str, str] | None:
    """A store's acquirer and its account there."""
    query = "select acquirer, account_no from merchants.store where store_id = %s"
    row = await (await connection.execute(query, [store_id])).fetchone()
    return (row[0], row[1]) if row else None


@dataclass(frozen=True, slots=True)
class StoreKind:
    """What vouchers look at in a store, and its name."""

    name: str
    industry: str
    adcode: str
    hardship: bool
    place: tuple[float, float]
    groups: frozenset[str]
    licence_no: str = ""
    may_take_subsidies: bool = True


async def facts_of_stores(connection: Connection, store_ids: Sequence[UUID]) -> dict[UUID, StoreKind]:
    """The kinds of some stores, by id."""
    rows = await (await connection.execute(_KINDS, [list(store_ids)])).fetchall()
    return {row[0]: StoreKind(*(*row[1:5], (row[5], row[6]), frozenset(row[7]), row[8], row[9])) for row in rows}


async def mcc_of(connection: Connection, store_id: UUID) -> str:
    """The category code (ISO 18245) of a store."""
    row = await (await connection.execute(_MCC, [store_id])).fetchone()
    return row[0] if row else ""


async def store_of(connection: Connection, store_id: UUID) -> StoreRow | None:
    """One store."""
    row = await (await connection.execute(_STORE, [store_id])).fetchone()
    return StoreRow(*row) if row else None


async def names_of_stores(connection: Connection, store_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of some stores."""
    query = "select store_id, name from merchants.store where store_id = any (%s)"
    return dict(await (await connection.execute(query, [list(store_ids)])).fetchall())


async def settling_of(connection: Connection, store_id: UUID) -> tuple[str, str] | None:
    """A store's category code (MCC) and its acquirer."""
    found = await connection.execute("select mcc, acquirer from merchants.store where store_id = %s", [store_id])
    return await found.fetchone()


async def acquirers_of(connection: Connection, store_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """The name and the acquirer of some stores, by id."""
    rows = await (await connection.execute(_ACQUIRERS, [list(store_ids)])).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


async def stores_named(connection: Connection, part: str) -> Sequence[StoreRow]:
    """Stores whose name has these letters in it, `NAMED_MAX` at most, by name."""
    rows = await (await connection.execute(_NAMED, [part, NAMED_MAX])).fetchall()
    return [StoreRow(*row) for row in rows]


async def paying_account_of(connection: Connection, store_id: UUID) -> tuple[str, str, str] | None:
    """A store's name, its acquirer, and its settlement account there."""
    row = await (await connection.execute(_PAYING_ACCOUNT, [store_id])).fetchone()
    return None if row is None else (row[0], row[1], row[2])
