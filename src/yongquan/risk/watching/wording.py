"""What a finding says, in Chinese and English, with its numbers. Pure."""

from collections.abc import Mapping
from typing import Final

from yongquan.risk.watching.model import Rule

SENTENCES: Final[Mapping[Rule, tuple[str, str]]] = {
    Rule.AT_THRESHOLD: (
        "%(of)s 笔有门槛的核销中 %(at)s 笔金额刚好到门槛（%(percent)s%%）",
        "%(at)s of %(of)s redemptions with a threshold are just at it (%(percent)s%%)",
    ),
    Rule.ALL_VOUCHERS: (
        "当天 %(of)s 笔付款中 %(with)s 笔使用消费券",
        "%(with)s of the day's %(of)s payments use vouchers",
    ),
    Rule.ROUND_AMOUNTS: (
        "连续 %(round)s 笔整十元，连续 %(same)s 笔金额相同",
        "%(round)s payments in a row of whole tens of yuan, %(same)s in a row of the same amount",
    ),
    Rule.SPEED: ("一分钟内核销 %(minute)s 笔", "%(minute)s redemptions within one minute"),
    Rule.FAR_PAYERS: (
        "%(payers)s 笔的付款人刚在别处付过款，最远 %(metres)s 米，来不及到店",
        "%(payers)s payers had just paid elsewhere, up to %(metres)s m away: too far to be here",
    ),
    Rule.OWN_PEOPLE: (
        "本店 %(people)s 名店员在本店核销 %(payments)s 笔",
        "%(people)s of the shop's own people redeemed %(payments)s times at it",
    ),
    Rule.SAME_CITIZENS: (
        "%(of)s 名付款人中 %(again)s 名反复核销，最多一天 %(most)s 次",
        "%(again)s of %(of)s payers come again and again, up to %(most)s times a day",
    ),
    Rule.CASH_BACK: (
        "%(of)s 笔核销中 %(back)s 笔随后退款",
        "%(back)s of %(of)s redemptions were refunded afterwards",
    ),
    Rule.NEW_SHOP: (
        "登记 %(age_days)s 天，当天核销 %(today)s 笔，此前日均 %(before)s 笔",
        "Registered %(age_days)s days ago; %(today)s redemptions today, %(before)s a day before",
    ),
    Rule.FRESH_CLAIMS: (
        "%(of)s 笔核销中 %(fresh)s 笔在领券后十分钟内",
        "%(fresh)s of %(of)s redemptions within ten minutes of the claim",
    ),
}


def said_of(rule: str, facts: Mapping[str, int]) -> tuple[str, str]:
    """The sentence of a finding in Chinese and in English."""
    numbers: dict[str, object] = {**facts}
    if "before_milli" in facts:
        numbers["before"] = f"{facts['before_milli'] / 1000:.1f}"
    chinese, english = SENTENCES[Rule(rule)]
    return chinese % numbers, english % numbers
