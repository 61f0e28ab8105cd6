"""What risk judges: one event of the city, with every party it touches. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class EventKind(StrEnum):
    """What somebody is about to do, or has done."""

    CLAIM = "claim"
    PAYMENT = "payment"
    REFUND = "refund"


class Entity(StrEnum):
    """The parties an event may touch, each by a value that stays the same from event to event."""

    CITIZEN = "citizen"
    DEVICE = "device"
    CARD = "card"
    STORE = "store"
    LICENCE = "licence"
    CASHIER = "cashier"
    TERMINAL = "terminal"
    PLACE = "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskEvent:
    """One event. `parties` holds what is known (a party that is not known is absent, never empty).

    Amounts in fen: `amount_fen` is the whole bill, `voucher_fen` the vouchers' part of it. `facts` are further plain
    values that rules may read under their names (`facts.online`): bool, int or str.
    """

    event_id: UUID
    kind: EventKind
    at: datetime
    parties: Mapping[Entity, str]
    amount_fen: int = 0
    voucher_fen: int = 0
    facts: Mapping[str, bool | int | str] = field(default_factory=dict)
