"""The form over a campaign document: its usual fields as inputs, put back into the very text they came from. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from yongquan.vouchers.documents_check import parts
from yongquan.vouchers.documents_fields import CAMPAIGN, ROUND, SUB_ACTIVITY, TYPE
from yongquan.vouchers.documents_fields_claim import CAPS
from yongquan.vouchers.documents_fields_use import RULES
from yongquan.vouchers.documents_records import Field, Record
from yongquan.vouchers.documents_yaml import Marked, Path, path_name, read_yaml, replace_value

# What the form shows; everything else is in the text beside it.
_SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "Campaign": ("name", "name_en", "starts_at", "ends_at", "budget"),
    "SubActivity": ("name", "name_en"),
    "Round": ("name", "name_en", "opens_at", "closes_at"),
    "VoucherType": ("name", "amount", "threshold", "stock", "valid_days"),
}


@dataclass(frozen=True, slots=True)
class Input:
    """One input: the path it stands for, its words, its value as text, and the choices if there are any."""

    path: str
    field: Field
    value: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The inputs of one part: campaign, sub_activity, round or type."""

    noun: str
    name: str
    inputs: tuple[Input, ...]


def form_of(text: str) -> list[Group]:
    """The groups of inputs of a document that can be read as a tree; none if it cannot."""
    marked = read_yaml(text)
    if marked.faults or not isinstance(marked.values, dict):
        return []
    try:
        return [_group(record, path, values) for record, path, values in parts(marked.values)]
    except (KeyError, TypeError, AttributeError):
        return []  # not of the document's shape yet: the text's faults say what to do


def put_back(text: str, filled: Mapping[str, str]) -> str:
    """The text with the filled-in values in the place of the old ones; untouched lines stay as they are."""
    changed = [one for group in form_of(text) for one in group.inputs if filled.get(one.path, one.value) != one.value]
    for one in changed:
        marked = read_yaml(text)
        path = next((p for p in marked.at if path_name(p) == one.path), None)
        value = filled[one.path].strip()
        if path is not None and value:
            text = replace_value(text, marked, path, _typed(one.field, value))
        elif value:
            text = _insert(text, marked, one, value)
    return text


def _group(record: Record, path: Path, values: Mapping[str, Any]) -> Group:
    inputs = list(_inputs(record, path, values, _SHOWN[record.noun.__name__]))
    if record is CAMPAIGN:
        inputs += _inputs(RULES, (*path, "rules"), values.get("rules", {}), tuple(f.key for f in RULES.fields))
    if record is ROUND:
        inputs += _inputs(CAPS, (*path, "caps"), values.get("caps", {}), tuple(f.key for f in CAPS.fields))
    nouns = {CAMPAIGN.noun: "campaign", SUB_ACTIVITY.noun: "sub_activity", ROUND.noun: "round", TYPE.noun: "type"}
    return Group(nouns[record.noun], str(values.get("name", "")), tuple(inputs))


def _inputs(record: Record, path: Path, values: Mapping[str, Any], shown: tuple[str, ...]) -> Iterator[Input]:
    for field in record.fields:
        if field.key not in shown or isinstance(field.kind, Record) or field.kind.items is not None:
            continue
        value = values.get(field.key, "")
        if field.kind.schema.get("type") == "array":
            continue
        if isinstance(value, list | dict):
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        options = tuple(field.kind.schema.get("enum", ()))
        if field.kind.schema.get("type") == "boolean":
            options = ("true", "false")
        default = record.written_default(field, preset=values.get("preset"))
        if value == "" and options and default is not None:
            text = str(default).lower()
        yield Input(path_name((*path, field.key)), field, text, options)


def _typed(field: Field, value: str) -> Any:
    kind = field.kind.schema.get("type") if not isinstance(field.kind, Record) else None
    if kind == "integer" and value.lstrip("-").isdecimal():
        return int(value)
    return value == "true" if kind == "boolean" and value in {"true", "false"} else value


def _insert(text: str, marked: Marked, one: Input, value: str) -> str:
    """A field that was not there: into its group if that has one, else as a group of its own under its part."""
    group, _, key = one.path.rpartition(".")
    around = next((p for p in marked.at if path_name(p) == group), None)
    if around is not None:
        return replace_value(text, marked, around, {key: _typed(one.field, value)})
    above, _, name = group.rpartition(".")
    part = next((p for p in marked.at if path_name(p) == above), ())
    return replace_value(text, marked, part, {name: {key: _typed(one.field, value)}})
