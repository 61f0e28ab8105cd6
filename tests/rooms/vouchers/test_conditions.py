"""Pure rules of when, where and for what; documents keep what they were given."""

import math
from dataclasses import fields, replace
from datetime import UTC, datetime, time

import pytest
from shapely.geometry import box

from yongquan.kernel.places import Zone
from yongquan.vouchers.hours import is_in_hours, is_on_weekday
from yongquan.vouchers.limits import ClaimCap, Counting, DeviceScope, Over, Period, UseCap
from yongquan.vouchers.model import Caps, Conditions, Direction, UseRules
from yongquan.vouchers.terms import door_document, read_terms, read_use, terms_document, use_document
from yongquan.vouchers.usability import StoreFacts, TypeRules, WhyNot, why_not_here
from yongquan.web.api.reasons import REASONS

MONDAY_NOON = datetime(2022, 2, 21, 4, 0, tzinfo=UTC)  # in Shanghai
STORE = StoreFacts(
    "dining",
    "330203",
    hardship=False,
    groups=frozenset({"old town"}),
    place=(121.5, 29.8),
    terminal="T1",
    now=MONDAY_NOON,
    issuer="yuehu",
    card_bin="62220288",
)
RULES = TypeRules(None, None, None, None, Direction.EITHER, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("daily", "holds"),
    [
        (None, True),
        ((time(12), time(13)), True),
        ((time(11), time(12)), False),
        ((time(22), time(6)), False),
        ((time(6), time(0)), True),
    ],
)
def test_hours_are_half_open_and_may_pass_midnight(daily: tuple[time, time] | None, holds: bool) -> None:
    assert is_in_hours(daily, MONDAY_NOON) is holds


def test_weekdays_are_shanghais() -> None:
    late_on_sunday_in_utc = datetime(2022, 2, 20, 20, 0, tzinfo=UTC)

    assert is_on_weekday((1,), late_on_sunday_in_utc)
    assert not is_on_weekday((7,), late_on_sunday_in_utc)
    assert is_on_weekday(None, late_on_sunday_in_utc)


@pytest.mark.parametrize("lat", [0, 29.8, 60])
def test_a_tolerance_is_in_metres_in_every_direction(lat: float) -> None:
    degree = 111_200
    zone = Zone.of([box(121, lat, 121.01, lat + 0.01)], tolerance_m=500)
    east = 1 / degree / max(0.1, math.cos(math.radians(lat)))

    assert zone.covers(121.005, lat - 480 / degree)
    assert not zone.covers(121.005, lat - 520 / degree)
    assert zone.covers(121.01 + 480 * east, lat + 0.005)
    assert not zone.covers(121.01 + 520 * east, lat + 0.005)


@pytest.mark.parametrize(
    ("use", "why"),
    [
        (UseRules(shop_groups=("old town",)), None),
        (UseRules(shop_groups=("new town",)), WhyNot.OTHER_SHOP_GROUP),
        (UseRules(terminals=("T1",)), None),
        (UseRules(terminals=("T2",)), WhyNot.OTHER_TERMINAL),
        (UseRules(card_issuers=("yuehu",)), None),
        (UseRules(card_issuers=("donghu",)), WhyNot.OTHER_CARD),
        (UseRules(card_bins=("6222", "621700-621799")), None),
        (UseRules(card_bins=("621700-621799",)), WhyNot.OTHER_CARD),
        (UseRules(directions=(Direction.SHOP_SCANS,)), None),
        (UseRules(directions=(Direction.ONLINE,)), WhyNot.WRONG_DIRECTION),
        (UseRules(weekdays=(1,)), None),
        (UseRules(weekdays=(6, 7)), WhyNot.NOT_TODAY),
        (UseRules(daily=(time(6), time(23))), None),
        (UseRules(daily=(time(18), time(23))), WhyNot.NOT_THIS_HOUR),
    ],
)
def test_each_rule_of_use_has_its_own_reason(use: UseRules, why: WhyNot | None) -> None:
    rules = replace(RULES, campaign_active=True, use=use)

    assert why_not_here(rules, store=STORE, direction=Direction.SHOP_SCANS) is why
    assert why is None or why.value in REASONS


def test_an_area_counts_beside_the_districts() -> None:
    around, elsewhere = Zone.of([box(121, 29, 122, 30)]), Zone.of([box(120, 29, 120.5, 30)])

    def why(districts: frozenset[str] | None, zone: Zone | None) -> WhyNot | None:
        rules = replace(RULES, campaign_active=True, districts=districts, zone=zone)
        return why_not_here(rules, store=STORE, direction=Direction.SHOP_SCANS)

    assert why(None, around) is None
    assert why(None, elsewhere) is WhyNot.OTHER_PLACE
    assert why(frozenset({"330203"}), elsewhere) is None
    assert why(frozenset({"330225"}), around) is None
    assert why(frozenset({"330225"}), elsewhere) is WhyNot.OTHER_PLACE


def test_plain_rounds_and_types_leave_their_documents_empty() -> None:
    plain = Conditions(districts=("330203",), age_min=18, daily=(time(10), time(22)))

    assert door_document(plain) is None
    assert terms_document(plain, Caps(per_round=1)) is None
    assert use_document(UseRules()) is None


def test_documents_keep_every_condition() -> None:
    conditions = Conditions(
        weekdays=(1, 2),
        areas=("square",),
        tolerance_m=300,
        real_name=True,
        age_max=60,
        card_bins=("62",),
        new_customer_of=("chaoxin",),
        social_card=True,
        list_tier=2,
        one_citizen_a_device=DeviceScope.CAMPAIGN,
        platforms=("", "chaoxin"),
    )
    caps = Caps(rules=(ClaimCap(4, Period.ROUND, Over.GROUP, "zones", Counting.GROUPS, per_platform=True),))
    use = UseRules(
        daily=(time(6), time(22, 59, 59)),
        weekdays=(6, 7),
        directions=(Direction.ONLINE,),
        shop_groups=("old town",),
        terminals=("T1",),
        tags=("fridge",),
        skus=("f1",),
        areas=("square",),
        caps=(UseCap(2, Period.DAY, per_merchant=True),),
    )
    door, terms, stored = door_document(conditions), terms_document(conditions, caps), use_document(use)
    assert door is not None
    assert terms is not None
    assert stored is not None

    read = read_terms((*[None] * 11, door.obj, terms.obj))

    assert (read.conditions, read.caps) == (conditions, caps)
    assert read_use(stored.obj) == use
    told = [f.name for f in fields(Conditions) if getattr(conditions, f.name) != f.default]
    assert len(told) == 11
