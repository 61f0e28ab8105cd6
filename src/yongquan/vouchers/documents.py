"""Campaign documents: a YAML file that people read and write, and the campaign of the model, each from the other. Pure.

A part is known by its `key`; its id follows from the keys above it, unless the document names an `id`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import named_id
from yongquan.vouchers.documents_check import check_shape
from yongquan.vouchers.documents_faults import Fault
from yongquan.vouchers.documents_fields import CAMPAIGN, ROUND, SUB_ACTIVITY, TYPE
from yongquan.vouchers.documents_records import Record
from yongquan.vouchers.documents_rules import check_rules
from yongquan.vouchers.documents_schema import FORMAT, ROUNDS_WORDS, SCHEMA_PATH, SUBS_WORDS, TYPES_WORDS
from yongquan.vouchers.documents_yaml import read_yaml, write_yaml
from yongquan.vouchers.model import Campaign, Round, SubActivity, VoucherType
from yongquan.vouchers.sharing import reserves_of

LARGEST_BYTES: Final = 2_000_000
HEAD: Final = f"""消费券活动文件。金额写成 20元 或 20.50元,时间是北京时间,区县代码加引号。
Amounts are yuan, times are Shanghai's. Schema: {SCHEMA_PATH}"""


@dataclass(frozen=True, slots=True)
class CampaignDocument:
    """A whole campaign as somebody wrote it; `keys` are the keys of sub-activities, rounds and types by id."""

    campaign: Campaign
    subs: tuple[SubActivity, ...] = ()
    rounds: tuple[Round, ...] = ()
    types: tuple[VoucherType, ...] = ()
    keys: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def exposure_fen(self) -> int:
        """The face value of all vouchers."""
        return sum(type_.exposure_fen for type_ in self.types)

    @property
    def lead_fen(self) -> int:
        """What the campaign's own funder sets aside: the budget without the parts of other funders in the types."""
        others = [
            fen * type_.stock
            for type_ in self.types
            if type_.shares
            for funder_id, fen in reserves_of(type_.amount_fen, type_.shares).items()
            if funder_id != self.campaign.funder_id
        ]
        return self.campaign.budget_fen - sum(others)


class BadDocument(BadInput):
    """A document cannot be read; `faults` are all that is wrong, the message the first of them."""

    def __init__(self, faults: Sequence[Fault], *, file: str = "") -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(faults[0].located(file) + more)
        self.faults = tuple(faults)


