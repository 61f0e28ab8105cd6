"""How much an institution may call, in an answer's headers (the IETF draft "RateLimit header fields for HTTP")."""

from datetime import datetime

from yongquan.institutions.apps import QuotaExceeded
from yongquan.institutions.risk_terms import Quota, RiskCaller
from yongquan.plumbing.clock import seconds_left


def left_headers(caller: RiskCaller, *, now: datetime) -> dict[str, str]:
    """The quota, and what is left of its day."""
    left = max(0, caller.quota.per_day - caller.used)
    return _policy(caller.quota) | {"ratelimit": f'"day";r={left};t={seconds_left(now)}'}


def quota_headers(refused: QuotaExceeded) -> dict[str, str]:
    """Which window is used up, and after how many seconds to come again."""
    quota, window, wait_s = (refused.facts.get(name) for name in ("quota", "window", "wait_s"))
    if not isinstance(quota, Quota):
        return {}
    return _policy(quota) | {"ratelimit": f'"{window}";r=0;t={wait_s}', "retry-after": str(wait_s)}


def _policy(quota: Quota) -> dict[str, str]:
    return {"ratelimit-policy": f'"second";q={quota.per_second};w=1, "day";q={quota.per_day};w=86400'}
