"""Hours of the day and days of the week, Asia/Shanghai. Pure."""

from collections.abc import Container
from datetime import datetime, time

from yongquan.plumbing.clock import SHANGHAI


def is_in_hours(daily: tuple[time, time] | None, now: datetime) -> bool:
    """Whether the clock is within [from, until); from after until passes midnight; None is any time."""
    if daily is None:
        return True
    clock, (starts, ends) = now.astimezone(SHANGHAI).time(), daily
    return starts <= clock < ends if starts <= ends else clock >= starts or clock < ends


def is_on_weekday(weekdays: Container[int] | None, now: datetime) -> bool:
    """Whether today is one of the weekdays, 1 (Monday) to 7; None is any day."""
    return weekdays is None or now.astimezone(SHANGHAI).isoweekday() in weekdays
