"""Whether the values of a document fit the published schema; every fault with its place and a way out. Pure."""

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from yongquan.vouchers.documents_faults import WANTED, Fault
from yongquan.vouchers.documents_fields import CAMPAIGN, ROUND, SUB_ACTIVITY, TYPE
from yongquan.vouchers.documents_kinds import NotThisValue
from yongquan.vouchers.documents_records import Record
from yongquan.vouchers.documents_schema import campaign_schema
from yongquan.vouchers.documents_yaml import Marked, Path, path_name

_BOUNDS = {"minimum": "too_small", "maximum": "too_big", "maxLength": "too_long", "minItems": "too_few"}
_SHOWN = 40


@cache
def validator() -> Draft202012Validator:
    """The published schema, ready to be asked."""
    return Draft202012Validator(campaign_schema())


def check_shape(marked: Marked) -> list[Fault]:
    """The faults of a document against the schema, in the order they stand in."""
    faults = [fault for error in validator().iter_errors(marked.values) for fault in _of(error, marked)]
    # A misspelt key is told once, where it stands, and not again as missing.
    misspelt = {fault.path.rpartition(".")[0] + "." + fault.facts["near"] for fault in faults if "near" in fault.facts}
    faults = [f for f in faults if f.code != "missing" or f"{'' if '.' in f.path else '.'}{f.path}" not in misspelt]
    if not faults:
        faults = list(_impossible(marked))
    return sorted(faults, key=lambda fault: (fault.line, fault.column))


def parts(values: Mapping[str, Any]) -> Iterator[tuple[Record, Path, Mapping[str, Any]]]:
    """Every part of checked values with its record and path: the campaign first, a part before its children."""
    yield CAMPAIGN, (), values
    groups: list[tuple[Path, Any]] = [(("rounds",), values.get("rounds", []))]
    for n, sub in enumerate(values.get("sub_activities", [])):
        yield SUB_ACTIVITY, ("sub_activities", n), sub
        groups.append((("sub_activities", n, "rounds"), sub["rounds"]))
    for path, rounds in groups:
        for n, one in enumerate(rounds):
            yield ROUND, (*path, n), one
            for m, type_ in enumerate(one["types"]):
                yield TYPE, (*path, n, "types", m), type_


def _impossible(marked: Marked) -> Iterator[Fault]:
    for record, path, values in parts(marked.values):
        yield from _unreadable(record, path, values, marked)


def _unreadable(record: Record, path: Path, values: Mapping[str, Any], marked: Marked) -> Iterator[Fault]:
    for field in record.fields:
        here = (*path, field.key)
        if field.key not in values:
            continue
        value = values[field.key]
        if isinstance(field.kind, Record):
            yield from _unreadable(field.kind, here, value, marked)
        elif field.kind.items is not None:
            for n, one in enumerate(value):
                yield from _unreadable(field.kind.items, (*here, n), one, marked)
        else:
            try:
                field.kind.read(value)
            except NotThisValue as error:
                yield Fault(*marked.place(here), path_name(here), "impossible", {"problem": str(error)})


def _of(error: ValidationError, marked: Marked) -> Iterator[Fault]:
    path = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown(error, path, marked)
        case "required":
            yield from _missing(error, path, marked)
        case _:
            yield Fault(*marked.place(path), path_name(path), *_code(error))


def _unknown(error: ValidationError, path: Path, marked: Marked) -> Iterator[Fault]:
    known = _schema(error)["properties"]
    for key in _instance(error):
        if key in known:
            continue
        here = (*path, key)
        near = _nearest(key, known)
        place = marked.key_at.get(here, marked.place(here))
        yield Fault(*place, path_name(here), "unknown_near" if near else "unknown", {"near": near} if near else {})


def _nearest(key: str, known: Mapping[str, Any]) -> str | None:
    # A Chinese title is as good a guess as a misspelt key.
    names = {name: name for name in known} | {prop["title"].partition(" · ")[0]: name for name, prop in known.items()}
    found = difflib.get_close_matches(key, names, n=1, cutoff=0.6)
    return names[found[0]] if found else next((v for k, v in names.items() if len(key) > 1 and key in k), None)


def _missing(error: ValidationError, path: Path, marked: Marked) -> Iterator[Fault]:
    # jsonschema tells one error for each missing key; only the message says which.
    key = next(k for k in _schema(error)["required"] if error.message.startswith(repr(k)))
    told = _schema(error)["properties"][key]
    title, about = told["title"].partition(" · ")[0], told["description"].partition("\n")[2]
    yield Fault(*marked.place(path), path_name((*path, key)), "missing", {"key": key, "title": title, "about": about})


def _code(error: ValidationError) -> tuple[str, dict[str, Any]]:
    value = _shown(error.instance)
    bound: Any = error.validator_value
    match error.validator:
        case "type" if bound == "string" and isinstance(error.instance, int | float | bool):
            example = _schema(error).get("examples", [""])[0]
            if not example or example.isdigit():
                return "not_text", {"value": value}
            return "not_shaped", {"value": value, "example": example}
        case "type":
            return "not_kind", {"wanted": WANTED.get(bound, (bound, bound))}
        case "pattern":
            return "not_shaped", {"value": value, "example": _schema(error).get("examples", [bound])[0]}
        case "minLength":
            return "too_few", {"bound": bound}
        case "enum" | "const":
            options = bound if isinstance(bound, list) else [bound]
            return "not_one_of", {"value": value, "options": ", ".join(str(one) for one in options)}
        case "uniqueItems":
            return "not_unique", {}
        case name:
            return _BOUNDS.get(str(name), "too_big"), {"value": value, "bound": bound}


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", error.schema)


def _instance(error: ValidationError) -> Any:
    return error.instance


def _shown(value: Any) -> str:
    text = "true" if value is True else "false" if value is False else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
