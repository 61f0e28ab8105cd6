"""The platform's answers. Amounts in fen, times in UTC; fields that are new to this client are left aside."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec


class Share(msgspec.Struct, frozen=True):
    """What one funder pays for one voucher."""

    funder_id: str
    voucher_id: UUID
    type_id: UUID
    amount_fen: int


class Payment(msgspec.Struct, frozen=True):
    """Who paid what, and what the store receives; `unknown` until the bank has answered."""

    payment_id: UUID
    state: str
    store_id: UUID
    order_no: str
    amount_fen: int
    citizen_paid_fen: int
    discount_fen: int
    funders: dict[str, int]
    vouchers: list[Share]
    fee_fen: int
    store_receives_fen: int
    settlement_date: date
    begun_at: datetime
    response_code: str | None = None
    refunded_fen: int = 0
    merchant_offer_fen: int = 0


class Attempt(msgspec.Struct, frozen=True):
    """One try to pay an order."""

    attempt_no: int
    state: str
    reason: str
    payment_id: UUID | None
    is_late: bool
    begun_at: datetime
    ended_at: datetime | None


class Order(msgspec.Struct, frozen=True):
    """A store's order as it stands."""

    order_id: UUID
    store_id: UUID
    order_no: str
    amount_fen: int
    subject: str
    remark: str
    state: str
    refunded_fen: int
    payment_id: UUID | None
    attempts: list[Attempt]
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    cashier_url: str | None = None


class Refund(msgspec.Struct, frozen=True):
    """One refund, with what each funder got back."""

    refund_id: UUID
    refund_no: str
    state: str
    amount_fen: int
    citizen_gets_fen: int
    fee_back_fen: int
    funders: list[dict[str, Any]]
    reason: str
    settlement_date: date
    begun_at: datetime


class Refunds(msgspec.Struct, frozen=True):
    """All refunds, the first first."""

    refunds: list[Refund]


class PayCode(msgspec.Struct, frozen=True):
    """18 digits to show at a till; `emvco` is the same as a consumer-presented code."""

    pay_code: str
    expires_at: datetime
    emvco: str = ""


class ClaimedVoucher(msgspec.Struct, frozen=True):
    """A voucher that was claimed; of a pack, the first, with all of them in `vouchers`."""

    voucher_id: UUID
    round_id: UUID
    type_id: UUID
    amount_fen: int
    threshold_fen: int
    valid_from: datetime
    valid_until: datetime
    claim_no: int
    vouchers: "list[ClaimedVoucher]" = []


class WalletVoucher(msgspec.Struct, frozen=True):
    """A voucher in a wallet."""

    voucher_id: UUID
    round_id: UUID
    type_id: UUID
    state: str
    amount_fen: int
    threshold_fen: int
    valid_from: datetime
    valid_until: datetime
    claimed_at: datetime
    payment_id: UUID | None


class Wallet(msgspec.Struct, frozen=True):
    """A page of a wallet, newest first; `next` is where the following page begins."""

    vouchers: list[WalletVoucher]
    next: UUID | None = None


class Link(msgspec.Struct, frozen=True):
    """`open_id` once the citizen's code was given back; before that, `state` is consent_asked."""

    open_id: UUID | None = None
    state: str = "linked"


class Card(msgspec.Struct, frozen=True):
    """A bound card."""

    instrument_id: UUID
    tail: str = ""


class Cards(msgspec.Struct, frozen=True):
    """A citizen's cards of this institution."""

    cards: list[Card]


class RoundType(msgspec.Struct, frozen=True):
    """A voucher type: what is left for everybody, and in this institution's own quota."""

    type_id: UUID
    name: str
    name_en: str
    industry: str | None
    amount_fen: int
    threshold_fen: int
    rate_bp: int | None
    remaining: int
    own_remaining: int


class Round(msgspec.Struct, frozen=True):
    """A round that is open or will be."""

    round_id: UUID
    name: str
    name_en: str
    campaign: str
    campaign_en: str
    opens_at: datetime
    closes_at: datetime
    paused: bool
    districts: list[str] | None
    types: list[RoundType]


class Rounds(msgspec.Struct, frozen=True):
    """Rounds open to an institution."""

    rounds: list[Round]


class PastEvent(msgspec.Struct, frozen=True):
    """An event as a callback would bring it."""

    id: UUID
    type: str
    timestamp: datetime
    data: dict[str, Any]


class Events(msgspec.Struct, frozen=True):
    """A page of events; go on with `next`."""

    events: list[PastEvent]
    next: str


class RiskReason(msgspec.Struct, frozen=True):
    """A reason of the published list; `about` names the identifier that it means, in an answer to a question."""

    code: str
    text: str
    text_en: str
    about: str = ""


class Verification(msgspec.Struct, frozen=True):
    """The answer to a question: level none, low, medium, high; advice accept, check, step_up, refuse."""

    verification_id: UUID
    scene: str
    level: str
    reasons: list[RiskReason]
    advice: str
    asked_at: datetime
    valid_until: datetime
    sandbox: bool


class Report(msgspec.Struct, frozen=True):
    """What one reported; `note` is told when one lists one's own."""

    report_id: UUID
    subject_kind: str
    kind: str
    evidence: str
    reference: str
    state: str
    reported_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None = None
    withdraw_reason: str = ""
    note: str = ""


class Reports(msgspec.Struct, frozen=True):
    """A page of one's own reports."""

    reports: list[Report]


class Warned(msgspec.Struct, frozen=True):
    """A warning of one's own merchants, terminals or accounts."""

    warning_id: UUID
    kind: str
    subject_kind: str
    subject_value: str
    level: str
    reasons: list[RiskReason]
    facts: dict[str, Any]
    published_at: datetime
    verdict: str | None = None
    answered_at: datetime | None = None


class WarningPage(msgspec.Struct, frozen=True):
    """A page of warnings; go on with `next`."""

    warnings: list[Warned]
    next: str
