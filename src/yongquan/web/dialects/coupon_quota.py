"""What `activity.quota` answers: a type's status and what an institution can claim of it, by count and by amount."""

from datetime import datetime

from yongquan.flows.serve_coupons import Allotment
from yongquan.plumbing.clock import SHANGHAI

BOTH_LIMITED = "03"
DISCOUNT, VOUCHER, FULL_REDUCTION = "4", "5", "6"


def quota_fields(allotted: Allotment, *, now: datetime) -> dict[str, object]:
    """The answer's fields. No period has a limit of its own: its total is what was claimed in it and what remains."""
    type_, round_ = allotted.type, allotted.round
    fields: dict[str, object] = {
        "activityNo": type_.type_id.hex,
        "activityName": type_.name,
        "activityType": _kind(allotted),
        "beginTime": _time(round_.opens_at),
        "endTime": _time(round_.closes_at),
        "activityStatus": _status(allotted, now),
        "limitType": BOTH_LIMITED,
    }
    claimed = allotted.claimed
    used = {"all": allotted.total - allotted.left, "year": claimed.year, "month": claimed.month, "day": claimed.day}
    for period, pieces in used.items():
        fields |= {
            f"{period}Count": str(pieces + allotted.left),
            f"{period}RemainCount": str(allotted.left),
            f"{period}Amount": str((pieces + allotted.left) * type_.amount_fen),
            f"{period}RemainAmount": str(allotted.left * type_.amount_fen),
        }
    return fields


def _kind(allotted: Allotment) -> str:
    if allotted.type.rate_bp is not None:
        return DISCOUNT
    return FULL_REDUCTION if allotted.type.threshold_fen > allotted.type.amount_fen else VOUCHER


def _status(allotted: Allotment, now: datetime) -> str:
    """0 not begun, 1 under way, 2 paused, 3 used up, 4 over."""
    if now >= allotted.round.closes_at:
        return "4"
    if allotted.round.is_paused:
        return "2"
    if now < allotted.round.opens_at:
        return "0"
    return "1" if allotted.left else "3"


def _time(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")
