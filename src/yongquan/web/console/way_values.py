"""What the forms of packs and of applications say, as the values of a round in its document. Pure.

Nothing is judged here: the document's own check names what is missing or cannot be.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

TYPE_KEYS = ("name", "name_en", "industry", "amount", "threshold", "valid_days")
ASKED_KEYS = ("name", "label", "label_en", "kind")


class Sent(Protocol):
    """A form as it was sent."""

    def get(self, key: str, default: str = "") -> Any: ...
    def getlist(self, key: str) -> list[Any]: ...


def pack_values(sent: Sent, before: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """A round of packs: stocks follow from packs and copies."""
    packs = _number(_said(sent, "packs"))
    values = _round(sent, before, key) | {
        "mode": "grab",
        "pack": _some({"name": _said(sent, "pack_name"), "name_en": _said(sent, "pack_name_en"), "packs": packs}),
    }
    olds = {old["key"]: old for old in before.get("types", ())}
    types: list[dict[str, Any]] = []
    for row in _rows(sent, ("key", *TYPE_KEYS, "copies")):
        copies = _number(row["copies"] or "1")
        stock = packs * copies if isinstance(packs, int) and isinstance(copies, int) else packs
        type_key = row["key"] or _free([*olds, *(one["key"] for one in types)], "t")
        own = _type(row, olds.get(type_key, {}), type_key)
        types.append(own | {"stock": stock, "copies": copies})
    return values | {"types": types}


def application_values(sent: Sent, before: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """A round that takes applications, with its form and its one type."""
    olds = before.get("types") or [{"key": "t1"}]
    type_ = {name: _said(sent, f"type_{name}") for name in TYPE_KEYS}
    asked: list[dict[str, Any]] = []
    for row in _rows(sent, (*ASKED_KEYS, "required", "decides")):
        name = row["name"] or _free([one["name"] for one in asked], row["kind"] or "text")
        yes = {"required": False} if row["required"] == "no" else {}
        yes |= {"decides": True} if row["decides"] == "yes" else {}
        asked.append({**_some({"name": name, **{k: row[k] for k in ASKED_KEYS[1:]}}), **yes})
    second = _yuan(_said(sent, "second_from"))
    return _round(sent, before, key) | {
        "mode": "apply",
        "types": [_type(type_, olds[0], olds[0]["key"]) | {"stock": _number(_said(sent, "stock"))}],
        "application": {"fields": asked}
        | ({"second_from": second} if second else {})
        | ({"benefit": "card"} if _said(sent, "benefit") == "card" else {}),
    }


def _round(sent: Sent, before: Mapping[str, Any], key: str) -> dict[str, Any]:
    caps = dict(before.get("caps", {}))
    most = _said(sent, "per_round")
    caps = {k: v for k, v in caps.items() if k != "per_round"} | ({"per_round": _number(most)} if most else {})
    kept = {k: v for k, v in before.items() if k not in {"caps", "types", "pack", "application"}}
    told = {name: _said(sent, name) for name in ("name", "name_en")}
    times = {name: _said(sent, name).replace("T", " ") for name in ("opens_at", "closes_at")}
    return {**kept, "key": key, **_some({**told, **times})} | ({"caps": caps} if caps else {})


def _type(row: Mapping[str, str], before: Mapping[str, Any], key: str) -> dict[str, Any]:
    told: dict[str, Any] = {k: row[k] for k in ("name", "name_en", "industry")}
    told |= {k: _yuan(row[k]) for k in ("amount", "threshold")}
    told["valid_days"] = _number(row["valid_days"]) if row["valid_days"] else ""
    return {**{k: v for k, v in before.items() if k not in told}, "key": key, **_some(told)}


def _rows(sent: Sent, names: Sequence[str]) -> list[dict[str, str]]:
    """Rows of inputs that were filled in; a row whose own words are all empty is none."""
    columns = {name: [str(one).strip() for one in sent.getlist(f"row_{name}")] for name in names}
    count = min(len(column) for column in columns.values())
    rows = [{name: columns[name][n] for name in names} for n in range(count)]
    return [row for row in rows if row.get("name_en") or row.get("label") or row.get("amount")]


def _said(sent: Sent, name: str) -> str:
    return str(sent.get(name, "")).strip()


def _some(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value != ""}


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() and len(text) <= 9 else text


def _yuan(text: str) -> str:
    return text if not text or text.endswith("元") else f"{text}元"


def _free(taken: Sequence[str], stem: str) -> str:
    return next(key for n in range(1, len(taken) + 2) if (key := f"{stem}{n}") not in taken)
