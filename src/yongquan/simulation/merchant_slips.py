"""How lists come to differ from the world, and from each other: the style the matcher was built beside."""

import math
import random
from dataclasses import replace

import numpy as np
import opencc

from yongquan.merchants.matching.coordinates import gcj_to_bd, wgs_to_gcj
from yongquan.merchants.matching.reading import Row
from yongquan.simulation.merchant_world import TrueShop

_TRADITIONAL = opencc.OpenCC("s2t")
_HOMOPHONES = (
    "福富",
    "鑫新",
    "兴星",
    "美梅",
    "佳嘉",
    "丰锋",
    "源缘",
    "祥翔",
    "利丽",
    "顺舜",
    "家佳",
    "和河",
    "香湘",
    "明名",
    "园圆",
    "华花",
    "达答",
    "泰太",
    "旺望",
    "记计",
    "馆管",
    "饼并",
)
_SOUND = {sign: pair.replace(sign, "") for pair in _HOMOPHONES for sign in pair}
_TRADE_TWINS = {
    "面馆": "面店",
    "饭店": "餐馆",
    "小吃店": "小吃",
    "火锅店": "火锅",
    "超市": "购物超市",
    "便利店": "便利",
    "水果店": "水果行",
    "服装店": "服饰",
    "理发店": "美发店",
    "五金店": "五金",
}
_HAN_DIGITS = "零一二三四五六七八九"


def slip(shop: TrueShop, *, source: int, die: random.Random) -> Row:
    """Write the shop down as one of four lists has it: register, acquirer, map, survey."""
    writer = (_register, _acquirer, _map, _survey)[source]
    return writer(shop, die)


def _register(shop: TrueShop, die: random.Random) -> Row:
    form = "有限公司" if shop.is_company else "" if die.random() < 0.7 else "（个体工商户）"
    start = die.choice(("宁波市", f"宁波市{shop.district}", f"宁波{shop.district[:2]}", ""))
    branch = f"{shop.branch[:-1]}分公司" if shop.branch and shop.is_company else ""
    name = start + shop.core + shop.trade + form + branch
    return Row(
        id="", name=_typo(name, die, 0.02), address="浙江省宁波市" + _address(shop, die, old=0.04, terse=0.1),
        phone=_phone(shop, die, missing=0.35), licence=_licence(shop, die, missing=0.01, wrong=0.005),
        legal_representative=shop.person, category=shop.category,
    )  # fmt: skip


def _acquirer(shop: TrueShop, die: random.Random) -> Row:
    moved = wgs_to_gcj(np.array([shop.lon]), np.array([shop.lat]))
    lon, lat = _jitter(float(moved[0][0]), float(moved[1][0]), die, 15)
    known = die.random() > 0.15
    return Row(
        id="", name=_typo(_sign(shop, die), die, 0.03), address=_address(shop, die, old=0.08, terse=0.3),
        phone=_phone(shop, die, missing=0.05), licence=_licence(shop, die, missing=0.3, wrong=0.01),
        legal_representative=shop.person if die.random() < 0.6 else "", category=shop.category,
        lon=lon if known else math.nan, lat=lat if known else math.nan,
    )  # fmt: skip


def _map(shop: TrueShop, die: random.Random) -> Row:
    gcj = wgs_to_gcj(np.array([shop.lon]), np.array([shop.lat]))
    lon, lat = (float(x[0]) for x in gcj_to_bd(*gcj))
    lon, lat = _jitter(lon, lat, die, 20)
    phone = f"0574-{shop.landline}" if shop.landline and die.random() < 0.7 else _phone(shop, die, missing=0.4)
    return Row(id="", name=_typo(_sign(shop, die), die, 0.04), address=_address(shop, die, old=0.02, terse=0.4),
               phone=phone, category=shop.category, lon=lon, lat=lat)  # fmt: skip


def _survey(shop: TrueShop, die: random.Random) -> Row:
    lon, lat = _jitter(shop.lon, shop.lat, die, 25)
    name = _typo(_sign(shop, die), die, 0.12)
    name = _TRADITIONAL.convert(name) if die.random() < 0.04 else name
    return Row(
        id="", name=name, address=_typo(_address(shop, die, old=0.12, terse=0.3), die, 0.04),
        phone=_phone(shop, die, missing=0.2), licence=_licence(shop, die, missing=0.6, wrong=0.04),
        legal_representative=shop.person if die.random() < 0.5 else "", lon=lon, lat=lat,
    )  # fmt: skip


