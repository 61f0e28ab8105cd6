"""A forecast divides what is left by the pace of the last days, and says how sure it is."""

from yongquan.vouchers.forecast import runs_out


def test_a_steady_pace_has_no_spread() -> None:
    forecast = runs_out(300, [100, 100, 100])

    assert (forecast.days, forecast.earliest, forecast.latest) == (3, 3, 3)


def test_an_unsteady_pace_widens_the_interval() -> None:
    forecast = runs_out(700, [50, 150, 100, 100])

    assert forecast.days == 7
    assert forecast.earliest is not None
    assert forecast.latest is not None
    assert forecast.earliest < 7 < forecast.latest


def test_a_wild_pace_may_never_get_there() -> None:
    assert runs_out(100, [0, 100]).latest is None


def test_nobody_claims_and_nothing_left_are_said_as_such() -> None:
    assert runs_out(100, [0, 0]).days is None
    assert runs_out(0, [5]).days == 0


def test_one_day_gives_no_interval() -> None:
    assert runs_out(100, [50]).earliest is None
