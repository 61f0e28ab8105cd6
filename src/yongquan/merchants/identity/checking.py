"""What is checked of a licence, each with its own reason: does it stand, is it this person's, does it fit. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yongquan.merchants.identity.model import LicenceKind, LicenceStatus, Record


class Finding(StrEnum):
    """What was found; the first ones send an application back at once, the rest is for the reviewer to see."""

    LICENCE_UNKNOWN = "licence_unknown"
    LICENCE_CANCELLED = "licence_cancelled"
    LICENCE_REVOKED = "licence_revoked"
    PERSON_DIFFERS = "person_differs"
    OWNER_DIFFERS = "owner_differs"
    ACCOUNT_DIFFERS = "account_differs"
    ACCOUNT_OF_ANOTHER = "account_of_another"
    OTHER_SCOPE = "other_scope"
    OTHER_ADDRESS = "other_address"
    HEAD_MISSING = "head_missing"
    NEW_OWNER = "new_owner"
    NO_LICENCE = "no_licence"


# Only the applicant can put these right, so nobody needs to look at them first.
SENT_BACK: Final = frozenset(
    {
        *(Finding.LICENCE_UNKNOWN, Finding.LICENCE_CANCELLED, Finding.LICENCE_REVOKED),
        *(Finding.PERSON_DIFFERS, Finding.OWNER_DIFFERS, Finding.ACCOUNT_DIFFERS, Finding.ACCOUNT_OF_ANOTHER),
    }
)

# Words of a scope of business (经营范围) that cover an industry.
SCOPES: Final = {
    "dining": ("餐饮", "食品", "小吃", "饮品", "餐馆", "酒水"),
    "supermarket": ("超市", "食品", "日用", "百货", "零售"),
    "convenience": ("便利", "食品", "日用", "百货", "零售"),
    "department_store": ("百货", "商场", "零售", "批发"),
    "clothing": ("服装", "服饰", "鞋", "纺织", "针织"),
    "appliances": ("家电", "家用电器", "电器", "电子产品", "通讯设备"),
    "furnishing": ("家具", "家居", "装潢", "建材", "装饰"),
    "lodging": ("住宿", "旅馆", "酒店", "宾馆", "民宿"),
    "tourism": ("旅游", "旅行", "游览", "景区"),
    "entertainment": ("文化", "娱乐", "影院", "电影", "演出", "书", "文艺"),
    "sports": ("体育", "健身", "运动", "游泳"),
    "motoring": ("汽车", "加油", "成品油", "充电", "机动车"),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What an applicant says that the licence is compared with. `holder` is the settlement account's name."""

    licence_no: str
    person: str
    industry: str
    address: str
    holder: str


def check_licence(
    record: Record | None, declared: Declared, *, owner: str, person: str, account: str, head: Record | None = None
) -> list[Finding]:
    """Everything that speaks against an application, in the order of `Finding`; `head` is a branch's head.

    `owner` and `person` are the registers' answers (matches, differs, unknown) to whether the person is the licence's
    owner and exists by this number; `account` is the acquirer's: new, matches or differs.
    """
    found = {Finding.PERSON_DIFFERS} if person != "matches" else set()
    if account == "differs":
        found.add(Finding.ACCOUNT_OF_ANOTHER)
    if not declared.licence_no:
        found |= {Finding.NO_LICENCE} | ({Finding.ACCOUNT_DIFFERS} if declared.holder != declared.person else set())
    elif record is None:
        found.add(Finding.LICENCE_UNKNOWN)
    else:
        found |= set(_standing(record)) | set(_fitting(record, declared, head))
        if owner != "matches":
            found.add(Finding.OWNER_DIFFERS)
    return [finding for finding in Finding if finding in found]


def covers(scope: str, industry: str) -> bool:
    """Whether a scope of business covers an industry; an empty scope covers none, an unknown industry is covered."""
    words = SCOPES.get(industry)
    return words is None or any(word in scope for word in words)


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for blanks and the shape of brackets."""
    return _folded(one) == _folded(other) != ""


def names_of_account(record: Record, head: Record | None = None) -> Sequence[str]:
    """In whose name a licence's account may be: its own, a sole trader's operator's, a branch's head's."""
    if record.kind is LicenceKind.SOLE_TRADER:
        return (record.name, record.person)
    return (record.name, head.name) if head is not None else (record.name,)


def _standing(record: Record) -> list[Finding]:
    found = []
    if record.status is LicenceStatus.CANCELLED:
        found.append(Finding.LICENCE_CANCELLED)
    if record.status is LicenceStatus.REVOKED:
        found.append(Finding.LICENCE_REVOKED)
    if record.kind is LicenceKind.BRANCH and not record.head_no:
        found.append(Finding.HEAD_MISSING)
    if any(event.what == "owner" for event in record.history):
        found.append(Finding.NEW_OWNER)
    return found


def _fitting(record: Record, declared: Declared, head: Record | None) -> list[Finding]:
    found = []
    if not any(same_name(declared.holder, name) for name in names_of_account(record, head)):
        found.append(Finding.ACCOUNT_DIFFERS)
    if not covers(record.scope, declared.industry):
        found.append(Finding.OTHER_SCOPE)
    if declared.address and not _same_place(record.address, declared.address):
        found.append(Finding.OTHER_ADDRESS)
    return found


def _same_place(one: str, other: str) -> bool:
    return _folded(one).endswith(_folded(other)) or _folded(other).endswith(_folded(one))


def _folded(text: str) -> str:
    return re.sub(r"\s", "", text).replace("（", "(").replace("）", ")").upper()
