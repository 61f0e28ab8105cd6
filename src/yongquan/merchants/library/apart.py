"""The matching as the work of a process of its own: what goes there and what comes back, in plain packed values.

Pickling a hundred thousand small objects takes longer than matching them; tuples of text do not.
"""

import gc
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any
from uuid import UUID

from yongquan.kernel.regions import Regions
from yongquan.merchants.library.authenticity import Point, Score
from yongquan.merchants.library.model import KeptRow, Placement, SourceKind
from yongquan.merchants.library.placing import Shelf, known_of, place, rows_after
from yongquan.merchants.library.screening import Known, screen
from yongquan.merchants.matching.matcher import Extension, Tie, extend
from yongquan.merchants.matching.reading import Row

SMALL = 3_000  # rows that are matched sooner than a process is begun
Scores = dict[UUID, Score]
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def matching_process() -> ProcessPoolExecutor:
    """A process for the matching; it remembers what it took apart, so that one for several lists saves time."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def decide(
    shelf: Shelf, fresh: Sequence[KeptRow], regions: Regions, known: Known, apart: Executor | None = None
) -> tuple[Placement, Scores]:
    """Where new rows go, and how real the shops are that they touch; large work is done in another process."""
    if not fresh:
        return Placement([], {}, [], []), {}
    if len(shelf.rows) + len(fresh) < SMALL:
        placed, _, scores = _decided(shelf, fresh, regions, known)
        return placed, scores
    work = (_packed_rows(shelf.rows), _packed_rows(fresh), _packed_words(shelf))
    with nullcontext(apart) if apart else matching_process() as process:
        found, scores = process.submit(_work, work, regions, known).result()
    clusters, ties, near, candidates = found
    extension = Extension(clusters, [Tie(*tie) for tie in ties], [Tie(*tie) for tie in near], candidates)
    return place(shelf, fresh, extension), _scores(scores)


def _decided(
    shelf: Shelf, fresh: Sequence[KeptRow], regions: Regions, known: Known
) -> tuple[Placement, Extension, Scores]:
    rows = [*(kept.row for kept in shelf.rows), *(one.row for one in fresh)]
    found = extend(rows, known_of(shelf, len(fresh)))
    placed = place(shelf, fresh, found)
    touched = frozenset([*placed.shop_of.values(), *(merge.into_shop for merge in placed.merges)])
    return placed, found, screen(rows_after(shelf, fresh, placed), regions, known, wanted=touched)


def _work(packed: tuple[Any, Any, Any], regions: Regions, known: Known) -> tuple[Any, Any]:
    gc.disable()  # nothing here makes cycles, and looking for them among millions of objects takes longer
    kept, fresh, (apart, stores) = packed
    shelf = Shelf(
        _rows(kept),
        frozenset((UUID(bytes=one), UUID(bytes=other)) for one, other in apart),
        {UUID(bytes=shop): UUID(bytes=store) for shop, store in stores},
    )
    _, found, scores = _decided(shelf, _rows(fresh), regions, known)
    ties, near = ([(tie.one, tie.other, tie.score, tie.reasons) for tie in ties] for ties in (found.ties, found.near))
    points = [
        (shop.bytes, one.score, one.verdict, [(point.code, point.points) for point in one.points])
        for shop, one in scores.items()
    ]
    return (found.clusters, ties, near, found.candidates), points


def _packed_rows(rows: Sequence[KeptRow]) -> list[Any]:
    return [(kept.row_id.bytes, kept.shop_id.bytes, kept.source, kept.kind.value, *_cells(kept.row)) for kept in rows]


def _cells(row: Row) -> tuple[str | float, ...]:
    texts = (row.id, row.name, row.address, row.phone, row.licence, row.legal_representative, row.category)
    return (*texts, row.lon, row.lat)


def _packed_words(shelf: Shelf) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]:
    apart = [(one.bytes, other.bytes) for one, other in shelf.apart]
    return apart, [(shop.bytes, store.bytes) for shop, store in shelf.stores.items()]


def _rows(packed: Sequence[Any]) -> list[KeptRow]:
    kinds = {kind.value: kind for kind in SourceKind}
    return [
        KeptRow(UUID(bytes=row[0]), UUID(bytes=row[1]), row[2], kinds[row[3]], _SOME_DAY, Row(*row[4:]))
        for row in packed
    ]


def _scores(packed: Sequence[Any]) -> Scores:
    return {
        UUID(bytes=shop): Score(score, verdict, tuple(Point(*point) for point in points))
        for shop, score, verdict, points in packed
    }
