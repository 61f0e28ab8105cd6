"""What packs, codes and application forms of a document must hold beyond their shape. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from yongquan.vouchers.documents_check import parts
from yongquan.vouchers.documents_faults import Fault
from yongquan.vouchers.documents_fields import ROUND
from yongquan.vouchers.documents_kinds import read_amount
from yongquan.vouchers.documents_yaml import Marked, Path, path_name
from yongquan.vouchers.model import RoundMode
from yongquan.vouchers.ways.application_form import Benefit


def ways_faults(marked: Marked) -> Iterator[Fault]:
    """The faults of every round's ways."""
    for record, path, values in parts(marked.values):
        if record is not ROUND:
            continue
        mode = values.get("mode", RoundMode.GRAB)
        for key, wanted in (("pack", RoundMode.GRAB), ("codes", RoundMode.CODE), ("application", RoundMode.APPLY)):
            if key in values and mode != wanted:
                yield _fault(marked, (*path, key), "needs", key=f"mode: {wanted}")
        yield from _pack(marked, path, values)
        if "application" in values:
            yield from _application(marked, path, values)


def _pack(marked: Marked, path: Path, values: Mapping[str, Any]) -> Iterator[Fault]:
    types = values["types"]
    if "pack" not in values:
        for n, type_ in enumerate(types):
            if "copies" in type_:
                yield _fault(marked, (*path, "types", n, "copies"), "needs", key="pack")
        return
    packs = values["pack"]["packs"]
    if sum(type_.get("copies", 1) for type_ in types) < 2:
        yield _fault(marked, (*path, "pack"), "pack_small")
    for n, type_ in enumerate(types):
        copies = type_.get("copies", 1)
        if type_["stock"] != packs * copies:
            facts = {"stock": type_["stock"], "packs": packs, "copies": copies, "wanted": packs * copies}
            yield _fault(marked, (*path, "types", n, "stock"), "pack_stock", **facts)


def _application(marked: Marked, path: Path, values: Mapping[str, Any]) -> Iterator[Fault]:
    if len(values["types"]) != 1:
        yield _fault(marked, (*path, "types"), "one_type")
    here, form = (*path, "application"), values["application"]
    seen: dict[str, int] = {}
    for n, asked in enumerate(form["fields"]):
        place = (*here, "fields", n)
        if asked["name"] in seen:
            yield _fault(marked, (*place, "name"), "same_key", key=asked["name"], line=seen[asked["name"]])
        seen.setdefault(asked["name"], marked.place((*place, "name"))[0])
        if asked.get("decides") and asked["kind"] != "amount":
            yield _fault(marked, (*place, "decides"), "decides_amount")
    if "second_from" in form and not any(asked.get("decides") for asked in form["fields"]):
        yield _fault(marked, (*here, "second_from"), "needs", key="decides: true")
    if form.get("benefit") == Benefit.CARD:
        yield from _card(marked, (*path, "types", 0), values["types"][0])


def _card(marked: Marked, path: Path, type_: Mapping[str, Any]) -> Iterator[Fault]:
    """A payment to a card is a whole sum of the campaign's funder: nothing of a purchase bounds it."""
    for key in ("rate", "industry", "districts", "hardship_only", "use", "shares"):
        if key in type_:
            yield _fault(marked, (*path, key), "card_whole", key=key)
    if read_amount(type_["threshold"]):
        yield _fault(marked, (*path, "threshold"), "card_threshold")


def _fault(marked: Marked, path: Path, code: str, **facts: Any) -> Fault:
    return Fault(*marked.place(path), path_name(path), code, facts)
