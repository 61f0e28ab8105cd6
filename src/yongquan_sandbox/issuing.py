"""An issuer's card desk: what it answers, and what moves in its books."""

from dataclasses import dataclass, field, replace
from typing import Final

from yongquan_sandbox import mandates
from yongquan_sandbox.binding import owner_of
from yongquan_sandbox.books import Booking, Books, House, KnownBooking
from yongquan_sandbox.card_request import CardRequest
from yongquan_sandbox.holds import (
    AMOUNT_DIFFERS,
    Hold,
    beyond_limit,
    find_hold,
    keep_back,
    refusal_of,
    turn,
)
from yongquan_sandbox.roster import Institution

APPROVED: Final = "00"
HOLDER_DIFFERS: Final = "05"
INVALID_TRANSACTION: Final = "12"
INVALID_AMOUNT: Final = "13"
NO_SUCH_CARD: Final = "14"
REVERSED_BEFORE: Final = "22"
ORIGINAL_NOT_FOUND: Final = "25"
FORMAT_ERROR: Final = "30"
INSUFFICIENT_FUNDS: Final = "51"
OVER_DAILY_LIMIT: Final = "61"
DAY_IS_OVER: Final = "90"
NOT_SIGNED_ON: Final = "91"
DUPLICATE_DIFFERS: Final = "94"

PURCHASE, HOLD, CANCEL, REFUND, BALANCE = "000000", "030000", "200000", "200000", "310000"
OF_HOLD: Final = "06"
VERIFY: Final = "330000"
CURRENCY: Final = "156"
NO_LIMIT_FEN: Final = 10**15


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is answered: a response code, the authorization code of an approval, further fields."""

    code: str
    authorization: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, str]:
        """The answer's own fields."""
        approved = {"38": self.authorization} if self.authorization else {}
        return {"39": self.code, **approved, **self.extra}


@dataclass(frozen=True, slots=True)
class _Card:
    account_no: str
    daily_limit_fen: int
    spendable_fen: int
    used_fen: int


