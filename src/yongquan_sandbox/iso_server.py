"""The issuer's end of the card line: framed ISO 8583 over TCP."""

import asyncio
import logging
from functools import partial
from typing import Final, cast

from yongquan_sandbox.card_request import (
    CardRequest,
    Unreadable,
    WrongFormat,
    cut_off_date,
    decode,
    encode_answer,
    parse,
)
from yongquan_sandbox.faults import NO_MISHAP, FaultBench, Mishap
from yongquan_sandbox.issuing import (
    APPROVED,
    FORMAT_ERROR,
    INVALID_TRANSACTION,
    NOT_SIGNED_ON,
    CardDesk,
    Outcome,
)
from yongquan_sandbox.turn import Turn

SIGN_ON, SIGN_OFF, CUT_OFF, ECHO = "001", "002", "201", "301"
LENGTH_BYTES: Final = 2
_log = logging.getLogger(__name__)


class CardLine(asyncio.Protocol):
    """One connection of the network; answers may leave in another order than the requests came."""

    def __init__(self, server: "IsoServer") -> None:
        self._server = server
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._signed_on = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the line up."""
        # uvloop's transports do not derive from asyncio.Transport.
        self._transport = cast("asyncio.Transport", transport)
        self._server.lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio.Protocol
        """Forget the line; what it asked for is still done."""
        self._transport = None
        self._server.lines.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take every whole frame out of what has arrived."""
        if self._server.bench.faults.down == "drop":
            return
        self._received += data
        start, end = 0, len(self._received)
        while start + LENGTH_BYTES <= end:
            stop = start + LENGTH_BYTES + int.from_bytes(self._received[start : start + LENGTH_BYTES], "big")
            if stop > end:
                break
            self._take(bytes(self._received[start + LENGTH_BYTES : stop]))
            start = stop
        del self._received[:start]

    def hang_up(self) -> None:
        """Break the line at once."""
        if self._transport is not None:
            self._transport.abort()

    def _take(self, frame: bytes) -> None:
        try:
            fields = decode(frame)
        except Unreadable as problem:
            _log.warning("unreadable message, line dropped: %s", problem)
            self.hang_up()
            return
        if fields["t"] == "0800" and fields.get("70") == CUT_OFF:
            self._end_day(fields)
        elif fields["t"] == "0800":
            self._answer(fields, NO_MISHAP, self._manage(fields.get("70", "")))
        elif not self._signed_on:
            self._answer(fields, NO_MISHAP, Outcome(NOT_SIGNED_ON))
        else:
            self._hand_in(fields, frame)

    def _manage(self, code: str) -> Outcome:
        if code not in {SIGN_ON, SIGN_OFF, ECHO}:
            return Outcome(INVALID_TRANSACTION)
        if code != ECHO:
            self._signed_on = code == SIGN_ON
        return Outcome(APPROVED)

    def _end_day(self, fields: dict[str, str]) -> None:
        if not self._signed_on:
            self._answer(fields, NO_MISHAP, Outcome(NOT_SIGNED_ON))
            return
        try:
            day = cut_off_date(fields)
        except WrongFormat:
            self._answer(fields, NO_MISHAP, Outcome(FORMAT_ERROR))
            return
        # Answered once it is durable, like all that moves money.
        self._server.turn.submit(partial(self._server.desk.cut_off, day), partial(self._answer, fields, NO_MISHAP))

    def _hand_in(self, fields: dict[str, str], frame: bytes) -> None:
        try:
            request = parse(fields, frame)
        except WrongFormat:
            self._answer(fields, NO_MISHAP, Outcome(FORMAT_ERROR))
            return
        mishap = self._mishap(request)
        if mishap.is_dropped:
            return
        self._server.turn.submit(partial(self._server.desk.decide, request), partial(self._answer, fields, mishap))

    def _mishap(self, request: CardRequest) -> Mishap:
        if request.message_type == "0420":
            return self._server.bench.deal_reversal()
        return self._server.bench.deal(request.key) if _takes_money(request) else NO_MISHAP

    def _answer(self, fields: dict[str, str], mishap: Mishap, outcome: Outcome) -> None:
        frame = encode_answer(fields, outcome.fields())
        framed = (len(frame).to_bytes(LENGTH_BYTES, "big") + frame) * mishap.copies
        if mishap.delay_ms:
            asyncio.get_running_loop().call_later(mishap.delay_ms / 1000, self._send, framed)
        else:
            self._send(framed)

    def _send(self, framed: bytes) -> None:
        if self._transport is not None and framed:
            self._transport.write(framed)


class IsoServer:
    """Listens for card lines; `apply_faults` takes the listener down and up again."""

    def __init__(self, *, turn: Turn, desk: CardDesk, bench: FaultBench, host: str, port: int) -> None:
        self.turn = turn
        self.desk = desk
        self.bench = bench
        self.lines: set[CardLine] = set()
        self._host = host
        self.port = port
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; port 0 takes a free one and keeps it."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: CardLine(self), self._host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def apply_faults(self) -> None:
        """Refuse connections, or accept them again, as the present faults say."""
        if self.bench.faults.down == "refuse":
            self.stop()
        elif self._listener is None:
            await self.start()

    def stop(self) -> None:
        """Close the listener and break every line."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for line in list(self.lines):
            line.hang_up()


def _takes_money(request: CardRequest) -> bool:
    return (request.message_type, request.processing_code) in {("0200", "000000"), ("0100", "030000")}
