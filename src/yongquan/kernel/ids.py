"""Ids made in the program: 128 bits, ordered by time, carrying the citizen's bucket.

Layout (RFC 9562 version 8): 48 bits of milliseconds since 1970, the version, a 10-bit bucket and 2 random bits,
the variant, 62 random bits. A citizen's bucket is in the citizen's id and in the id of all that the citizen owns.
"""

import hashlib
from typing import NewType
from uuid import UUID

CitizenId = NewType("CitizenId", UUID)
CampaignId = NewType("CampaignId", UUID)
RoundId = NewType("RoundId", UUID)
TypeId = NewType("TypeId", UUID)
VoucherId = NewType("VoucherId", UUID)
PaymentId = NewType("PaymentId", UUID)
InstrumentId = NewType("InstrumentId", UUID)
StoreId = NewType("StoreId", UUID)
FunderId = NewType("FunderId", UUID)

BUCKETS = 1024
_VERSION_8 = 0x8 << 76
_VARIANT = 0x2 << 62


def make_id(*, at_ms: int, bucket: int, entropy: int) -> UUID:
    """An id of the layout above; `bucket` is 0 to 1023, `entropy` 64 random bits."""
    low = _VARIANT | (entropy >> 2)
    return UUID(int=(at_ms & 0xFFFF_FFFF_FFFF) << 80 | _VERSION_8 | (bucket << 2 | entropy & 3) << 64 | low)


def bucket_of(id_: UUID) -> int:
    """The bucket inside an id, 0 to 1023."""
    return id_.int >> 66 & 0x3FF


def bucket_of_hex(hex32: str) -> int:
    """The bucket inside an id written as 32 hex digits."""
    return int(hex32[13:16], 16) >> 2


def dashed(hex32: str) -> str:
    """The usual form of an id written as 32 hex digits."""
    return f"{hex32[:8]}-{hex32[8:12]}-{hex32[12:16]}-{hex32[16:20]}-{hex32[20:]}"


def bucket_from(secret_index: bytes) -> int:
    """The bucket of a citizen, taken from the blind index of the phone so that one phone has one bucket."""
    return int.from_bytes(secret_index[:2], "big") & 0x3FF


def cell_of(id_: UUID, cells: int) -> int:
    """The cell that holds this id: bucket modulo the number of cells (a power of two)."""
    return bucket_of(id_) % cells


def named_id(*parts: object) -> UUID:
    """The id that a name always has: MD5 of the parts joined by ':' (the same expression is in SQL)."""
    text = ":".join(str(part) for part in parts)
    return UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest())
