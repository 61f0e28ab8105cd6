"""Who of a past day's payers could have claimed: what a document asks of a person, as far as it was known. Pure.

Not judged, as no payment tells it: where a citizen was when claiming, through which app and device, and who will be a
bank's new customer. The hours and weekdays of claims are open to everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from yongquan.vouchers.model import Conditions


@dataclass(frozen=True, slots=True)
class Payer:
    """What conditions look at in a citizen; `lists` are the tiers of the lists that the citizen is on."""

    is_active: bool = True
    born_on: date | None = None
    card_issuers: frozenset[str] = field(default=frozenset())
    real_name: bool = False
    social_card: bool = False
    card_bins: tuple[str, ...] = ()
    lists: Mapping[UUID, int] = field(default_factory=dict)


def asks_of_people(conditions: Conditions) -> bool:
    """Whether a round looks at the person at all."""
    c = conditions
    bounds = (c.age_min, c.age_max, c.card_issuers, c.card_bins, c.list_id)
    return any(bound is not None for bound in bounds) or c.real_name or c.social_card


def may_claim(conditions: Conditions, payer: Payer, *, on: date) -> bool:
    """Whether a person passes a round's conditions on a day, as the claim itself judges (hot/30, hot/31)."""
    c = conditions
    if not payer.is_active or (c.real_name and not payer.real_name) or (c.social_card and not payer.social_card):
        return False
    if c.card_issuers is not None and payer.card_issuers.isdisjoint(c.card_issuers):
        return False
    if c.card_bins is not None and not any(_in_range(own, asked) for own in payer.card_bins for asked in c.card_bins):
        return False
    if c.list_id is not None and payer.lists.get(c.list_id, 1 << 31) > (c.list_tier or 1 << 30):
        return False
    return _is_of_age(c, payer.born_on, on=on)


def _is_of_age(c: Conditions, born_on: date | None, *, on: date) -> bool:
    if c.age_min is None and c.age_max is None:
        return True
    if born_on is None:
        return False
    age = on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
    return (c.age_min is None or age >= c.age_min) and (c.age_max is None or age <= c.age_max)


def _in_range(own: str, asked: str) -> bool:
    """Whether a card's first eight digits are in a prefix ("62") or a range ("622200-622299")."""
    first, _, last = asked.partition("-")
    return first.ljust(8, "0") <= own <= (last or first).ljust(8, "9")
