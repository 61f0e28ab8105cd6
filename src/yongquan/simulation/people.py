"""Invented people: names, ages and phones drawn from common characters; none is anybody's."""

from datetime import date
from typing import Final

import numpy as np

from yongquan.simulation import dice

COUNTED_ON: Final = date(2022, 8, 1)  # ages are as of the first campaign's opening

_SURNAMES: Final = (
    "陈王张徐周林李胡吴朱叶沈金郑黄杨潘刘蒋余施方许何孙俞毛马赵邵钱童谢汪陆袁史戴范高章傅董邱邬虞应励乐屠"
)
_GIVEN: Final = (
    "伟芳敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰飞红波斌宇浩凯健俊帆雪琳晨阳佳欣怡博文轩梓涵子墨"
    "若溪思远嘉宁海燕春梅国庆建志永良安康瑞祥云鹏锦程亦可一诺沐晴书瑶景行乐天知夏清和望舒"
)
# five-year bands from 15 to 89 and their relative numbers; the young and old ends thin out
_BAND_FROM: Final = 15
_BANDS: Final = (30, 52, 68, 88, 96, 84, 76, 78, 82, 74, 52, 38, 22, 10, 4)
_PHONES: Final = 7_000_000_000  # 13x to 19x: seven leading digits, nine free ones
_STRIDE: Final = 4_294_967_311  # a prime, so that different numbers have different phones


def name_from(bits: int) -> str:
    """Make a name of two or three characters from 64 random bits."""
    surname = _SURNAMES[_early(bits & 0xFFFF, len(_SURNAMES))]
    first = _GIVEN[(bits >> 16) % 0xFFFF % len(_GIVEN)]
    second = _GIVEN[(bits >> 32) % 0xFFFF % len(_GIVEN)] if bits >> 48 & 3 else ""
    return surname + first + second


def phones_of(numbers: dice.Numbers, seed: int) -> dice.Indices:
    """Give each number below a billion a mobile phone of its own, as an integer of 11 digits."""
    shuffled = numbers.astype(np.int64) * (_STRIDE % _PHONES) % _PHONES
    shuffled = (shuffled + dice.key_of(seed, "phone") % _PHONES) % _PHONES
    return 13_000_000_000 + shuffled


def births_of(numbers: dice.Numbers, seed: int) -> dice.Indices:
    """Draw days of birth, as days since 1970, from the age pyramid."""
    band = dice.pick(_BANDS, numbers, seed, "age band")
    years = _BAND_FROM + 5 * band
    days = dice.below(5 * 365, numbers, seed, "age days")
    counted_on = (COUNTED_ON - date(1970, 1, 1)).days
    return counted_on - (years * 1461) // 4 - days


def _early(part: int, length: int) -> int:
    """Pick an index below `length`, early ones more often, from 16 bits."""
    return part * part * length >> 32
