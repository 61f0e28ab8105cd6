"""Whom a push is for: a list, a segment (rules over attributes and history), or those whose vouchers expired.

A document is typed and closed: an unknown field is refused. None is no rule; all rules of a segment must hold.
"""

from datetime import date
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

from yongquan.kernel.errors import BadInput

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Days = Annotated[int, msgspec.Meta(ge=1, le=3_650)]
Years = Annotated[int, msgspec.Meta(ge=0, le=150)]


class Paid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payments that succeeded in the last `days`: how many, for how much, in which industries."""

    days: Days
    payments_min: Count | None = None
    payments_max: Annotated[int, msgspec.Meta(ge=0)] | None = None
    amount_min_fen: Count | None = None
    industries: tuple[str, ...] | None = None


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Vouchers claimed in the last `days`; how many of them were claimed, redeemed, expired."""

    days: Days
    claimed_min: Count | None = None
    claimed_max: Annotated[int, msgspec.Meta(ge=0)] | None = None
    redeemed_min: Count | None = None
    redeemed_max: Annotated[int, msgspec.Meta(ge=0)] | None = None
    expired_min: Count | None = None


class SegmentRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="segment"):
    """Citizens for whom every rule holds. Ages are whole years today, both ends included."""

    districts: tuple[str, ...] | None = None
    age_from: Years | None = None
    age_to: Years | None = None
    card_issuers: tuple[str, ...] | None = None
    registered_since: date | None = None
    registered_before: date | None = None
    paid: Paid | None = None
    vouchers: Held | None = None


class ListedCitizens(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="list"):
    """The members of a list."""

    list_id: UUID


class ExpiredHolders(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="expired"):
    """Those whose vouchers of a round expired unused: a voucher for each that was not granted again before."""

    round_id: UUID


Audience: TypeAlias = SegmentRules | ListedCitizens | ExpiredHolders
_decoder = msgspec.json.Decoder(Audience)


def read_audience(text: str | bytes) -> Audience:
    """The audience of a JSON document. Raises `BadInput` naming the field."""
    try:
        audience: Audience = _decoder.decode(text)
    except msgspec.DecodeError as error:
        raise BadInput(f"audience: {error}") from error
    if isinstance(audience, SegmentRules):
        if audience == SegmentRules():
            raise BadInput("audience: a segment without any rule is the whole city; give at least one rule")
        if audience.age_from is not None and audience.age_to is not None and audience.age_from > audience.age_to:
            raise BadInput("audience: age_from is above age_to")
    return audience


def audience_document(audience: Audience) -> dict[str, object]:
    """The document again, without rules that are not given."""
    document: dict[str, object] = msgspec.to_builtins(audience)
    return _given(document)


def _given(document: dict[str, object]) -> dict[str, object]:
    return {
        key: _given(value) if isinstance(value, dict) else value for key, value in document.items() if value is not None
    }