class CardDesk:
    """Decides card requests; every call belongs inside one commit of the books."""

    def __init__(self, books: Books, institution: Institution) -> None:
        self._books = books
        self._institution = institution

    def decide(self, request: CardRequest) -> Outcome:
        """Answer one request; the same request again gets the same answer and moves nothing."""
        match request.message_type, request.processing_code:
            case "0100", code if code == VERIFY:
                return self._verify(request)
            case "0200", code if code == BALANCE:
                return self._tell_balance(request)
            case "0600", _:
                return self._tell_original(request)
            case "0100" | "0200" | "0220" | "0420", _:
                known = self._books.find(request.key)
                return self._decide_once(request) if known is None else _repeat(request, known)
        return Outcome(INVALID_TRANSACTION)

    def _decide_once(self, request: CardRequest) -> Outcome:
        match request.message_type, request.processing_code:
            case "0100", code if code == HOLD:
                return self._hold(request)
            case "0100", code if code == CANCEL:
                return self._free(request)
            case "0200", code if code == PURCHASE:
                return self._complete(request) if request.condition == OF_HOLD else self._purchase(request)
            case "0200", code if code == CANCEL:
                return self._cancel(request)
            case "0220", code if code == REFUND:
                return self._refund(request)
            case "0420", _:
                return self._reverse(request)
        return Outcome(INVALID_TRANSACTION)

    def _purchase(self, request: CardRequest) -> Outcome:
        card = self._card(request)
        code = self._authority_code(request) or self._day_code(request) or _purchase_code(request, card)
        if code != APPROVED or card is None:
            return self._decline(request, "purchase", code)
        self._use_day(request.card_no, request.business_date, request.amount_fen)
        legs = ((card.account_no, -request.amount_fen), (House.DUE_TO_NETWORK.value, request.amount_fen))
        booking_id = self._books.record(_booking(request, "purchase"), legs)
        if request.authority:
            mandates.note_debit(
                self._books, request.authority, booking_id=booking_id, business_date=request.business_date
            )
        return _approval(booking_id)

    def cut_off(self, settlement_date: str) -> Outcome:
        """Take no new purchase of an older settlement date from now on; an older cut-off changes nothing."""
        self._books.db.execute(
            "INSERT INTO cut_off VALUES (1, ?) ON CONFLICT (only) DO UPDATE"
            " SET settlement_date = max(settlement_date, excluded.settlement_date)",
            (settlement_date,),
        )
        return Outcome(APPROVED)

    def _day_code(self, request: CardRequest) -> str:
        row = self._books.db.execute("SELECT settlement_date FROM cut_off").fetchone()
        return DAY_IS_OVER if row is not None and request.settlement_date < row[0] else ""

    def _authority_code(self, request: CardRequest) -> str:
        if not request.authority:
            return ""
        return mandates.debit_refusal(
            self._books,
            request.authority,
            card_no=request.card_no,
            amount_fen=request.amount_fen,
            business_date=request.business_date,
        )

    def _hold(self, request: CardRequest) -> Outcome:
        card = self._card(request)
        code = _purchase_code(request, card)
        if code != APPROVED or card is None:
            return self._decline(request, "hold", code)
        booking_id = self._books.record(replace(_booking(request, "hold"), settlement_date=""))
        keep_back(
            self._books,
            booking_id,
            card.account_no,
            amount_fen=request.amount_fen,
            business_date=request.business_date,
        )
        return _approval(booking_id)

    def _free(self, request: CardRequest) -> Outcome:
        hold = find_hold(self._books, request.original_key)
        code = refusal_of(request, hold, _authorization(hold.booking_id) if hold else "")
        if code or hold is None:
            return self._decline(request, "hold_cancel", code)
        turn(self._books, hold.booking_id, "cancelled")
        booking = _booking(request, "hold_cancel", original_id=hold.booking_id)
        return _approval(self._books.record(replace(booking, settlement_date="")))

    def _complete(self, request: CardRequest) -> Outcome:
        hold, card = find_hold(self._books, request.original_key), self._card(request)
        code = _completion_code(request, hold, card)
        if code or hold is None or card is None:
            return self._decline(request, "purchase", code)
        turn(self._books, hold.booking_id, "completed")
        self._use_day(request.card_no, request.business_date, request.amount_fen)
        legs = ((card.account_no, -request.amount_fen), (House.DUE_TO_NETWORK.value, request.amount_fen))
        # Booked as a purchase: it is refunded, reversed, cleared and told as one.
        return _approval(self._books.record(_booking(request, "purchase", original_id=hold.booking_id), legs))

    def _cancel(self, request: CardRequest) -> Outcome:
        original, outcome = self._books.find(request.original_key), self._refund(request, whole=True)
        if outcome.code == APPROVED and original is not None and request.condition == OF_HOLD:
            turn(self._books, original.original_id, "open")
        return outcome

    def _refund(self, request: CardRequest, *, whole: bool = False) -> Outcome:
        original = self._books.find(request.original_key)
        card = self._card(request)
        code = _refund_code(request, original, card, whole=whole)
        if code != APPROVED or original is None or card is None:
            return self._decline(request, "refund", code)
        self._books.db.execute(
            "UPDATE booking SET refunded_fen = refunded_fen + ? WHERE id = ?",
            (request.amount_fen, original.id),
        )
        legs = ((House.DUE_TO_NETWORK.value, -request.amount_fen), (card.account_no, request.amount_fen))
        return _approval(self._books.record(_booking(request, "refund", original_id=original.id), legs))

    def _reverse(self, request: CardRequest) -> Outcome:
        original = self._books.find(request.original_key)
        if request.original_type not in {"0100", "0200"} or not request.original_key:
            return self._decline(request, "reversal", INVALID_TRANSACTION)
        if original is None:
            self._remember_reversed(request)
            return self._decline(request, "reversal", ORIGINAL_NOT_FOUND)
        if original.fingerprint is None:
            return self._decline(request, "reversal", ORIGINAL_NOT_FOUND)
        if not _may_be_reversed(original, request):
            return self._decline(request, "reversal", INVALID_TRANSACTION)
        return self._undo(request, original)

    def _undo(self, request: CardRequest, original: KnownBooking) -> Outcome:
        if original.kind == "hold":
            return self._undo_hold(request, original)
        moved_fen = original.amount_fen if original.state == "approved" else 0
        card = self._card(request)
        if not moved_fen or card is None:
            # A declined or already reversed original: nothing is left to undo.
            return _approval(self._books.record(_booking(request, "reversal", amount_fen=0, original_id=original.id)))
        self._books.db.execute("UPDATE booking SET state = 'reversed' WHERE id = ?", (original.id,))
        turn(self._books, original.original_id, "open")
        self._use_day(original.card_no, original.business_date, -moved_fen)
        legs = ((House.DUE_TO_NETWORK.value, -moved_fen), (card.account_no, moved_fen))
        booking = _booking(request, "reversal", amount_fen=moved_fen, original_id=original.id)
        return _approval(self._books.record(booking, legs))

    def _undo_hold(self, request: CardRequest, original: KnownBooking) -> Outcome:
        hold = find_hold(self._books, request.original_key)
        if hold is not None and hold.state == "completed":
            return self._decline(request, "reversal", INVALID_TRANSACTION)
        if original.state == "approved":
            self._books.db.execute("UPDATE booking SET state = 'reversed' WHERE id = ?", (original.id,))
            turn(self._books, original.id, "cancelled")
        return _approval(self._books.record(_booking(request, "reversal", amount_fen=0, original_id=original.id)))

    def _remember_reversed(self, request: CardRequest) -> None:
        self._books.record(
            Booking(
                key=request.original_key,
                kind="hold" if request.original_type == "0100" else "purchase",
                state="reversed",
                code=REVERSED_BEFORE,
                amount_fen=0,
                business_date=request.business_date,
                settlement_date=request.settlement_date,
                card_no=request.card_no,
            )
        )

    def _verify(self, request: CardRequest) -> Outcome:
        owner = owner_of(self._books, request.card_no)
        if owner is None:
            return Outcome(NO_SUCH_CARD)
        return Outcome(APPROVED if owner == (request.holder, request.phone) else HOLDER_DIFFERS)

    def _tell_balance(self, request: CardRequest) -> Outcome:
        card = self._card(request)
        if card is None:
            return Outcome(NO_SUCH_CARD)
        return Outcome(APPROVED, extra={"54": f"0002{CURRENCY}C{card.spendable_fen:012d}"})

    def _tell_original(self, request: CardRequest) -> Outcome:
        if not request.original_key:
            return Outcome(FORMAT_ERROR)
        original = self._books.find(request.original_key)
        if original is None:
            return Outcome(ORIGINAL_NOT_FOUND, extra={"44": "N"})
        letter = {"approved": "A", "declined": "D", "reversed": "R"}[original.state]
        authorization = _authorization(original.id) if original.state == "approved" else ""
        return Outcome(APPROVED, authorization, extra={"44": letter + original.code})

    def _decline(self, request: CardRequest, kind: str, code: str) -> Outcome:
        self._books.record(_booking(request, kind, state="declined", code=code))
        return Outcome(code)

    def _card(self, request: CardRequest) -> _Card | None:
        if request.is_account:
            return self._account(request)
        row = self._books.db.execute(
            "SELECT c.account_no, c.daily_limit_fen, a.balance_fen - (SELECT coalesce(sum(h.amount_fen), 0) FROM hold h"
            " WHERE h.account_no = a.no AND h.state = 'open' AND h.expires_on >= ?), coalesce(d.used_fen, 0)"
            " FROM card c JOIN account a ON a.no = c.account_no"
            " LEFT JOIN card_day d ON d.card_no = c.card_no AND d.business_date = ? WHERE c.card_no = ?",
            (request.business_date, request.business_date, request.card_no),
        ).fetchone()
        return None if row is None else _Card(*row)

    def _account(self, request: CardRequest) -> _Card | None:
        row = self._books.db.execute(
            "SELECT no, balance_fen FROM account WHERE no = ? AND kind = 'customer'", (request.card_no,)
        ).fetchone()
        if row is None:
            return None
        held_fen = self._books.held(row[0], on=request.business_date)
        return _Card(row[0], daily_limit_fen=NO_LIMIT_FEN, spendable_fen=row[1] - held_fen, used_fen=0)

    def _use_day(self, card_no: str, business_date: str, amount_fen: int) -> None:
        # The insert branch only runs for a day's first purchase, when the amount is positive.
        changed = self._books.db.execute(
            "UPDATE card_day SET used_fen = used_fen + ? WHERE card_no = ? AND business_date = ?",
            (amount_fen, card_no, business_date),
        )
        if changed.rowcount == 0:
            self._books.db.execute("INSERT INTO card_day VALUES (?, ?, ?)", (card_no, business_date, amount_fen))


