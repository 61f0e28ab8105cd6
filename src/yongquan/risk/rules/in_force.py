"""The books that judge, kept in memory by every process and read again within a second of a decision."""

import asyncio

import structlog

from yongquan.plumbing.db import Connection
from yongquan.risk.events import EventKind
from yongquan.risk.features.model import Feature
from yongquan.risk.rules.faults import RuleFaults
from yongquan.risk.rules.judging import CompiledBook
from yongquan.risk.rules.model import ListQuestion
from yongquan.risk.rules.reading import first_book
from yongquan.risk.rules.store import InForce, book_version, books_in_force

log = structlog.get_logger(__name__)


class RulesInForce:
    """`live` acts; `beside` is judged with it and never acts. Until the first `refresh`, the shipped book is live."""

    def __init__(self) -> None:
        self._numbers = InForce(None, None)
        self._unreadable: InForce | None = None
        self._shipped: CompiledBook | None = None
        self._live: CompiledBook | None = None
        self.beside: CompiledBook | None = None

    @property
    def live(self) -> CompiledBook:
        return self._live or self._first()

    @property
    def shadows(self) -> tuple[CompiledBook, ...]:
        """The books judged beside the live one."""
        return () if self.beside is None else (self.beside,)

    @property
    def numbers(self) -> InForce:
        return self._numbers

    def features_for(self, kind: EventKind) -> frozenset[Feature]:
        """What this kind of event needs, for the live book and the one beside it."""
        return frozenset(one for book in (self.live, *self.shadows) for one in book.features_for(kind))

    def questions_for(self, kind: EventKind) -> frozenset[ListQuestion]:
        """The lists this kind of event asks of, for both books."""
        return frozenset(one for book in (self.live, *self.shadows) for one in book.questions_for(kind))

    async def refresh(self, connection: Connection) -> bool:
        """Read what is in force; whether it is other than before.

        A version that an earlier release approved and this one cannot read is logged, and what judged goes on judging.
        """
        numbers = await books_in_force(connection)
        if numbers in {self._numbers, self._unreadable}:
            return False
        try:
            live = await _compiled(connection, numbers.live)
            beside = await _compiled(connection, numbers.beside)
        except RuleFaults:
            log.exception("rule_book_unreadable", live=numbers.live, beside=numbers.beside)
            self._unreadable = numbers
            return False
        self._numbers, self._live, self.beside = numbers, live, beside
        return True

    def _first(self) -> CompiledBook:
        if self._shipped is None:
            self._shipped = shipped_book()
        return self._shipped


def shipped_book() -> CompiledBook:
    """The book a fresh installation judges by: version 0."""
    return _compile(first_book(), 0)


def version_name(version_no: int, digest: str) -> str:
    """How verdicts cite a version: its number and the beginning of its digest."""
    return f"{version_no}:{digest[:12]}"


async def book_of(connection: Connection, version: str) -> CompiledBook | None:
    """The book that a verdict cites; None if the version is not kept here or is no longer the same text.

    Only the shipped book can be lost so: the product brings a new one with each release.
    """
    number, _, _ = version.partition(":")
    if not number.isdecimal():
        return None
    found = shipped_book() if number == "0" else await _compiled(connection, int(number))
    return found if found is not None and found.version == version else None


async def _compiled(connection: Connection, version_no: int | None) -> CompiledBook | None:
    version = await book_version(connection, version_no) if version_no is not None else None
    # A large book takes a while; claims and payments go on meanwhile.
    return await asyncio.to_thread(_compile, version.document, version.version_no) if version else None


def _compile(document: str, version_no: int) -> CompiledBook:
    compiled = CompiledBook.of_text(document)
    compiled.version = version_name(version_no, compiled.book.digest)
    return compiled
