"""What a bank does when its customer binds a card elsewhere: compare the holder, text a code, list cards in its app."""

import hashlib
import hmac
import secrets
from typing import Annotated, Final

import msgspec

from yongquan_sandbox.accounts import Name
from yongquan_sandbox.books import Books

TRIES_MAX: Final = 3
Phone = Annotated[str, msgspec.Meta(pattern=r"^1\d{10}$")]
CardNo = Annotated[str, msgspec.Meta(pattern=r"^\d{12,19}$")]
Code = Annotated[str, msgspec.Meta(pattern=r"^\d{6}$")]


class CodeAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text a code to the phone under which the bank knows the card; a new one for the same binding replaces it."""

    binding_id: Name
    card_no: CardNo
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


def is_holder(books: Books, card_no: str, *, holder: str, phone: str) -> bool | None:
    """Whether the card is this person's, name and phone; None if there is no such card."""
    row = books.db.execute(
        "SELECT a.holder, p.phone FROM card c JOIN account a ON a.no = c.account_no"
        " LEFT JOIN phone p ON p.account_no = a.no WHERE c.card_no = ?",
        (card_no,),
    ).fetchone()
    return None if row is None else row == (holder, phone)


def text_code(books: Books, asked: CodeAsked) -> Answer:
    """Write a fresh code into the sandbox's phones."""
    row = books.db.execute(
        "SELECT p.phone FROM card c LEFT JOIN phone p ON p.account_no = c.account_no WHERE c.card_no = ?",
        (asked.card_no,),
    ).fetchone()
    if row is None:
        return Answer("unknown_card")
    if row[0] != asked.phone:
        return Answer("phone_differs")
    code = f"{secrets.randbelow(10**6):06d}"
    books.db.execute(
        "INSERT INTO binding VALUES (?, ?, ?, 0)"
        " ON CONFLICT (id) DO UPDATE SET code_hash = excluded.code_hash, tries = 0",
        (asked.binding_id, asked.card_no, _hashed(code)),
    )
    books.db.execute("INSERT INTO text (phone, body) VALUES (?, ?)", (asked.phone, f"验证码 {code}，用于绑定银行卡。"))
    return Answer("sent")


def confirm(books: Books, told: CodeTold) -> Answer:
    """Compare a code, three times at most."""
    row = books.db.execute("SELECT code_hash, tries FROM binding WHERE id = ?", (told.binding_id,)).fetchone()
    if row is None:
        return Answer("unknown_binding")
    if row[1] >= TRIES_MAX:
        return Answer("too_many_tries")
    if not hmac.compare_digest(row[0], _hashed(told.code)):
        books.db.execute("UPDATE binding SET tries = tries + 1 WHERE id = ?", (told.binding_id,))
        return Answer("wrong_code")
    return Answer("bound")


def cards_of(books: Books, asked: Holder) -> list[str]:
    """The cards of a person, as the bank's own app lists them after sign-in."""
    rows = books.db.execute(
        "SELECT c.card_no FROM phone p JOIN account a ON a.no = p.account_no JOIN card c ON c.account_no = a.no"
        " WHERE p.phone = ? AND a.holder = ? ORDER BY c.card_no",
        (asked.phone, asked.holder),
    )
    return [card_no for (card_no,) in rows]


def last_text(books: Books, phone: str) -> str | None:
    """The newest text to a phone; the sandbox's phones show it."""
    row = books.db.execute("SELECT body FROM text WHERE phone = ? ORDER BY id DESC LIMIT 1", (phone,)).fetchone()
    return None if row is None else str(row[0])


def _hashed(code: str) -> bytes:
    return hashlib.blake2b(code.encode(), digest_size=16).digest()
