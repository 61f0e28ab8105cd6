"""A register of identities, as banks have the state's to ask: numbers, names, social-security cards. All invented."""

from typing import Annotated

import msgspec

from yongquan_sandbox.books import Books

IdNo = Annotated[str, msgspec.Meta(pattern=r"^\d{17}[\dX]$")]
CardNo = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{9}$")]
PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to enter, or to ask about: without a card number the name alone is compared."""

    id_no: IdNo
    name: PersonName
    social_card_no: CardNo | None = None


class Found(msgspec.Struct, frozen=True):
    """What the register says: `matches`, `differs` or `unknown`."""

    result: str


def enter(books: Books, person: Person) -> Found:
    """Enter a person with a social-security card; who is entered already stays as entered."""
    books.db.execute(
        "INSERT INTO identity VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (person.id_no, person.name, person.social_card_no or ""),
    )
    return check(books, person)


def check(books: Books, person: Person) -> Found:
    """Compare a name, and a card's number if one is asked about, with what is registered under an identity number."""
    row = books.db.execute("SELECT name, social_card_no FROM identity WHERE id_no = ?", (person.id_no,)).fetchone()
    if row is None:
        return Found("unknown")
    same = row[0] == person.name and person.social_card_no in {None, row[1]}
    return Found("matches" if same else "differs")
