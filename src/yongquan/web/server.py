"""Serve an ASGI application with uvicorn until it is told to stop; say one line when it accepts requests."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class WholeAnswers:
    """A transport that sends what is written in one turn of the loop as one piece: head and body, one system call."""

    __slots__ = ("_loop", "_pieces", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep the piece until the turn ends."""
        if not self._pieces:
            self._loop.call_soon(self._send)
        self._pieces.append(data)

    def close(self) -> None:
        """Send what was kept, then close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._pieces:
            whole, self._pieces = b"".join(self._pieces), []
            self._transport.write(whole)

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol over a transport that sends whole answers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(WholeAnswers(transport))  # type: ignore[arg-type]


class Server(uvicorn.Server):
    """Uvicorn that says where it listens, and leaves the ending of the process to its caller."""

    def __init__(self, config: uvicorn.Config, *, quiet: bool = False) -> None:
        super().__init__(config)
        self._quiet = quiet
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Listen, then say so."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self.listening.set()
        if self.started and not self._quiet:
            sys.stdout.write(f"Yongquan accepts requests at http://{self.config.host}:{self.config.port}\n")
            sys.stdout.flush()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop serving on SIGINT and SIGTERM without raising them again: there is more to close after this."""
        before = {number: signal.signal(number, self.handle_exit) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class BesideServer(Server):
    """A server that ends when the one that it stands beside does."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the other."""
        yield


@asynccontextmanager
async def served_beside(application: ASGIApp, *, host: str, port: int) -> AsyncIterator[None]:
    """Serve on a second port during the block; a port that is taken is told and passed over."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except (OSError, OverflowError) as error:
            sys.stderr.write(f"yongquan: port {port} is taken ({error}): no ACP files are served\n")
            yield
            return
        server = BesideServer(_config(application, host=host, port=port), quiet=True)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await task


async def serve(application: ASGIApp, *, host: str, port: int) -> None:
    """Run until SIGINT or SIGTERM. Raises `SystemExit` if the port is taken."""
    # What lives as long as the process is not looked at again: no collection pause in the middle of a round.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    await Server(_config(application, host=host, port=port)).serve()


@asynccontextmanager
async def serving(application: ASGIApp, *, host: str, port: int, quiet: bool) -> AsyncIterator[asyncio.Event]:
    """Serve while the block runs; the event is set when SIGINT or SIGTERM asks to stop."""
    server = Server(_config(application, host=host, port=port), quiet=quiet)
    ended = asyncio.Event()
    task = asyncio.create_task(server.serve())
    task.add_done_callback(lambda _: ended.set())
    await asyncio.wait({task, asyncio.create_task(server.listening.wait())}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield ended
    finally:
        server.should_exit = True
        await task


def _config(application: ASGIApp, *, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        loop="uvloop",
        http=Protocol,
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=4096,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        proxy_headers=False,
        server_header=False,
    )
