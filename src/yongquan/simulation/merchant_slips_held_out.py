"""A second way for lists to differ, kept apart: the matcher was never looked at with it while it was built."""

import math
import random

import numpy as np
import opencc

from yongquan.merchants.matching.coordinates import wgs_to_gcj
from yongquan.merchants.matching.reading import Row
from yongquan.simulation.merchant_world import TrueShop

_TRADITIONAL = opencc.OpenCC("s2tw")
_FLATTERY = ("正宗", "老字号", "宁波特色", "网红")
_TAILS = ("(总店)", "【营业中】", "-宁波", "（外卖）", "")
_LOOKALIKE = {
    "未": "末",
    "土": "士",
    "日": "曰",
    "己": "已",
    "大": "太",
    "王": "玉",
    "天": "夭",
    "千": "干",
    "田": "由",
    "乐": "东",
    "万": "方",
}
_HAN = "零一二三四五六七八九"


def slip(shop: TrueShop, *, source: int, die: random.Random) -> Row:
    """Write the shop down; the four lists differ in what they leave out more than in how they write."""
    has_place = source in (2, 3) or die.random() < 0.3
    lon, lat = _place(shop, die, shifted=source == 3) if has_place else (math.nan, math.nan)
    return Row(
        id="",
        name=_name(shop, die, source=source),
        address="" if die.random() < 0.03 else _address(shop, die, source=source),
        phone=_phone(shop, die) if die.random() < (0.5, 0.9, 0.75, 0.8)[source] else "",
        licence=_licence(shop, die) if die.random() < (0.98, 0.5, 0.0, 0.3)[source] else "",
        legal_representative=_person(shop, die) if die.random() < (0.95, 0.4, 0.0, 0.5)[source] else "",
        category="" if source == 3 else shop.category,
        lon=lon,
        lat=lat,
    )


def _name(shop: TrueShop, die: random.Random, *, source: int) -> str:
    name = shop.core + shop.trade
    if source == 0:
        name = die.choice(
            (f"{shop.district}{name}", f"宁波{name}", name, f"浙江省宁波市{shop.district}{shop.town}{name}")
        )
        return name + ("有限责任公司" if shop.is_company else "") + (f"（{shop.branch}）" if shop.branch else "")
    if shop.branch:
        name = die.choice((f"{name}·{shop.branch}", f"{name}[{shop.branch}]", f"{name}{shop.branch}", name))
    if die.random() < 0.03:
        name = die.choice(_FLATTERY) + name
    if die.random() < 0.05:
        name += die.choice(_TAILS)
    if die.random() < 0.04 and (odd := [at for at, sign in enumerate(name) if sign in _LOOKALIKE]):
        at = die.choice(odd)
        name = name[:at] + _LOOKALIKE[name[at]] + name[at + 1 :]
    if die.random() < 0.06:
        name = str(_TRADITIONAL.convert(name))
    return " ".join(name) if die.random() < 0.01 else name


def _address(shop: TrueShop, die: random.Random, *, source: int) -> str:
    number = _han(shop.house) if die.random() < 0.05 else str(shop.house)
    if die.random() < 0.04:
        number = "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() else sign for sign in number)
    door = f"{shop.road}{number}{'号' if die.random() < 0.9 else '#'}"
    district = {"鄞州区": "鄞州" if source else "江东区"}.get(shop.district, shop.district)
    start = ("宁波市" + district + shop.town, "宁波" + shop.district, shop.district, "")[min(die.randrange(5), 3)]
    if not shop.premises:
        return start + door + (die.choice(("(路口)", "旁", "店面", "")) if die.random() < 0.2 else "")
    unit = f"{shop.zone}{'区' if shop.zone and die.random() < 0.5 else ''}{'-' if shop.zone else ''}{shop.stall}"
    if shop.floor:
        unit = die.choice((f"{shop.floor}楼{unit}号", f"{_HAN[shop.floor]}层{unit}", f"{shop.floor}F-{unit}"))
    unit = unit if die.random() < 0.8 else ""
    return start + die.choice(
        (f"{shop.premises}{unit}", f"{door}{shop.premises}{unit}", f"{shop.premises}({door}){unit}")
    )


def _han(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_HAN[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else _HAN[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (_HAN[ones] if ones or not number else "")


def _phone(shop: TrueShop, die: random.Random) -> str:
    luck = die.random()
    if luck < 0.03:
        return f"{shop.phone[:3]}****{shop.phone[-4:]}"
    if luck < 0.06:
        return f"1{die.randrange(3 * 10**9, 9 * 10**9)}"
    if shop.landline and luck < 0.4:
        return die.choice((f"(0574){shop.landline}", f"{shop.landline}/{shop.phone}", f"86574{shop.landline}"))
    return die.choice((shop.phone, f"{shop.phone[:3]}-{shop.phone[3:7]}-{shop.phone[7:]}", f"86{shop.phone}"))


def _licence(shop: TrueShop, die: random.Random) -> str:
    luck = die.random()
    if luck < 0.02:
        at = die.randrange(17)
        return shop.licence[:at] + shop.licence[at + 1] + shop.licence[at] + shop.licence[at + 2 :]
    return shop.licence.lower() if luck < 0.05 else shop.licence


def _person(shop: TrueShop, die: random.Random) -> str:
    return shop.person[0] + "*" * (len(shop.person) - 1) if die.random() < 0.1 else shop.person


def _place(shop: TrueShop, die: random.Random, *, shifted: bool) -> tuple[float, float]:
    lon, lat = shop.lon + die.gauss(0, 30) / 96_500, shop.lat + die.gauss(0, 30) / 111_200
    if shifted:
        moved = wgs_to_gcj(np.array([lon]), np.array([lat]))
        lon, lat = float(moved[0][0]), float(moved[1][0])
    if die.random() < 0.01:
        lon, lat = lat, lon
    return (round(lon, 3), round(lat, 3)) if die.random() < 0.03 else (round(lon, 6), round(lat, 6))
