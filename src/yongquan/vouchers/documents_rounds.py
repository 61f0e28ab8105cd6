"""One round of a document taken out, and put in again: for the forms of packs and applications. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from yongquan.vouchers.documents import write_values
from yongquan.vouchers.documents_edit import add_part, put_part
from yongquan.vouchers.documents_yaml import Path, read_yaml

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
    """The document with a round in the place of the one of its key, or behind the last.

    The rest of the text stays as somebody wrote it, comments too; those inside the round that is replaced go. A text
    whose rounds cannot be taken out by lines (in brackets) is written anew, without its comments.
    """
    marked = read_yaml(text)
    top = marked.values
    for path, listed in _placed_lists(top):
        for n, one in enumerate(listed):
            if one["key"] == values["key"]:
                listed[n] = dict(values)
                return _if_it_says(put_part(text, (*path, n), values), top)
    written = add_part(text, ("rounds",), values)
    top.setdefault("rounds", []).append(dict(values))
    return _if_it_says(written, top)


def free_key(text: str, stem: str) -> str:
    """A key that no round of the document has."""
    taken = {one["key"] for listed in _lists(read_yaml(text).values) for one in listed}
    return next(key for n in range(1, len(taken) + 2) if (key := f"{stem}-{n}") not in taken)


def _if_it_says(text: str | None, wanted: Mapping[str, Any]) -> str:
    """The edited text if it reads as it should, else the whole written anew."""
    return text if text is not None and read_yaml(text).values == wanted else write_values(wanted)


def _placed_lists(top: Mapping[str, Any]) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    for n, sub in enumerate(top.get("sub_activities", ())):
        yield ("sub_activities", n, "rounds"), sub["rounds"]
    if "rounds" in top:
        yield ("rounds",), top["rounds"]


def _lists(top: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    return (listed for _, listed in _placed_lists(top))
