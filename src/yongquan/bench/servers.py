"""Server processes of a benchmark: started on a free port, waited for, stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx


@contextmanager
def server_process(folder: Path, command: list[str]) -> Iterator[str]:
    """A server process on a free port, from when it answers until the end of the block."""
    port = str(free_port())
    command = [part.format(port=port) for part in command]
    if "serve" in command:
        command += ["--port", port]
    server = subprocess.Popen(  # noqa: S603
        command, env=os.environ | {"YONGQUAN_DATA_DIR": str(folder)}, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: httpx.get(f"{url}/healthz", trust_env=False).status_code > 0)
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def wait_for(ready: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait until `ready`; a connection that is refused is not ready. Raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(httpx.TransportError, OSError):
            if ready():
                return
        if time.monotonic() > deadline:
            raise TimeoutError("a server of the benchmark did not answer in time")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether something accepts connections on a local port."""
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def free_port() -> int:
    """A local TCP port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
