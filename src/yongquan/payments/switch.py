"""The switch: card messages to whichever issuer holds the card, over one standing line each."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypedDict, TypeVar
from uuid import UUID

from yongquan.institutions.connectors.card_messages import (
    CancelRequest,
    CompletionRequest,
    HoldCancelRequest,
    HoldRequest,
    InquiryAnswer,
    InquiryRequest,
    MessageStamp,
    PurchaseAnswer,
    PurchaseRequest,
    RefundRequest,
    ReversalAnswer,
    ReversalRequest,
    VerifyRequest,
)
from yongquan.institutions.connectors.iso8583 import IssuerLine
from yongquan.institutions.errors import NotSent, OutcomeUnknown
from yongquan.payments.model import merchant_no
from yongquan.payments.reversals import KeptReversal
from yongquan.payments.routes import Routes
from yongquan.plumbing.clock import business_day

TERMINAL = "00000001"
PURCHASE, HOLD = "0200", "0100"
# The bank took nothing from a line that is not signed on: the same message may go by another.
NOT_SIGNED_ON: Final = "91"
Answer = TypeVar("Answer")


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
    authority: str = ""
    entry_mode: str = ""

    @property
    def stamp(self) -> MessageStamp:
        return MessageStamp(sent_at=self.sent_at, stan=self.stan)

    @property
    def rrn(self) -> str:
        """Retrieval reference: last digit of the year, day of the year, hour (Shanghai business day), STAN."""
        day = business_day(self.sent_at)
        return f"{day.year % 10}{day.timetuple().tm_yday:03d}{self.sent_at.hour:02d}{self.stan:06d}"


@dataclass(frozen=True, slots=True)
class HeldMoney:
    """A hold as its completion and its cancel name it."""

    sent_at: datetime
    stan: int
    authorization: str

    @property
    def stamp(self) -> MessageStamp:
        return MessageStamp(sent_at=self.sent_at, stan=self.stan)


class Switch:
    """Sends to issuers by code. An outage is `NotSent` (nothing left us) or `OutcomeUnknown`.

    A new debit takes the best line that is healthy, and another one only if nothing left us on the first, or the bank
    says that it took nothing from that line. What follows a debit goes by any line that is up.
    """

    def __init__(self, routes: Routes, *, timeout_s: float = 5.0) -> None:
        self._routes = routes
        self._timeout_s = timeout_s

    async def purchase(self, charge: Charge) -> PurchaseAnswer:
        """Debit the card. Raises `NotSent` or `OutcomeUnknown`."""
        request = PurchaseRequest(
            **_facts(charge, charge.stamp), authority=charge.authority, entry_mode=charge.entry_mode
        )
        return await self._debit(charge, request)

    async def hold(self, charge: Charge) -> PurchaseAnswer:
        """Keep the amount back without taking it."""
        return await self._debit(charge, HoldRequest(**_facts(charge, charge.stamp)))

    async def complete(self, charge: Charge, hold: HeldMoney) -> PurchaseAnswer:
        """Take what was held; the charge is a payment like any other from then on."""
        request = CompletionRequest(
            **_facts(charge, charge.stamp), original=hold.stamp, authorization=hold.authorization
        )
        return await self._debit(charge, request)

    async def free(self, charge: Charge, hold: HeldMoney, stamp: MessageStamp) -> PurchaseAnswer:
        """Give what was held free; the same stamp again is the same cancel."""
        request = HoldCancelRequest(**_facts(charge, stamp), original=hold.stamp, authorization=hold.authorization)
        return await self._follow(charge, lambda line: line.ask_purchase(request, timeout_s=self._timeout_s))

    async def cancel(self, charge: Charge, stamp: MessageStamp, *, is_of_hold: bool) -> PurchaseAnswer:
        """Undo the whole charge on its day; of a completion, so that the hold stands again."""
        request = CancelRequest(**_facts(charge, stamp), original=charge.stamp, is_of_hold=is_of_hold)
        return await self._follow(charge, lambda line: line.ask_purchase(request, timeout_s=self._timeout_s))

    async def refund(self, charge: Charge, stamp: MessageStamp) -> PurchaseAnswer:
        """Give back part or all of the charge; the same stamp again is the same refund."""
        request = RefundRequest(**_facts(charge, stamp), original=charge.stamp)
        return await self._follow(charge, lambda line: line.ask_purchase(request, timeout_s=self._timeout_s))

    async def inquire(self, charge: Charge, stamp: MessageStamp, *, original_type: str = PURCHASE) -> InquiryAnswer:
        """Ask what became of the charge; `stamp` is the inquiry's own."""
        request = InquiryRequest(**_facts(charge, stamp), original=charge.stamp, original_type=original_type)
        return await self._follow(charge, lambda line: line.inquire(request, timeout_s=self._timeout_s))

    async def reverse(self, charge: Charge, kept: KeptReversal, *, original_type: str = PURCHASE) -> ReversalAnswer:
        """Undo a charge that the issuer never saw, so that it cannot arrive late."""
        request = ReversalRequest(
            **_facts(charge, kept.stamp),
            original=charge.stamp,
            original_type=original_type,
            is_repeat=kept.is_repeat,
        )
        return await self._follow(charge, lambda line: line.reverse(request, timeout_s=self._timeout_s))

    async def verify(self, issuer: str, pan: str, stamp: MessageStamp, *, holder: str, phone: str) -> str:
        """Ask whether a card is this person's; the issuer's response code."""
        day = business_day(stamp.sent_at)
        request = VerifyRequest(
            stamp=stamp,
            card_no=pan,
            amount_fen=0,
            business_date=day,
            settlement_date=day,
            payment_id="-",
            acquirer_id="0",
            merchant_no="-",
            terminal_id=TERMINAL,
            retrieval_ref=f"{stamp.stan:012d}",
            holder=holder,
            phone=phone,
        )
        passage = self._routes.for_question(issuer, pan)
        return (await passage.line.ask_purchase(request, timeout_s=self._timeout_s)).response_code

    async def tell_cut_off(self, issuer: str, settlement_date: date, stamp: MessageStamp) -> str:
        """Say that purchases carry this settlement date from now on; the issuer's response code."""
        line = self._routes.for_question(issuer, "").line
        day = business_day(stamp.sent_at)
        return await line.cut_off(settlement_date, stamp, business_date=day, timeout_s=self._timeout_s)

    async def _debit(
        self, charge: Charge, request: PurchaseRequest | HoldRequest | CompletionRequest
    ) -> PurchaseAnswer:
        trouble: NotSent | None = None
        answer: PurchaseAnswer | None = None
        for passage in self._routes.for_debit(charge.issuer, charge.pan):
            began_at = time.monotonic()
            try:
                answer = await passage.line.ask_purchase(request, timeout_s=self._timeout_s)
            except NotSent as not_sent:
                passage.note(answered=False, began_at=began_at)
                trouble = not_sent
                continue
            except OutcomeUnknown:
                passage.note(answered=False, began_at=began_at)
                raise
            passage.note(answered=True, began_at=began_at)
            if answer.response_code != NOT_SIGNED_ON:
                return answer
        if answer is not None:
            return answer
        raise trouble or NotSent(f"no line to {charge.issuer} is in use")

    async def _follow(self, charge: Charge, ask: Callable[[IssuerLine], Awaitable[Answer]]) -> Answer:
        passage = self._routes.for_question(charge.issuer, charge.pan)
        began_at = time.monotonic()
        try:
            answer = await ask(passage.line)
        except (NotSent, OutcomeUnknown):
            passage.note(answered=False, began_at=began_at)
            raise
        passage.note(answered=True, began_at=began_at)
        return answer


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
        "merchant_no": merchant_no(charge.store_id),
        "terminal_id": TERMINAL,
        "retrieval_ref": charge.rrn,
        "category": charge.mcc,
    }
