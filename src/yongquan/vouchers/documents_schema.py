"""The published JSON Schema of a campaign document, made from the table of fields. Pure."""

from typing import Any

from yongquan.vouchers.documents_fields import CAMPAIGN, ID_FIELD, KEY_FIELD, ROUND, SUB_ACTIVITY, TYPE
from yongquan.vouchers.documents_kinds import Kind
from yongquan.vouchers.documents_records import Field, Record, Words

FORMAT = 1
SCHEMA_PATH = "/schemas/campaign.json"
FORMAT_FIELD = Field(
    "format",
    "",
    Kind({"const": FORMAT}, int, int),
    Words("文件格式", "固定写 1"),
    Words("Format", "Always 1"),
)
ROUNDS_WORDS = (Words("轮次", "按开抢时间排"), Words("Rounds", "The openings, in order"))
TYPES_WORDS = (Words("券种", "这一轮有哪些券"), Words("Types", "The vouchers of this round"))
SUBS_WORDS = (
    Words("子活动", "一个活动里的多个专场,每个有自己的轮次"),
    Words("Sub-activities", "Named parts of a campaign, each with rounds of its own"),
)


def campaign_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a whole document; titles and descriptions in Chinese and English."""
    types = _list_of(_part(TYPE), TYPES_WORDS, least=1)
    rounds = _list_of({"$ref": "#/$defs/round"}, ROUNDS_WORDS)
    subs = _list_of({"$ref": "#/$defs/sub_activity"}, SUBS_WORDS)
    top = _object([FORMAT_FIELD, ID_FIELD, *CAMPAIGN.fields], ["format", *CAMPAIGN.required])
    top["properties"] |= {"sub_activities": subs, "rounds": rounds}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_PATH,
        "title": "消费券活动文件 · Voucher campaign",
        "description": "一个活动:规则、子活动、轮次和券种。\nA campaign: rules, sub-activities, rounds, types.",
        **top,
        "$defs": {
            "round": _with_children(ROUND, "types", types),
            "sub_activity": _with_children(SUB_ACTIVITY, "rounds", _list_of({"$ref": "#/$defs/round"}, ROUNDS_WORDS)),
        },
    }


def _part(record: Record) -> dict[str, Any]:
    return _object([KEY_FIELD, ID_FIELD, *record.fields], ["key", *record.required])


def _with_children(record: Record, key: str, children: dict[str, Any]) -> dict[str, Any]:
    part = _part(record)
    part["properties"][key] = children
    part["required"].append(key)
    return part


def _object(fields: list[Field], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {field.key: _property(field) for field in fields},
    }


def _property(field: Field) -> dict[str, Any]:
    if isinstance(field.kind, Record):
        return _told(_object([*_preset(field.kind), *field.kind.fields], field.kind.required), (field.zh, field.en))
    if field.kind.items is not None:
        items = _object(list(field.kind.items.fields), field.kind.items.required)
        return _told({**field.kind.schema, "items": items}, (field.zh, field.en))
    return _told(dict(field.kind.schema), (field.zh, field.en))


def _preset(record: Record) -> list[Field]:
    if not record.presets:
        return []
    kind = Kind({"type": "string", "enum": list(record.presets)}, str, str)
    zh = Words("照哪个城市的做法", "先按它取值,旁边写的字段优先")
    return [Field("preset", "", kind, zh, Words("Preset", "What a city chose; fields beside it go before it"))]


def _list_of(items: dict[str, Any], words: tuple[Words, Words], *, least: int = 0) -> dict[str, Any]:
    return _told({"type": "array", "minItems": least, "items": items}, words)


def _told(schema: dict[str, Any], words: tuple[Words, Words]) -> dict[str, Any]:
    zh, en = words
    return {"title": f"{zh.title} · {en.title}", "description": f"{zh.about}\n{en.about}", **schema}
