"""What chance each registrant of a draw had, from the queues it was drawn in. Pure.

A draw queues the wishes for one category in one district, first wishes before second ones, each by a lot of its own.
So within a (district, category, turn) everybody had the same chance, which the winners' share there tells; and who
has several wishes missed all of them with the product of the misses: chance = 1 - product(1 - share).
"""

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from math import prod

# Chances are put in bins of a fifth: weights use the chance itself, the bins only take out differences in level.
BINS = 5


@dataclass(frozen=True, slots=True)
class Chance:
    """A registrant's chance of winning anything, and the stratum it is compared in."""

    stratum: str
    chance: float


def chances_of(
    districts: Sequence[str], wishes: Sequence[Sequence[Hashable]], won: Sequence[Collection[Hashable]]
) -> list[Chance]:
    """The chance of each registrant, in order. `wishes` are ordered, `won` are those of them that won."""
    wished: Counter[tuple[str, Hashable, int]] = Counter()
    lucky: Counter[tuple[str, Hashable, int]] = Counter()
    for district, wanted, got in zip(districts, wishes, won, strict=True):
        for turn, wish in enumerate(wanted):
            wished[district, wish, turn] += 1
            lucky[district, wish, turn] += wish in got
    chances = []
    for district, wanted in zip(districts, wishes, strict=True):
        queues = [(district, wish, turn) for turn, wish in enumerate(wanted)]
        chance = 1 - prod(1 - lucky[queue] / wished[queue] for queue in queues)
        chances.append(Chance(f"{district}/{min(int(chance * BINS), BINS - 1)}", chance))
    return chances
