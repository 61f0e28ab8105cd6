"""The marks of an identity as blind indexes: the same thing always gives the same sixteen bytes, and tells nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from yongquan.merchants.identity.model import MarkKind
from yongquan.merchants.matching.addresses import parse_address
from yongquan.plumbing.sealing import Sealing


@dataclass(frozen=True, slots=True)
class Traits:
    """What can link an identity to others; empty is unknown. `id_no` is a verified identity number."""

    id_no: str = ""
    acquirer: str = ""
    account_no: str = ""
    address: str = ""
    phone: str = ""
    serial_no: str = ""


def marks_of(traits: Traits, sealing: Sealing) -> dict[MarkKind, bytes]:
    """The marks of what is known."""
    said: Mapping[MarkKind, str] = {
        MarkKind.PERSON: traits.id_no,
        MarkKind.ACCOUNT: f"{traits.acquirer}:{traits.account_no}" if traits.account_no else "",
        MarkKind.ADDRESS: door_of(traits.address),
        MarkKind.PHONE: traits.phone,
        MarkKind.TERMINAL: traits.serial_no,
    }
    return {kind: mark_of(kind, text, sealing) for kind, text in said.items() if text}


def mark_of(kind: MarkKind, text: str, sealing: Sealing) -> bytes:
    """One mark."""
    return sealing.index(text, what=f"mark {kind.value}")


def door_of(address: str) -> str:
    """An address as its door, however it is written; empty if it names no number or stall."""
    read = parse_address(address)
    if not read.road or not (read.numbers or read.stalls):
        return ""
    parts = (read.road, "+".join(sorted(read.numbers)), read.building, read.zone, str(read.floor or ""))
    return "|".join((*parts, "+".join(sorted(read.stalls))))
