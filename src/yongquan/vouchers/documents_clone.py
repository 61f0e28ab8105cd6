"""Another campaign made like one that is there, its times shifted by whole days. Pure."""

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.model import CampaignState, RoundState


def clone(document: CampaignDocument, *, code: str, name: str, name_en: str, days: int) -> CampaignDocument:
    """The same campaign under another code, `days` later in Shanghai's calendar; keys stay, ids are new."""
    shift = timedelta(days=days)
    id_ = named_id("campaign", code)
    keys: dict[UUID, str] = {}
    subs: dict[UUID, UUID] = {}
    rounds: dict[UUID, UUID] = {}

    def fresh(old: UUID, parent: UUID, noun: str, plain: str) -> UUID:
        key = document.keys.get(old, plain)
        made = named_id(parent, noun, key)
        keys[made] = key
        return made

    for n, sub in enumerate(document.subs, 1):
        subs[sub.sub_activity_id] = fresh(sub.sub_activity_id, id_, "sub-activity", f"s{n}")
    for n, round_ in enumerate(document.rounds, 1):
        rounds[round_.round_id] = fresh(round_.round_id, id_, "round", f"r{n}")
    types = [
        replace(
            _shifted(t, shift),
            round_id=rounds[t.round_id],
            type_id=fresh(t.type_id, rounds[t.round_id], "type", f"t{n}"),
        )
        for n, t in enumerate(document.types, 1)
    ]
    campaign = replace(
        _shifted(document.campaign, shift),
        campaign_id=id_,
        code=code,
        name=name,
        name_en=name_en,
        state=CampaignState.DRAFT,
    )
    moved = [
        replace(
            _shifted(r, shift),
            round_id=rounds[r.round_id],
            campaign_id=id_,
            sub_activity_id=subs[r.sub_activity_id] if r.sub_activity_id else None,
            state=RoundState.DRAFT,
        )
        for r in document.rounds
    ]
    own_subs = [replace(s, sub_activity_id=subs[s.sub_activity_id], campaign_id=id_) for s in document.subs]
    return CampaignDocument(campaign, tuple(own_subs), tuple(moved), tuple(types), keys)


def _shifted(noun: Any, shift: timedelta) -> Any:
    """A noun with every moment in it moved; Shanghai has no summer time, so that days are days."""
    if isinstance(noun, datetime):
        return noun + shift
    if isinstance(noun, tuple):
        return tuple([_shifted(one, shift) for one in noun])
    if is_dataclass(noun) and not isinstance(noun, type):
        return replace(noun, **{f.name: _shifted(getattr(noun, f.name), shift) for f in fields(noun)})
    return noun
