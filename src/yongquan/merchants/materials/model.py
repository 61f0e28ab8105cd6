"""A shop's order of materials, and the table of its states. `docs/providers.md` shows the same table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

NOTE_MAX: Final = 200
# What one order may ask for at most, by item.
MOST: Final[Mapping[str, int]] = MappingProxyType({"stickers": 20, "table_cards": 50, "code_plates": 10})


class OrderState(StrEnum):
    """Where an order stands."""

    ORDERED = "ordered"
    SENT = "sent"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    MISSING = "missing"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_S = OrderState
ORDER_MOVES: Final[Mapping[OrderState, frozenset[OrderState]]] = MappingProxyType(
    {
        _S.ORDERED: frozenset({_S.SENT, _S.REFUSED, _S.WITHDRAWN}),
        _S.SENT: frozenset({_S.DELIVERED, _S.MISSING}),  # by its task: finished, or cancelled
        _S.DELIVERED: frozenset({_S.CONFIRMED, _S.MISSING}),
        _S.MISSING: frozenset({_S.SENT, _S.REFUSED}),
        _S.CONFIRMED: frozenset(),
        _S.REFUSED: frozenset(),
        _S.WITHDRAWN: frozenset(),
    }
)
OPEN: Final = frozenset({_S.ORDERED, _S.SENT, _S.DELIVERED, _S.MISSING})
# What the shop itself may say of an order.
SHOP_MOVES: Final[Mapping[OrderState, frozenset[OrderState]]] = MappingProxyType(
    dict.fromkeys(OrderState, frozenset[OrderState]())
    | {_S.ORDERED: frozenset({_S.WITHDRAWN}), _S.DELIVERED: frozenset({_S.CONFIRMED, _S.MISSING})}
)


@dataclass(frozen=True, slots=True)
class Pieces:
    """How many of each item."""

    stickers: int
    table_cards: int
    code_plates: int


@dataclass(frozen=True, slots=True)
class MaterialOrder:
    """An order; `shop`, `address` and `adcode` are the store's, `task_id` the delivery it went out with last."""

    order_id: UUID
    store_id: UUID
    pieces: Pieces
    note: str
    state: OrderState
    task_id: UUID | None
    said: str
    ordered_by: str
    ordered_at: datetime
    changed_at: datetime
    shop: str
    address: str
    adcode: str
