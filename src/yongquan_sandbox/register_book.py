"""The business register's book (工商登记): one row a market subject, and all that happened to it. Invented."""

import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec

LicenceNo = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJ-NP-RTUW-Y]{18}$")]
Text = Annotated[str, msgspec.Meta(max_length=2000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
FOUND_MAX = 20
_SHOWN = "licence_no, name, kind, head_no, person, owner_since, address, scope, status, established_on"


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A market subject to enter; who is entered already stays as entered."""

    licence_no: LicenceNo
    name: Name
    kind: Literal["company", "branch", "sole_trader", "cooperative"]
    person: Name
    owner_since: Day
    address: Text
    scope: Text
    established_on: Day
    head_no: str = ""
    person_id_no: str = ""
    status: Literal["in_business", "cancelled", "revoked"] = "in_business"


class Entries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Subjects to enter in one call."""

    subjects: Annotated[list[Subject], msgspec.Meta(max_length=50_000)]


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened to a subject on a day; an owner's change may say the new owner's identity number."""

    change_id: Name
    licence_no: LicenceNo
    on_day: Day
    what: Literal["owner", "status", "name"]
    became: Name
    person_id_no: str = ""


class PersonAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether somebody is the legal representative, or operator, of a subject."""

    licence_no: LicenceNo
    name: Name
    id_no: str


class Happened(msgspec.Struct, frozen=True):
    """One line of a subject's history."""

    on_day: str
    what: str
    was: str
    became: str


class Extract(msgspec.Struct, frozen=True):
    """What the register tells of a subject."""

    licence_no: str
    name: str
    kind: str
    head_no: str
    person: str
    owner_since: str
    address: str
    scope: str
    status: str
    established_on: str
    history: list[Happened] = []


class RegisterBook:
    """The register in its own SQLite file; every call that changes it is one durable commit."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(files("yongquan_sandbox").joinpath("register.sql").read_text(encoding="utf-8"))

    def enter(self, subjects: list[Subject]) -> int:
        """Enter subjects; how many were new."""
        before = self.db.total_changes
        rows = [
            (
                *(s.licence_no, s.name, s.kind, s.head_no, s.person, s.person_id_no, s.owner_since),
                *(s.address, s.scope, s.status, s.established_on),
            )
            for s in subjects
        ]
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            self.db.executemany(
                "INSERT INTO subject (licence_no, name, kind, head_no, person, person_id_no, owner_since, address,"
                " scope, status, established_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                rows,
            )
        return self.db.total_changes - before

    def change(self, change: Change) -> bool:
        """Write a change down, once for its id; False if there is no such subject."""
        found = self.find(change.licence_no)
        if found is None:
            return False
        was = {"owner": found.person, "status": found.status, "name": found.name}[change.what]
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            written = self.db.execute(
                "INSERT INTO happening VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (change.change_id, change.licence_no, change.on_day, change.what, was, change.became),
            )
            if written.rowcount:
                self._apply(change)
        return True

    def find(self, licence_no: str) -> Extract | None:
        """A subject by its code, with its history."""
        row = self.db.execute(f"SELECT {_SHOWN} FROM subject WHERE licence_no = ?", (licence_no,)).fetchone()
        if row is None:
            return None
        told = self.db.execute(
            "SELECT on_day, what, was, became FROM happening WHERE licence_no = ? ORDER BY on_day, change_id",
            (licence_no,),
        )
        return Extract(*[*row, [Happened(*line) for line in told]])

    def named(self, name: str) -> list[Extract]:
        """Subjects whose name has these letters in it, the shortest names first."""
        rows = self.db.execute(
            f"SELECT {_SHOWN} FROM subject WHERE instr(name, ?) > 0 ORDER BY length(name), licence_no LIMIT ?",
            (name, FOUND_MAX),
        )
        return [Extract(*row) for row in rows]

    def compare(self, asked: PersonAsked) -> str:
        """`matches`, `differs` or `unknown` (no such subject); without a number on file the name decides."""
        row = self.db.execute(
            "SELECT person, person_id_no FROM subject WHERE licence_no = ?", (asked.licence_no,)
        ).fetchone()
        if row is None:
            return "unknown"
        return "matches" if row[0] == asked.name and row[1] in {"", asked.id_no} else "differs"

    def count(self) -> int:
        """How many subjects are entered."""
        return int(self.db.execute("SELECT count(*) FROM subject").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def _apply(self, change: Change) -> None:
        if change.what == "owner":
            self.db.execute(
                "UPDATE subject SET person = ?, person_id_no = ?, owner_since = ? WHERE licence_no = ?",
                (change.became, change.person_id_no, change.on_day, change.licence_no),
            )
        else:
            column = {"status": "status", "name": "name"}[change.what]
            self.db.execute(
                f"UPDATE subject SET {column} = ? WHERE licence_no = ?",
                (change.became, change.licence_no),
            )
