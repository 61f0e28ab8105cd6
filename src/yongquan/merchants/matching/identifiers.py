"""Phones, licences and people's names as they are compared."""

import re
from functools import cache
from typing import Final

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from yongquan.merchants.matching.characters import bare, plain

_GROUP = re.compile(r"\d[\d\-() ]{5,}\d")
_MASKED = re.compile(r"\dX{2,}")
_BETWEEN = re.compile(r"[、,，;；/|\n和或]|\s{2,}|(?<=\d{11})\s|转\d+")
_AREA_SLASH = re.compile(r"^\s*\(?(\d{2,4})\)?/(?=\d{3}\D?\d{4}(?!\d))")  # 310/246-1501 is one number
_NO_DIGIT = re.compile(r"\D")
_NO_SIGN = re.compile("[^0-9A-Z]")
_TITLE = re.compile(r"(?:先生|女士|小姐|老板|经理)$|\(.*\)")
_MOBILE = re.compile(r"(?:0086|86)?(1[3-9]\d{9})$")
_AREA_CODE = re.compile(r"^(?:86|0086)?0?(?:574)(?=\d{7,8}$)")
_OTHER_AREA = re.compile(r"^0(?:10|2\d|[3-9]\d{2})(?=\d{7,8}$)")
_LOOKALIKE: Final = str.maketrans("IOSZV", "10524")
_EMPTY: Final = frozenset(
    {"", "无", "暂无", "NULL", "NONE", "NAN", "N/A", "NA", "-", "--", "/", "未知", "不详", "未提供"}
)


def is_empty(text: str) -> bool:
    """Whether a cell says nothing in one of the ways in which lists say nothing."""
    return text.strip().upper() in _EMPTY


def phones_in(raw: str) -> frozenset[str]:
    """The numbers in a cell without country and area code; masked and impossible ones are left out."""
    text = plain(raw)
    if not text or "*" in text or _MASKED.search(text):
        return frozenset()
    found: set[str] = set()
    for piece in _BETWEEN.split(_AREA_SLASH.sub(r"\1-", text)):
        for group in _GROUP.findall(piece):
            digits = _NO_DIGIT.sub("", group)
            if number := _phone(digits):
                found.add(number)
    return frozenset(found)


def _phone(digits: str) -> str:
    if len(set(digits)) <= 2 and len(digits) >= 7:
        return ""
    if mobile := _MOBILE.match(digits):
        return mobile[1]
    short = _OTHER_AREA.sub("", _AREA_CODE.sub("", digits))
    return short if 7 <= len(short) <= 12 else ""


def is_landline(number: str) -> bool:
    """Whether a number without its area code stands in one place: neither a mobile nor a service number."""
    return len(number) in (7, 8) and number[0] in "2345678"


def licence_in(raw: str) -> str:
    """A licence number in capitals without blanks; letters that GB 32100 never uses are read as digits."""
    text = _NO_SIGN.sub("", plain(raw)) if raw else ""
    if len(text) < 6 or len(set(text)) <= 2:
        return ""
    return text.translate(_LOOKALIKE) if len(text) == 18 else text


@cache
def is_valid_licence(licence: str) -> bool:
    """Whether the check digits hold: GB 32100 (18 signs), or MOD 11,10 of a registration number (15 digits)."""
    if len(licence) == 18:
        try:
            uscc.validate(licence)
        except ValidationError:
            return False
        return True
    return len(licence) == 15 and licence.isdigit() and _registration_check(licence)


def _registration_check(number: str) -> bool:
    carry = 10
    for digit in number[:14]:
        carry = ((carry + int(digit)) % 10 or 10) * 2 % 11
    return (carry + int(number[14])) % 10 == 1


def person_in(raw: str) -> str:
    """A person's name; titles go, and a masked name says nothing."""
    text = _TITLE.sub("", bare(plain(raw)))
    return "" if "*" in raw or "某" in text or len(text) < 2 else text
