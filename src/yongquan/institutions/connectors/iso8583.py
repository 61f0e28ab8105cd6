"""Our end of an issuer's card line: one TCP connection, many messages outstanding."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Self

from yongquan.institutions.connectors.card_connection import CardConnection, LineCounts
from yongquan.institutions.connectors.card_messages import (
    APPROVED,
    BalanceAnswer,
    BalanceRequest,
    CardMessage,
    InquiryAnswer,
    InquiryRequest,
    MessageStamp,
    PurchaseAnswer,
    PurchaseRequest,
    RefundRequest,
    ReversalAnswer,
    ReversalRequest,
    cut_off_fields,
    message_fields,
    read_balance,
    read_inquiry,
    read_purchase,
    read_reversal,
)
from yongquan.institutions.errors import NotSent, OutcomeUnknown
from yongquan.institutions.registry import Institution
from yongquan.plumbing.clock import wall_now

SIGN_ON, SIGN_OFF, CUT_OFF, ECHO = "001", "002", "201", "301"
BACKOFF_S_MIN, BACKOFF_S_MAX = 0.05, 5.0
_log = logging.getLogger(__name__)


@dataclass(slots=True, frozen=True, kw_only=True)
class LineTiming:
    """How long a line waits, in seconds."""

    connect_s: float = 2.0
    sign_on_s: float = 2.0
    idle_s: float = 30.0
    echo_s: float = 5.0


class IssuerLine:
    """Card messages to one issuer, matched to answers by fields 7 and 11; reconnects by itself.

    Every call raises `NotSent` when nothing left us, `OutcomeUnknown` when no answer came in time or
    the line broke, and `BadInput` when a message does not fit the field table.
    """

    def __init__(self, issuer: Institution, *, network_id: str, timing: LineTiming | None = None) -> None:
        self.issuer = issuer
        self.counts = LineCounts()
        self._network_id = network_id
        self._timing = timing or LineTiming()
        self._connection: CardConnection | None = None
        self._ready = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._management_stan = 0

    async def __aenter__(self) -> Self:
        """Begin to keep the line up; does not wait for it (see `wait_ready`)."""
        self._keeping = asyncio.create_task(self._keep_up(), name=f"line-{self.issuer.code}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line down; outstanding messages become unknown."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping

    async def wait_ready(self, *, timeout_s: float) -> None:
        """Wait until the line is signed on. Raises `NotSent`."""
        try:
            await asyncio.wait_for(self._ready.wait(), timeout_s)
        except TimeoutError as late:
            raise NotSent(f"{self.issuer.code} did not take the line up within {timeout_s} s") from late

    @property
    def is_ready(self) -> bool:
        """Whether a message would be sent now."""
        return self._ready.is_set()

    async def ask_purchase(self, request: CardMessage, *, timeout_s: float) -> PurchaseAnswer:
        """Send what moves or holds money, or undoes it; a repeat sent unchanged gets its first answer."""
        return read_purchase(await self._ask(request, timeout_s))

    async def purchase(self, request: PurchaseRequest, *, timeout_s: float) -> PurchaseAnswer:
        """Debit a card."""
        return await self.ask_purchase(request, timeout_s=timeout_s)

    async def refund(self, request: RefundRequest, *, timeout_s: float) -> PurchaseAnswer:
        """Give back part or all of a purchase."""
        return await self.ask_purchase(request, timeout_s=timeout_s)

    async def reverse(self, request: ReversalRequest, *, timeout_s: float) -> ReversalAnswer:
        """Undo a purchase, also one that has not reached the issuer yet."""
        return read_reversal(await self._ask(request, timeout_s))

    async def inquire(self, request: InquiryRequest, *, timeout_s: float) -> InquiryAnswer:
        """Ask what became of a message; a refused inquiry leaves the outcome unknown too."""
        told = await self._ask(request, timeout_s)
        answer = read_inquiry(told)
        if answer is None:
            raise OutcomeUnknown(f"{self.issuer.code} answered an inquiry with {told['39']}")
        return answer

    async def balance(self, request: BalanceRequest, *, timeout_s: float) -> BalanceAnswer:
        """Ask what a card can spend."""
        return read_balance(await self._ask(request, timeout_s))

    async def echo(self, *, timeout_s: float) -> None:
        """Ask whether the issuer's end is alive."""
        await self._manage(self._up(), ECHO, timeout_s)

    async def cut_off(
        self, settlement_date: date, stamp: MessageStamp, *, business_date: date, timeout_s: float
    ) -> str:
        """Say that purchases carry this settlement date from now on; 00 once the issuer keeps it."""
        fields = cut_off_fields(settlement_date, stamp, business_date=business_date, network_id=self._network_id)
        if not self._ready.is_set():
            raise NotSent(f"the line to {self.issuer.code} is down")
        return (await self._up().ask(fields, timeout_s))["39"]

    async def _ask(self, message: CardMessage, timeout_s: float) -> dict[str, str]:
        fields = message_fields(message, network_id=self._network_id)
        if not self._ready.is_set():
            raise NotSent(f"the line to {self.issuer.code} is down")
        return await self._up().ask(fields, timeout_s)

    def _up(self) -> CardConnection:
        if self._connection is None:
            raise NotSent(f"the line to {self.issuer.code} is down")
        return self._connection

    async def _keep_up(self) -> None:
        backoff_s = BACKOFF_S_MIN
        while True:
            try:
                connection = await self._connect()
                backoff_s = BACKOFF_S_MIN
                await self._stay(connection)
            except (OSError, TimeoutError, OutcomeUnknown, NotSent) as trouble:
                _log.info("line to %s: %s", self.issuer.code, trouble)
            finally:
                self._drop()
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_S_MAX)

    async def _connect(self) -> CardConnection:
        if self.issuer.iso_port is None:
            raise ValueError(f"{self.issuer.code} has no card line")
        loop = asyncio.get_running_loop()
        opening = loop.create_connection(
            lambda: CardConnection(self.issuer.code, self.counts), self.issuer.host, self.issuer.iso_port
        )
        _, connection = await asyncio.wait_for(opening, self._timing.connect_s)
        self._connection = connection
        await self._manage(connection, SIGN_ON, self._timing.sign_on_s)
        self.counts.connects += 1
        self._ready.set()
        return connection

    async def _stay(self, connection: CardConnection) -> None:
        while not connection.lost.done():
            heard_before = connection.heard
            await asyncio.wait({connection.lost}, timeout=self._timing.idle_s)
            if not connection.lost.done() and connection.heard == heard_before:
                await self._manage(connection, ECHO, self._timing.echo_s)

    async def _manage(self, connection: CardConnection, code: str, timeout_s: float) -> None:
        self._management_stan = self._management_stan % 999_999 + 1
        now = wall_now().strftime("%m%d%H%M%S")
        fields = {
            "t": "0800",
            "7": now,
            "11": f"{self._management_stan:06d}",
            "33": self._network_id,
            "70": code,
        }
        answer = await connection.ask(fields, timeout_s)
        if answer["39"] != APPROVED:
            raise NotSent(f"{self.issuer.code} refused management code {code} with {answer['39']}")

    def _drop(self) -> None:
        self._ready.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
