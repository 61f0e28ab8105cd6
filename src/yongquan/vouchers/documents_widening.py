"""Whether a condition of a published campaign became wider, so that nobody who could is kept out now. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from typing import Any, Final, TypeAlias

from yongquan.vouchers.documents_records import Change
from yongquan.vouchers.limits import ClaimCap, UseCap

Hours: TypeAlias = tuple[time, time]
_DAY: Final = 86_400_000_000  # microseconds


def is_wider(change: Change, was: Any, becomes: Any) -> bool:
    """Whether `becomes` allows all that `was` did; None is no condition."""
    if becomes is None:
        return True
    match change:
        case Change.WIDER:
            return was is not None and _holds(becomes, was)
        case Change.SUPERSET:
            return was is not None and set(was) <= set(becomes)
        case Change.LOOSER:
            return _is_looser(was, becomes)
        case _:
            return False


def _holds(outer: Hours, inner: Hours) -> bool:
    """Hours of the day may pass midnight: both are measured from where the outer ones begin."""
    starts = _since(outer[0], inner[0])
    return starts + _since(inner[0], inner[1]) <= _since(outer[0], outer[1])


def _since(start: time, end: time) -> int:
    return (_micros(end) - _micros(start)) % _DAY


def _micros(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


def _is_looser(was: Sequence[ClaimCap | UseCap], becomes: Sequence[ClaimCap | UseCap]) -> bool:
    """Two caps over the same are as good as the lower of them."""
    least = {replace(cap, most=0): cap.most for cap in sorted(was, key=lambda cap: -cap.most)}
    return all(replace(cap, most=0) in least and cap.most >= least[replace(cap, most=0)] for cap in becomes)
