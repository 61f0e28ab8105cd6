"""What a bank's or wallet's own app does for its citizens, signed; `open_id` is how it knows each."""

from yongquan_client.calls import Call, Id, get, post
from yongquan_client.shapes import Card, Cards, ClaimedVoucher, Events, Link, PayCode, Payment, Rounds, Wallet

_PATH = "/v1/institutions"


def link_citizen(*, phone: str, name: str, code: str | None = None) -> Call[Link]:
    """Without `code` the citizen is sent one; with it the answer holds the open id."""
    return post(f"{_PATH}/links", Link, {"phone": phone, "name": name, "code": code}, repeats=False)


def unlink_citizen(open_id: Id) -> Call[None]:
    """The citizen has withdrawn."""
    return Call(method="DELETE", path=f"{_PATH}/links/{open_id}", answer=type(None), repeats=False)


def list_rounds() -> Call[Rounds]:
    """Rounds open to this institution."""
    return get(f"{_PATH}/rounds", Rounds)


def claim_for_citizen(
    round_id: Id, *, open_id: Id, type_id: Id | None = None, key: str | None = None
) -> Call[ClaimedVoucher]:
    """Claim a voucher; the same key again brings the same voucher."""
    type_ = None if type_id is None else str(type_id)
    body = {"open_id": str(open_id), "type_id": type_}
    return post(f"{_PATH}/rounds/{round_id}/claims", ClaimedVoucher, body, key=key)


def list_wallet_vouchers(open_id: Id, after: Id | None = None) -> Call[Wallet]:
    """The citizen's vouchers, newest first."""
    return get(f"{_PATH}/wallet/vouchers", Wallet, open_id=open_id, after=after)


def list_cards(open_id: Id) -> Call[Cards]:
    """The citizen's bound cards of this institution."""
    return get(f"{_PATH}/cards", Cards, open_id=open_id)


def bind_card(open_id: Id, card_no: str) -> Call[Card]:
    """Bind a card of this institution."""
    return post(f"{_PATH}/cards", Card, {"open_id": str(open_id), "card_no": card_no})


def bind_account(open_id: Id, account_no: str) -> Call[Card]:
    """Bind an account at this bank."""
    return post(f"{_PATH}/cards", Card, {"open_id": str(open_id), "account_no": account_no})


def show_pay_code(open_id: Id, instrument_id: Id) -> Call[PayCode]:
    """A code for a till, one use, one minute."""
    return post(f"{_PATH}/pay-codes", PayCode, {"open_id": str(open_id), "instrument_id": str(instrument_id)})


def pay_at_store(
    store_id: Id, *, open_id: Id, instrument_id: Id, amount_fen: int, key: str | None = None
) -> Call[Payment]:
    """Pay at a store with the best vouchers."""
    who = {"open_id": str(open_id), "instrument_id": str(instrument_id)}
    return post("/v1/payments", Payment, {**who, "store_id": str(store_id), "amount_fen": amount_fen}, key=key)


def get_payment(payment_id: Id, *, open_id: Id) -> Call[Payment]:
    """A citizen's payment as it stands."""
    return get(f"{_PATH}/payments/{payment_id}", Payment, open_id=open_id)


def confirm_payment(payment_id: Id, *, open_id: Id) -> Call[Payment]:
    """Tell that the app's user agrees to a payment in state user_paying, by a card of this institution."""
    return post(f"{_PATH}/payments/{payment_id}/confirm", Payment, {"open_id": str(open_id)})


def deny_payment(payment_id: Id, *, open_id: Id) -> Call[Payment]:
    """Tell that the app's user refuses it."""
    return post(f"{_PATH}/payments/{payment_id}/deny", Payment, {"open_id": str(open_id)})


def list_events(after: str = "") -> Call[Events]:
    """What callbacks would bring, to be fetched."""
    return get(f"{_PATH}/events", Events, after=after or None)