def _purchase_code(request: CardRequest, card: _Card | None) -> str:
    if request.currency != CURRENCY:
        return INVALID_TRANSACTION
    if request.amount_fen <= 0:
        return INVALID_AMOUNT
    if card is None:
        return NO_SUCH_CARD
    if card.used_fen + request.amount_fen > card.daily_limit_fen:
        return OVER_DAILY_LIMIT
    return INSUFFICIENT_FUNDS if card.spendable_fen < request.amount_fen else APPROVED


def _completion_code(request: CardRequest, hold: Hold | None, card: _Card | None) -> str:
    code = refusal_of(request, hold, _authorization(hold.booking_id) if hold else "")
    if code or hold is None or card is None:
        return code or NO_SUCH_CARD
    if beyond_limit(request, hold):
        return AMOUNT_DIFFERS
    # What is spendable leaves the hold out, which this completion ends.
    return INSUFFICIENT_FUNDS if card.spendable_fen + hold.amount_fen < request.amount_fen else ""


def _refund_code(
    request: CardRequest, original: KnownBooking | None, card: _Card | None, *, whole: bool = False
) -> str:
    if card is None:
        return NO_SUCH_CARD
    if original is None or original.kind != "purchase" or original.card_no != request.card_no:
        return ORIGINAL_NOT_FOUND
    if original.state != "approved":
        return INVALID_TRANSACTION
    within = 0 < request.amount_fen <= original.amount_fen - original.refunded_fen
    return APPROVED if within and (request.amount_fen == original.amount_fen or not whole) else INVALID_AMOUNT


