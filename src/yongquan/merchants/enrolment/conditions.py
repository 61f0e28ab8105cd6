"""What a call asks of a shop, and which of it the shop meets. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PAYMENTS_WITHIN = timedelta(days=30)


class Condition(StrEnum):
    """One thing that a call asks, in the order in which they are told."""

    SIGN_UP_OPEN = "sign_up_open"
    PLACES_LEFT = "places_left"
    STORE_OPEN = "store_open"
    LICENCE = "licence"
    LICENCE_STANDS = "licence_stands"
    NOT_LISTED = "not_listed"
    INDUSTRY = "industry"
    DISTRICT = "district"
    ACQUIRER = "acquirer"
    RELIEF = "relief"
    REGISTERED = "registered"
    PAYMENTS = "payments"
    NO_HOLD = "no_hold"


@dataclass(frozen=True, slots=True)
class CallConditions:
    """What a call asks; an empty tuple is any. `payments_min` counts those of the last 30 days."""

    industries: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    acquirers: tuple[str, ...] = ()
    needs_licence: bool = True
    relief_only: bool = False
    registered_days_min: int = 0
    payments_min: int = 0


@dataclass(frozen=True, slots=True)
class CallWindow:
    """When a call may be answered (half-open), and how many places are left; None is any number."""

    opens_at: datetime
    closes_at: datetime
    places_left: int | None


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What is known of a shop when its conditions are checked; `payments` of the last 30 days.

    `licence_stands`: the register has not told that the licence is cancelled or revoked.
    """

    industry: str
    adcode: str
    acquirer: str
    licence_no: str
    is_open: bool
    is_relief: bool
    registered_at: datetime
    payments: int
    is_held: bool
    licence_stands: bool = True
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition, whether it is met, what was wanted and what was found (codes, numbers or moments)."""

    condition: Condition
    is_met: bool
    wanted: tuple[str, ...] = ()
    found: str = ""


def check_conditions(
    conditions: CallConditions, window: CallWindow, shop: ShopFacts, *, now: datetime
) -> Sequence[Finding]:
    """Every condition that applies, with its answer; those that ask for nothing are left out."""
    days = (now - shop.registered_at).days
    found = [
        Finding(
            Condition.SIGN_UP_OPEN,
            window.opens_at <= now < window.closes_at,
            (window.opens_at.isoformat(), window.closes_at.isoformat()),
        ),
        Finding(Condition.STORE_OPEN, shop.is_open),
        Finding(Condition.NO_HOLD, not shop.is_held),
        Finding(Condition.NOT_LISTED, not shop.is_listed),
    ]
    if window.places_left is not None:
        left = max(0, window.places_left)
        found.append(Finding(Condition.PLACES_LEFT, left > 0, found=str(left)))
    if conditions.needs_licence:
        found.append(Finding(Condition.LICENCE, bool(shop.licence_no), found=shop.licence_no))
        if shop.licence_no:
            found.append(Finding(Condition.LICENCE_STANDS, shop.licence_stands))
    for condition, wanted, has in (
        (Condition.INDUSTRY, conditions.industries, shop.industry),
        (Condition.DISTRICT, conditions.districts, shop.adcode),
        (Condition.ACQUIRER, conditions.acquirers, shop.acquirer),
    ):
        if wanted:
            found.append(Finding(condition, has in wanted, wanted, has))
    if conditions.relief_only:
        found.append(Finding(Condition.RELIEF, shop.is_relief))
    for condition, least, has_number in (
        (Condition.REGISTERED, conditions.registered_days_min, days),
        (Condition.PAYMENTS, conditions.payments_min, shop.payments),
    ):
        if least:
            found.append(Finding(condition, has_number >= least, (str(least),), str(has_number)))
    order = list(Condition)
    return sorted(found, key=lambda finding: order.index(finding.condition))


def first_unmet(findings: Sequence[Finding]) -> Finding | None:
    """The first condition that is not met, in the order in which they are told."""
    return next((finding for finding in findings if not finding.is_met), None)
