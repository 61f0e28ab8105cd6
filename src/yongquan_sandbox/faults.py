"""Faults of a counterpart, switched at run time and applied to its purchases and pre-authorisations."""

import zlib
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
BasisPoints = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class Faults(msgspec.Struct, forbid_unknown_fields=True):
    """Which purchases suffer: the next so many, and a share drawn by `seed` and the message's key.

    `slow_ms` delays the answer; a lost answer is never sent though the work is done and durable; a
    duplicated one is sent twice; a dropped request is never read. `down` refuses connections, or (`drop`) swallows what
    is sent.
    """

    seed: int = 0
    slow_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 0
    slow_next: Count = 0
    slow_rate_bp: BasisPoints = 0
    lose_answer_next: Count = 0
    lose_answer_rate_bp: BasisPoints = 0
    duplicate_next: Count = 0
    duplicate_rate_bp: BasisPoints = 0
    lose_reversal_next: Count = 0
    drop_next: Count = 0
    drop_rate_bp: BasisPoints = 0
    down: Literal["no", "refuse", "drop"] = "no"


@dataclass(frozen=True, slots=True)
class Mishap:
    """What happens to one answer: its delay, and how many copies leave the house."""

    delay_ms: int
    copies: int
    is_dropped: bool = False


NO_MISHAP = Mishap(delay_ms=0, copies=1)
DROPPED = Mishap(delay_ms=0, copies=0, is_dropped=True)


class FaultBench:
    """Holds the present faults and deals them out."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.dealt = {"slow": 0, "lost": 0, "duplicated": 0, "dropped": 0}

    def switch(self, faults: Faults) -> None:
        """Replace all faults."""
        self.faults = faults

    def deal(self, key: str) -> Mishap:
        """The mishap of what takes or holds money under this key; counted ones are used up in order of arrival."""
        faults = self.faults
        dropped, faults.drop_next = _hit(faults.drop_next, faults.drop_rate_bp, f"drop:{faults.seed}:{key}")
        if dropped:
            self.dealt["dropped"] += 1
            return DROPPED
        slow, faults.slow_next = _hit(faults.slow_next, faults.slow_rate_bp, f"slow:{faults.seed}:{key}")
        lost, faults.lose_answer_next = _hit(
            faults.lose_answer_next, faults.lose_answer_rate_bp, f"lose:{faults.seed}:{key}"
        )
        twice, faults.duplicate_next = _hit(
            faults.duplicate_next, faults.duplicate_rate_bp, f"duplicate:{faults.seed}:{key}"
        )
        if not (slow or lost or twice):
            return NO_MISHAP
        for name, happened in (("slow", slow), ("lost", lost), ("duplicated", twice)):
            self.dealt[name] += happened
        copies = 2 if twice else 1
        return Mishap(delay_ms=faults.slow_ms if slow else 0, copies=0 if lost else copies)

    def deal_reversal(self) -> Mishap:
        """The mishap of a reversal: the answers to the next so many are lost."""
        lost, self.faults.lose_reversal_next = _hit(self.faults.lose_reversal_next, 0, "")
        self.dealt["lost"] += lost
        return Mishap(delay_ms=0, copies=0) if lost else NO_MISHAP


def _hit(count: int, rate_bp: int, draw: str) -> tuple[bool, int]:
    if count:
        return True, count - 1
    return rate_bp > 0 and zlib.crc32(draw.encode()) % 10_000 < rate_bp, 0
