"""Leave out, before the full comparison, pairs that no evidence could join.

The gate (`vetoes.has_both_kinds`) asks for a name at least similar, or for the owner's licence, or phone and person.
What is cheap to see of these decides; a pair that is kept may still fail, one that is left out must.
"""

import numpy as np
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import cpdist

from yongquan.merchants.matching.blocking import Pairs
from yongquan.merchants.matching.table import Table

SLICE = 1_000_000
SIMILAR, CONTAINED_TIMES = 0.6, 2.5  # as in `comparing`: shares of a name's length
WORKERS = 2


def worth_comparing(table: Table, pairs: Pairs) -> Pairs:
    """The pairs that the gate may let through."""
    if not len(pairs[0]):
        return pairs
    found = [
        _sifted(table, (pairs[0][start : start + SLICE], pairs[1][start : start + SLICE]))
        for start in range(0, len(pairs[0]), SLICE)
    ]
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])


def _sifted(table: Table, pairs: Pairs) -> Pairs:
    one, other = pairs
    lengths = np.array([len(text) for text in table.sounds], dtype=np.int64)
    phoned = np.array([bool(numbers) for numbers in table.phones], dtype=np.bool_)
    short, long = np.minimum(lengths[one], lengths[other]), np.maximum(lengths[one], lengths[other])
    kept = short == 0
    for column in (table.name_sound, table.stem, table.licence):
        kept |= (column.code[one] == column.code[other]) & (column.code[one] >= 0)
    same_person = (table.person.code[one] == table.person.code[other]) & (table.person.code[one] >= 0)
    kept |= same_person & phoned[one] & phoned[other]
    asked = np.flatnonzero(~kept & (short * CONTAINED_TIMES >= long))
    sounds = np.array(table.sounds, dtype=object)
    edits = cpdist(
        sounds[one[asked]], sounds[other[asked]], scorer=DamerauLevenshtein.distance, workers=WORKERS, dtype=np.int32
    )
    near = (1 - edits / long[asked] >= SIMILAR) | (edits == long[asked] - short[asked])
    kept[asked[near]] = True
    return one[kept], other[kept]
