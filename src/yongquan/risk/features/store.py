"""Features in PostgreSQL: one call reads all that an event asks, one call records a batch of events."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import md5
from itertools import groupby
from uuid import UUID

import msgspec

from yongquan.kernel.ids import BUCKETS, bucket_of_hex
from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import WINDOWS_S, Feature, Measure

_PARTIES = list(Entity)
_KINDS = list(EventKind)
_WINDOWS = sorted(WINDOWS_S, key=lambda window: -WINDOWS_S[window])
_FEATURES = f"""
select risk.features(%s, e.event_id, e.at, array[{", ".join(_PARTIES)}], %s, %s, %s, %s, %s)
  from unnest(%s::uuid[], %s::timestamptz[], {", ".join("%s::text[]" for _ in _PARTIES)})
       with ordinality as e(event_id, at, {", ".join(_PARTIES)}, ord)
 order by e.ord
"""
_RECORD = "select risk.record(%s, %s::text::jsonb)"
_COPY = "select cardinality(risk.store_events(%s, %s, %s::text::jsonb))"
_KNOWN = "select event_id from risk.event where cell = %s and event_id = any (%s)"
_NEVER = -1
_SPOT = re.compile(r"8[0-9a-f]{14}", re.ASCII)

Questions = tuple[list[int], list[str], list[int], list[int], list[int]]


async def read_features(
    connection: Connection, cell: int, event: RiskEvent, features: Sequence[Feature], *, cells: int = 1
) -> dict[Feature, int]:
    """Each feature over what is recorded, without the event itself: one call for each home cell of the parties asked.

    `cell` is the cell of the event (the citizen's); with one cell it answers for all parties. A party that the event
    does not name has counted nothing: 0, and -1 for a gap.
    """
    values = {feature: _NEVER if feature.measure is Measure.GAP else 0 for feature in features}
    known = [feature for feature in values if feature.party in event.parties]
    for home, asked in _by_home(known, event, cells, cell):
        (answers,) = await answer_questions(connection, home, [event], asked)
        values.update(zip(asked, answers, strict=True))
    return values


async def answer_questions(
    connection: Connection, home: int, events: Sequence[RiskEvent], features: tuple[Feature, ...]
) -> list[Sequence[int]]:
    """The same features of several events, whose parties asked about all have their home in one cell: one call."""
    texts = [[event.parties.get(party) for event in events] for party in _PARTIES]
    ids, moments = [event.event_id for event in events], [event.at for event in events]
    asked = [home, *_questions(features), ids, moments, *texts]
    rows = await (await connection.execute(_FEATURES, asked, prepare=True)).fetchall()
    return [row[0] for row in rows]


async def record_events(connection: Connection, events: Iterable[RiskEvent], *, cells: int = 1) -> int:
    """Record events in the caller's transaction and return how many were new; a repeated id is not counted again.

    With more cells than one, parties at home in other cells are counted there a moment later, by the outbox.
    """
    by_cell: dict[int, list[RiskEvent]] = {}
    for event in events:
        by_cell.setdefault(cell_of_event(event, cells), []).append(event)
    new = 0
    for cell, some in sorted(by_cell.items()):
        row = await (await connection.execute(_RECORD, [cell, _document(some)], prepare=True)).fetchone()
        new += int(row[0]) if row else 0
    return new


async def recorded_of(connection: Connection, cell: int, event_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of these ids that a cell has recorded in the last 31 days."""
    rows = await (await connection.execute(_KNOWN, [cell, list(event_ids)], prepare=True)).fetchall()
    return frozenset(row[0] for row in rows)


def _document(events: Sequence[RiskEvent]) -> str:
    return msgspec.json.encode([as_record(event) for event in events]).decode()


async def store_copies(
    connection: Connection, cell: int, records: Sequence[Mapping[str, object]], *, cells: int
) -> int:
    """Count records (of `as_record`) for the parties at home in one more cell; returns how many were new there."""
    row = await (await connection.execute(_COPY, [cell, cells, json.dumps(records)])).fetchone()
    return int(row[0]) if row else 0


def as_record(event: RiskEvent) -> dict[str, object]:
    """The event as `risk.record` takes it, ready for JSON."""
    return {
        "event_id": str(event.event_id),
        "kind": event.kind,
        "at": event.at.isoformat(),
        "amount_fen": event.amount_fen,
        "voucher_fen": event.voucher_fen,
        "parties": dict(event.parties),
        "spot": spot_number(event),
    }


def spot_number(event: RiskEvent) -> int | None:
    """The number of the H3 cell in which whoever acts was, if it is known."""
    spot = event.facts.get("spot")
    return int(spot, 16) if isinstance(spot, str) and _SPOT.fullmatch(spot) else None


def cell_of_event(event: RiskEvent, cells: int) -> int:
    """Where an event is recorded: the citizen's cell, else that of its first party."""
    party = next((one for one in _PARTIES if one in event.parties), None)
    return 0 if party is None else home_of(party, event.parties[party], cells)


def home_of(party: Entity, value: str, cells: int) -> int:
    """The cell in which a party is counted (the same rule is in SQL: `risk.home`)."""
    digits = value.replace("-", "")
    if party is Entity.CITIZEN and len(digits) == 32 and set(digits) <= set("0123456789abcdef"):
        return bucket_of_hex(digits) % cells
    return int.from_bytes(md5(value.encode(), usedforsecurity=False).digest()[6:8]) % min(cells, BUCKETS)


def key_of(value: str) -> int:
    """The 64 bits by which a party is counted (the same rule is in SQL: `risk.key`)."""
    return int.from_bytes(md5(value.encode(), usedforsecurity=False).digest()[:8], signed=True)


def _by_home(
    features: Sequence[Feature], event: RiskEvent, cells: int, cell: int
) -> Iterable[tuple[int, tuple[Feature, ...]]]:
    if not features:
        return []
    if cells == 1:
        return [(cell, tuple(features))]

    def home(feature: Feature) -> int:
        return home_of(feature.party, event.parties[feature.party], cells)

    return [(at, tuple(some)) for at, some in groupby(sorted(features, key=home), key=home)]


@lru_cache(maxsize=4096)
def _questions(features: tuple[Feature, ...]) -> Questions:
    """The arrays that `risk.features` takes."""
    return (
        [_number(feature.party) for feature in features],
        [feature.of if feature.measure is Measure.SUM else str(feature.measure) for feature in features],
        [_KINDS.index(feature.kind) + 1 for feature in features],
        [_WINDOWS.index(feature.window) + 1 for feature in features],
        [_number(Entity(feature.of)) if feature.measure is Measure.DISTINCT else 0 for feature in features],
    )


def _number(party: Entity) -> int:
    return _PARTIES.index(party) + 1
