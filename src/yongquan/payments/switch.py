"""The switch: card messages to whichever issuer holds the card, over one standing line each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from yongquan.institutions.connectors.card_messages import (
    InquiryAnswer,
    InquiryRequest,
    MessageStamp,
    PurchaseAnswer,
    PurchaseRequest,
    RefundRequest,
    ReversalAnswer,
    ReversalRequest,
)
from yongquan.institutions.connectors.iso8583 import IssuerLine
from yongquan.institutions.errors import NotSent
from yongquan.plumbing.clock import business_day

TERMINAL = "00000001"


@dataclass(frozen=True, slots=True)
class Charge:
    """One debit of a card as it is told to the issuer; all of it is stored before it is sent."""

    payment_id: UUID
    store_id: UUID
    issuer: str
    acquirer_network_id: str
    pan: str
    amount_fen: int
    mcc: str
    settlement_date: date
    sent_at: datetime
    stan: int

    @property
    def stamp(self) -> MessageStamp:
        return MessageStamp(sent_at=self.sent_at, stan=self.stan)

    @property
    def rrn(self) -> str:
        """Retrieval reference: last digit of the year, day of the year, hour (Shanghai business day), STAN."""
        day = business_day(self.sent_at)
        return f"{day.year % 10}{day.timetuple().tm_yday:03d}{self.sent_at.hour:02d}{self.stan:06d}"


class Switch:
    """Sends to issuers by code. An outage is `NotSent` (nothing left us) or `OutcomeUnknown`."""

    def __init__(self, lines: Mapping[str, IssuerLine], *, timeout_s: float = 5.0) -> None:
        self._lines = lines
        self._timeout_s = timeout_s

    async def purchase(self, charge: Charge) -> PurchaseAnswer:
        """Debit the card. Raises `NotSent` or `OutcomeUnknown`."""
        return await self._line(charge).purchase(
            PurchaseRequest(**_facts(charge, charge.stamp)), timeout_s=self._timeout_s
        )

    async def inquire(self, charge: Charge, stamp: MessageStamp) -> InquiryAnswer:
        """Ask what became of the charge; `stamp` is the inquiry's own."""
        request = InquiryRequest(**_facts(charge, stamp), original=charge.stamp)
        return await self._line(charge).inquire(request, timeout_s=self._timeout_s)

    async def reverse(self, charge: Charge, stamp: MessageStamp) -> ReversalAnswer:
        """Undo a charge that the issuer never saw, so that it cannot arrive late."""
        request = ReversalRequest(**_facts(charge, stamp), original=charge.stamp)
        return await self._line(charge).reverse(request, timeout_s=self._timeout_s)

    async def refund(self, charge: Charge, stamp: MessageStamp) -> PurchaseAnswer:
        """Give the whole charge back; the same stamp again is the same refund."""
        request = RefundRequest(**_facts(charge, stamp), original=charge.stamp)
        return await self._line(charge).refund(request, timeout_s=self._timeout_s)

    def _line(self, charge: Charge) -> IssuerLine:
        line = self._lines.get(charge.issuer)
        if line is None:
            raise NotSent(f"there is no line to {charge.issuer}")
        return line


class _CardFacts(TypedDict):
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
    category: str


def _facts(charge: Charge, stamp: MessageStamp) -> _CardFacts:
    return {
        "stamp": stamp,
        "card_no": charge.pan,
        "amount_fen": charge.amount_fen,
        "business_date": business_day(stamp.sent_at),
        "settlement_date": charge.settlement_date,
        "payment_id": str(charge.payment_id),
        "acquirer_id": charge.acquirer_network_id,
        "merchant_no": charge.store_id.hex[:15],
        "terminal_id": TERMINAL,
        "retrieval_ref": charge.rrn,
        "category": charge.mcc,
    }