def _sign(shop: TrueShop, die: random.Random) -> str:
    trade = shop.trade
    if die.random() < 0.08:
        trade = _TRADE_TWINS.get(trade, trade)
    elif die.random() < 0.05 and len(shop.core) >= 3:
        trade = ""
    name = shop.core + trade
    if shop.branch and die.random() < 0.85:
        style = die.random()
        name += f"({shop.branch})" if style < 0.5 else f"（{shop.branch}）" if style < 0.8 else shop.branch
    return name


def _address(shop: TrueShop, die: random.Random, *, old: float, terse: float) -> str:
    district = shop.district
    if die.random() < old:
        district = {"鄞州区": "江东区", "奉化区": "奉化市"}.get(district, district)
    if die.random() < terse:
        district = "" if die.random() < 0.5 else district
    town = shop.town if die.random() < 0.4 else ""
    house = str(shop.house)
    if die.random() < 0.02 and shop.house < 10:
        house = _HAN_DIGITS[shop.house]
    road = f"{shop.road}{house}号"
    unit = _unit(shop, die)
    if not shop.premises:
        return district + town + road
    style = die.random()
    if style < 0.4:
        return district + town + road + shop.premises + unit
    return district + town + (shop.premises + unit if style < 0.85 else road + unit)


def _unit(shop: TrueShop, die: random.Random) -> str:
    if not shop.stall or die.random() < 0.15:
        return ""
    floor = (f"{shop.floor}层", f"{shop.floor}楼", f"{shop.floor}F")[die.randrange(3)] if shop.floor else ""
    zone = f"{shop.zone}区" if shop.zone else ""
    end = die.choice(("号", "号铺", "号摊位", "号商铺") if not shop.floor else ("号", "号铺", "室"))
    return floor + zone + (f"{shop.stall:02d}" if die.random() < 0.3 else str(shop.stall)) + end


def _phone(shop: TrueShop, die: random.Random, *, missing: float) -> str:
    luck = die.random()
    if luck < missing:
        return ""
    if luck > 0.97:
        return f"1{die.choice('3578')}{die.randrange(10**9):09d}"  # changed since
    if luck > 0.96:
        at = die.randrange(3, 11)
        return shop.phone[:at] + str(die.randrange(10)) + shop.phone[at + 1 :]
    return shop.phone if die.random() < 0.9 else f"+86 {shop.phone[:3]} {shop.phone[3:7]} {shop.phone[7:]}"


def _licence(shop: TrueShop, die: random.Random, *, missing: float, wrong: float) -> str:
    luck = die.random()
    if luck < missing:
        return ""
    if luck > 1 - wrong:
        at = die.randrange(8, 17)
        return shop.licence[:at] + str(die.randrange(10)) + shop.licence[at + 1 :]
    return shop.licence


def _typo(text: str, die: random.Random, share: float) -> str:
    if die.random() >= share or len(text) < 4:
        return text
    at = die.randrange(len(text) - 1)
    kind = die.random()
    if kind < 0.5 and (sounding := [n for n, sign in enumerate(text) if sign in _SOUND]):
        at = die.choice(sounding)
        return text[:at] + _SOUND[text[at]][0] + text[at + 1 :]
    if kind < 0.75:
        return text[:at] + text[at + 1 :]
    if kind < 0.9:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at] + text[at:]


def _jitter(lon: float, lat: float, die: random.Random, metres: float) -> tuple[float, float]:
    wild = 40 if die.random() < 0.01 else 1
    return round(lon + die.gauss(0, metres * wild) / 96_500, 6), round(lat + die.gauss(0, metres * wild) / 111_200, 6)


def renamed(shop: TrueShop, die: random.Random) -> TrueShop:
    """The shop under its next name; all else stays."""
    return replace(shop, core=shop.core[:1] + die.choice("鲜悦品尚优禾") + die.choice("里集社堂"))
