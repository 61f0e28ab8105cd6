"""How two versions of a campaign differ, part by part, field by field, and what may change once it is public. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.documents_fields import CAMPAIGN, ROUND, SUB_ACTIVITY, TYPE
from yongquan.vouchers.documents_records import Change, Field, Record
from yongquan.vouchers.documents_widening import is_wider
from yongquan.vouchers.model import Round, VoucherType

# Why a change may not be applied: (Chinese, English).
REASONS: Mapping[str, tuple[str, str]] = {
    "never": ("发布后不能改:已领的券按原样有效", "it is fixed once published: claimed vouchers stay as they were"),
    "up": ("发布后只能增加", "once published it may only rise"),
    "wider": ("发布后只能放宽", "once published it may only widen"),
    "reserved": ("发布时已按各方比例备款,不能再改", "each funder's part was set aside when it was published"),
    "later": ("发布后只能延后", "once published it may only move later"),
    "opened": ("该轮已经开抢,不能再改开始时间", "the round has opened: its opening cannot move"),
    "published": ("已发布的轮次和券种不能删除,可以结束它", "what is published cannot be removed: end it instead"),
    "new_type": ("已发布的轮次不能加券种,请另开一轮", "a published round takes no new types: add a round"),
    "ended": ("活动已结束", "the campaign has ended"),
}


_AMOUNT = re.compile(r"([0-9.]+)元")


class Step(StrEnum):
    """What became of a part or a field."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Unchangeable(Refusal):
    """A published campaign may not be changed so; `differences` are those that stand in the way."""

    code = "unchangeable"

    @property
    def differences(self) -> "list[Difference]":
        return cast("list[Difference]", self.facts["differences"])


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; a `field` of None is the whole part. Values are as the document writes them, None is absent."""

    step: Step
    noun: str  # campaign, sub_activity, round, type
    name: str
    name_en: str
    field: Field | None = None
    within: Field | None = None  # the group the field stands in: rules, caps, conditions
    before: str | None = None
    after: str | None = None
    reason: str | None = None  # a code of `REASONS`, where it may not be applied

    def titles(self, *, english: bool) -> str:
        """The field's title, with its group's before it."""
        fields = [one for one in (self.within, self.field) if one]
        return " · ".join((one.en if english else one.zh).title for one in fields)

    def say(self, *, english: bool) -> str:
        """The difference in words."""
        noun = NOUNS[self.noun][int(english)]
        name = (self.name_en or self.name) if english else self.name
        if self.field is None:
            verb = VERBS[self.step][int(english)]
            return f"{verb} {noun} “{name}”" if english else f"{verb}{noun}“{name}”"
        old, new = (value if value is not None else NOTHING[int(english)] for value in (self.before, self.after))
        title = self.titles(english=english)
        if english:
            old, new = (_AMOUNT.sub(r"¥\1", value) for value in (old, new))
        return f"{noun} “{name}”: {title} {old} → {new}" if english else f"{noun}“{name}”:{title} 从 {old} 改为 {new}"

    def why_not(self, *, english: bool) -> str:
        """Why it may not be applied, empty where it may."""
        return REASONS[self.reason][int(english)] if self.reason else ""


NOUNS = {
    "campaign": ("活动", "Campaign"),
    "sub_activity": ("子活动", "Sub-activity"),
    "round": ("轮次", "Round"),
    "type": ("券种", "Type"),
}
VERBS = {Step.ADDED: ("新增", "Added"), Step.REMOVED: ("删除", "Removed"), Step.CHANGED: ("修改", "Changed")}
NOTHING = ("未设", "none")


@dataclass(frozen=True, slots=True)
class _Part:
    noun: str
    record: Record
    object: Any


def compare(before: CampaignDocument | None, after: CampaignDocument) -> list[Difference]:
    """All differences in the order of the document; everything is added where there was nothing."""
    olds = dict(_parts(before)) if before else {}
    news = dict(_parts(after))
    found = [d for id_, part in news.items() for d in _compare(olds.get(id_), part)]
    return found + [_whole(Step.REMOVED, part) for id_, part in olds.items() if id_ not in news]


def judge(
    before: CampaignDocument, after: CampaignDocument, *, public: frozenset[UUID], now: datetime
) -> list[Difference]:
    """`compare` with the reason of each difference that may not happen; `public` are the published rounds' ids.

    With no round published everything may change but the code.
    """
    olds, news = dict(_parts(before)), dict(_parts(after))
    found: list[Difference] = []
    for id_, part in news.items():
        old = olds.get(id_)
        shown = _is_public(old or part, public)
        if old is None and shown and part.noun == "type":
            found.append(_whole(Step.ADDED, part, reason="new_type"))
            continue
        for difference in _compare(old, part):
            bad = _why_not(difference, old.object, part.object, now) if old and shown else None
            found.append(replace(difference, reason=bad))
    for id_, part in olds.items():
        if id_ not in news:
            found.append(_whole(Step.REMOVED, part, reason="published" if _is_public(part, public) else None))
    return found


def _is_public(part: _Part, public: frozenset[UUID]) -> bool:
    if isinstance(part.object, Round | VoucherType):
        return part.object.round_id in public
    return part.noun == "campaign" and bool(public)


def _why_not(difference: Difference, old: Any, new: Any, now: datetime) -> str | None:
    field = difference.within or difference.field
    if field is None:
        return None
    inner = difference.field or field
    if difference.within:
        old, new = getattr(old, difference.within.attr), getattr(new, difference.within.attr)
        if old is None or new is None:
            return "never"
    was, becomes = getattr(old, inner.attr), getattr(new, inner.attr)
    match inner.change:
        case Change.FREE:
            return None
        case Change.UP:
            # No cap, no last day: as much as there can be.
            return "up" if was is None or (becomes is not None and becomes < was) else None
        case Change.LATER:
            return "later" if was is None or (becomes is not None and becomes < was) else None
        case Change.BEFORE_OPENING:
            return "opened" if min(was, becomes) <= now else None
        case Change.RESERVED:
            return "reserved"
        case Change.NEVER:
            return "never"
        case widening:
            return None if is_wider(widening, was, becomes) else "wider"


def _parts(document: CampaignDocument) -> Iterator[tuple[UUID, _Part]]:
    yield document.campaign.campaign_id, _Part("campaign", CAMPAIGN, document.campaign)
    for sub in document.subs:
        yield sub.sub_activity_id, _Part("sub_activity", SUB_ACTIVITY, sub)
    for round_ in document.rounds:
        yield round_.round_id, _Part("round", ROUND, round_)
    for type_ in document.types:
        yield type_.type_id, _Part("type", TYPE, type_)


def _compare(old: _Part | None, new: _Part) -> Iterator[Difference]:
    if old is None:
        yield _whole(Step.ADDED, new)
        return
    for field in new.record.fields:
        was, becomes = getattr(old.object, field.attr), getattr(new.object, field.attr)
        if was == becomes:
            continue
        if isinstance(field.kind, Record):
            for inner in field.kind.fields:
                a, b = getattr(was, inner.attr, None), getattr(becomes, inner.attr, None)
                if a != b:
                    yield _changed(new, inner, a, b, within=field)
        else:
            yield _changed(new, field, was, becomes)


def _changed(part: _Part, field: Field, was: Any, becomes: Any, *, within: Field | None = None) -> Difference:
    noun = part.object
    before, after = (None if value in (None, ()) else _shown(field.kind.write(value)) for value in (was, becomes))
    return Difference(Step.CHANGED, part.noun, noun.name, noun.name_en, field, within, before, after)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return " ".join(f"{key}={_shown(one)}" for key, one in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(step: Step, part: _Part, *, reason: str | None = None) -> Difference:
    return Difference(step, part.noun, part.object.name, part.object.name_en, reason=reason)
