"""The registrants of a draw under pseudonyms, and the hash of their list, a Merkle tree of RFC 6962. Pure.

A record is a pseudonym of 16 bytes, the district's number (1 byte) and the wished categories' numbers (a byte each,
the most wanted first, 255 where there is no more). Records stand in ascending order of their pseudonyms.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from yongquan.plumbing.merkle import EMPTY_ROOT

PSEUDONYM_BYTES = 16
NO_WISH = 255
NO_WISHES = bytes([NO_WISH]) * 4
HASH_BYTES = 32

Bytes2: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class RegistrantList:
    """The closed list as one string of records of `width` bytes."""

    records: bytes
    width: int

    @property
    def count(self) -> int:
        return len(self.records) // self.width

    @property
    def table(self) -> Bytes2:
        """A row a record, a column a byte."""
        return np.frombuffer(self.records, np.uint8).reshape(self.count, self.width)

    def record(self, index: int) -> bytes:
        return self.records[index * self.width : (index + 1) * self.width]


class Pseudonyms:
    """The registrants' names in one draw, made with the draw's secret key (up to 64 bytes)."""

    def __init__(self, draw_id: UUID, key: bytes) -> None:
        self._draw = str(draw_id)
        self._keyed = hashlib.blake2b(key=key, digest_size=16)

    def receipt(self, citizen: str) -> str:
        """What a citizen gets to find the own record again, 32 hex digits; `citizen` is the id as dashed text."""
        keyed = self._keyed.copy()
        keyed.update(citizen.encode())
        return keyed.hexdigest()

    def of(self, citizen: str) -> bytes:
        """The first 16 bytes of SHA-256 of "draw/citizen/receipt"."""
        text = f"{self._draw}/{citizen}/{self.receipt(citizen)}"
        return hashlib.sha256(text.encode()).digest()[:PSEUDONYM_BYTES]


def record_of(pseudonym: bytes, stratum: int, wishes: Sequence[int], *, wishes_max: int) -> bytes:
    """A record: the district's number and the wished categories' numbers, the most wanted first."""
    return pseudonym + bytes((stratum, *wishes)) + NO_WISHES[len(wishes) : wishes_max]


def list_of(records: Iterable[bytes], *, wishes_max: int) -> RegistrantList:
    """The list at the close, in its one order."""
    return RegistrantList(b"".join(sorted(records)), PSEUDONYM_BYTES + 1 + wishes_max)


@dataclass(frozen=True, slots=True)
class MerkleTree:
    """All hashes of a list, from its leaves up to its root, each level as one string."""

    levels: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        return self.levels[-1] or EMPTY_ROOT

    def path(self, index: int) -> list[bytes]:
        """The hashes that lead from a leaf to the root, nearest first (RFC 6962 section 2.1.1)."""
        path = []
        for level in self.levels[:-1]:
            beside = (index ^ 1) * HASH_BYTES
            if beside < len(level):
                path.append(level[beside : beside + HASH_BYTES])
            index >>= 1
        return path


def tree_of(listed: RegistrantList) -> MerkleTree:
    """Hash the whole list, two hashes a record: a leaf after 0x00, a node after 0x01, an odd one moves up alone."""
    sha256, records, width = hashlib.sha256, listed.records, listed.width
    level = b"".join([sha256(b"\x00" + records[n : n + width]).digest() for n in range(0, len(records), width)])
    levels = [level]
    while len(level) > HASH_BYTES:
        paired = len(level) // (2 * HASH_BYTES) * 2 * HASH_BYTES
        nodes = [sha256(b"\x01" + level[n : n + 64]).digest() for n in range(0, paired, 64)]
        level = b"".join(nodes) + level[paired:]
        levels.append(level)
    return MerkleTree(tuple(levels))
