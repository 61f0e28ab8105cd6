"""Which fields an ACP request must have, and what they must look like."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from yongquan.flows.trade_by_acp import AcpRefused
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.values import may_be_echoed, read_nested

COMMON: Final = ("version", "encoding", "signMethod", "txnType", "txnSubType", "bizType", "accessType", "merId")
ORDER: Final = ("orderId", "txnTime")
MONEY: Final = ("txnAmt", "currencyCode")
_URL = r"https?://\S{1,247}"
_SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(shape)
    for name, shape in {
        "version": r"5\.[01]\.0",
        "encoding": r"(?i:utf-8)",
        "signMethod": r"01|11|12",
        "txnType": r"[0-9]{2}",
        "txnSubType": r"[0-9]{2}",
        "bizType": r"[0-9]{6}",
        "channelType": r"07|08",
        "accessType": r"[012]",
        "merId": r"[0-9A-Za-z]{1,32}",
        "orderId": r"[0-9A-Za-z]{8,40}",
        "txnTime": r"[0-9]{14}",
        "txnAmt": r"[1-9][0-9]{0,11}",
        "currencyCode": r"156",
        "frontUrl": _URL,
        "backUrl": _URL,
        "payTimeout": r"[0-9]{14}",
        "origQryId": r"[0-9]{21}",
        "settleDate": r"[0-9]{4}",
        "fileType": r"[0-9]{2}",
        "certType": r"[0-9]{2}",
        "certId": r"[0-9]{1,40}",
        "encryptCertId": r"[0-9]{1,40}",
        "batchNo": r"[0-9]{4}",
        "totalQty": r"[1-9][0-9]{0,5}",
        "totalAmt": r"[1-9][0-9]{0,13}",
    }.items()
}
_TIMES: Final = ("txnTime", "payTimeout")
_NESTED: Final = ("reserved", "tokenPayData")
_ECHOED: Final = ("reqReserved", "reserved")


def require_fields(fields: Mapping[str, str], names: Iterable[str]) -> None:
    """Raises `AcpRefused` 13 for the first that is missing or empty; `a|b` needs either."""
    for name in names:
        if not any(fields.get(one) for one in name.split("|")):
            raise AcpRefused(codes.MISSING, name.replace("|", "/"))


def require_shapes(fields: Mapping[str, str]) -> None:
    """Raises `AcpRefused` 10 for the first value that cannot be what it should."""
    for name, value in fields.items():
        if value and name in _SHAPES and not _SHAPES[name].fullmatch(value):
            raise AcpRefused(codes.FORMAT, name)
    for name in _TIMES:
        if fields.get(name) and not _is_time(fields[name]):
            raise AcpRefused(codes.FORMAT, name)
    for name in _NESTED:
        if fields.get(name):
            read_nested(fields[name], name=name)
    for name in _ECHOED:
        if not may_be_echoed(fields.get(name, "")):
            raise AcpRefused(codes.FORMAT, name)


def _is_time(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True
