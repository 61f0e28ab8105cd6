"""One round of a document taken out, and put in again: for the forms of packs and applications. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from yongquan.vouchers.documents import write_values
from yongquan.vouchers.documents_yaml import read_yaml

Way = Literal["pack", "application"]


@dataclass(frozen=True, slots=True)
class WayRound:
    """A round with packs or an application form, as its document has it."""

    code: str
    campaign: str
    campaign_en: str
    values: Mapping[str, Any]


def way_rounds(text: str, way: Way) -> list[WayRound]:
    """The rounds of a way in a document that was checked before."""
    top = read_yaml(text).values
    rounds = [one for listed in _lists(top) for one in listed if way in one]
    return [WayRound(top["code"], top["name"], top["name_en"], one) for one in rounds]


def round_in(text: str, key: str) -> Mapping[str, Any] | None:
    """The round of a key."""
    found = (one for listed in _lists(read_yaml(text).values) for one in listed if one["key"] == key)
    return next(found, None)


def put_round(text: str, values: Mapping[str, Any]) -> str:
    """The document with a round in the place of the one of its key, or behind the last."""
    top = read_yaml(text).values
    for listed in _lists(top):
        for n, one in enumerate(listed):
            if one["key"] == values["key"]:
                listed[n] = dict(values)
                return write_values(top)
    top.setdefault("rounds", []).append(dict(values))
    return write_values(top)


def free_key(text: str, stem: str) -> str:
    """A key that no round of the document has."""
    taken = {one["key"] for listed in _lists(read_yaml(text).values) for one in listed}
    return next(key for n in range(1, len(taken) + 2) if (key := f"{stem}-{n}") not in taken)


def _lists(top: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    for sub in top.get("sub_activities", ()):
        yield sub["rounds"]
    if "rounds" in top:
        yield top["rounds"]
