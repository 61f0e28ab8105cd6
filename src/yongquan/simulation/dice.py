"""Chance by name: a throw depends on the seed, its name and a number, never on the order of throws.

Columns use SplitMix64 (Steele, Lea and Flood 2014) in counter mode, single decisions BLAKE2b; both are exact
integer arithmetic, so every machine and library version throws the same.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
Indices = NDArray[np.int64]
Metres = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_BELL_SPREAD = 65536 * (4 / 12) ** 0.5  # standard deviation of the sum of four 16-bit throws


def key_of(*parts: object) -> int:
    """Turn a seed and names into a key of 64 bits."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def throw(numbers: Numbers, *name: object) -> Numbers:
    """Throw 64 bits for each number under a name whose first part is the seed."""
    mixed = numbers * _GOLDEN + np.uint64(key_of(*name))
    for _ in range(2):
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
        mixed ^= mixed >> np.uint64(31)
    return mixed


def below(limit: int, numbers: Numbers, *name: object) -> Indices:
    """Throw 0 to `limit` - 1 for each number."""
    return (throw(numbers, *name) % np.uint64(limit)).astype(np.int64)


def pick(weights: Sequence[int], numbers: Numbers, *name: object) -> Indices:
    """Throw an index for each number, in proportion to integer weights."""
    bounds = np.cumsum(np.asarray(weights, dtype=np.int64))
    return np.searchsorted(bounds, below(int(bounds[-1]), numbers, *name), side="right").astype(np.int64)


def bell(numbers: Numbers, *name: object) -> Metres:
    """Throw around 0 with standard deviation 1, never beyond 3.5 (the sum of four even throws)."""
    bits = throw(numbers, *name)
    total = sum((bits >> np.uint64(16 * k)) & np.uint64(0xFFFF) for k in range(4))
    return (np.asarray(total, dtype=np.float64) - 131070.0) / _BELL_SPREAD
