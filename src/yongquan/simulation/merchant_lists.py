"""Four overlapping lists over one world of shops, with the truth of who is who."""

import random
from dataclasses import dataclass, replace
from typing import Literal

from yongquan.merchants.matching.reading import Row
from yongquan.simulation import merchant_slips, merchant_slips_held_out
from yongquan.simulation.merchant_world import WORLD, true_shops

Style = Literal["beside", "held-out"]
COVERED = (0.62, 0.45, 0.40, 0.25)  # of the world, by register, acquirer, map and survey
RENAMED = 0.015
LISTED_TWICE = 0.01
SOURCES = ("register", "acquirer", "map", "survey")


@dataclass(frozen=True, slots=True)
class MerchantLists:
    """All rows of the four lists, the list each is from, and the number of the shop it truly is."""

    rows: list[Row]
    sources: list[int]
    truth: list[int]


def overlapping_lists(*, seed: int, shops: int = WORLD, style: Style = "beside") -> MerchantLists:
    """Write the world down four times; a shop that no list would have is put on the first."""
    die = random.Random(seed * 7 + 1)  # noqa: S311 - lists to measure on, not a secret
    slip = merchant_slips.slip if style == "beside" else merchant_slips_held_out.slip
    lists = MerchantLists([], [], [])
    for number, shop in enumerate(true_shops(seed=seed, shops=shops)):
        held = [source for source, share in enumerate(COVERED) if die.random() < share] or [0]
        for source in held:
            shown = merchant_slips.renamed(shop, die) if die.random() < RENAMED else shop
            for _ in range(2 if die.random() < LISTED_TWICE else 1):
                row = slip(shown, source=source, die=die)
                lists.rows.append(replace(row, id=f"{SOURCES[source]}-{len(lists.rows) + 1}"))
                lists.sources.append(source)
                lists.truth.append(number)
    return lists
