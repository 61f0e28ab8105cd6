"""Features in PostgreSQL equal their definition: raw, rolled into tiles, late, repeated, judged at earlier moments."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rooms.risk.feature_worlds import START, all_features, brute_force, crowded_month, events

from yongquan.plumbing.db import Connection
from yongquan.risk.events import RiskEvent
from yongquan.risk.features.rolling_store import close_hours, find_busy, roll_busy
from yongquan.risk.features.store import read_features, record_events
from yongquan.risk.features.wave_store import read_wave

FEATURES = all_features()
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(st.lists(events(), max_size=15), st.booleans())
def test_store_equals_brute_force(module_database: str, history: list[RiskEvent], in_order: bool) -> None:
    if in_order:
        history.sort(key=lambda event: event.at)

    async def run(connection: Connection) -> None:
        for place, event in enumerate(history):
            found = await read_features(connection, 0, event, FEATURES)
            assert found == brute_force(history[:place], event, FEATURES)
            await record_events(connection, [event])
        for event in history[:3]:
            assert await read_features(connection, 0, event, FEATURES) == brute_force(history, event, FEATURES)

    _undone(module_database, run)


@FEW
@given(st.lists(st.one_of(events(), st.integers(0, 41 * 86_400)), max_size=20))
def test_tiles_change_nothing(module_database: str, history: list[RiskEvent | int]) -> None:
    """Whole numbers roll what is recorded into tiles up to that second; what comes after may be late."""

    async def run(connection: Connection) -> None:
        recorded: list[RiskEvent] = []
        for step in history:
            if isinstance(step, int):
                await _roll(connection, START + timedelta(seconds=step))
                continue
            assert await read_features(connection, 0, step, FEATURES) == brute_force(recorded, step, FEATURES)
            await record_events(connection, [step])
            recorded.append(step)
        for event in recorded[:3]:
            assert await read_features(connection, 0, event, FEATURES) == brute_force(recorded, event, FEATURES)

    _undone(module_database, run)


@FEW
@given(st.lists(events(), max_size=15), st.lists(events(), max_size=4), st.sampled_from([0, 1, 500]))
def test_a_wave_reads_what_each_event_alone_would(
    module_database: str, history: list[RiskEvent], wave: list[RiskEvent], rows_max: int
) -> None:
    """Parties with more events than `rows_max` are answered by the other way of reading."""

    async def run(connection: Connection) -> None:
        for event in history:
            await record_events(connection, [event])
        asked = [*wave, *history[:2]]

        found = await read_wave(connection, 0, asked, tuple(FEATURES), rows_max=rows_max)

        assert found == [brute_force(history, event, FEATURES) for event in asked]

    _undone(module_database, run)


@pytest.mark.parametrize("seed", [1, 2])
def test_month_of_a_busy_party_is_exact_from_tiles(module_database: str, seed: int) -> None:
    month = crowded_month(seed, count=220)

    async def run(connection: Connection) -> None:
        for place, event in enumerate(month):
            if place % 3 == 0:
                found = await read_features(connection, 0, event, FEATURES)
                assert found == brute_force(month[:place], event, FEATURES)
            await record_events(connection, [event])
            if place % 7 == 0:
                await _roll(connection, event.at)

    _undone(module_database, run)


async def _roll(connection: Connection, until: datetime) -> None:
    await close_hours(connection, 0, until=until)
    await find_busy(connection, 0, since=START - timedelta(days=1), until=START + timedelta(days=50), least=1)
    while await roll_busy(connection, 0):
        continue


def _undone(conninfo: str, run: Callable[[Connection], Awaitable[None]]) -> None:
    async def whole() -> None:
        connection = await psycopg.AsyncConnection.connect(conninfo)
        try:
            await run(connection)
        finally:
            await connection.rollback()
            await connection.close()

    asyncio.run(whole())
