"""Merchant-presented QR codes (EMVCo MPM): a store's static code, an order's dynamic one. Pure.

Text of tag, length in characters and value; tag 63, the last, is CRC-16/CCITT-FALSE over the UTF-8 bytes up to and
with its own tag and length.
"""

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import Refusal

GUID: Final = "cn.yongquan"
OUR_TEMPLATE: Final = "26"
TEMPLATES: Final = range(26, 52)  # 02 to 25 belong to card schemes and carry no tags inside
STATIC, DYNAMIC = "11", "12"
CNY: Final = "156"
CRC_HEAD: Final = "6304"
VALUE_MAX: Final = 99
NAME_MAX, CITY_MAX, BILL_MAX = 25, 15, 25

Tlv = tuple[str, str]


class CodeMalformed(Refusal):
    """Not a code that can be read: its lengths, its check sum or its fields are wrong."""

    code = "code_malformed"


@dataclass(frozen=True, slots=True)
class MerchantCode:
    """What a merchant shows. Amount in fen, None where the payer enters it.

    A static code names its store, a dynamic one its order, which knows its store; a template has no room for both.
    """

    store_id: UUID | None
    name: str
    name_en: str
    mcc: str
    amount_fen: int | None = None
    order_no: str = ""
    order_id: UUID | None = None
    token: str = ""


def make_merchant_code(shown: MerchantCode) -> str:
    """The text of a store's or an order's code."""
    account = [("00", GUID)]
    if shown.store_id is not None:
        account.append(("01", shown.store_id.hex))
    if shown.order_id is not None:
        account += [("02", shown.order_id.hex), ("03", shown.token)]
    tags = [
        ("00", "01"),
        ("01", STATIC if shown.order_id is None else DYNAMIC),
        (OUR_TEMPLATE, write_tlv(account)),
        ("52", shown.mcc),
        ("53", CNY),
    ]
    if shown.amount_fen is not None:
        tags.append(("54", f"{shown.amount_fen // 100}.{shown.amount_fen % 100:02d}"))
    tags += [("58", "CN"), ("59", (shown.name_en or shown.name)[:NAME_MAX]), ("60", "NINGBO")]
    if shown.order_no:
        # The field is short; a longer number's end tells one order of a day from another.
        tags.append(("62", write_tlv([("01", shown.order_no[-BILL_MAX:])])))
    tags.append(("64", write_tlv([("00", "ZH"), ("01", shown.name[:NAME_MAX]), ("02", "宁波")])))
    return sign_tlv(tags)


def read_merchant_code(text: str) -> MerchantCode:
    """The store or the order of one of our codes. Raises `CodeMalformed`."""
    tags = dict(read_code(text))
    account = _our_account(tags)
    names = dict(read_tlv(tags.get("64", "")))
    bill = dict(read_tlv(tags.get("62", "")))
    return MerchantCode(
        store_id=None if "02" in account else _id(account.get("01", "")),
        name=names.get("01", tags.get("59", "")),
        name_en=tags.get("59", "") if names.get("01", "") != tags.get("59", "") else "",
        mcc=tags.get("52", ""),
        amount_fen=_fen(tags["54"], currency=tags.get("53", "")) if "54" in tags else None,
        order_no=bill.get("01", ""),
        order_id=_id(account["02"]) if "02" in account else None,
        token=account.get("03", ""),
    )


def is_merchant_code(text: str) -> bool:
    """Whether a text begins like a merchant-presented code, of whatever scheme."""
    return text.startswith("000201")


def read_code(text: str) -> list[Tlv]:
    """The tags of anybody's merchant-presented code in their order, its check sum proven. Raises `CodeMalformed`."""
    tags = read_tlv(text)
    if not tags or tags[0] != ("00", "01") or tags[-1][0] != "63":
        raise CodeMalformed("a merchant's code begins with 000201 and ends with its check sum, tag 63")
    if tags[-1][1].upper() != crc16(text[:-4]):
        raise CodeMalformed("the check sum of this code is wrong: scan it again")
    return tags


def sign_tlv(tags: Sequence[Tlv]) -> str:
    """Tags as text, closed with their check sum."""
    body = write_tlv(tags) + CRC_HEAD
    return body + crc16(body)


def write_tlv(tags: Sequence[Tlv]) -> str:
    """Tags as text. Raises `CodeMalformed` if a value is empty or longer than two digits can say."""
    for tag, value in tags:
        if not 0 < len(value) <= VALUE_MAX:
            raise CodeMalformed(f"the value of tag {tag} has 1 to {VALUE_MAX} characters")
    return "".join(f"{tag}{len(value):02d}{value}" for tag, value in tags)


def read_tlv(text: str) -> list[Tlv]:
    """Tags in their order. Raises `CodeMalformed`."""
    tags, at = [], 0
    while at < len(text):
        head = text[at : at + 4]
        if len(head) < 4 or not (head.isascii() and head.isdecimal()):
            raise CodeMalformed(f"no tag and length stand at character {at}")
        value = text[at + 4 : at + 4 + int(head[2:])]
        if len(value) < int(head[2:]):
            raise CodeMalformed(f"the value of tag {head[:2]} is cut off")
        tags.append((head[:2], value))
        at += 4 + len(value)
    return tags


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE of the UTF-8 bytes, four capital hex digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def _our_account(tags: dict[str, str]) -> dict[str, str]:
    for number in TEMPLATES:
        template = tags.get(f"{number:02d}")
        if template is not None:
            account = dict(read_tlv(template))
            if account.get("00") == GUID:
                return account
    raise CodeMalformed("this code belongs to another network")


def _id(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError as wrong:
        raise CodeMalformed("the code names no store or order") from wrong


def _fen(text: str, *, currency: str) -> int:
    yuan, _, cents = text.partition(".")
    if (
        currency != CNY
        or not yuan.isdecimal()
        or not text.isascii()
        or len(cents) > 2
        or (cents and not cents.isdecimal())
    ):
        raise CodeMalformed("the amount is no amount in yuan")
    return int(yuan) * 100 + int(cents.ljust(2, "0"))
