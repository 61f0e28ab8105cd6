"""Opening accounts in bulk, and book transfers between accounts and with the network."""

from typing import Annotated, Final

import msgspec

from yongquan_sandbox.books import Booking, Books, House
from yongquan_sandbox.roster import Institution, issues_number
from yongquan_sandbox.shop_payments import note_payments

Fen = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
PositiveFen = Annotated[int, msgspec.Meta(ge=1, le=10**15)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
AccountNo = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,40}$")]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
NETWORK: Final = "network"
OWN_FUNDS: Final = "own-funds"
HELD: Final = "held-settlement"
HOUSE_NAMES: Final = {
    NETWORK: House.DUE_TO_NETWORK.value,
    OWN_FUNDS: House.OWN_FUNDS.value,
    HELD: House.HELD_SETTLEMENT.value,
}


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to open, with a card or wallet number unless `card_no` is null."""

    account_no: AccountNo
    holder: Name
    opening_balance_fen: Fen
    card_no: str | None = None
    daily_limit_fen: Fen = 10**15
    phone: Annotated[str, msgspec.Meta(pattern=r"^(1\d{10})?$")] = ""


class Provision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts to open in one call."""

    accounts: Annotated[list[NewAccount], msgspec.Meta(max_length=100_000)]


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money between two accounts here; `network` stands for the clearing side, `own-funds` for the house's money,
    `held-settlement` for what it holds of its shops' settlement.

    Own funds may go below zero: the institution pays fees, or fronts refunds and subsidies, out of its capital.
    """

    id: Name
    from_account: AccountNo
    to_account: AccountNo
    amount_fen: PositiveFen
    settlement_date: Day
    purpose: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Transfers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Transfers done in their order, each on its own."""

    transfers: Annotated[list[Transfer], msgspec.Meta(max_length=100_000)]


class Refused(msgspec.Struct, frozen=True):
    """An account that was not opened, and why."""

    account_no: str
    code: str


class Provisioned(msgspec.Struct, frozen=True):
    """What became of a provisioning call."""

    opened: int
    existing: int
    refused: list[Refused]


class TransferResult(msgspec.Struct, frozen=True):
    """What became of one transfer."""

    id: str
    code: str
    booking_id: int | None = None


class AccountView(msgspec.Struct, frozen=True):
    """An account as its institution tells it."""

    account_no: str
    holder: str
    balance_fen: int
    cards: list[str]


def provision(books: Books, institution: Institution, asked: Provision) -> Provisioned:
    """Open accounts with their opening balances; accounts already opened alike are left alone."""
    known = _known_accounts(books, asked)
    taken = _taken_cards(books, asked)
    fresh: dict[str, NewAccount] = {}
    existing, refused = 0, []
    for new in asked.accounts:
        same = known.get(new.account_no) or fresh.get(new.account_no)
        if same is not None:
            existing += same == new
            code = "" if same == new else "account_differs"
        else:
            code = _number_refusal(institution, new, taken)
        if code:
            refused.append(Refused(new.account_no, code))
        elif same is None:
            fresh[new.account_no] = new
            taken.update({new.card_no} if new.card_no else ())
    _open(books, list(fresh.values()))
    return Provisioned(opened=len(fresh), existing=existing, refused=refused)


def view(books: Books, account_no: str) -> AccountView | None:
    """One account with its present balance."""
    row = books.db.execute("SELECT holder, balance_fen FROM account WHERE no = ?", (account_no,)).fetchone()
    if row is None:
        return None
    cards = books.db.execute("SELECT card_no FROM card WHERE account_no = ? ORDER BY 1", (account_no,))
    return AccountView(account_no, row[0], row[1], [card for (card,) in cards])


def transfer_all(books: Books, asked: Transfers) -> list[TransferResult]:
    """Do each transfer once. A refused one is not kept, so that it can succeed later under the same id."""
    return [_transfer(books, transfer) for transfer in asked.transfers]


