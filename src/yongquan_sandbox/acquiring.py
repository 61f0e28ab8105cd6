"""An acquirer's side: shops' settlement accounts, and paying them as the network instructs."""

import hashlib
from collections import Counter
from typing import Annotated, Literal

import msgspec

from yongquan_sandbox.accounts import AccountNo, Day, Fen, Name
from yongquan_sandbox.books import Booking, Books, House, Leg
from yongquan_sandbox.shop_payments import Entry, note_payments

SignedFen = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]


class NewShop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shop and the account it is settled to."""

    shop_id: Name
    name: Name
    account_no: AccountNo


class ShopProvision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shops to take on in one call."""

    merchants: Annotated[list[NewShop], msgspec.Meta(max_length=100_000)]


class ShopRefused(msgspec.Struct, frozen=True):
    """A shop that was not taken on, and why."""

    shop_id: str
    code: str


class ShopsProvisioned(msgspec.Struct, frozen=True):
    """What became of a provisioning call."""

    opened: int
    existing: int
    refused: list[ShopRefused]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one shop is owed: trade plus subsidy less fee; below zero is taken from its account.

    `hold` keeps the subsidy, or the whole, in the held account instead of paying it.
    """

    line_id: Name
    shop_id: Name
    trade_fen: SignedFen
    subsidy_fen: SignedFen
    fee_fen: Fen
    hold: Literal["none", "subsidy", "whole"] = "none"


class Instruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay these shops; `expected_funds_fen` is what the network brings in for it (fees included)."""

    instruction_id: Name
    settlement_date: Day
    expected_funds_fen: Fen
    lines: Annotated[list[Line], msgspec.Meta(max_length=200_000)]


class LineReport(msgspec.Struct, frozen=True):
    """What became of one line."""

    line_id: str
    shop_id: str
    state: str
    paid_fen: int
    held_fen: int
    fee_fen: int
    reason: str = ""


class Report(msgspec.Struct, frozen=True):
    """What became of an instruction; `lines` are left out of the answer to the instruction itself."""

    instruction_id: str
    settlement_date: str
    state: str
    expected_funds_fen: int
    paid_fen: int
    held_fen: int
    fee_fen: int
    refused_lines: int
    lines: list[LineReport] = []


class AccountChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shop is settled to another account from now on; `id` names the change, so that a repeat is none."""

    id: Name
    shop_id: Name
    name: Name
    account_no: AccountNo


class AccountChanged(msgspec.Struct, frozen=True):
    """`code` is changed (by this call or an earlier one of its id), unknown_shop or conflicting_request."""

    id: str
    code: str


def change_account(books: Books, asked: AccountChange) -> AccountChanged:
    """Settle a shop to another account, opened if it is new. Once for each id: a repeat undoes no later change."""
    key, fingerprint = f"shop-account:{asked.id}", _digest(msgspec.json.encode(asked))
    row = books.db.execute("SELECT fingerprint FROM shop_change WHERE key = ?", (key,)).fetchone()
    if row is not None:
        return AccountChanged(asked.id, "changed" if row[0] == fingerprint else "conflicting_request")
    if books.db.execute("SELECT 1 FROM shop WHERE shop_id = ?", (asked.shop_id,)).fetchone() is None:
        return AccountChanged(asked.id, "unknown_shop")
    books.db.execute(
        "INSERT OR IGNORE INTO account (no, kind, holder) VALUES (?, 'shop', ?)", (asked.account_no, asked.name)
    )
    books.db.execute("UPDATE shop SET account_no = ? WHERE shop_id = ?", (asked.account_no, asked.shop_id))
    books.db.execute("INSERT INTO shop_change VALUES (?, ?)", (key, fingerprint))
    return AccountChanged(asked.id, "changed")


def take_on_shops(books: Books, asked: ShopProvision) -> ShopsProvisioned:
    """Open shops' settlement accounts; shops already taken on alike are left alone."""
    numbers = msgspec.json.encode([shop.shop_id for shop in asked.merchants]).decode()
    rows = books.db.execute(
        "SELECT s.shop_id, s.name, s.account_no FROM json_each(?) j JOIN shop s ON s.shop_id = j.value",
        (numbers,),
    )
    known = {shop_id: NewShop(shop_id, name, account_no) for shop_id, name, account_no in rows}
    existing, refused, fresh = 0, [], []
    for shop in asked.merchants:
        if shop.shop_id not in known:
            known[shop.shop_id] = shop
            fresh.append(shop)
        elif known[shop.shop_id] == shop:
            existing += 1
        else:
            refused.append(ShopRefused(shop.shop_id, "shop_differs"))
    # Shops of one owner may share an account.
    books.db.executemany(
        "INSERT OR IGNORE INTO account (no, kind, holder) VALUES (?, 'shop', ?)",
        [(shop.account_no, shop.name) for shop in fresh],
    )
    books.db.executemany(
        "INSERT INTO shop VALUES (?, ?, ?)", [(shop.shop_id, shop.name, shop.account_no) for shop in fresh]
    )
    return ShopsProvisioned(opened=len(fresh), existing=existing, refused=refused)


