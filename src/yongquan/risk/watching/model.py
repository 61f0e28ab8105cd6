"""A shop's hour as the watch sees it, and what it may find there. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Rule(StrEnum):
    """What makes an hour suspicious."""

    AT_THRESHOLD = "at_threshold"
    ALL_VOUCHERS = "all_vouchers"
    ROUND_AMOUNTS = "round_amounts"
    SPEED = "speed"
    FAR_PAYERS = "far_payers"
    OWN_PEOPLE = "own_people"
    SAME_CITIZENS = "same_citizens"
    CASH_BACK = "cash_back"
    NEW_SHOP = "new_shop"
    FRESH_CLAIMS = "fresh_claims"


class AlertState(StrEnum):
    """What became of an alert."""

    OPEN = "open"
    TAKEN = "taken"
    DISMISSED = "dismissed"
    IN_CASE = "in_case"
    HOLD_PROPOSED = "hold_proposed"


ALERT_MOVES: Mapping[AlertState, frozenset[AlertState]] = {
    AlertState.OPEN: frozenset({AlertState.TAKEN, AlertState.DISMISSED, AlertState.IN_CASE, AlertState.HOLD_PROPOSED}),
    AlertState.TAKEN: frozenset({AlertState.DISMISSED, AlertState.IN_CASE, AlertState.HOLD_PROPOSED}),
    AlertState.DISMISSED: frozenset({AlertState.TAKEN}),  # looked at again
    AlertState.HOLD_PROPOSED: frozenset({AlertState.IN_CASE}),
    AlertState.IN_CASE: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One payment at the shop. Amounts in fen.

    `threshold_fen` is the highest threshold among its vouchers, `claimed_at` when the latest of them was claimed.
    `came_metres` and `came_seconds` tell of the payer's payment before, at another place, if there was one.
    """

    payment_id: UUID
    citizen_id: UUID
    at: datetime
    amount_fen: int
    voucher_fen: int = 0
    threshold_fen: int = 0
    claimed_at: datetime | None = None
    is_given_back: bool = False
    is_own_person: bool = False
    came_metres: float | None = None
    came_seconds: float | None = None

    @property
    def has_voucher(self) -> bool:
        return self.voucher_fen > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopHour:
    """What is judged: the hour's payments in their order, the day's up to the hour's end, and the shop's past.

    `past_daily_milli` is its mean of redemptions a day over the 28 days before, in thousandths; `age_days` since it
    was registered; `met_before` the citizens who redeemed here on one of the seven days before.
    """

    store_id: UUID
    adcode: str
    day: date
    hour: int
    sales: Sequence[Sale]
    day_sales: Sequence[Sale]
    age_days: int
    past_daily_milli: int = 0
    met_before: frozenset[UUID] = frozenset()

    @property
    def redemptions(self) -> list[Sale]:
        return [sale for sale in self.sales if sale.has_voucher]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that speaks: how much it weighs (0 to 100), and its numbers."""

    rule: Rule
    weight: int
    facts: Mapping[str, int]
