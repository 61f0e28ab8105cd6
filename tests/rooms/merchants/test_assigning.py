"""Grids go to providers within their capacity, near to them, the same way each time."""

from uuid import UUID

import pytest

from yongquan.merchants.providers.assigning import (
    CapacityShort,
    Given,
    GridWork,
    Question,
    Server,
    assign_grids,
)
from yongquan.merchants.roads import great_circle_m, ride_minutes, road_metres

# Eight by eight grids of a city, four depots at its corners.
GRIDS = [GridWork(f"g{n:02d}", 500 + n % 5 * 40, (121.4 + n % 8 * 0.03, 29.7 + n // 8 * 0.03)) for n in range(64)]
DEPOTS = [(121.4, 29.7), (121.61, 29.7), (121.4, 29.91), (121.61, 29.91)]
NEED = sum(grid.minutes for grid in GRIDS)
TOUCHING = frozenset(
    (GRIDS[n].code, GRIDS[n + step].code)
    for n in range(64)
    for step in (1, 8)
    if n + step < 64 and (step == 8 or n % 8 < 7)
)


def servers(spare: float = 1.1) -> list[Server]:
    return [Server(UUID(int=n + 1), round(NEED * spare / 4), depot) for n, depot in enumerate(DEPOTS)]


def loads_of(given: dict[str, Given]) -> dict[UUID, int]:
    loads: dict[UUID, int] = {}
    for one in given.values():
        loads[one.provider_id] = loads.get(one.provider_id, 0) + one.minutes
    return loads


def test_every_grid_has_one_provider_within_its_capacity() -> None:
    offered = servers(1.02)

    given = assign_grids(Question(GRIDS, offered, TOUCHING))

    assert set(given) == {grid.code for grid in GRIDS}
    loads = loads_of(given)
    assert {s.provider_id: loads[s.provider_id] <= s.capacity for s in offered} == dict.fromkeys(loads, True)


def test_the_same_question_gets_the_same_answer() -> None:
    question = Question(GRIDS, servers(), TOUCHING)

    assert assign_grids(question) == assign_grids(question)


def test_grids_go_to_the_depot_nearby_and_hang_together() -> None:
    given = assign_grids(Question(GRIDS, servers(1.5), TOUCHING))

    corners = {GRIDS[0].code: 1, GRIDS[7].code: 2, GRIDS[56].code: 3, GRIDS[63].code: 4}
    assert {code: given[code].provider_id.int for code in corners} == corners
    together = sum(given[one].provider_id == given[other].provider_id for one, other in TOUCHING)
    assert together >= 0.8 * len(TOUCHING)


def test_a_change_costs_so_a_small_need_moves_few_grids() -> None:
    before = assign_grids(Question(GRIDS, servers(), TOUCHING))
    last = {code: one.provider_id for code, one in before.items()}
    fewer = [*servers()[:3], Server(UUID(int=4), round(NEED * 0.22), DEPOTS[3])]

    after = assign_grids(Question(GRIDS, fewer, TOUCHING, last))

    moved = [code for code in after if after[code].provider_id != last[code]]
    assert 0 < len(moved) <= 8


def test_what_a_person_settled_stays() -> None:
    far = UUID(int=4)

    given = assign_grids(Question(GRIDS, servers(1.3), TOUCHING, fixed={GRIDS[0].code: far}))

    assert given[GRIDS[0].code].provider_id == far


def test_too_little_capacity_is_told() -> None:
    with pytest.raises(CapacityShort):
        assign_grids(Question(GRIDS, servers(0.9), TOUCHING))


def test_distances_are_those_of_the_earth_made_longer_by_roads() -> None:
    one_degree = great_circle_m((121.0, 29.0), (121.0, 30.0))

    assert one_degree == pytest.approx(111_195, abs=20)
    assert road_metres((121.0, 29.0), (121.0, 30.0)) == round(one_degree * 1.3)
    assert (ride_minutes(0), ride_minutes(1), ride_minutes(300), ride_minutes(301)) == (0, 1, 1, 2)
