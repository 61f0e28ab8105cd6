"""Reading one ISO 8583 request into the facts an issuer decides on."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import iso8583

from yongquan_sandbox.iso_fields import SPEC

ANSWER_TYPE = {
    "0100": "0110",
    "0200": "0210",
    "0220": "0230",
    "0420": "0430",
    "0421": "0430",
    "0600": "0610",
    "0800": "0810",
}
REPEATED = {"0421": "0420"}
_ECHOED = ("3", "4", "7", "11", "15", "33", "37", "41", "49", "70")


class Unreadable(ValueError):
    """The message cannot be read at all, so that it cannot even be answered."""


class WrongFormat(ValueError):
    """The message can be answered, but a field is missing or makes no sense (response code 30)."""


@dataclass(frozen=True, slots=True)
class CardRequest:
    """A card message; `key` and `original_key` name messages by network, full time and STAN.

    `card_no` is an account's own number where the message is about an account.
    """

    message_type: str
    processing_code: str
    key: str
    card_no: str
    amount_fen: int
    currency: str
    business_date: str
    settlement_date: str
    payment_id: str
    retrieval_ref: str
    merchant_no: str
    original_type: str
    original_key: str
    fingerprint: bytes
    authority: str = ""
    condition: str = ""
    holder: str = ""
    phone: str = ""
    authorization: str = ""
    is_account: bool = False


def decode(frame: bytes) -> dict[str, str]:
    """The fields of a frame. Raises `Unreadable`, also for a type nobody here answers."""
    try:
        fields, _ = iso8583.decode(frame, SPEC)
    except (iso8583.DecodeError, KeyError) as problem:
        raise Unreadable(str(problem)) from problem
    if fields["t"] not in ANSWER_TYPE:
        raise Unreadable(f"type {fields['t']} is not served")
    return fields


def encode_answer(fields: dict[str, str], answered: dict[str, str]) -> bytes:
    """The answer to a request: its echoed fields plus what was answered."""
    echoed = {number: fields[number] for number in _ECHOED if number in fields}
    frame, _ = iso8583.encode({"t": ANSWER_TYPE[fields["t"]], **echoed, **answered}, SPEC)
    return bytes(frame)


def parse(fields: dict[str, str], frame: bytes) -> CardRequest:
    """The facts of a purchase, refund, reversal, inquiry or balance request. Raises `WrongFormat`."""
    try:
        private = fields["48"]
        business_date = _full_date(private[:4], fields["13"])
        original = fields.get("90", "")
        return CardRequest(
            message_type=REPEATED.get(fields["t"], fields["t"]),
            processing_code=fields["3"],
            key=_key(fields["33"], _year_near(business_date, fields["7"]), fields["7"], fields["11"]),
            card_no=fields["2"] if "102" not in fields else fields["102"],
            is_account="102" in fields,
            amount_fen=int(fields["4"]),
            currency=fields["49"],
            business_date=business_date,
            settlement_date=_full_date(str(_year_near(business_date, fields["15"])), fields["15"]),
            payment_id=private[4:],
            retrieval_ref=fields["37"],
            merchant_no=fields["42"].rstrip(),
            original_type=original[:4],
            original_key=_original_key(original, business_date) if original else "",
            # All but the type: a repeat is the same message.
            fingerprint=hashlib.blake2b(frame[4:], digest_size=12).digest(),
            condition=fields.get("25", ""),
            holder=_holder(fields.get("61", "")),
            phone=fields.get("61", "").rpartition("|")[2],
            authorization=fields.get("38", ""),
            authority=fields.get("62", ""),
        )
    except (KeyError, ValueError) as problem:
        raise WrongFormat(str(problem)) from problem


def cut_off_date(fields: dict[str, str]) -> str:
    """The settlement date that a cut-off names, YYYY-MM-DD. Raises `WrongFormat`."""
    try:
        business_date = _full_date(fields["48"][:4], fields["13"])
        return _full_date(str(_year_near(business_date, fields["15"])), fields["15"])
    except (KeyError, ValueError) as problem:
        raise WrongFormat(str(problem)) from problem


def _holder(told: str) -> str:
    return bytes.fromhex(told.partition("|")[0]).decode()


def _original_key(original: str, business_date: str) -> str:
    stan, sent_at, network = original[4:10], original[10:20], original[31:42].lstrip("0")
    return _key(network, _year_near(business_date, sent_at), sent_at, stan)


def _key(network: str, year: int, sent_at: str, stan: str) -> str:
    if not (network.isdecimal() and sent_at.isdecimal() and stan.isdecimal()):
        raise ValueError("fields 7, 11 and 33 are digits")
    return f"{network}-{year}{sent_at}-{stan}"


@lru_cache(maxsize=64)
def _full_date(year: str, month_day: str) -> str:
    return date(int(year), int(month_day[:2]), int(month_day[2:])).isoformat()


def _year_near(business_date: str, month_day: str) -> int:
    """The year of an ISO 8583:1987 date: the one within half a year of the business date."""
    year, ahead = int(business_date[:4]), int(month_day[:2]) - int(business_date[5:7])
    if ahead > 6:
        return year - 1
    return year + 1 if ahead < -6 else year