def settle(books: Books, asked: Instruction) -> Report | str:
    """Pay the shops of one instruction, once for each id.

    Returns its report without lines, or why the whole is refused: `conflicting_request`,
    `funds_short` (the lines take more than is pending), `line_twice`. A refusal is not kept.
    """
    fingerprint = msgspec.json.encode(asked)
    known = books.find(_key(asked.instruction_id))
    if known is not None:
        same = known.fingerprint == _digest(fingerprint)
        report = report_on(books, asked.instruction_id)
        return msgspec.structs.replace(report, lines=[]) if same and report else "conflicting_request"
    if len({line.line_id for line in asked.lines}) < len(asked.lines):
        return "line_twice"
    reports, legs = _work_out(books, asked)
    pending_fen = (books.balance(House.PENDING_SETTLEMENT.value) or 0) + asked.expected_funds_fen
    if sum(line.paid_fen + line.held_fen + line.fee_fen for line in reports) > pending_fen:
        return "funds_short"
    _book(books, asked, legs, _digest(fingerprint))
    _keep_lines(books, asked.instruction_id, reports)
    owed = {line.line_id: line.trade_fen + line.subsidy_fen - line.fee_fen for line in asked.lines}
    note_payments(
        books, asked.settlement_date, (_payment(asked.instruction_id, line, owed[line.line_id]) for line in reports)
    )
    return _report(asked.instruction_id, asked.settlement_date, asked.expected_funds_fen, reports, lines=[])


def report_on(books: Books, instruction_id: str) -> Report | None:
    """The report of an instruction, line by line."""
    row = books.db.execute(
        "SELECT settlement_date, amount_fen FROM booking WHERE key = ?", (_key(instruction_id),)
    ).fetchone()
    if row is None:
        return None
    lines = books.db.execute(
        "SELECT line_id, shop_id, state, paid_fen, held_fen, fee_fen, reason FROM settlement_line"
        " WHERE instruction_id = ? ORDER BY line_id",
        (instruction_id,),
    )
    reports = [LineReport(*line) for line in lines]
    return _report(instruction_id, row[0], row[1], reports, lines=reports)


def _work_out(books: Books, asked: Instruction) -> tuple[list[LineReport], list[Leg]]:
    accounts = _shop_accounts(books, asked)
    moves: Counter[str] = Counter()
    reports = []
    for line in asked.lines:
        account_no, balance_fen, is_closed = accounts.get(line.shop_id, ("", 0, False))
        report = _line_report(line, account_no, balance_fen + moves[account_no], is_closed=bool(is_closed))
        reports.append(report)
        moves[account_no] += report.paid_fen
    legs = [(account_no, fen) for account_no, fen in moves.items() if fen]
    held_fen, fee_fen = sum(line.held_fen for line in reports), sum(line.fee_fen for line in reports)
    legs += [(House.HELD_SETTLEMENT.value, held_fen), (House.FEE_INCOME.value, fee_fen)]
    return reports, legs


