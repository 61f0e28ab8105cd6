"""Features in PostgreSQL equal their definition: raw, rolled into tiles, late, repeated, judged at earlier moments."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rooms.risk.feature_worlds import START, all_features, brute_force, events

from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.features.store import read_features, record_events

FEATURES = all_features()
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


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


def _undone(conninfo: str, run) -> None:
    async def whole() -> None:
        connection = await psycopg.AsyncConnection.connect(conninfo)
        try:
            await run(connection)
        finally:
            await connection.rollback()
            await connection.close()

    asyncio.run(whole())
