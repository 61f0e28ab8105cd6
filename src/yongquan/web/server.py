"""Serve an ASGI application with uvicorn until it is told to stop; say one line when it accepts requests."""

import gc
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """Uvicorn that says where it listens, and leaves the ending of the process to its caller."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Listen, then say so."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
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


async def serve(application: ASGIApp, *, host: str, port: int) -> None:
    """Run until SIGINT or SIGTERM. Raises `SystemExit` if the port is taken."""
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=4096,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        proxy_headers=False,
        server_header=False,
    )
    # What lives as long as the process is not looked at again: no collection pause in the middle of a round.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    await Server(config).serve()
