"""By which line a card message goes: routes by card prefix and issuer, with cost, promotion and health."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from yongquan.institutions.connectors.iso8583 import IssuerLine
from yongquan.institutions.errors import NotSent
from yongquan.payments.health import Breaker, LineState
from yongquan.plumbing.metrics import LINE_MESSAGES, LINE_STATE

_STATE_NUMBER = {LineState.CLOSED: 0, LineState.HALF_OPEN: 1, LineState.OPEN: 2}


@dataclass(frozen=True, slots=True)
class Promotion:
    """What an issuer gives on its own, told in both languages."""

    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Route:
    """One line to an issuer for its cards of a prefix ("" for all). `cost_fen` is of one message."""

    issuer: str
    bin: str
    line: int
    cost_fen: int
    is_open: bool
    promotion: str = ""
    promotion_en: str = ""


def promotion_of(routes: Iterable[Route], issuer: str, head: str) -> Promotion | None:
    """The promotion of a card: of the open route with the longest prefix that has one."""
    fitting = [r for r in routes if r.issuer == issuer and r.promotion and r.is_open and head.startswith(r.bin)]
    best = max(fitting, key=lambda r: (len(r.bin), -r.line), default=None)
    return Promotion(best.promotion, best.promotion_en) if best else None


@dataclass(frozen=True, slots=True)
class LineReport:
    """A line as this process sees it."""

    issuer: str
    line: int
    is_up: bool
    state: LineState
    failed_share: float
    median_s: float | None
    opened: int
    sent: int
    answered: int
    unknown: int


class Routes:
    """The routes of a process, the lines to the issuers, and how each has behaved."""

    def __init__(self, lines_of: Callable[[str], Sequence[IssuerLine]]) -> None:
        self._lines_of = lines_of
        self._routes: tuple[Route, ...] = ()
        self._breakers: dict[tuple[str, int], Breaker] = {}

    def replace(self, routes: Iterable[Route]) -> None:
        """Take over the routes as they stand in the database."""
        self._routes = tuple(routes)

    def for_debit(self, issuer: str, pan: str) -> "list[Passage]":
        """Lines that a new debit may take, best first. Raises `NotSent` at once if the issuer is known to be down."""
        passages = [p for p in self._passages(issuer, pan) if p.line.is_ready and p.breaker.admits(time.monotonic())]
        if not passages:
            raise NotSent(f"no line to {issuer} is in use")
        return passages

    def for_question(self, issuer: str, pan: str) -> "Passage":
        """The line for what follows a debit: any that is up will do, it may bring news. Raises `NotSent`."""
        lines = self._passages(issuer, pan) or self._all(issuer)
        up = [p for p in lines if p.line.is_ready] or [p for p in self._all(issuer) if p.line.is_ready]
        if not up:
            raise NotSent(f"no line to {issuer} is up")
        return min(up, key=lambda p: p.breaker.state is not LineState.CLOSED)

    def report(self, issuers: Iterable[str]) -> list[LineReport]:
        """Every line of these issuers."""
        return [_report(passage) for issuer in issuers for passage in self._all(issuer)]

    def _passages(self, issuer: str, pan: str) -> "list[Passage]":
        routes = [r for r in self._routes if r.issuer == issuer and pan.startswith(r.bin)]
        if not routes:
            return self._all(issuer)
        longest = max(len(route.bin) for route in routes)
        chosen = sorted((r for r in routes if len(r.bin) == longest and r.is_open), key=lambda r: (r.cost_fen, r.line))
        by_number = {passage.number: passage for passage in self._all(issuer)}
        return [by_number[route.line] for route in chosen if route.line in by_number]

    def _all(self, issuer: str) -> "list[Passage]":
        return [
            Passage(issuer, number, line, self._breakers.setdefault((issuer, number), Breaker()))
            for number, line in enumerate(self._lines_of(issuer), start=1)
        ]


@dataclass(frozen=True, slots=True)
class Passage:
    """A line that was chosen, and its breaker."""

    issuer: str
    number: int
    line: IssuerLine
    breaker: Breaker

    def note(self, *, answered: bool, began_at: float) -> None:
        """Count how a message went, and show it."""
        now = time.monotonic()
        self.breaker.note(answered=answered, took_s=now - began_at, at=now)
        labels = (self.issuer, str(self.number))
        LINE_MESSAGES.labels(*labels, "answered" if answered else "unanswered").inc()
        LINE_STATE.labels(*labels).set(_STATE_NUMBER[self.breaker.state])


def _report(passage: Passage) -> LineReport:
    line, breaker = passage.line, passage.breaker
    return LineReport(
        issuer=passage.issuer,
        line=passage.number,
        is_up=line.is_ready,
        state=breaker.state,
        failed_share=breaker.failed_share,
        median_s=breaker.median_s,
        opened=breaker.opened,
        sent=line.counts.sent,
        answered=line.counts.answered,
        unknown=line.counts.unknown,
    )
