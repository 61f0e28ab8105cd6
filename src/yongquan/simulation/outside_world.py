"""Runs the sandbox (banks, wallets, acquirers) as child processes of this one, or finds it running."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.keys import load_network_key
from yongquan.plumbing.settings import Settings

START_S = 60.0
STOP_S = 15.0


@contextmanager
def outside_world(settings: Settings) -> Iterator[bool]:
    """The sandbox runs inside the block; False if somebody else runs it already. Raises `BadInput`."""
    if is_running(settings.institutions_file):
        yield False
        return
    launcher = _start(settings)
    try:
        yield True
    finally:
        launcher.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            launcher.wait(STOP_S)
        launcher.kill()


def is_running(directory: Path) -> bool:
    """Whether the processes of a directory file are alive."""
    try:
        rows = json.loads(directory.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return bool(rows) and all(_is_sandbox(row.get("pid", 0)) for row in rows)


def _is_sandbox(pid: int) -> bool:
    with suppress(OSError):
        return b"yongquan_sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _start(settings: Settings) -> subprocess.Popen[str]:
    load_network_key(settings.keys_dir)
    _wait_for_leavers(settings.institutions_file)
    settings.sandbox_dir.mkdir(parents=True, exist_ok=True)
    launcher = subprocess.Popen(  # noqa: S603 - our own module
        [
            *(sys.executable, "-m", "yongquan_sandbox.cli", "--dir", str(settings.sandbox_dir)),
            *("--network-key", str(settings.keys_dir / "network.pem")),
        ],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    if launcher.stdout is None or not select.select([launcher.stdout], [], [], START_S)[0]:
        launcher.kill()
        raise BadInput("the sandbox did not start within a minute: see the lines above")
    if "ready" not in launcher.stdout.readline():
        launcher.kill()
        raise BadInput("the sandbox could not start: see the lines above")
    return launcher


def _wait_for_leavers(directory: Path) -> None:
    # After a kill the old banks leave within a second; their books must be theirs alone.
    try:
        rows = json.loads(directory.read_bytes())
    except (FileNotFoundError, ValueError):
        return
    deadline = time.monotonic() + STOP_S
    while any(_is_sandbox(row.get("pid", 0)) for row in rows) and time.monotonic() < deadline:
        time.sleep(0.05)
