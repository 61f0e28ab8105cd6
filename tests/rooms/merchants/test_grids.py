"""The whole demo city's grids: what must hold of every cut."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from shapely import Point

from yongquan.app import load_regions
from yongquan.merchants.grids import GRIDS, Drawing, Shop, balance_of, draw_grids, rebalance
from yongquan.merchants.grids.apportionment import apportion
from yongquan.merchants.grids.covering import cell_of, outline_of
from yongquan.merchants.grids.drawing import RATIO_MAX, loads_of, ratio_of
from yongquan.merchants.grids.partition import evened, is_connected
from yongquan.merchants.grids.redrawing import (
    GridAcrossDivisions,
    GridBroken,
    GridLocked,
    Locks,
    UnknownGrid,
    beside,
    try_move,
)
from yongquan.simulation.city_shops import build_shops
from yongquan.simulation.gazetteer import read_gazetteer
from yongquan.simulation.industries import INDUSTRIES

REGIONS = load_regions()


@cache
def shops_of(scale: float, seed: int = 1) -> Sequence[Shop]:
    table = build_shops(read_gazetteer(), seed=seed, scale=scale)
    adcodes = [division.adcode for division in REGIONS.divisions]
    return [
        Shop(
            float(table.lon[n]),
            float(table.lat[n]),
            adcodes[table.division[n]],
            INDUSTRIES[table.industry[n]].code,
            bool(table.in_hardship[n]),
        )
        for n in range(len(table))
    ]


@cache
def drawn(scale: float = 1.0) -> Drawing:
    return draw_grids(REGIONS, shops_of(scale), seed=7)


def test_whole_city_has_74_connected_balanced_grids_inside_their_divisions() -> None:
    balance = balance_of(drawn())

    assert len(balance.loads) == GRIDS == 74
    assert balance.loose == ()
    assert balance.astray == ()
    assert balance.ratio <= RATIO_MAX
    assert min(balance.loads.values()) > 0


@pytest.mark.parametrize("scale", [0.002, 0.01, 0.1])
def test_small_cities_keep_the_same_promises(scale: float) -> None:
    balance = balance_of(drawn(scale))

    assert (len(balance.loads), balance.loose, balance.astray) == (GRIDS, (), ())
    assert balance.ratio <= RATIO_MAX


def test_every_division_has_a_grid_and_every_grid_is_named_for_its_division() -> None:
    drawing = drawn()

    assert {code[:6] for code in drawing.grid.values()} == {division.adcode for division in REGIONS.divisions}
    assert all(code.startswith(f"{key.adcode}-") for key, code in drawing.grid.items())


def test_every_shop_is_in_exactly_one_cell_and_so_in_one_grid() -> None:
    drawing, shops = drawn(), shops_of(1.0)

    counted: dict[object, int] = {}
    for shop in shops:
        key = cell_of(shop, drawing.cells)
        assert key.adcode == shop.adcode
        counted[key] = counted.get(key, 0) + 1

    assert {key: cell.stores for key, cell in drawing.cells.items() if cell.stores} == counted
    assert drawing.grid.keys() == drawing.cells.keys()


def test_cells_do_not_lie_in_each_other_and_cover_the_ground() -> None:
    cells = drawn(0.01).cells

    nested = [key for key in cells if cell_of(Shop(*_middle(key.h3), key.adcode, ""), cells) != key]

    assert nested == []
    for division in REGIONS.divisions:
        middle = division.outline.representative_point()
        key = cell_of(Shop(middle.x, middle.y, division.adcode, "dining"), cells)
        assert outline_of(key.h3).buffer(0.01).contains(Point(middle.x, middle.y))


def test_island_joins_a_grid_of_its_own_division_and_is_left_out_of_the_balance() -> None:
    drawing = drawn()

    assert drawing.islands
    assert all(drawing.grid[key].startswith(key.adcode) for key in drawing.islands)
    on_land = sum(cell.minutes for key, cell in drawing.cells.items() if key not in drawing.islands)
    assert sum(loads_of(drawing).values()) == on_land


def test_hot_places_have_finer_cells() -> None:
    cells = drawn().cells.values()

    mean = sum(cell.minutes for cell in cells) / GRIDS
    assert max(cell.minutes for cell in cells) < mean / 8
    assert len({outline_of(cell.key.h3).area > 1e-4 for cell in cells}) == 2


def test_same_shops_and_seed_give_the_same_grids() -> None:
    again = draw_grids(REGIONS, list(shops_of(0.01)), seed=7)

    assert again.grid == drawn(0.01).grid
    assert draw_grids(REGIONS, shops_of(0.01), seed=8).grid != again.grid


def test_largest_remainder_gives_each_part_at_least_one_grid() -> None:
    assert apportion([500, 300, 200], 10) == [5, 3, 2]
    assert apportion([535, 265, 200], 10) == [5, 3, 2]
    assert apportion([990, 9, 1], 10) == [8, 1, 1]
    with pytest.raises(ValueError, match="3 parts"):
        apportion([1, 1, 1], 2)


def test_part_far_above_the_mean_gets_a_grid_from_one_that_can_spare_it() -> None:
    assert apportion([14, 86], 10) == [2, 8]
    assert apportion([145, 855, 1000], 20) == [2, 8, 10]


def test_evening_keeps_parts_whole_and_fixed_cells_where_they_are() -> None:
    near = [[1], [0, 2], [1, 3], [2, 4], [3, 5], [4]]

    part = evened(near, [1] * 6, [0, 0, 0, 0, 0, 1], parts=2, stay=frozenset())
    fixed = evened(near, [1] * 6, [0, 0, 0, 0, 0, 1], parts=2, stay=frozenset({4}))

    assert part == [0, 0, 0, 1, 1, 1]
    assert fixed == [0, 0, 0, 0, 0, 1]
    assert all(is_connected(near, {i for i in range(6) if part[i] == n}) for n in (0, 1))


def test_rebuild_changes_no_locked_grid_and_no_locked_cell() -> None:
    drawing = drawn(0.1)
    locked_grid = "330203-01"
    locked_cells = {key for key, code in drawing.grid.items() if code == "330212-02"}

    after = rebalance(drawing, shops_of(0.1, 2), grids={locked_grid}, cells=locked_cells)

    assert _of(after, locked_grid) == _of(drawing, locked_grid)
    assert locked_cells <= _of(after, "330212-02")
    assert balance_of(after).loose == ()
    assert after.grid != drawing.grid
    stale = replace(drawing, cells=after.cells)
    assert ratio_of(loads_of(after).values()) < ratio_of(loads_of(stale).values())


def test_border_cell_may_move_and_the_trial_tells_both_loads() -> None:
    drawing = drawn(0.01)
    moves = [(key, to) for key, tos in beside(drawing, "330212-01").items() for to in tos]
    allowed = [trial for key, to in moves if (trial := _tried(drawing, key, to)) is not None]

    assert allowed
    trial = allowed[0]
    gone = trial.origin_minutes[0] - trial.origin_minutes[1]
    assert trial.target_minutes[1] - trial.target_minutes[0] == gone
    assert balance_of(trial.moved).loose == ()


def test_move_that_breaks_a_grid_crosses_a_division_or_meets_a_lock_is_refused() -> None:
    drawing = drawn(0.01)
    moves = beside(drawing, "330212-01")
    inner = next(key for key, tos in moves.items() if not tos)
    edge, to = next((k, tos[0]) for k, tos in moves.items() if tos and _tried(drawing, k, tos[0]) is not None)

    with pytest.raises(GridBroken):
        try_move(drawing, inner, to, Locks())
    with pytest.raises(GridAcrossDivisions):
        try_move(drawing, edge, "330203-01", Locks())
    for locks in (Locks(grids={to}), Locks(grids={"330212-01"}), Locks(cells={edge})):
        with pytest.raises(GridLocked):
            try_move(drawing, edge, to, locks)
    with pytest.raises(UnknownGrid):
        try_move(drawing, edge, "330212-99", Locks())


def _tried(drawing: Drawing, key: object, to: str) -> object:
    try:
        return try_move(drawing, key, to, Locks())  # type: ignore[arg-type]
    except GridBroken:
        return None


def _of(drawing: Drawing, code: str) -> set[object]:
    return {key for key, own in drawing.grid.items() if own == code}


def _middle(h3_cell: str) -> tuple[float, float]:
    middle = outline_of(h3_cell).centroid
    return middle.x, middle.y
