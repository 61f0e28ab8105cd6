"""One TCP connection of a card line, and the messages outstanding on it."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import iso8583

from yongquan.institutions.connectors.iso_fields import SPEC
from yongquan.institutions.errors import NotSent, OutcomeUnknown
from yongquan.kernel.errors import BadInput

LENGTH_BYTES: Final = 2
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class LineCounts:
    """What happened on a line since it was made."""

    sent: int = 0
    answered: int = 0
    unknown: int = 0
    late: int = 0
    connects: int = 0


class CardConnection(asyncio.Protocol):
    """One TCP connection and the messages outstanding on it."""

    def __init__(self, code: str, counts: LineCounts) -> None:
        self.heard = 0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._code = code
        self._counts = counts
        self._received = bytearray()
        self._outstanding: dict[tuple[str, str, str], asyncio.Future[dict[str, str]]] = {}
        self._transport: asyncio.Transport | None = None

    async def ask(self, fields: Mapping[str, str], timeout_s: float) -> dict[str, str]:
        """Send a message and wait for its answer."""
        frame = _encode(fields)
        key = _match_key(fields)
        if key in self._outstanding:
            raise BadInput(f"A message with time {key[1]} and STAN {key[2]} is already outstanding.")
        if self._transport is None or self._transport.is_closing():
            raise NotSent(f"the line to {self._code} is down")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[dict[str, str]] = loop.create_future()
        silence = f"{self._code} was silent for {timeout_s} s"
        timer = loop.call_later(timeout_s, self._give_up, key, silence)
        self._outstanding[key] = answer
        self._transport.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)
        self._counts.sent += 1
        try:
            return await answer
        finally:
            timer.cancel()
            if self._outstanding.get(key) is answer:
                del self._outstanding[key]

    def close(self) -> None:
        """Break the connection; what is outstanding becomes unknown."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection up."""
        # uvloop's transports do not derive from asyncio.Transport.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits that their outcome is unknown."""
        self._transport = None
        for key in list(self._outstanding):
            self._give_up(key, f"the line to {self._code} broke: {exc or 'closed by the other end'}")
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take every whole answer out of what has arrived."""
        self._received += data
        start, end = 0, len(self._received)
        while start + LENGTH_BYTES <= end:
            stop = start + LENGTH_BYTES + int.from_bytes(self._received[start : start + LENGTH_BYTES], "big")
            if stop > end:
                break
            self._take(bytes(self._received[start + LENGTH_BYTES : stop]))
            start = stop
        del self._received[:start]

    def _take(self, frame: bytes) -> None:
        try:
            answer, _ = iso8583.decode(frame, SPEC)
            key = _answer_key(answer)
        except (iso8583.DecodeError, KeyError, ValueError) as problem:
            _log.warning("unreadable answer from %s, line dropped: %s", self._code, problem)
            self.close()
            return
        self.heard += 1
        waiting = self._outstanding.pop(key, None)
        if waiting is None or waiting.done():
            # Given up on already, or a second copy.
            self._counts.late += 1
            return
        self._counts.answered += 1
        waiting.set_result(answer)

    def _give_up(self, key: tuple[str, str, str], reason: str) -> None:
        waiting = self._outstanding.pop(key, None)
        if waiting is not None and not waiting.done():
            self._counts.unknown += 1
            waiting.set_exception(OutcomeUnknown(reason))


def _encode(fields: Mapping[str, str]) -> bytes:
    try:
        frame, _ = iso8583.encode(dict(fields), SPEC)
    except iso8583.EncodeError as problem:
        raise BadInput(f"A card message does not fit the field table: {problem}") from problem
    return bytes(frame)


def _match_key(fields: Mapping[str, str]) -> tuple[str, str, str]:
    """What the answer will carry: type 0200 is answered by 0210, a repeat 0421 by 0430, and so on."""
    asked = fields["t"]
    return f"{asked[:2]}{int(asked[2]) + 1}0", fields["7"], fields["11"]


def _answer_key(answer: Mapping[str, str]) -> tuple[str, str, str]:
    if "39" not in answer:
        raise ValueError("field 39 is missing")
    return answer["t"], answer["7"], answer["11"]
