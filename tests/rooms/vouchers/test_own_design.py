"""What a shop may design, and what it is told it may cost."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from yongquan.vouchers.own_forecast import ASSUMED_BP, Basis, Measured, forecast_cost
from yongquan.vouchers.own_model import OWN_MOVES, BadDesign, Design, OwnKind, OwnState

DESIGN = Design(
    name="券",
    kind=OwnKind.AMOUNT_OFF,
    amount_fen=1_000,
    threshold_fen=3_000,
    stock=101,
    starts_on=date(2022, 2, 15),
    ends_on=date(2022, 2, 15),
    stores=(UUID(int=1),),
    bank="yuehu",
)


def test_a_sound_design_passes() -> None:
    DESIGN.check()
    replace(DESIGN, kind=OwnKind.PERCENT_OFF, rate_bp=2_000, threshold_fen=0).check()
    replace(DESIGN, kind=OwnKind.EXCHANGE, threshold_fen=0, tags=("bun",)).check()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"amount_fen": 0}, "amount"),
        ({"threshold_fen": 999}, "threshold"),
        ({"rate_bp": 100}, "rate"),
        ({"kind": OwnKind.PERCENT_OFF}, "rate"),
        ({"kind": OwnKind.PERCENT_OFF, "rate_bp": 10_000}, "rate"),
        ({"kind": OwnKind.EXCHANGE}, "goods"),
        ({"skus": tuple(map(str, range(51)))}, "goods"),
        ({"stock": 0}, "stock"),
        ({"per_person": 100}, "per_person"),
        ({"ends_on": date(2022, 2, 14)}, "ends_on"),
        ({"ends_on": date(2023, 2, 16)}, "ends_on"),
        ({"stores": ()}, "stores"),
        ({"bank": ""}, "bank"),
    ],
)
def test_a_bad_design_is_refused_naming_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(BadDesign) as refused:
        replace(DESIGN, **changes).check()  # type: ignore[arg-type]

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("shop", "city", "rate_bp", "basis"),
    [
        (Measured(30, 30_000, 15_000), Measured(100, 100_000, 90_000), 5_000, Basis.SHOP),
        (Measured(29, 29_000, 15_000), Measured(100, 100_000, 33_333), 3_334, Basis.CITY),
        (Measured(29, 29_000, 15_000), Measured(99, 99_000, 90_000), ASSUMED_BP, Basis.ASSUMED),
        (Measured(30, 30_000, 0), Measured(), 0, Basis.SHOP),
    ],
)
def test_forecast_takes_the_nearest_measure_there_is(
    shop: Measured, city: Measured, rate_bp: int, basis: Basis
) -> None:
    told = forecast_cost(DESIGN, shop=shop, city=city)

    assert told.most_fen == 101_000
    assert (told.rate_bp, told.basis) == (rate_bp, basis)
    assert told.expected_fen == -(-101_000 * rate_bp // 10_000)


def test_what_is_public_or_withdrawn_never_moves_again() -> None:
    assert OWN_MOVES[OwnState.PUBLISHED] == OWN_MOVES[OwnState.WITHDRAWN] == frozenset()
    assert set(OWN_MOVES) == set(OwnState)