def _line_report(line: Line, account_no: str, balance_fen: int, *, is_closed: bool) -> LineReport:
    owed_fen = line.trade_fen + line.subsidy_fen - line.fee_fen
    held_fen = {"none": 0, "subsidy": line.subsidy_fen, "whole": owed_fen}[line.hold]
    paid_fen = owed_fen - held_fen
    reason = ""
    if not account_no:
        reason = "unknown_shop"
    elif is_closed:
        reason = "account_closed"
    elif held_fen < 0:
        reason = "nothing_to_hold"
    elif balance_fen + paid_fen < 0:
        reason = "shop_balance_short"
    if reason:
        return LineReport(line.line_id, line.shop_id, "refused", 0, 0, 0, reason)
    state = {"none": "paid", "subsidy": "part_held", "whole": "held"}[line.hold]
    return LineReport(line.line_id, line.shop_id, state, paid_fen, held_fen, line.fee_fen)


def _book(books: Books, asked: Instruction, legs: list[Leg], fingerprint: bytes) -> None:
    booking = Booking(
        key=_key(asked.instruction_id),
        kind="settlement_instruction",
        state="approved",
        code="00",
        amount_fen=asked.expected_funds_fen,
        business_date=asked.settlement_date,
        settlement_date=asked.settlement_date,
        payment_id=asked.instruction_id,
        fingerprint=fingerprint,
    )
    taken_fen = sum(fen for _, fen in legs)
    funds = [
        (House.DUE_TO_NETWORK.value, -asked.expected_funds_fen),
        (House.PENDING_SETTLEMENT.value, asked.expected_funds_fen),
        (House.PENDING_SETTLEMENT.value, -taken_fen),
    ]
    books.record(booking, [*funds, *legs])


def _keep_lines(books: Books, instruction_id: str, reports: list[LineReport]) -> None:
    books.db.executemany(
        "INSERT INTO settlement_line"
        " (instruction_id, line_id, shop_id, state, paid_fen, held_fen, fee_fen, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(instruction_id, *msgspec.structs.astuple(report)) for report in reports],
    )


def _payment(instruction_id: str, line: LineReport, owed_fen: int) -> Entry:
    key = f"{instruction_id}/{line.line_id}"
    if line.state == "refused":
        return key, "payout", "failed", max(owed_fen, 0)
    return key, "return" if line.paid_fen < 0 else "payout", "succeeded", abs(line.paid_fen)


def _report(
    instruction_id: str,
    settlement_date: str,
    expected_funds_fen: int,
    reports: list[LineReport],
    *,
    lines: list[LineReport],
) -> Report:
    return Report(
        instruction_id=instruction_id,
        settlement_date=settlement_date,
        state="executed",
        expected_funds_fen=expected_funds_fen,
        paid_fen=sum(line.paid_fen for line in reports),
        held_fen=sum(line.held_fen for line in reports),
        fee_fen=sum(line.fee_fen for line in reports),
        refused_lines=sum(line.state == "refused" for line in reports),
        lines=lines,
    )


def _shop_accounts(books: Books, asked: Instruction) -> dict[str, tuple[str, int, int]]:
    numbers = msgspec.json.encode(sorted({line.shop_id for line in asked.lines})).decode()
    rows = books.db.execute(
        "SELECT s.shop_id, a.no, a.balance_fen, b.why IS 'closed' FROM json_each(?) j"
        " JOIN shop s ON s.shop_id = j.value JOIN account a ON a.no = s.account_no"
        " LEFT JOIN account_ban b ON b.account_no = a.no",
        (numbers,),
    )
    return {row[0]: row[1:] for row in rows}


def _key(instruction_id: str) -> str:
    return f"settlement:{instruction_id}"


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
