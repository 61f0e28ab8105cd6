"""What a citizen's app does under the citizen's token."""

from yongquan_client.calls import Call, Id, get, post
from yongquan_client.shapes import ClaimedVoucher, PayCode, Payment, Wallet


def claim_voucher(
    round_id: Id, *, type_id: Id | None = None, place: tuple[float, float] | None = None, key: str | None = None
) -> Call[ClaimedVoucher]:
    """Take a voucher; `place` is longitude and latitude, where the round asks for it."""
    location = None if place is None else {"lon": place[0], "lat": place[1]}
    type_ = None if type_id is None else str(type_id)
    body = {"type_id": type_, "location": location}
    return post(f"/v1/rounds/{round_id}/claims", ClaimedVoucher, body, key=key)


def list_wallet_vouchers(after: Id | None = None) -> Call[Wallet]:
    """One's vouchers, newest first."""
    return get("/v1/wallet/vouchers", Wallet, after=after)


def show_pay_code(instrument_id: Id) -> Call[PayCode]:
    """A code for a till, one use, one minute."""
    return post("/v1/pay-codes", PayCode, {"instrument_id": str(instrument_id)})


def pay_at_store(store_id: Id, *, instrument_id: Id, amount_fen: int, key: str | None = None) -> Call[Payment]:
    """Pay at a store with the best vouchers."""
    body = {"store_id": str(store_id), "instrument_id": str(instrument_id), "amount_fen": amount_fen}
    return post("/v1/payments", Payment, body, key=key)
