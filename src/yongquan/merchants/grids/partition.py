"""Cut a connected graph of cells into connected parts of even work: METIS first, then repair cell by cell.

Graphs are lists: `near[i]` are the neighbours of cell i, `minutes[i]` its work. Parts are numbers from 0.
Nothing here is random but METIS, which is given its seed.
"""

from collections.abc import Sequence

import pymetis

Near = Sequence[Sequence[int]]
UNEVEN_PER_MILLE = 10
MOVES_PER_CELL = 40


def cut(near: Near, minutes: Sequence[int], *, parts: int, seed: int) -> list[int]:
    """The part of each cell; every part is connected and none is empty. Raises `ValueError` for too few cells."""
    if len(near) < parts:
        raise ValueError(f"{len(near)} cells cannot make {parts} grids")
    if parts == 1:
        return [0] * len(near)
    options = pymetis.Options(seed=seed % 2**31, ufactor=UNEVEN_PER_MILLE, contig=1)
    _, found = pymetis.part_graph(
        parts,
        adjacency=[list(others) for others in near],
        vweights=[max(each, 1) for each in minutes],
        recursive=False,
        options=options,
    )
    return mended(near, minutes, [int(part) for part in found], parts=parts)


def mended(near: Near, minutes: Sequence[int], part: Sequence[int], *, parts: int) -> list[int]:
    """The same with every part connected: its heaviest piece stays, the others join the lightest part beside them."""
    part = list(part)
    loads = _loads(minutes, part, parts)
    for number in range(parts):
        pieces = _pieces(near, [i for i, own in enumerate(part) if own == number])
        pieces.sort(key=lambda piece: (-sum(minutes[i] for i in piece), min(piece)))
        for piece in pieces[1:]:
            beside = {part[j] for i in piece for j in near[i]} - {number}
            target = min(beside, key=lambda other: (loads[other], other))
            for i in piece:
                _move(part, loads, minutes, i, target)
    for number in range(parts):
        if number not in part:
            _fill(near, minutes, part, number)
    return part


def evened(near: Near, minutes: Sequence[int], part: Sequence[int], *, parts: int, stay: frozenset[int]) -> list[int]:
    """The same with cells moved between neighbouring parts while that makes their work more even.

    Cells of `stay` keep their part. A move never leaves a part empty or in pieces, and always lessens the sum of
    squares of the parts' work, so this ends.
    """
    part = list(part)
    loads = _loads(minutes, part, parts)
    members: list[set[int]] = [{i for i, own in enumerate(part) if own == n} for n in range(parts)]
    stuck: set[int] = set()
    for _ in range(MOVES_PER_CELL * len(near)):
        waiting = [n for n in range(parts) if n not in stuck]
        if not waiting:
            break
        heavy = max(waiting, key=lambda n: (loads[n], -n))
        found = _best_move(near, minutes, part, loads, members=members[heavy], stay=stay)
        if found is None:
            stuck.add(heavy)
            continue
        cell, target = found
        members[heavy].remove(cell)
        members[target].add(cell)
        _move(part, loads, minutes, cell, target)
        stuck -= {heavy, target} | {part[j] for own in (heavy, target) for i in members[own] for j in near[i]}
    return part


def is_connected(near: Near, members: set[int]) -> bool:
    """Whether these cells hang together."""
    return len(_pieces(near, members)) <= 1


def _best_move(
    near: Near,
    minutes: Sequence[int],
    part: Sequence[int],
    loads: Sequence[int],
    *,
    members: set[int],
    stay: frozenset[int],
) -> tuple[int, int] | None:
    """The move out of a part that evens most, by the sum of squares; None if none does."""
    if len(members) < 2:
        return None
    wanted = []
    for i in members:
        if i in stay or minutes[i] == 0:
            continue
        own = part[i]
        for target in {part[j] for j in near[i]} - {own}:
            gain = minutes[i] * (loads[own] - loads[target] - minutes[i])
            if gain > 0:
                wanted.append((-gain, i, target))
    for _, i, target in sorted(wanted):
        if _stays_whole(near, members, i):
            return i, target
    return None


def _stays_whole(near: Near, members: set[int], leaving: int) -> bool:
    own = [j for j in near[leaving] if j in members]
    if len(own) <= 1:
        return True
    seen, waiting, wanted = {own[0]}, [own[0]], set(own)
    while waiting and not wanted <= seen:
        for j in near[waiting.pop()]:
            if j in members and j != leaving and j not in seen:
                seen.add(j)
                waiting.append(j)
    return wanted <= seen


def _fill(near: Near, minutes: Sequence[int], part: list[int], number: int) -> None:
    """Give an empty part the lightest cell that another can spare."""
    for i in sorted(range(len(part)), key=lambda i: (minutes[i], i)):
        members = {j for j, own in enumerate(part) if own == part[i]}
        if len(members) > 1 and _stays_whole(near, members, i):
            part[i] = number
            return


def _pieces(near: Near, members: Sequence[int] | set[int]) -> list[list[int]]:
    left, pieces = set(members), []
    for start in sorted(left):
        if start not in left:
            continue
        left.discard(start)
        piece, waiting = [start], [start]
        while waiting:
            for j in near[waiting.pop()]:
                if j in left:
                    left.discard(j)
                    piece.append(j)
                    waiting.append(j)
        pieces.append(piece)
    return pieces


def pieces_of(near: Near) -> list[list[int]]:
    """The connected pieces of a whole graph."""
    return _pieces(near, range(len(near)))


def _loads(minutes: Sequence[int], part: Sequence[int], parts: int) -> list[int]:
    loads = [0] * parts
    for i, own in enumerate(part):
        loads[own] += minutes[i]
    return loads


def _move(part: list[int], loads: list[int], minutes: Sequence[int], cell: int, target: int) -> None:
    loads[part[cell]] -= minutes[cell]
    loads[target] += minutes[cell]
    part[cell] = target
