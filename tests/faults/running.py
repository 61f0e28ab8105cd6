"""A real server process on a data folder of its own, which a test may kill and start again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from ports import free_port


@dataclass
class Installation:
    """One data folder; `start` runs the server (with the sandbox banks) on it."""

    folder: Path
    port: int
    server: subprocess.Popen[bytes] | None = None
    cells: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-m", "yongquan", "serve", "--port", str(self.port)],
            env=self._env,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", trust_env=False).is_success:
                    return
            time.sleep(0.1)
        raise TimeoutError("the server did not start")

    def kill(self, *, and_database: bool) -> None:
        """kill -9 the server, and PostgreSQL with it if wanted."""
        assert self.server is not None
        if and_database:
            pid_file = self.folder / "postgres" / "postmaster.pid"
            postmaster = int(pid_file.read_text().split("\n", 1)[0])
            os.kill(postmaster, signal.SIGKILL)
        self.server.kill()
        self.server.wait()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of our commands on the same folder."""
        return subprocess.run(
            [sys.executable, "-m", "yongquan", *arguments],
            env=self._env,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def stop(self) -> int:
        """Ask the server to end, as Ctrl-C does; its exit code."""
        assert self.server is not None
        self.server.send_signal(signal.SIGINT)
        return self.server.wait(60)

    @property
    def _env(self) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("YONGQUAN_")}
        return env | {"YONGQUAN_DATA_DIR": str(self.folder), "YONGQUAN_CELLS": self.cells}


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """A fresh installation; everything it started is gone at the end."""
    made = Installation(folder, free_port())
    try:
        yield made
    finally:
        if made.server is not None and made.server.poll() is None:
            made.stop()
        pid_file = folder / "postgres" / "postmaster.pid"
        if pid_file.exists():
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(pid_file.read_text().split("\n", 1)[0]), signal.SIGQUIT)