def read_document(text: str, *, file: str = "document") -> CampaignDocument:
    """The campaign that a document describes. Raises `BadDocument` with every fault's place."""
    if len(text.encode()) > LARGEST_BYTES:
        raise BadDocument([Fault(1, 1, "", "too_large", {"most": LARGEST_BYTES // 1000})], file=file)
    marked = read_yaml(text)
    faults = marked.faults or check_shape(marked)
    if not faults:
        document = _build(marked.values)
        faults = check_rules(marked, document)
    if faults:
        raise BadDocument(faults, file=file)
    return document


def write_document(document: CampaignDocument) -> str:
    """The document of a campaign; reading it gives the same campaign, whatever its state."""
    campaign = document.campaign
    keys = _all_keys(document)
    types: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for type_ in document.types:
        own = named_id(type_.round_id, "type", keys[type_.type_id])
        types[type_.round_id].append({**_identity(type_.type_id, own, keys), **TYPE.write(type_)})
    rounds: dict[UUID | None, list[dict[str, Any]]] = defaultdict(list)
    for round_ in document.rounds:
        own = named_id(campaign.campaign_id, "round", keys[round_.round_id])
        part = {**_identity(round_.round_id, own, keys), **ROUND.write(round_), "types": types[round_.round_id]}
        rounds[round_.sub_activity_id].append(part)
    values: dict[str, Any] = {"format": FORMAT}
    if campaign.campaign_id != named_id("campaign", campaign.code):
        values["id"] = str(campaign.campaign_id)
    values |= CAMPAIGN.write(campaign)
    if document.subs:
        values["sub_activities"] = [_sub(sub, keys, rounds) for sub in document.subs]
    if rounds[None]:
        values["rounds"] = rounds[None]
    return write_values(values)


def write_values(values: Mapping[str, Any]) -> str:
    """A document's text out of its values as they stand in it."""
    return write_yaml(values, comments=_comments(), head=HEAD)


def document_hash(text: str) -> bytes:
    """What a version is known by."""
    return hashlib.sha256(text.encode()).digest()


def _build(values: Mapping[str, Any]) -> CampaignDocument:
    id_ = UUID(values["id"]) if "id" in values else named_id("campaign", values["code"])
    keys: dict[UUID, str] = {}
    subs: list[SubActivity] = []
    rounds: list[Round] = []
    types: list[VoucherType] = []

    def identify(part: Mapping[str, Any], parent: UUID, noun: str) -> UUID:
        own = UUID(part["id"]) if "id" in part else named_id(parent, noun, part["key"])
        keys[own] = part["key"]
        return own

    def take(parts: Sequence[Mapping[str, Any]], sub_id: UUID | None) -> None:
        for part in parts:
            round_id = identify(part, id_, "round")
            rounds.append(ROUND.read(part, round_id=round_id, campaign_id=id_, sub_activity_id=sub_id))
            own = [(one, identify(one, round_id, "type")) for one in part["types"]]
            types.extend([TYPE.read(one, type_id=type_id, round_id=round_id) for one, type_id in own])

    for position, part in enumerate(values.get("sub_activities", [])):
        sub_id = identify(part, id_, "sub-activity")
        subs.append(SUB_ACTIVITY.read(part, sub_activity_id=sub_id, campaign_id=id_, position=position))
        take(part["rounds"], sub_id)
    take(values.get("rounds", []), None)
    campaign = CAMPAIGN.read(values, campaign_id=id_)
    return CampaignDocument(campaign, tuple(subs), tuple(rounds), tuple(types), keys)


def _all_keys(document: CampaignDocument) -> dict[UUID, str]:
    """The document's keys; parts that never had one are numbered."""
    keys = dict(document.keys)
    taken = set(keys.values())
    ids = [("s", [s.sub_activity_id for s in document.subs]), ("r", [r.round_id for r in document.rounds])]
    ids += [("t", [t.type_id for t in document.types if t.round_id == r.round_id]) for r in document.rounds]
    for letter, group in ids:
        for n, id_ in enumerate(group, 1):
            if id_ not in keys:
                plain = f"{letter}{n}"
                keys[id_] = plain if plain not in taken else f"{plain}-{id_.hex[-8:]}"
    return keys


def _identity(id_: UUID, derived: UUID, keys: Mapping[UUID, str]) -> dict[str, str]:
    return {"key": keys[id_]} | ({} if id_ == derived else {"id": str(id_)})


def _sub(
    sub: SubActivity, keys: Mapping[UUID, str], rounds: Mapping[UUID | None, list[dict[str, Any]]]
) -> dict[str, Any]:
    derived = named_id(sub.campaign_id, "sub-activity", keys[sub.sub_activity_id])
    own = _identity(sub.sub_activity_id, derived, keys)
    return {**own, **SUB_ACTIVITY.write(sub), "rounds": rounds.get(sub.sub_activity_id, [])}


def _comments() -> dict[str, str]:
    groups = {"": CAMPAIGN, "sub_activities": SUB_ACTIVITY, "rounds": ROUND, "types": TYPE}
    comments: dict[str, str] = {}
    for group, record in groups.items():
        _explain(record, group, comments)
    children = {".sub_activities": SUBS_WORDS, ".rounds": ROUNDS_WORDS, "rounds.types": TYPES_WORDS}
    return comments | {name: f"{words[0].title}:{words[0].about}" for name, words in children.items()}


def _explain(record: Record, group: str, comments: dict[str, str]) -> None:
    for one in record.fields:
        comments[f"{group}.{one.key}"] = (
            one.zh.about if one.zh.about.startswith(one.zh.title) else f"{one.zh.title}:{one.zh.about}"
        )
        inner = one.kind if isinstance(one.kind, Record) else one.kind.items
        if inner is not None:
            _explain(inner, one.key, comments)
