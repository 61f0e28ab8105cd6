"""The rules of the hourly watch: each looks at one shop's hour and speaks with its numbers, or is silent. Pure.

An hour is an alert from `ALERT_SCORE` on: one grave finding, or two lesser ones. The limits are ours, to be tuned at
the board; what they rest on is the trade's picture of scalping: vouchers bought up, turned into goods that nobody
takes or into cash, at a shop that takes part.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from yongquan.risk.watching.model import Finding, Rule, Sale, ShopHour

ALERT_SCORE: Final = 40
REDEMPTIONS_MIN: Final = 4  # an hour with fewer is not judged

_NEAR_FEN = 100
_ROUND_FEN = 1_000
_TOO_FAST_KMH = 120
_FAR_METRES = 3_000


def judge(hour: ShopHour) -> tuple[int, list[Finding]]:
    """The score of an hour, at most 100, and what it rests on, the heaviest first."""
    if len(hour.redemptions) < REDEMPTIONS_MIN:
        return 0, []
    found = [finding for rule in _RULES if (finding := rule(hour)) is not None]
    found.sort(key=lambda finding: (-finding.weight, finding.rule))
    return min(100, sum(finding.weight for finding in found)), found


def _at_threshold(hour: ShopHour) -> Finding | None:
    """Most bills are just what a voucher asks for, or at most 1 yuan above."""
    bound = [sale for sale in hour.redemptions if sale.threshold_fen]
    at = sum(0 <= sale.amount_fen - sale.threshold_fen <= _NEAR_FEN for sale in bound)
    if len(bound) < 5 or at * 10 < len(bound) * 6:
        return None
    weight = 30 if at * 10 >= len(bound) * 9 else 20
    return Finding(Rule.AT_THRESHOLD, weight, {"at": at, "of": len(bound), "percent": 100 * at // len(bound)})


def _all_vouchers(hour: ShopHour) -> Finding | None:
    """Nobody pays without a voucher, all day long."""
    plain = sum(not sale.has_voucher for sale in hour.day_sales)
    if len(hour.day_sales) < 10 or plain * 20 > len(hour.day_sales):
        return None
    return Finding(Rule.ALL_VOUCHERS, 15, {"with": len(hour.day_sales) - plain, "of": len(hour.day_sales)})


def _round_amounts(hour: ShopHour) -> Finding | None:
    """One payment after the other of whole tens of yuan, or of the very same amount."""
    run = _longest(hour.sales, lambda before, sale: _is_round(before) and _is_round(sale))
    same = _longest(hour.sales, lambda before, sale: before.amount_fen == sale.amount_fen)
    if run < 5 and same < 4:
        return None
    return Finding(Rule.ROUND_AMOUNTS, 25 if same >= 6 else 15, {"round": run, "same": same})


def _speed(hour: ShopHour) -> Finding | None:
    """More redemptions within a minute than a till serves people."""
    times = [sale.at.timestamp() for sale in hour.redemptions]
    most, start = 0, 0
    for end, at in enumerate(times):
        while at - times[start] >= 60:
            start += 1
        most = max(most, end - start + 1)
    if most < 4:
        return None
    return Finding(Rule.SPEED, 25 if most >= 8 else 15, {"minute": most})


def _far_payers(hour: ShopHour) -> Finding | None:
    """Payers who paid far away so shortly before that they cannot be here."""
    far = [sale for sale in hour.redemptions if _is_too_far(sale)]
    if not far:
        return None
    farthest = max(int(sale.came_metres or 0) for sale in far)
    return Finding(Rule.FAR_PAYERS, 35 if len(far) >= 3 else 20, {"payers": len(far), "metres": farthest})


def _own_people(hour: ShopHour) -> Finding | None:
    """The shop's manager or cashiers redeem at their own till."""
    own = [sale for sale in hour.day_sales if sale.has_voucher and sale.is_own_person]
    if len(own) < 2:
        return None
    facts = {"payments": len(own), "people": len({sale.citizen_id for sale in own})}
    return Finding(Rule.OWN_PEOPLE, 30 if len(own) >= 4 else 20, facts)


def _same_citizens(hour: ShopHour) -> Finding | None:
    """The same citizens redeem again and again: twice a day, or today after a day of the week before."""
    visits = Counter(sale.citizen_id for sale in hour.day_sales if sale.has_voucher)
    again = {who for who, times in visits.items() if times > 1 or who in hour.met_before}
    if len(visits) < 4 or len(again) * 2 < len(visits):
        return None
    facts = {"again": len(again), "of": len(visits), "most": max(visits.values())}
    return Finding(Rule.SAME_CITIZENS, 20, facts)


def _cash_back(hour: ShopHour) -> Finding | None:
    """Redeemed, then given back: the refund pays cash for what was bought with a voucher."""
    redeemed = [sale for sale in hour.day_sales if sale.has_voucher]
    back = sum(sale.is_given_back for sale in redeemed)
    if back < 3 or back * 5 < len(redeemed):
        return None
    return Finding(Rule.CASH_BACK, 30, {"back": back, "of": len(redeemed)})


def _new_shop(hour: ShopHour) -> Finding | None:
    """A shop that is new, or was quiet, is suddenly full of vouchers."""
    today = sum(sale.has_voucher for sale in hour.day_sales)
    is_new = hour.age_days < 14
    if today < 20 or not (is_new or today * 1_000 >= 5 * max(hour.past_daily_milli, 1_000)):
        return None
    facts = {"today": today, "before_milli": hour.past_daily_milli, "age_days": hour.age_days}
    return Finding(Rule.NEW_SHOP, 25 if is_new else 15, facts)


def _fresh_claims(hour: ShopHour) -> Finding | None:
    """Vouchers are redeemed within ten minutes of their claim: somebody stands at the till and grabs."""
    fresh = sum(
        sale.claimed_at is not None and 0 <= (sale.at - sale.claimed_at).total_seconds() < 600
        for sale in hour.redemptions
    )
    if fresh < 5 or fresh * 2 < len(hour.redemptions):
        return None
    return Finding(Rule.FRESH_CLAIMS, 15, {"fresh": fresh, "of": len(hour.redemptions)})


_RULES: Final[tuple[Callable[[ShopHour], Finding | None], ...]] = (
    _at_threshold,
    _all_vouchers,
    _round_amounts,
    _speed,
    _far_payers,
    _own_people,
    _same_citizens,
    _cash_back,
    _new_shop,
    _fresh_claims,
)


def _is_round(sale: Sale) -> bool:
    return sale.amount_fen % _ROUND_FEN == 0


def _is_too_far(sale: Sale) -> bool:
    if sale.came_metres is None or sale.came_seconds is None or sale.came_metres < _FAR_METRES:
        return False
    return sale.came_metres * 3.6 > _TOO_FAST_KMH * max(sale.came_seconds, 1)


def _longest(sales: Sequence[Sale], belongs: Callable[[Sale, Sale], bool]) -> int:
    """The length of the longest run of neighbours that belong together."""
    longest = run = 1 if sales else 0
    for before, sale in pairwise(sales):
        run = run + 1 if belongs(before, sale) else 1
        longest = max(longest, run)
    return longest
