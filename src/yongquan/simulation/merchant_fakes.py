"""Rows of no real shop, planted in lists to see whether the library screens them. Their truth is negative.

Three sorts, as lists that are paid by the row bring them: made up by one hand with one phone, copied to a place that
does not fit its address, and flats registered as shops.
"""

import random
from dataclasses import replace

from yongquan.merchants.matching.reading import Row
from yongquan.simulation.merchant_lists import MerchantLists
from yongquan.simulation.people import name_from

_WORDS = "金福顺永兴万鑫瑞嘉恒隆泰盛宏华美佳乐新锦安春和聚德"
_TRADES = ["商行", "贸易部", "便利店", "服装店", "小吃店", "经营部", "食品店", "五金店"]
_DIVISIONS = ["海曙区", "江北区", "北仑区", "镇海区", "鄞州区", "奉化区", "慈溪市", "余姚市", "宁海县", "象山县"]
_HAND = 25  # rows made up by one hand


def with_fakes(lists: MerchantLists, *, seed: int, count: int) -> MerchantLists:
    """The lists with so many fakes among the acquirer's and the map's rows."""
    die = random.Random(seed * 11 + 3)  # noqa: S311 - rows to measure on, not a secret
    rows, sources, truth = list(lists.rows), list(lists.sources), list(lists.truth)
    phone = ""
    for number in range(count):
        if number % _HAND == 0:
            phone = f"1{die.choice('3578')}{die.randrange(10**9):09d}"
        row = (_one_hand, _displaced, _flat)[number % 3](die, phone)
        source = die.choice((1, 1, 2))
        at = die.randrange(len(rows))
        rows.insert(at, replace(row, id=f"x-{number + 1}"))
        sources.insert(at, source)
        truth.insert(at, -number - 1)
    return MerchantLists(rows, sources, truth)


def _one_hand(die: random.Random, phone: str) -> Row:
    return Row("", _name(die), f"宁波市{die.choice(_DIVISIONS)}", phone, legal_representative=_person(die))


def _displaced(die: random.Random, phone: str) -> Row:
    """An address in one division, a place far from it: another province as often as another end of the city."""
    lon, lat = (die.uniform(112, 119), die.uniform(24, 34)) if die.random() < 0.5 else (121.9, 29.2)
    address = f"宁波市{die.choice(_DIVISIONS[:5])}{die.choice(_WORDS)}{die.choice(_WORDS)}路{die.randrange(1, 900)}号"
    own = phone if die.random() < 0.5 else f"1{die.choice('3578')}{die.randrange(10**9):09d}"
    return Row("", _name(die), address, own, legal_representative=_person(die), lon=round(lon, 6), lat=round(lat, 6))


def _flat(die: random.Random, phone: str) -> Row:
    home = f"{die.choice(_WORDS)}{die.choice(_WORDS)}花园{die.randrange(1, 40)}幢{die.randrange(1, 4)}单元"
    address = f"宁波市{die.choice(_DIVISIONS)}{home}{die.randrange(1, 30)}{die.randrange(1, 5):02d}室"
    own = phone if die.random() < 0.5 else ""
    return Row("", _name(die), address, own, legal_representative=_person(die))


def _name(die: random.Random) -> str:
    return "".join(die.choices(_WORDS, k=3)) + die.choice(_TRADES)


def _person(die: random.Random) -> str:
    return name_from(die.getrandbits(60))
