"""How many grids each part of the city gets: by largest remainder, at least one, then evened out."""

from collections.abc import Sequence

# A part whose grids would be heavier than this times the city's mean gets one from the part that misses it least.
MEAN_RATIO_MAX = 1.08


def apportion(minutes: Sequence[int], grids: int) -> list[int]:
    """Grids for each part by its work. Raises `ValueError` for fewer grids than parts."""
    if grids < len(minutes):
        raise ValueError(f"{len(minutes)} parts need as many grids, not {grids}")
    total = max(sum(minutes), 1)
    counts = [max(part * grids // total, 1) for part in minutes]
    remainders = sorted(range(len(minutes)), key=lambda i: (counts[i] * total - minutes[i] * grids, i))
    for i in remainders[: max(grids - sum(counts), 0)]:
        counts[i] += 1
    while sum(counts) > grids:
        counts[_lightest_giver(minutes, counts)] -= 1
    return _evened(minutes, counts, mean=total / grids)


def _evened(minutes: Sequence[int], counts: list[int], *, mean: float) -> list[int]:
    while True:
        heaviest = max(range(len(minutes)), key=lambda i: minutes[i] / counts[i])
        load = minutes[heaviest] / counts[heaviest]
        if load <= MEAN_RATIO_MAX * mean or not any(count > 1 for count in counts):
            return counts
        giver = _lightest_giver(minutes, counts)
        if giver == heaviest or minutes[giver] / (counts[giver] - 1) >= load:
            return counts
        counts[giver] -= 1
        counts[heaviest] += 1


def _lightest_giver(minutes: Sequence[int], counts: Sequence[int]) -> int:
    givers = [i for i, count in enumerate(counts) if count > 1]
    return min(givers, key=lambda i: (minutes[i] / (counts[i] - 1), i))
