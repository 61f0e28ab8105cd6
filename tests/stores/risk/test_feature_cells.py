"""Features over 32 cells: a citizen's own at the commit, the others' a moment later; nothing twice, nothing lost."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from uuid import UUID

import psycopg
from rooms.risk.feature_worlds import START, brute_force

from yongquan.flows.count_risk_events import count_risk_events, roll_risk_events
from yongquan.kernel.ids import make_id
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.migrate import migrate
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.features.store import cell_of_event, home_of, read_features, record_events
from yongquan.risk.features.wave_store import read_wave

CELLS = 32
KIND = EventKind.PAYMENT
OWN = [
    Feature(Measure.COUNT, Entity.CITIZEN, KIND, "30d"),
    Feature(Measure.DISTINCT, Entity.CITIZEN, KIND, "7d", Entity.STORE),
    Feature(Measure.GAP, Entity.CITIZEN, KIND, "30d"),
]
OTHERS = [
    Feature(Measure.SUM, Entity.STORE, KIND, "24h", "amount"),
    Feature(Measure.DISTINCT, Entity.DEVICE, KIND, "30d", Entity.CITIZEN),
    Feature(Measure.COUNT, Entity.CARD, KIND, "30d"),
]


def test_each_party_is_counted_once_in_its_home_cell(fresh_database: str) -> None:
    _make_cells(fresh_database)
    history = _payments(300)

    async def run() -> None:
        async with opened(fresh_database) as database:
            await _record(database, history)
            await _record(database, history[:50])  # a client repeats itself
            for place in range(0, 300, 60):
                before = await _read(database, history[place], OWN)
                assert before == brute_force(history, history[place], OWN)

            first = await count_risk_events(database, cells=CELLS)
            again = await count_risk_events(database, cells=CELLS)
            await _record(database, history[50:60])
            repeated = await count_risk_events(database, cells=CELLS)

            assert (first, again, repeated) == (_copies(history), 0, 0)
            for place in range(0, 300, 30):
                found = await _read(database, history[place], OWN + OTHERS)
                assert found == brute_force(history, history[place], OWN + OTHERS)

    asyncio.run(run())


def test_home_in_sql_is_the_home_in_the_program(fresh_database: str) -> None:
    values = [(party, value) for party in Entity for value in ("甲店", "a", str(_citizen(5)), _citizen(700).hex)]

    with psycopg.connect(fresh_database) as connection:
        for party, value in values:
            found = connection.execute(
                "select risk.home(%s, %s, %s)", [list(Entity).index(party) + 1, value, CELLS]
            ).fetchone()
            assert found == (home_of(party, value, CELLS),)


def test_late_event_that_commits_during_a_rolling_is_counted(fresh_database: str) -> None:
    history = _payments(40)
    count = [Feature(Measure.COUNT, Entity.STORE, KIND, "30d")]
    late, last = history[3], history[-1]

    async def run() -> None:
        async with opened(fresh_database) as database:
            async with database.transaction() as connection:
                await record_events(connection, [one for one in history if one is not late])
                await connection.execute(
                    "insert into risk.busy (cell, party, key, rolled_to) select 0, 4, risk.key(%s), '-infinity'",
                    [late.parties[Entity.STORE]],
                )
            rolling = roll_risk_events(database, cells=1, now=last.at + timedelta(hours=3))
            async with database.transaction() as connection:
                await record_events(connection, [late])
                task = asyncio.create_task(rolling)
                await asyncio.sleep(0.3)
                assert not task.done()  # hours are closed only when nothing is under way
            await task

            later = RiskEvent(event_id=UUID(int=9), kind=KIND, at=last.at + timedelta(hours=4), parties=late.parties)
            async with database.transaction() as connection:
                rolled = await (await connection.execute("select count(*) from risk.tile")).fetchone()
                found = await read_features(connection, 0, later, count)
                await record_events(connection, [_moved(late, 1)])
                more = await read_features(connection, 0, later, count)
            expected = brute_force(history, later, count)
            assert rolled != (0,)
            assert found == expected
            assert more == {count[0]: expected[count[0]] + 1}  # a late event after the rolling

    asyncio.run(run())


def _moved(event: RiskEvent, number: int) -> RiskEvent:
    return RiskEvent(
        event_id=UUID(int=event.event_id.int + (number << 40)), kind=KIND, at=event.at, parties=event.parties
    )


def _make_cells(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("delete from plumbing.cells")
    migrate(conninfo, cells=CELLS)


def _citizen(bucket: int) -> UUID:
    return make_id(at_ms=1_700_000_000_000, bucket=bucket, entropy=bucket * 7919)


def _payments(count: int) -> list[RiskEvent]:
    chance = Random(4)
    return [
        RiskEvent(
            event_id=UUID(int=number + 1 << 64),
            kind=KIND,
            at=START + timedelta(minutes=7 * number),
            parties={
                Entity.CITIZEN: str(_citizen(chance.randrange(40) * 25)),
                Entity.DEVICE: f"device-{chance.randrange(30)}",
                Entity.CARD: f"card-{chance.randrange(60)}",
                Entity.STORE: f"store-{chance.randrange(3)}",
            },
            amount_fen=chance.randrange(100_000),
        )
        for number in range(count)
    ]


def _copies(history: Sequence[RiskEvent]) -> int:
    homes = [{home_of(party, value, CELLS) for party, value in event.parties.items()} for event in history]
    return sum(len(some - {cell_of_event(event, CELLS)}) for some, event in zip(homes, history, strict=True))


async def _record(database: Database, events: Sequence[RiskEvent]) -> None:
    async with database.transaction() as connection:
        await record_events(connection, events, cells=CELLS)


async def _read(database: Database, event: RiskEvent, features: list[Feature]) -> dict[Feature, int]:
    async with database.transaction() as connection:
        found = await read_features(connection, cell_of_event(event, CELLS), event, features, cells=CELLS)
        asked = tuple(features)
        assert await read_wave(connection, cell_of_event(event, CELLS), [event], asked, cells=CELLS) == [found]
        return found
