"""A document in which every field says something else than its default, made from the table of fields itself."""

from typing import Any

from yongquan.vouchers.documents import CampaignDocument, read_document
from yongquan.vouchers.documents_fields import CAMPAIGN, ROUND, SUB_ACTIVITY, TYPE
from yongquan.vouchers.documents_records import Record
from yongquan.vouchers.documents_yaml import write_yaml

_GIVEN: dict[str, Any] = {
    "funder": "bureau",
    "starts_at": "2026-03-01 00:00",
    "ends_at": "2026-04-01 00:00",
    "opens_at": "2026-03-01 10:00",
    "closes_at": "2026-03-02 00:00",
    "valid_from": "2026-03-03 00:00",
    "valid_until": "2026-03-09 00:00",
    "budget": "90000元",
    "amount": "20元",
    "threshold": "50元",
    "code": "full",
    "share": "100%",
    "over": "group",
    "group": "dining",
    "age_min": 18,
    "age_max": 60,
    "kind": "amount",
    "second_from": "100元",
}
PURCHASE = ("rate", "industry", "districts", "hardship_only", "use", "shares")
WAYS = {"pack": "grab", "codes": "code", "application": "apply"}


def full_text(**given: Any) -> str:
    """The text of that document; `given` replaces values by key, wherever the key stands."""
    type_ = _filled(TYPE, given)
    round_ = _filled(ROUND, given)
    types = [{"key": "t1", **_without(type_, "copies")}]
    rounds = [{"key": "r1", **_without(round_, *WAYS), "types": types}, *_ways(type_, round_)]
    subs = [{"key": "s1", **_filled(SUB_ACTIVITY, given), "rounds": rounds}]
    values = {"format": 1, **_filled(CAMPAIGN, given), "sub_activities": subs}
    return write_yaml(values, comments={}, head="full")


def _ways(type_: dict[str, Any], round_: dict[str, Any]) -> list[dict[str, Any]]:
    """A round of each way that excludes the others: packs, codes, applications."""
    rounds = []
    for key, mode in WAYS.items():
        stock = round_["pack"]["packs"] * type_["copies"] if key == "pack" else type_["stock"]
        of_pack = {"copies": type_["copies"]} if key == "pack" else {}
        own = {"key": f"t-{key}", **_without(type_, "copies"), **of_pack, "stock": stock}
        if key == "application":  # it is paid to a card: a whole sum of the campaign's funder
            own = {**_without(own, *PURCHASE), "threshold": "0元"}
        rounds.append({"key": f"r-{key}", **_without(round_, *WAYS), "mode": mode, key: round_[key], "types": [own]})
    return rounds


def _without(values: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}


def full_document(**given: Any) -> CampaignDocument:
    """The document itself."""
    return read_document(full_text(**given))


def _filled(record: Record, given: dict[str, Any]) -> dict[str, Any]:
    values = {}
    for field in record.fields:
        if isinstance(field.kind, Record):
            values[field.key] = _filled(field.kind, given)
        elif field.kind.items is not None:
            values[field.key] = [_filled(field.kind.items, given)]
        else:
            default = None if field.attr in record.required else record.written_default(field)
            values[field.key] = {**_GIVEN, **given}.get(field.key, _sample(field.kind.schema, default))
    return values


def _sample(schema: dict[str, Any] | Any, default: Any) -> Any:
    if "enum" in schema:
        return next(option for option in schema["enum"] if option != default)
    match schema["type"]:
        case "integer":
            least = schema.get("minimum", 0)
            return least if least != default else least + 1
        case "boolean":
            return not default
        case "array":
            return [_sample(schema["items"], None)]
        case _:
            return schema.get("examples", ["某某"])[0]
