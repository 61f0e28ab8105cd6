"""The card line's messages as plain values, and their form as ISO 8583 fields."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from yongquan.institutions.account_names import bare_number, is_account

CURRENCY: Final = "156"
APPROVED: Final = "00"
ORIGINAL_NOT_FOUND: Final = "25"
ABOUT_HOLD: Final = "06"
REVERSAL_REPEAT: Final = "0421"
CITY_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStamp:
    """What makes a message itself: its time (UTC, whole seconds) and its STAN (1 to 999999).

    Chosen and stored by the caller, so that a message can be asked about after a crash.
    """

    sent_at: datetime
    stan: int

    @property
    def sent_at_field(self) -> str:
        """Field 7, MMDDhhmmss in UTC."""
        return self.sent_at.astimezone(UTC).strftime("%m%d%H%M%S")

    @property
    def stan_field(self) -> str:
        """Field 11."""
        return f"{self.stan:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMessage:
    """The facts every card message carries; amount in fen, dates of Asia/Shanghai.

    `card_no` is a card's number or an account's name.
    `terminal_id` has at most 8 and `merchant_no` at most 15 ASCII characters, `retrieval_ref`
    exactly 12 and `payment_id` at most 60.
    """

    stamp: MessageStamp
    card_no: str
    amount_fen: int
    business_date: date
    settlement_date: date
    payment_id: str
    acquirer_id: str
    merchant_no: str
    terminal_id: str
    retrieval_ref: str
    category: str = "0000"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseRequest(CardMessage):
    """Debit a card; a collection names its `authority`, the mandate's and the payee's id in 32 hex digits each.

    `entry_mode` is three digits, or nothing if no till read anything.
    """

    authority: str = ""
    entry_mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRequest(CardMessage):
    """Ask what a card can spend; the amount is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest(CardMessage):
    """Ask whether a card is this person's; the amount is not used."""

    holder: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest(CardMessage):
    """Give back part or all of an approved purchase."""

    original: MessageStamp


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest(CardMessage):
    """Undo all of an approved purchase; of a completion (`is_of_hold`), so that its hold is open again."""

    original: MessageStamp
    is_of_hold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest(CardMessage):
    """Pre-authorise: keep money back without taking it, for 30 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest(CardMessage):
    """Take up to 115 % of what a hold keeps back; `original` and `authorization` are the hold's."""

    original: MessageStamp
    authorization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCancelRequest(CardMessage):
    """Free what a hold keeps back; `original` and `authorization` are the hold's."""

    original: MessageStamp
    authorization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalRequest(CardMessage):
    """Undo a purchase or (`original_type` 0100) a hold whose outcome is unknown; amount and card are the original's.

    `is_repeat`: sent before under this stamp and not answered; it goes as 0421.
    """

    original: MessageStamp
    original_type: str = "0200"
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryRequest(CardMessage):
    """Ask what became of a purchase or, with `original_type` 0220 or 0100, of a refund or a hold."""

    original: MessageStamp
    original_type: str = "0200"


class OriginalState(StrEnum):
    """What an issuer knows of an earlier message."""

    APPROVED = "A"
    DECLINED = "D"
    REVERSED = "R"
    NEVER_SEEN = "N"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseAnswer:
    """An issuer's answer to what moves or holds money; `authorization` only with an approval."""

    response_code: str
    authorization: str | None

    @property
    def approved(self) -> bool:
        """Whether the money moved."""
        return self.response_code == APPROVED


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalAnswer:
    """An issuer's answer to a reversal."""

    response_code: str

    @property
    def undone(self) -> bool:
        """Whether the original holds no money now, nor ever will (never seen, and remembered)."""
        return self.response_code in {APPROVED, ORIGINAL_NOT_FOUND}


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryAnswer:
    """What became of the original; `never_seen` is not final until it is reversed."""

    state: OriginalState
    response_code: str | None
    authorization: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAnswer:
    """What a card can spend, in fen; None when the issuer would not say."""

    response_code: str
    balance_fen: int | None


