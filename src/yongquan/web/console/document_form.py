"""The form over a campaign document: its fields as inputs, put back into the very text they came from. Pure.

Lists are written with commas. Limits (lists of groups of keys) stay in the text; the form names them and leaves them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from yongquan.vouchers.documents_check import parts
from yongquan.vouchers.documents_edit import put_value
from yongquan.vouchers.documents_fields import CAMPAIGN, ROUND, SUB_ACTIVITY, TYPE
from yongquan.vouchers.documents_fields_use import SHARE
from yongquan.vouchers.documents_records import Field, Record
from yongquan.vouchers.documents_yaml import Path, path_name, read_yaml

# What is open at once; the rest of a part is under "more".
_USUAL: Final[Mapping[str, frozenset[str]]] = {
    "Campaign": frozenset({"code", "name", "name_en", "funder", "place", "starts_at", "ends_at", "budget"}),
    "SubActivity": frozenset({"name", "name_en"}),
    "Round": frozenset({"name", "name_en", "opens_at", "closes_at"}),
    "VoucherType": frozenset({"name", "name_en", "industry", "amount", "threshold", "stock", "valid_days", "shares"}),
}
_COMMA = re.compile(r"[,，、\n]")


@dataclass(frozen=True, slots=True)
class Input:
    """One input: the path it stands for, its words, its value as text, the choices if there are any.

    `group` is the group of keys it is in (`rules`, `caps` ..); `rows` are a type's shares: (funder, part).
    """

    path: str
    field: Field
    value: str
    options: tuple[str, ...] = ()
    group: str = ""
    is_usual: bool = True
    rows: tuple[tuple[str, str], ...] | None = None
    default: str = ""  # what holds where nothing is written


@dataclass(frozen=True, slots=True)
class Group:
    """The inputs of one part: campaign, sub_activity, round or type; `in_text` are the fields only its text has."""

    noun: str
    name: str
    inputs: tuple[Input, ...]
    in_text: tuple[Field, ...] = ()


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
    """The text with the filled-in values in the place of the old ones; untouched lines stay as they are.

    An input that was emptied takes its key away; what a document must have is left to the check.
    """
    changed = [one for group in form_of(text) for one in group.inputs if filled.get(one.path, one.value) != one.value]
    for one in changed:
        text = put_value(text, one.path, _typed(one, filled[one.path].strip()))
    return text


def shares_text(funders: list[str], shares: list[str]) -> str:
    """The rows of a type's shares as one value; empty rows are no shares."""
    rows = zip((f.strip() for f in funders), (s.strip() for s in shares), strict=True)
    return "\n".join(f"{funder} {_percent(share)}" for funder, share in rows if funder or share)


def _percent(share: str) -> str:
    return share if share.endswith("%") else f"{share}%"


def _group(record: Record, path: Path, values: Mapping[str, Any]) -> Group:
    found = list(_inputs(record, path, values, usual=_USUAL[record.noun.__name__]))
    inputs = [one for one in found if isinstance(one, Input)]
    in_text = [one for one in found if isinstance(one, Field)]
    nouns = {CAMPAIGN.noun: "campaign", SUB_ACTIVITY.noun: "sub_activity", ROUND.noun: "round", TYPE.noun: "type"}
    return Group(nouns[record.noun], str(values.get("name", "")), tuple(inputs), tuple(in_text))


def _inputs(
    record: Record, path: Path, values: Mapping[str, Any], *, usual: frozenset[str], group: str = ""
) -> Iterator[Input | Field]:
    for field in record.fields:
        here, value = (*path, field.key), values.get(field.key)
        if isinstance(field.kind, Record):
            # A group that already says something is open.
            within = value if isinstance(value, dict) else {}
            yield from _inputs(field.kind, here, within, usual=frozenset(within), group=field.key)
        elif field.kind.items is SHARE:
            rows = tuple((str(row["funder"]), str(row["share"])) for row in value or ())
            text = "\n".join(" ".join(row) for row in rows)
            yield Input(path_name(here), field, text, group=group, is_usual=True, rows=rows)
        elif field.kind.items is not None:
            yield field
        else:
            text, options = _shown(record, field, value, preset=values.get("preset"))
            default = "" if options else _text(record.written_default(field, preset=values.get("preset")))
            is_usual = field.key in usual or bool(value)
            yield Input(path_name(here), field, text, options, group, is_usual=is_usual, default=default)


def _shown(record: Record, field: Field, value: Any, *, preset: str | None) -> tuple[str, tuple[str, ...]]:
    """A value as the form writes it, and its choices; a choice without a default may stay empty."""
    kind = field.kind
    if isinstance(kind, Record):
        return "", ()
    options = tuple(kind.schema.get("enum", ()))
    if kind.schema.get("type") == "boolean":
        options = ("true", "false")
    default = record.written_default(field, preset=preset)
    if value is None and options and default is not None:
        value = default
    if options and default is None:
        options = ("", *options)
    return _text(value), options


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _typed(one: Input, value: str) -> Any:
    """What stands in the text for an input's value; None: nothing."""
    kind = one.field.kind
    if not value or isinstance(kind, Record):
        return None
    if one.rows is not None:
        rows = (line.rpartition(" ") for line in value.splitlines() if line.strip())
        return [{"funder": funder.strip(), "share": share} for funder, _, share in rows]
    if kind.schema.get("type") == "array":
        whole = kind.schema["items"].get("type") == "integer"
        listed = [part.strip() for part in _COMMA.split(value) if part.strip()]
        return [_number(part) for part in listed] if whole else listed
    if kind.schema.get("type") == "integer":
        return _number(value)
    return value == "true" if kind.schema.get("type") == "boolean" and value in {"true", "false"} else value


def _number(value: str) -> int | str:
    return int(value) if value.lstrip("-").isdecimal() and len(value) <= 18 else value
