"""What a bank does when its customer binds a card or account elsewhere: compare the holder, text a code, list them."""

import hashlib
import hmac
import secrets
from typing import Annotated, Final

import msgspec

from yongquan_sandbox.accounts import Name
from yongquan_sandbox.books import Books

TRIES_MAX: Final = 3
Phone = Annotated[str, msgspec.Meta(pattern=r"^1\d{10}$")]
Code = Annotated[str, msgspec.Meta(pattern=r"^\d{6}$")]


class CodeAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text a code to the phone under which the bank knows a card or account; a new one for the binding replaces it."""

    binding_id: Name
    number: Name
    phone: Phone


class CodeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that the customer typed."""

    binding_id: Name
    code: Code


class Holder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer as the network knows it: real name and phone."""

    holder: Name
    phone: Phone


class Answer(msgspec.Struct, frozen=True):
    """sent, bound, wrong_code, too_many_tries, phone_differs, unknown_card or unknown_binding."""

    code: str


class Numbers(msgspec.Struct, frozen=True):
    """What somebody has at the bank: cards, and accounts without one."""

    cards: list[str]
    accounts: list[str]


def owner_of(books: Books, number: str) -> tuple[str, str | None] | None:
    """Name and phone of whose card or account this is; None if there is none."""
    row: tuple[str, str | None] | None = books.db.execute(
        "SELECT a.holder, p.phone FROM account a LEFT JOIN phone p ON p.account_no = a.no"
        " WHERE a.kind = 'customer'"
        " AND a.no = coalesce((SELECT c.account_no FROM card c WHERE c.card_no = ?1), ?1)",
        (number,),
    ).fetchone()
    return row


def text_code(books: Books, asked: CodeAsked) -> Answer:
    """Write a fresh code into the sandbox's phones."""
    owner = owner_of(books, asked.number)
    if owner is None:
        return Answer("unknown_card")
    if owner[1] != asked.phone:
        return Answer("phone_differs")
    code = f"{secrets.randbelow(10**6):06d}"
    books.db.execute(
        "INSERT INTO code_sent VALUES (?, ?, ?, 0)"
        " ON CONFLICT (id) DO UPDATE SET code_hash = excluded.code_hash, tries = 0",
        (asked.binding_id, asked.number, _hashed(code)),
    )
    books.db.execute(
        "INSERT INTO text (phone, body) VALUES (?, ?)", (asked.phone, f"验证码 {code}，用于绑定银行卡或账户。")
    )
    return Answer("sent")


def confirm(books: Books, told: CodeTold) -> Answer:
    """Compare a code, three times at most."""
    row = books.db.execute("SELECT code_hash, tries FROM code_sent WHERE id = ?", (told.binding_id,)).fetchone()
    if row is None:
        return Answer("unknown_binding")
    if row[1] >= TRIES_MAX:
        return Answer("too_many_tries")
    if not hmac.compare_digest(row[0], _hashed(told.code)):
        books.db.execute("UPDATE code_sent SET tries = tries + 1 WHERE id = ?", (told.binding_id,))
        return Answer("wrong_code")
    return Answer("bound")


def numbers_of(books: Books, asked: Holder) -> Numbers:
    """A person's cards and bare accounts, as the bank's own app lists them after sign-in."""
    rows = books.db.execute(
        "SELECT c.card_no, a.no FROM phone p JOIN account a ON a.no = p.account_no"
        " LEFT JOIN card c ON c.account_no = a.no WHERE p.phone = ? AND a.holder = ? ORDER BY c.card_no, a.no",
        (asked.phone, asked.holder),
    ).fetchall()
    return Numbers([card for card, _ in rows if card], [account for card, account in rows if not card])


def last_text(books: Books, phone: str) -> str | None:
    """The newest text to a phone; the sandbox's phones show it."""
    row = books.db.execute("SELECT body FROM text WHERE phone = ? ORDER BY id DESC LIMIT 1", (phone,)).fetchone()
    return None if row is None else str(row[0])


def _hashed(code: str) -> bytes:
    return hashlib.blake2b(code.encode(), digest_size=16).digest()
