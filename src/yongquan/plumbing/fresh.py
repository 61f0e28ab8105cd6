"""Fresh ids and keys: the only place that reads randomness."""

import os
import time
from collections.abc import Sequence
from uuid import UUID

from yongquan.kernel.ids import make_id


def fresh_id(bucket: int = 0) -> UUID:
    """A new id in `bucket`; the time in it is the machine's, for order only."""
    return make_id(at_ms=time.time_ns() // 1_000_000, bucket=bucket, entropy=int.from_bytes(os.urandom(8), "big"))


def fresh_hexes(buckets: Sequence[int]) -> list[str]:
    """A new id in each of the buckets as 32 hex digits: for hot paths, one look at the clock and at chance for all."""
    stamp, entropy = f"{time.time_ns() // 1_000_000:012x}8", os.urandom(8 * len(buckets)).hex()
    return [
        f"{stamp}{bucket << 2 | int(entropy[at], 16) & 3:03x}{int(entropy[at + 1], 16) & 3 | 8:x}"
        f"{entropy[at + 1 : at + 16]}"
        for at, bucket in zip(range(0, len(entropy), 16), buckets, strict=True)
    ]


def fresh_secret() -> bytes:
    """32 random bytes that nobody can guess."""
    return os.urandom(32)