def _may_be_reversed(original: KnownBooking, request: CardRequest) -> bool:
    same = original.card_no == request.card_no and original.amount_fen == request.amount_fen
    return original.kind in {"purchase", "hold"} and same and not original.refunded_fen


def _repeat(request: CardRequest, known: KnownBooking) -> Outcome:
    if known.fingerprint is None:
        return Outcome(REVERSED_BEFORE)
    if known.fingerprint != request.fingerprint:
        return Outcome(DUPLICATE_DIFFERS)
    return _approval(known.id) if known.code == APPROVED else Outcome(known.code)


def _approval(booking_id: int) -> Outcome:
    return Outcome(APPROVED, _authorization(booking_id))


def _authorization(booking_id: int) -> str:
    return f"{booking_id % 1_000_000:06d}"


def _booking(
    request: CardRequest,
    kind: str,
    *,
    state: str = "approved",
    code: str = APPROVED,
    amount_fen: int | None = None,
    original_id: int | None = None,
) -> Booking:
    return Booking(
        key=request.key,
        kind=kind,
        state=state,
        code=code,
        amount_fen=request.amount_fen if amount_fen is None else amount_fen,
        business_date=request.business_date,
        settlement_date=request.settlement_date,
        card_no=request.card_no,
        payment_id=request.payment_id,
        retrieval_ref=request.retrieval_ref,
        merchant_no=request.merchant_no,
        original_id=original_id,
        fingerprint=request.fingerprint,
    )
