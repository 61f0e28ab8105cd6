"""Is a shop of the lists real? What speaks for and against it, each with its points, and a threshold to screen.

A screened shop is not deleted: it is left out of what the library hands on, and shown to a person with the reasons.
The points are judgement, not a fit: each says how much one fact alone should move a careful reader.
"""

from dataclasses import dataclass
from typing import Final

VERSION: Final = 1
START: Final = 40
CREDIBLE_MIN: Final = 60
DOUBTFUL_MAX: Final = 34
THIN: Final = frozenset({"one_source", "no_door", "no_phone", "no_payers"})  # nothing known, not something bad
PAYERS_MANY, PAY_DAYS_MIN = 20, 5
PHONE_SHOPS_MAX, ACCOUNT_SHOPS_MAX = 5, 3


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What is known of a shop; None where nobody knows.

    `sources` are the lists that name it, `phone_shops` and `account_shops` how many shops of other owners share its
    phone or settlement account, `payers` and `pay_days` those of the last 90 days at our store, `division_fits`
    whether its place lies in the division its address names.
    """

    sources: int
    licence_valid: bool | None = None
    in_business: bool | None = None
    surveyed: bool = False
    payers: int | None = None
    pay_days: int = 0
    phone_given: bool = False
    phone_verified: bool | None = None
    phone_shops: int = 0
    account_shops: int = 0
    place_inside: bool | None = None
    division_fits: bool | None = None
    places_agree: bool | None = None
    has_door: bool = False
    residential: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One fact and what it weighs."""

    code: str
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100, with its points; `verdict` is credible, unsure or doubtful (screened)."""

    score: int
    verdict: str
    points: tuple[Point, ...]
    version: int = VERSION


def score_shop(facts: ShopFacts) -> Score:
    """Add the points up, starting from 40, within 0 and 100.

    A shop of which little is known is unsure, not doubtful: to be screened, something must speak against it.
    """
    points = tuple(Point(code, weight) for code, weight, holds in (*_for_it(facts), *_against_it(facts)) if holds)
    total = min(max(START + sum(point.points for point in points), 0), 100)
    speaks_against = any(point.points < 0 and point.code not in THIN for point in points)
    is_doubtful = total <= DOUBTFUL_MAX and speaks_against
    verdict = "credible" if total >= CREDIBLE_MIN else "doubtful" if is_doubtful else "unsure"
    return Score(total, verdict, points)


def _for_it(facts: ShopFacts) -> tuple[tuple[str, int, bool], ...]:
    payers = facts.payers or 0
    return (
        ("licence_valid", 12, facts.licence_valid is True),
        ("in_business", 15, facts.in_business is True),
        ("surveyed", 25, facts.surveyed),
        ("many_payers", 25, payers >= PAYERS_MANY and facts.pay_days >= PAY_DAYS_MIN),
        ("some_payers", 10, payers > 0 and not (payers >= PAYERS_MANY and facts.pay_days >= PAY_DAYS_MIN)),
        ("phone_verified", 15, facts.phone_verified is True),
        ("phone_given", 4, facts.phone_given and facts.phone_verified is None),
        ("place_fits", 8, facts.division_fits is True),
        ("places_agree", 6, facts.places_agree is True),
        ("has_door", 4, facts.has_door),
        ("two_sources", 10, facts.sources == 2),
        ("many_sources", 18, facts.sources >= 3),
    )


def _against_it(facts: ShopFacts) -> tuple[tuple[str, int, bool], ...]:
    return (
        ("licence_wrong", -12, facts.licence_valid is False),
        ("out_of_business", -40, facts.in_business is False),
        ("one_source", -6, facts.sources == 1),
        ("place_outside", -20, facts.place_inside is False),
        ("division_wrong", -20, facts.division_fits is False and facts.place_inside is not False),
        ("places_differ", -8, facts.places_agree is False),
        ("no_door", -8, not facts.has_door),
        ("no_phone", -4, not facts.phone_given),
        ("phone_dead", -15, facts.phone_verified is False),
        ("phone_shared", -20, facts.phone_shops >= PHONE_SHOPS_MAX),
        ("account_shared", -20, facts.account_shops >= ACCOUNT_SHOPS_MAX),
        ("residential", -10, facts.residential),
        ("no_payers", -6, facts.payers == 0),
    )
