"""Conditions and caps of a round, and rules of use of a type, between the model and its columns.

A round keeps what a process checks in memory in `door`, what the database checks in `terms` (see hot/31); either is
null where nothing is asked, so that a plain round pays for nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from yongquan.vouchers.model import Caps, Conditions, UseRules

# The columns that `read_terms` wants, of a round called r.
TERMS_COLUMNS = """r.daily_from, r.daily_until, r.districts, r.age_min, r.card_issuers, r.list_id, r.cap_round,
       r.cap_day, r.cap_campaign, r.cap_industry, r.cap_industry_round, r.door, r.terms"""
_DOOR = ("weekdays", "areas", "tolerance_m", "platforms")
_DATABASE = (
    *("real_name", "age_max", "card_bins", "new_customer_of", "social_card", "list_tier"),
    "one_citizen_a_device",
)
# Conditions for which a citizen's verified name and cards are read.
ASKING = frozenset({"real_name", "card_bins", "new_customer_of", "social_card"})


@dataclass(frozen=True, slots=True)
class RoundTerms:
    """Who may claim in a round, where, when and how much."""

    conditions: Conditions
    caps: Caps


def door_document(conditions: Conditions) -> Jsonb | None:
    """The conditions that need no database; None if there are none."""
    return _document(_asked(conditions, _DOOR))


def terms_document(conditions: Conditions, caps: Caps) -> Jsonb | None:
    """The fine conditions and caps that the database checks; None if there are none."""
    terms = _asked(conditions, _DATABASE)
    if conditions.list_tier is not None:
        terms["list_id"] = None if conditions.list_id is None else str(conditions.list_id)
    if caps.rules:
        terms["caps"] = msgspec.to_builtins(caps.rules)
    return _document(terms)


def use_document(use: UseRules) -> Jsonb | None:
    """The rules of use of a type; None if there are none."""
    return _document(_asked(use, [field.name for field in fields(use)]))


def read_use(stored: Mapping[str, Any] | None) -> UseRules:
    """Rules of use from their column."""
    return msgspec.convert(stored or {}, UseRules)


def read_terms(row: TupleRow) -> RoundTerms:
    """Conditions and caps from `TERMS_COLUMNS`."""
    daily_from, daily_until, districts, age_min, card_issuers, list_id = row[:6]
    document: dict[str, Any] = {**(row[11] or {}), **(row[12] or {})}
    rules = document.pop("caps", ())
    document |= {
        "districts": districts,
        "age_min": age_min,
        "card_issuers": card_issuers,
        "list_id": None if list_id is None else str(list_id),
        "daily": None if daily_from is None else (daily_from.isoformat(), daily_until.isoformat()),
    }
    numbers = dict(
        zip(("per_round", "per_day", "per_campaign", "per_industry", "per_industry_round"), row[6:11], strict=True)
    )
    return RoundTerms(msgspec.convert(document, Conditions), msgspec.convert(numbers | {"rules": rules}, Caps))


def _asked(noun: Conditions | UseRules, names: Iterable[str]) -> dict[str, Any]:
    asked = {name: value for name in names if (value := getattr(noun, name)) not in (None, False, 0, ())}
    plain: dict[str, Any] = msgspec.to_builtins(asked)
    return plain


def _document(asked: dict[str, Any]) -> Jsonb | None:
    return Jsonb(asked) if asked else None
