"""A past for `bench risk`, made by SQL: 30 days of claims and payments of 800,000 citizens at 20,000 stores.

Some citizens and some stores have far more than their share: the busiest store takes about one payment in 140.
"""

import random
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg

from yongquan.risk.events import Entity, EventKind, RiskEvent

CITIZENS, STORES, PLACES, SHARED_DEVICES = 800_000, 20_000, 2_000, 2_000
DAYS = 30
_PEOPLE = """
create unlogged table bench_person as
select n, risk.key(lpad(to_hex(n), 32, '0')::uuid::text) as citizen, risk.key('card-' || n) as card,
       risk.key('device-' || case when n % 20 = 0 then n % {devices} else n end) as device
  from generate_series(1, {citizens}) as n;
create unlogged table bench_shop as
select n, risk.key(lpad(to_hex({citizens} + n), 32, '0')::uuid::text) as store,
       risk.key('licence-' || n * 3 / 4) as licence, risk.key('cashier-' || n) as cashier,
       risk.key('terminal-' || n) as terminal, risk.key('place-' || n % {places}) as place
  from generate_series(1, {stores}) as n;
analyze bench_person; analyze bench_shop;
"""
_EVENTS = """
insert into risk.event (cell, event_id, at, amount, voucher, citizen, device, card, store, licence, cashier, terminal,
                        place, kind, homes)
select 0, lpad(to_hex(e.n), 32, '0')::uuid, e.at, 1000 + (20000 * e.size)::int, case when pays then 500 else 0 end,
       p.citizen, p.device, case when pays then p.card end, case when pays then s.store end,
       case when pays then s.licence end, case when pays then s.cashier end, case when pays then s.terminal end,
       s.place, case when pays then 2 else 1 end, case when pays then 255 else 131 end
  from (select n, random() as size, random() < 0.6 as pays, floor({citizens} * random() ^ 1.5)::int + 1 as person,
               floor({stores} * random() ^ 2)::int + 1 as shop,
               '{since}'::timestamptz + n * (interval '{days} days' / {count}) as at
          from generate_series(1, {count}) as n) e
  join bench_person p on p.n = e.person
  join bench_shop s on s.n = e.shop
"""
_INDEXES = "select indexname, indexdef from pg_indexes where schemaname = 'risk' and tablename = 'event'"
_FASTER = """
set work_mem = '256MB'; set maintenance_work_mem = '512MB'; set jit = off; set synchronous_commit = off;
set max_parallel_maintenance_workers = 1
"""


def make_people(connection: psycopg.Connection) -> None:
    """The keys of everybody who takes part."""
    names = {"citizens": CITIZENS, "stores": STORES, "places": PLACES, "devices": SHARED_DEVICES}
    connection.execute(_PEOPLE.format(**names).encode())


def make_past(connection: psycopg.Connection, count: int, *, now: datetime) -> None:
    """Put so many events, spread over the 30 days before `now`, in place of all that is recorded."""
    connection.execute(_FASTER)
    connection.execute("truncate risk.event, risk.tile, risk.met, risk.busy, risk.rolling")
    indexes = [(str(name), str(made)) for name, made in connection.execute(_INDEXES) if name != "event_pkey"]
    for name, _ in indexes:
        connection.execute(f"drop index risk.{name}".encode())
    connection.execute("alter table risk.event drop constraint event_pkey")
    made = {"count": count, "citizens": CITIZENS, "stores": STORES, "days": DAYS, "since": now - timedelta(days=DAYS)}
    connection.execute(_EVENTS.format(**made).encode())
    connection.execute("alter table risk.event add constraint event_pkey primary key (cell, event_id)")
    for _, definition in indexes:
        connection.execute(definition.encode())
    connection.execute("vacuum analyze risk.event")


def next_event(chance: random.Random, *, at: datetime, people: int = CITIZENS) -> RiskEvent:
    """A payment as those of the past, about to be judged; of the first so many people."""
    person = int(people * chance.random() ** 1.5) + 1
    shop = int(STORES * chance.random() ** 2) + 1
    return RiskEvent(
        event_id=uuid4(),
        kind=EventKind.PAYMENT,
        at=at,
        parties={
            Entity.CITIZEN: str(person_id(person)),
            Entity.DEVICE: f"device-{person % SHARED_DEVICES if person % 20 == 0 else person}",
            Entity.CARD: f"card-{person}",
            Entity.STORE: str(UUID(int=CITIZENS + shop)),
            Entity.LICENCE: f"licence-{shop * 3 // 4}",
            Entity.CASHIER: f"cashier-{shop}",
            Entity.TERMINAL: f"terminal-{shop}",
            Entity.PLACE: f"place-{shop % PLACES}",
        },
        amount_fen=chance.randrange(1_000, 21_000),
        voucher_fen=500,
    )


def person_id(number: int) -> UUID:
    """A citizen of the past."""
    return UUID(int=number)


def past_id(number: int) -> UUID:
    """The id of one event of the past."""
    return UUID(int=number)
