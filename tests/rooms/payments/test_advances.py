"""Advances age from the day they were made, and the oldest is repaid first."""

from datetime import date, timedelta

from yongquan.payments.advances import age_advances, by_bucket

TODAY = date(2022, 6, 30)


def _ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_bounds_of_the_ages_are_thirty_sixty_and_ninety_days() -> None:
    days = [(_ago(n), 1, 0) for n in (0, 30, 31, 60, 61, 90, 91)]

    assert by_bucket(age_advances(days, today=TODAY)) == {"0-30": 2, "31-60": 2, "61-90": 2, "90+": 1}


def test_the_oldest_advance_is_repaid_first() -> None:
    days = [(_ago(100), 500, 0), (_ago(40), 300, 0), (_ago(1), 0, 600)]

    assert by_bucket(age_advances(days, today=TODAY)) == {"0-30": 0, "31-60": 200, "61-90": 0, "90+": 0}
