"""Addresses in Latin letters: the house number, its street, then the place, as in 12 Example St., Some Town."""

import re
from typing import Final

_HOUSE = re.compile(r"^(\d+[A-Z]?(?:-\d+)?)\s+(.+)$")
_SIGNS = re.compile(r"[^A-Z0-9 ]+")
# One spelling for what a street is called by; the rest of its name is what tells it apart.
_KINDS: Final = {
    "STREET": "ST", "AVENUE": "AVE", "AV": "AVE", "BOULEVARD": "BLVD", "BLV": "BLVD", "ROAD": "RD", "DRIVE": "DR",
    "PLACE": "PL", "LANE": "LN", "COURT": "CT", "CRESCENT": "CRES", "HIGHWAY": "HWY", "PARKWAY": "PKWY",
    "SQUARE": "SQ", "TERRACE": "TCE", "CIRCUIT": "CCT", "CLOSE": "CL", "NORTH": "N", "SOUTH": "S", "EAST": "E",
    "WEST": "W",
}  # fmt: skip


def read_latin(text: str) -> tuple[str, str] | None:
    """The house number and the street of an address in capitals; None where it does not begin with a number."""
    first = text.split(",", 1)[0].strip()
    found = _HOUSE.match(_SIGNS.sub(" ", first.replace("'", "")).strip())
    if found is None:
        return None
    words = [_KINDS.get(word, word) for word in found[2].split()]
    return found[1].lstrip("0") or "0", "".join(words)
