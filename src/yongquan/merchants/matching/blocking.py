"""Which pairs are worth a look: rows that share a key that few others have."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from yongquan.merchants.matching.table import Codes, Table

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
Keys = NDArray[np.int64]
CELL_DEGREES = 0.01  # about a kilometre: holds a shop and its twin in a shifted coordinate system
MIX = np.int64(1_000_003)


def candidate_pairs(table: Table, fresh: NDArray[np.bool_] | None = None) -> Pairs:
    """Each pair once, the lower row first; only those with a fresh row, if some are."""
    n = len(table)
    found = [_pairs_within(keys, rows, fresh, limit=limit) for keys, rows, limit in _blocks(table)]
    packed = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(low * n + high for low, high in found)]))
    return packed // max(n, 1), packed % max(n, 1)


def _blocks(table: Table) -> Iterator[tuple[Keys, NDArray[np.int64], int]]:
    """Keys, the rows that have them, and the size above which a group is left to finer keys."""
    rows = np.arange(len(table), dtype=np.int64)
    phone_keys, phone_rows = _phones(table)
    spot = _key(table.spot.code)
    person = _key(table.person.code)
    first, second, third = (_key(table.grams[:, at]) for at in range(3))
    yield _key(table.licence.code), rows, 60
    yield _join(_key(table.licence.code), spot), rows, 60
    yield phone_keys, phone_rows, 40
    yield _join(phone_keys, _key(table.name_sound.code)[phone_rows]), phone_rows, 60
    yield _key(table.name_sound.code), rows, 40
    yield spot, rows, 25
    yield _join(spot, _key(table.unit.code)), rows, 40
    yield _join(person, _key(table.road.code)), rows, 30
    yield _join(person, spot), rows, 40
    for gram in (first, second):
        yield gram, rows, 30
    for gram in (first, second, third):
        yield _join(gram, spot), rows, 60
        yield _join(gram, _key(table.road.code)), rows, 40
        yield _join(gram, person), rows, 40
        for shift in (0.0, 0.5):
            yield _join(gram, _cells(table, shift)), rows, 40
    yield _join(first, second), rows, 40


def _key(codes: Codes) -> Keys:
    return codes.astype(np.int64)


def _join(one: Keys, other: Keys) -> Keys:
    return np.where((one < 0) | (other < 0), -1, one * 4_000_037 + other)


def _cells(table: Table, shift: float) -> Keys:
    known = ~np.isnan(table.lon)
    x = np.floor(np.where(known, table.lon, 0) / CELL_DEGREES + shift).astype(np.int64)
    y = np.floor(np.where(known, table.lat, 0) / CELL_DEGREES + shift).astype(np.int64)
    return np.where(known, (x * MIX + y) % 4_000_037, -1)


def _phones(table: Table) -> tuple[Keys, NDArray[np.int64]]:
    codes: dict[str, int] = {}
    keys: list[int] = []
    rows: list[int] = []
    for row, numbers in enumerate(table.phones):
        for number in sorted(numbers):
            keys.append(codes.setdefault(number, len(codes)))
            rows.append(row)
    return np.array(keys, dtype=np.int64), np.array(rows, dtype=np.int64)


def _pairs_within(keys: Keys, rows: NDArray[np.int64], fresh: NDArray[np.bool_] | None, *, limit: int) -> Pairs:
    """All pairs inside each group of equal keys, of groups of 2 to `limit` rows."""
    kept = keys >= 0
    keys, rows = keys[kept], rows[kept]
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(keys)])
    if fresh is not None and len(keys):
        wanted = np.maximum.reduceat(fresh[rows].astype(np.int8), starts) > 0
        starts, sizes = starts[wanted], sizes[wanted]
    lows, highs = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for size in np.unique(sizes[(sizes >= 2) & (sizes <= limit)]):
        members = rows[starts[sizes == size][:, None] + np.arange(size)]
        left, right = np.triu_indices(int(size), 1)
        one, other = members[:, left].ravel(), members[:, right].ravel()
        lows.append(np.minimum(one, other))
        highs.append(np.maximum(one, other))
    low, high = np.concatenate(lows), np.concatenate(highs)
    kept = low != high if fresh is None else (low != high) & (fresh[low] | fresh[high])
    return low[kept], high[kept]
