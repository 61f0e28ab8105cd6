"""The past of a whole wave of events in one call: a statement written for one set of features and prepared once.

Each party of each event is one narrow scan of its own index that answers all its features together. A party with more
than `ROWS_MAX` events in its windows is answered by `risk.features`, which has tiles for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.features.store import answer_questions, home_of, key_of

ROWS_MAX = 2500  # above, tiles answer sooner than a scan (bench risk)
_PARTIES = list(Entity)
_KINDS = list(EventKind)
_NEVER = -1


@dataclass(frozen=True, slots=True)
class _Question:
    """A statement, and of each of its columns the party and the features it answers, in order."""

    sql: str
    parties: tuple[Entity, ...]
    columns: tuple[tuple[Entity, tuple[Feature, ...]], ...]


async def read_wave(
    connection: Connection,
    cell: int,
    events: Sequence[RiskEvent],
    features: tuple[Feature, ...],
    *,
    cells: int = 1,
    rows_max: int = ROWS_MAX,
) -> list[Mapping[Feature, int]]:
    """`read_features` of several events that ask the same: one call for each home cell of their parties."""
    nothing = {feature: _NEVER if feature.measure is Measure.GAP else 0 for feature in features}
    values = [nothing.copy() for _ in events]
    if not features or not events:
        return list(values)
    question = _question(features)
    for home in _homes(events, question, cell, cells):
        keys = [[_key(event, party, home, cells) for event in events] for party in question.parties]
        ids, moments = [event.event_id for event in events], [event.at for event in events]
        rows = await (
            await connection.execute(question.sql, [home, rows_max, ids, moments, *keys], prepare=True)
        ).fetchall()
        crowded: dict[tuple[Feature, ...], list[int]] = {}
        for place, row in enumerate(rows):
            too_many: list[Feature] = []
            for (party, asked), answers in zip(question.columns, row, strict=True):
                if keys[question.parties.index(party)][place] is None:
                    continue
                if answers is None:
                    too_many += asked
                else:
                    values[place].update(zip(asked, answers, strict=True))
            if too_many:
                crowded.setdefault(tuple(too_many), []).append(place)
        for asked, places in crowded.items():
            answered = await answer_questions(connection, home, [events[place] for place in places], asked)
            for place, answers in zip(places, answered, strict=True):
                values[place].update(zip(asked, answers, strict=True))
    return list(values)


def wave_statement(features: tuple[Feature, ...]) -> str:
    """The statement that reads these features; given a cell, `rows_max`, event ids, moments, and keys by party."""
    return _question(features).sql


def _homes(events: Sequence[RiskEvent], question: _Question, cell: int, cells: int) -> list[int]:
    if cells == 1:
        return [cell]
    return sorted({home_of(p, e.parties[p], cells) for e in events for p in question.parties if p in e.parties})


def _key(event: RiskEvent, party: Entity, home: int, cells: int) -> int | None:
    """The 64 bits by which a party is counted, as `risk.key` makes them; None where it has no past in this cell."""
    value = event.parties.get(party)
    if value is None or (cells > 1 and home_of(party, value, cells) != home):
        return None
    return key_of(value)


@lru_cache(maxsize=256)
def _question(features: tuple[Feature, ...]) -> _Question:
    """Built from the names of parties, kinds and windows alone, all of them ours."""
    parties = tuple(party for party in _PARTIES if any(feature.party is party for feature in features))
    columns: list[tuple[Entity, tuple[Feature, ...]]] = []
    selects: list[str] = []
    for (party, kind, is_gap), some in groupby(sorted(features, key=_place), key=_place):
        asked = tuple(some)
        columns.append((_PARTIES[party], asked))
        where = _where(_PARTIES[party], kind, parties.index(_PARTIES[party]), max(one.seconds for one in asked))
        selects.append(_last(where) if is_gap else _numbers(where, asked))
    keys = ", ".join("(select %s::bigint[])" for _ in parties)
    names = ", ".join(f"k{n}" for n in range(len(parties)))
    # Arrays from sub-selects have no length that the planner could guess from: one plan serves every wave.
    sql = f"""
    with given as materialized (select %s::int as cell, %s::int as most)
    select {", ".join(selects)}
      from given g
     cross join unnest((select %s::uuid[]), (select %s::timestamptz[]), {keys})
           with ordinality as e(event_id, at, {names}, ord)
     order by e.ord
    """
    return _Question(sql, parties, tuple(columns))


def _place(feature: Feature) -> tuple[int, int, bool]:
    return _PARTIES.index(feature.party), _KINDS.index(feature.kind) + 1, feature.measure is Measure.GAP


def _where(party: Entity, kind: int, place: int, seconds: int) -> str:
    return (
        # The planner can only take the party's own index: see migrations/0050_risk_indexes.sql.
        f"x.cell + 0 = g.cell and x.{party} = e.k{place} and x.homes & {1 << _PARTIES.index(party)} <> 0"
        f" and x.kind = {kind} and x.at > e.at - interval '{seconds} seconds' and x.at <= e.at"
        " and x.event_id <> e.event_id"
    )


def _last(where: str) -> str:
    found = f"select x.at from risk.event x where {where} order by x.at desc limit 1"
    return f"array[coalesce(floor(extract(epoch from e.at - ({found})))::bigint, {_NEVER})]"


def _numbers(where: str, asked: Sequence[Feature]) -> str:
    read = sorted({column for one in asked for column in ([one.of] if one.of else [])} | {"at"})
    numbers = ", ".join(_number(one) for one in asked)
    return f"""(
        select case when count(*) <= g.most then array[{numbers}]::bigint[] end
          from (select {", ".join(f"x.{column}" for column in read)} from risk.event x
                 where {where} limit g.most + 1) p)"""


def _number(feature: Feature) -> str:
    of = {
        Measure.COUNT: "count(*)",
        Measure.SUM: f"sum(p.{feature.of})",
        Measure.DISTINCT: f"count(distinct p.{feature.of})",
    }[feature.measure]
    return f"coalesce({of} filter (where p.at > e.at - interval '{feature.seconds} seconds'), 0)"