def _transfer(books: Books, transfer: Transfer) -> TransferResult:
    key, fingerprint = f"transfer:{transfer.id}", msgspec.json.encode(transfer)
    known = books.find(key)
    if known is not None:
        code = "booked" if known.fingerprint == fingerprint else "conflicting_request"
        return TransferResult(transfer.id, code, known.id)
    code = _transfer_refusal(books, transfer)
    if code:
        return TransferResult(transfer.id, code)
    booking = Booking(
        key=key,
        kind=_transfer_kind(transfer),
        state="approved",
        code="00",
        amount_fen=transfer.amount_fen,
        business_date=transfer.settlement_date,
        settlement_date=transfer.settlement_date,
        payment_id=transfer.id,
        fingerprint=fingerprint,
    )
    if transfer.from_account == HELD:
        kind = "return" if transfer.to_account == NETWORK else "release"
        note_payments(books, transfer.settlement_date, [(transfer.id, kind, "succeeded", transfer.amount_fen)])
    source, target = _house_name(transfer.from_account), _house_name(transfer.to_account)
    legs = ((source, -transfer.amount_fen), (target, transfer.amount_fen))
    return TransferResult(transfer.id, "booked", books.record(booking, legs))


def _transfer_refusal(books: Books, transfer: Transfer) -> str:
    if transfer.from_account == transfer.to_account:
        return "same_account"
    for account_no in (transfer.from_account, transfer.to_account):
        if account_no not in HOUSE_NAMES and books.balance(account_no) is None:
            return "unknown_account"
    if transfer.from_account in {NETWORK, OWN_FUNDS}:
        return ""
    books_name = _house_name(transfer.from_account)
    left_fen = (books.balance(books_name) or 0) - books.held(transfer.from_account, on=transfer.settlement_date)
    return "insufficient_funds" if left_fen < transfer.amount_fen else ""


def _transfer_kind(transfer: Transfer) -> str:
    if transfer.to_account == NETWORK:
        return "transfer_to_network"
    return "transfer_from_network" if transfer.from_account == NETWORK else "transfer"


def _house_name(account_no: str) -> str:
    return HOUSE_NAMES.get(account_no, account_no)


def _known_accounts(books: Books, asked: Provision) -> dict[str, NewAccount]:
    rows = books.db.execute(
        "SELECT a.no, a.holder, a.opening_fen, c.card_no, c.daily_limit_fen, coalesce(p.phone, '') FROM json_each(?) j"
        " JOIN account a ON a.no = j.value LEFT JOIN card c ON c.account_no = a.no"
        " LEFT JOIN phone p ON p.account_no = a.no",
        (msgspec.json.encode([new.account_no for new in asked.accounts]).decode(),),
    )
    limits = {new.account_no: new.daily_limit_fen for new in asked.accounts}
    return {
        no: NewAccount(no, holder, opening, card_no, limits[no] if limit is None else limit, phone)
        for no, holder, opening, card_no, limit, phone in rows
    }


def _taken_cards(books: Books, asked: Provision) -> set[str]:
    numbers = msgspec.json.encode([new.card_no for new in asked.accounts if new.card_no]).decode()
    rows = books.db.execute("SELECT card_no FROM json_each(?) j JOIN card ON card_no = j.value", (numbers,))
    return {card_no for (card_no,) in rows}


def _number_refusal(institution: Institution, new: NewAccount, taken: set[str]) -> str:
    if new.card_no is None:
        return ""
    if not issues_number(institution, new.card_no):
        return "invalid_card_no"
    return "card_taken" if new.card_no in taken else ""


def _open(books: Books, fresh: list[NewAccount]) -> None:
    if not fresh:
        return
    books.db.executemany(
        "INSERT INTO account (no, kind, holder, opening_fen) VALUES (?, 'customer', ?, ?)",
        [(new.account_no, new.holder, new.opening_balance_fen) for new in fresh],
    )
    books.db.executemany(
        "INSERT INTO card VALUES (?, ?, ?)",
        [(new.card_no, new.account_no, new.daily_limit_fen) for new in fresh if new.card_no],
    )
    books.db.executemany("INSERT INTO phone VALUES (?, ?)", [(new.account_no, new.phone) for new in fresh if new.phone])
    total_fen = sum(new.opening_balance_fen for new in fresh)
    booking = Booking(
        key=f"opening:{fresh[0].account_no}",
        kind="opening",
        state="approved",
        code="00",
        amount_fen=total_fen,
        business_date="",
        settlement_date="",
    )
    legs = [(new.account_no, new.opening_balance_fen) for new in fresh]
    books.record(booking, [*legs, (House.OPENING_FUNDS.value, -total_fen)])
