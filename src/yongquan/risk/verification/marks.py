"""Identifiers as blind indexes: nothing else of them is kept."""

from yongquan.plumbing.sealing import Sealing
from yongquan.risk.verification.model import About, Identifiers, Kind

Marks = dict[About, bytes]


def mark_of(kind: Kind, value: str, sealing: Sealing) -> bytes:
    """One identifier's mark: the same for the same identifier, however it is written, whoever sends it."""
    return sealing.index(plain(kind, value), what=f"risk {kind.value}")


def marks_of(identifiers: Identifiers, sealing: Sealing) -> Marks:
    """The marks of everything that was asked about."""
    return {about: mark_of(about.kind, value, sealing) for about, value in identifiers.items()}


def plain(kind: Kind, value: str) -> str:
    """An identifier as it is compared: without blanks, letters of licences and identity numbers in capitals."""
    bare = "".join(value.split())
    return bare.upper() if kind in {Kind.ID_NO, Kind.LICENCE_NO} else bare