def message_fields(message: CardMessage, *, network_id: str) -> dict[str, str]:
    """The ISO 8583 fields of a message, field `t` being its type."""
    message_type, processing_code = _TYPES[type(message)]
    fields = {
        "t": message_type,
        "102" if is_account(message.card_no) else "2": bare_number(message.card_no),
        "3": processing_code,
        "4": f"{message.amount_fen:012d}",
        "7": message.stamp.sent_at_field,
        "11": message.stamp.stan_field,
        "12": message.stamp.sent_at.astimezone(CITY_TIME).strftime("%H%M%S"),
        "13": message.business_date.strftime("%m%d"),
        "15": message.settlement_date.strftime("%m%d"),
        "18": message.category,
        "32": message.acquirer_id,
        "33": network_id,
        "37": message.retrieval_ref,
        "41": f"{message.terminal_id:<8}",
        "42": f"{message.merchant_no:<15}",
        "48": f"{message.business_date.year:04d}{message.payment_id}",
        "49": CURRENCY,
    }
    match message:
        case PurchaseRequest() if message.authority:
            fields["62"] = message.authority
        case VerifyRequest():
            fields["61"] = f"{message.holder.encode().hex()}|{message.phone}"
        case InquiryRequest() | ReversalRequest():
            fields["90"] = _original_data(message, message.original, message.original_type, network_id)
        case RefundRequest() | CancelRequest():
            fields["90"] = _original_data(message, message.original, "0200", network_id)
        case CompletionRequest() | HoldCancelRequest():
            fields["90"] = _original_data(message, message.original, "0100", network_id)
            fields["38"] = message.authorization
    if isinstance(message, ReversalRequest) and message.is_repeat:
        fields["t"] = REVERSAL_REPEAT
    if isinstance(message, PurchaseRequest) and message.entry_mode:
        fields["22"] = message.entry_mode
    if _is_about_hold(message):
        fields["25"] = ABOUT_HOLD
    return fields


def cut_off_fields(
    settlement_date: date, stamp: MessageStamp, *, business_date: date, network_id: str
) -> dict[str, str]:
    """The fields of the message that ends a settlement day; field 48 has the year of field 13 alone."""
    return {
        "t": "0800",
        "7": stamp.sent_at_field,
        "11": stamp.stan_field,
        "13": business_date.strftime("%m%d"),
        "15": settlement_date.strftime("%m%d"),
        "33": network_id,
        "48": f"{business_date.year:04d}",
        "70": "201",
    }


def read_purchase(answer: dict[str, str]) -> PurchaseAnswer:
    """The answer to what moves or holds money."""
    return PurchaseAnswer(response_code=answer["39"], authorization=answer.get("38"))


def read_reversal(answer: dict[str, str]) -> ReversalAnswer:
    """The answer to a reversal."""
    return ReversalAnswer(response_code=answer["39"])


def read_inquiry(answer: dict[str, str]) -> InquiryAnswer | None:
    """The answer to an inquiry; None when the issuer did not carry it out."""
    told = answer.get("44", "")
    if not told:
        return None
    return InquiryAnswer(state=OriginalState(told[0]), response_code=told[1:] or None, authorization=answer.get("38"))


def read_balance(answer: dict[str, str]) -> BalanceAnswer:
    """The answer to a balance enquiry; field 54 is two account digits, two of kind, currency, sign, fen."""
    told = answer.get("54")
    sign = -1 if told and told[7] == "D" else 1
    return BalanceAnswer(response_code=answer["39"], balance_fen=sign * int(told[8:]) if told else None)


_TYPES: Final[dict[type[CardMessage], tuple[str, str]]] = {
    PurchaseRequest: ("0200", "000000"),
    BalanceRequest: ("0200", "310000"),
    VerifyRequest: ("0100", "330000"),
    RefundRequest: ("0220", "200000"),
    CancelRequest: ("0200", "200000"),
    HoldRequest: ("0100", "030000"),
    CompletionRequest: ("0200", "000000"),
    HoldCancelRequest: ("0100", "200000"),
    ReversalRequest: ("0420", "000000"),
    InquiryRequest: ("0600", "000000"),
}


def _is_about_hold(message: CardMessage) -> bool:
    match message:
        case HoldRequest() | CompletionRequest() | HoldCancelRequest():
            return True
        case CancelRequest(is_of_hold=is_of_hold):
            return is_of_hold
    return False


def _original_data(message: CardMessage, original: MessageStamp, message_type: str, network_id: str) -> str:
    institutions = f"{message.acquirer_id:0>11}{network_id:0>11}"
    return f"{message_type}{original.stan_field}{original.sent_at_field}{institutions}"
