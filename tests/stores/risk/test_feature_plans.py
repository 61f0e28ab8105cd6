"""How the past of a party is read does not hang on what the planner knows of the table."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from yongquan.risk.events import Entity, EventKind
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.features.wave_store import wave_statement


@pytest.mark.parametrize("party", list(Entity))
def test_a_table_analysed_while_empty_is_read_by_the_partys_own_index(fresh_database: str, party: Entity) -> None:
    other = Entity.STORE if party is Entity.CITIZEN else Entity.CITIZEN
    features = (
        Feature(Measure.COUNT, party, EventKind.PAYMENT, "1h"),
        Feature(Measure.SUM, party, EventKind.PAYMENT, "7d", "amount"),
        Feature(Measure.DISTINCT, party, EventKind.PAYMENT, "24h", other),
        Feature(Measure.GAP, party, EventKind.CLAIM, "30d"),
    )
    statement = wave_statement(features)
    asked = [0, 100, [uuid4()], [datetime.now(UTC)], [1]]
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute("vacuum analyze risk.event")
        connection.execute("set enable_seqscan = off")

        plan = "\n".join(line for (line,) in connection.execute(f"explain {statement}".encode(), asked))

    assert set(re.findall(r"event_(?:of_|by_|pkey)\w*", plan)) == {f"event_of_{party}"}
