"""Which provider serves which grid: a program of yes and no (CP-SAT), the same answer for the same question. Pure.

Every grid goes to one provider; nobody gets more minutes than the capacity. The least sum is sought of

- the way: for each grid, metres from the depot x minutes of work,
- changes: a grid that leaves its last provider costs as much as `CHANGE_M` further away,
- less contiguity: two grids that touch and have the same provider save as much as `TOUCH_M` nearer,
- and `IDLE_M` for every provider that gets nothing.

The solver works with one thread, a fixed seed and a limit of deterministic time instead of seconds.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.merchants.grids import CellKey, Drawing
from yongquan.merchants.grids.covering import neighbours
from yongquan.merchants.roads import Place, road_metres

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

MONTHS_A_QUARTER: Final = 3
CHANGE_M: Final = 6_000
TOUCH_M: Final = 3_000
IDLE_M: Final = 20_000
NEAREST: Final = 8  # a grid is offered to so many depots, and to its last provider
EFFORT: Final = 12.0
SEED: Final = 7


class CapacityShort(Refusal):
    """The providers at work cannot take all grids: recruit, or raise capacities."""

    code = "capacity_short"


@dataclass(frozen=True, slots=True)
class GridWork:
    """A grid's work in minutes a month, and where its middle is."""

    code: str
    minutes: int
    place: Place


@dataclass(frozen=True, slots=True)
class Server:
    """A provider as the program sees it: minutes a month, and its depot."""

    provider_id: UUID
    capacity: int
    depot: Place


@dataclass(frozen=True, slots=True)
class Given:
    """A grid's provider, its work and the way there."""

    provider_id: UUID
    minutes: int
    metres: int


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be assigned; `last` is whose the grids were, `fixed` what a person has settled."""

    grids: Sequence[GridWork]
    servers: Sequence[Server]
    touching: frozenset[tuple[str, str]] = frozenset()
    last: Mapping[str, UUID] = field(default_factory=dict)
    fixed: Mapping[str, UUID] = field(default_factory=dict)


def works_of(drawing: Drawing) -> list[GridWork]:
    """Each grid of a drawing with all its cells, islands too; its middle is where its work is."""
    minutes: dict[str, int] = defaultdict(int)
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for key, code in drawing.grid.items():
        cell = drawing.cells[key]
        weight = max(cell.minutes, 1)
        minutes[code] += cell.minutes
        for n, part in enumerate((cell.lon * weight, cell.lat * weight, weight)):
            sums[code][n] += part
    return [
        GridWork(code, -(-minutes[code] // MONTHS_A_QUARTER), (lon / weight, lat / weight))
        for code, (lon, lat, weight) in sorted(sums.items())
    ]


def touching_of(drawing: Drawing) -> frozenset[tuple[str, str]]:
    """The pairs of grids that touch, within a division or across a border that cuts a cell in two."""
    pairs = set()
    by_cell: dict[str, list[CellKey]] = defaultdict(list)
    near = neighbours(sorted(drawing.grid))
    for key in drawing.grid:
        by_cell[key.h3].append(key)
    for key, code in drawing.grid.items():
        for other in (*near[key], *by_cell[key.h3]):
            if drawing.grid[other] != code:
                pairs.add((min(code, drawing.grid[other]), max(code, drawing.grid[other])))
    return frozenset(pairs)


def assign_grids(question: Question) -> dict[str, Given]:
    """Each grid's provider. The same question always gets the same answer. Raises `CapacityShort`."""
    need, have = sum(grid.minutes for grid in question.grids), sum(server.capacity for server in question.servers)
    if need > have:
        raise CapacityShort(f"{need} minutes a month are needed, {have} offered", short=need - have)
    for nearest in (NEAREST, len(question.servers)):
        answer = _solved(question, nearest)
        if answer is not None:
            return answer
    raise CapacityShort("no split of the grids keeps every provider within its capacity", short=0)


def _solved(question: Question, nearest: int) -> dict[str, Given] | None:
    from ortools.sat.python import cp_model  # noqa: PLC0415 - slow to load, and most processes never need it

    model = cp_model.CpModel()
    metres = {
        (grid.code, server.provider_id): road_metres(server.depot, grid.place)
        for grid in question.grids
        for server in question.servers
    }
    takes: _Takes = {
        (grid.code, who): model.new_bool_var(f"{grid.code} {who}")
        for grid in question.grids
        for who in _offers(question, grid, metres, nearest)
    }
    cost = [_way(question, grid, who, metres) * taken for grid, who, taken in _each(question, takes)]
    for grid in question.grids:
        model.add_exactly_one(taken for one, _, taken in _each(question, takes) if one.code == grid.code)
    for server in question.servers:
        own = [(grid, taken) for grid, who, taken in _each(question, takes) if who == server.provider_id]
        model.add(sum(grid.minutes * taken for grid, taken in own) <= server.capacity)
        idle = model.new_bool_var(f"{server.provider_id} idle")
        model.add_at_least_one([*(taken for _, taken in own), idle])
        cost.append(_idle_cost(question) * idle)
    cost += _touching(model, question, takes)
    model.minimize(sum(cost))
    for code, who in question.last.items():
        if (code, who) in takes:
            model.add_hint(takes[code, who], True)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.linearization_level = 2  # its relaxation is tight: half a second instead of minutes
    solver.parameters.max_deterministic_time = EFFORT
    if solver.solve(model) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return None
    return {
        grid.code: Given(who, grid.minutes, metres[grid.code, who])
        for grid, who, taken in _each(question, takes)
        if solver.boolean_value(taken)
    }


_Takes = dict[tuple[str, UUID], "cp_model.IntVar"]


def _offers(question: Question, grid: GridWork, metres: Mapping[tuple[str, UUID], int], nearest: int) -> list[UUID]:
    """Who may get a grid: the one it is fixed to, else those near it and whoever has it."""
    everybody = sorted(
        (server.provider_id for server in question.servers), key=lambda who: (metres[grid.code, who], who)
    )
    if grid.code in question.fixed:
        return [who for who in everybody if who == question.fixed[grid.code]]
    return [who for n, who in enumerate(everybody) if n < nearest or who == question.last.get(grid.code)]


def _each(question: Question, takes: _Takes) -> Iterator[tuple[GridWork, UUID, "cp_model.IntVar"]]:
    by_code = {grid.code: grid for grid in question.grids}
    for (code, who), taken in takes.items():
        yield by_code[code], who, taken


def _way(question: Question, grid: GridWork, who: UUID, metres: Mapping[tuple[str, UUID], int]) -> int:
    last = question.last.get(grid.code)
    is_change = last is not None and last != who and any(server.provider_id == last for server in question.servers)
    return (metres[grid.code, who] + CHANGE_M * is_change) * grid.minutes // 1000


def _idle_cost(question: Question) -> int:
    return IDLE_M * sum(grid.minutes for grid in question.grids) // max(len(question.grids), 1) // 1000


def _touching(model: "cp_model.CpModel", question: Question, takes: _Takes) -> "list[cp_model.LinearExpr]":
    minutes = {grid.code: grid.minutes for grid in question.grids}
    saved = []
    for one, other in sorted(question.touching):
        worth = TOUCH_M * min(minutes.get(one, 0), minutes.get(other, 0)) // 1000
        for server in question.servers:
            pair = [takes.get((code, server.provider_id)) for code in (one, other)]
            if worth and pair[0] is not None and pair[1] is not None:
                both = model.new_bool_var(f"{one} {other} {server.provider_id}")
                model.add_implication(both, pair[0])
                model.add_implication(both, pair[1])
                saved.append(-worth * both)
    return saved
