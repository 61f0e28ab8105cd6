"""One institution as one process: its books, its card line and its HTTP door in one event loop."""

import argparse
import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import uvicorn
import uvloop

from yongquan_sandbox.books import Books
from yongquan_sandbox.endpoints import Endpoints
from yongquan_sandbox.faults import FaultBench
from yongquan_sandbox.http_door import Door
from yongquan_sandbox.iso_server import IsoServer
from yongquan_sandbox.issuing import CardDesk
from yongquan_sandbox.roster import BY_CODE, Institution
from yongquan_sandbox.seals import Seal, load_or_make_key, load_public_key, public_pem
from yongquan_sandbox.turn import Turn

HOST: Final = "127.0.0.1"
LOCK_WAIT_S: Final = 2.0
_log = logging.getLogger(__name__)


class _HttpServer(uvicorn.Server):
    """Leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def main() -> None:
    """Run one institution until SIGTERM, SIGINT, or its standard input closes (its launcher is gone)."""
    parser = argparse.ArgumentParser(prog="yongquan_sandbox.institution")
    parser.add_argument("--code", required=True, choices=sorted(BY_CODE))
    parser.add_argument("--dir", required=True, type=Path)
    parser.add_argument("--network-key", required=True, type=Path)
    parser.add_argument("--iso-port", type=int, default=0)
    parser.add_argument("--http-port", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format=f"{options.code}: %(message)s")
    folder: Path = options.dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock_folder(folder / "lock"):
        uvloop.run(_serve(BY_CODE[options.code], options))


async def _serve(institution: Institution, options: argparse.Namespace) -> None:
    books = Books(options.dir / "books.sqlite")
    stopped = asyncio.Event()
    turn, bench = Turn(books, on_bug=stopped.set), FaultBench()
    iso = None
    if institution.issues_cards:
        desk = CardDesk(books, institution)
        iso = IsoServer(turn=turn, desk=desk, bench=bench, host=HOST, port=options.iso_port)
        await iso.start()
    own_key = load_or_make_key(options.dir / "key.pem")
    seal = Seal(code=institution.code, own_key=own_key, network_key=load_public_key(options.network_key))
    endpoints = Endpoints(institution=institution, books=books, turn=turn, bench=bench, iso=iso)
    door = Door(routes=endpoints.routes(), seal=seal)
    listener = socket.create_server((HOST, options.http_port), backlog=512)
    ready = {
        "code": institution.code,
        "iso_port": iso.port if iso else None,
        "http_port": listener.getsockname()[1],
        "public_key_pem": public_pem(own_key),
    }
    watch_for_end(stopped)
    await run_http(door, listener, stopped, ready)
    if iso is not None:
        iso.stop()
    books.close()
    if turn.broken:
        sys.exit(1)


async def run_http(door: Door, listener: socket.socket, stopped: asyncio.Event, ready: dict[str, object]) -> None:
    """Tell the launcher that the door is open, and serve until the event is set."""
    config = uvicorn.Config(
        door,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    server = _HttpServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    # The listener already queues callers, so the launcher may be told before the first is accepted.
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    server.should_exit = True
    await serving


def watch_for_end(stopped: asyncio.Event) -> None:
    """Set the event at SIGTERM, SIGINT, or when standard input closes."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def read_stdin() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stopped.set()

    loop.add_reader(sys.stdin.fileno(), read_stdin)


@contextlib.contextmanager
def lock_folder(path: Path) -> Iterator[IO[bytes]]:
    """Hold the institution's folder; waits a moment for a predecessor that is just going."""
    with path.open("ab") as held:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    sys.exit(f"{path.parent} is in use by another process")
                time.sleep(0.05)
        yield held


if __name__ == "__main__":
    main()
