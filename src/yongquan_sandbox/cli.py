"""`yongquan-sandbox`: starts every institution as a child process and stays until told to stop."""

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from yongquan_sandbox.roster import BY_CODE, Institution, Kind

READY_WAIT_S: Final = 30.0
STOP_WAIT_S: Final = 5.0
WATCH_S: Final = 0.25


class _Stopped(Exception):
    """A signal asked the launcher to stop."""


def main() -> None:
    """Start the outside world; exits 0 when told to stop, 1 when an institution fails to start."""
    options = _options()
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    children: dict[str, subprocess.Popen[str]] = {}
    try:
        chosen = [BY_CODE[code] for code in options.only] if options.only else list(BY_CODE.values())
        for place, institution in enumerate(chosen):
            children[institution.code] = _start(institution, options, place)
        written = _write_directory(options.dir, [_directory_row(one, children[one.code]) for one in chosen])
        sys.stdout.write(f"yongquan-sandbox: {len(chosen)} institutions ready, {written}\n")
        sys.stdout.flush()
        _watch(children, parent)
    except _Stopped:
        pass
    finally:
        _stop_all(children)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="yongquan-sandbox", description=__doc__)
    parser.add_argument("--dir", required=True, type=Path, help="folder of the books and of sandbox.json")
    parser.add_argument("--network-key", required=True, type=Path, help="the network's ed25519 public key (PEM)")
    parser.add_argument("--base-port", type=int, default=0, help="first of two ports each; free ones if left out")
    parser.add_argument("--only", type=_codes, default=[], help="codes of the institutions wanted, by commas")
    options = parser.parse_args()
    if not options.network_key.is_file():
        parser.error(f"{options.network_key} is not a file: make the network's key first")
    return options


def _codes(text: str) -> list[str]:
    codes = text.split(",")
    unknown = [code for code in codes if code not in BY_CODE]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown {', '.join(unknown)}: choose from {', '.join(BY_CODE)}")
    return codes


def _start(institution: Institution, options: argparse.Namespace, place: int) -> subprocess.Popen[str]:
    first = options.base_port + 2 * place if options.base_port else 0
    module = ["yongquan_sandbox.institution", "--code", institution.code, "--iso-port", str(first)]
    if institution.kind is Kind.REGISTER:
        module = ["yongquan_sandbox.register_office"]
    # The child's standard input is the watch: it closes when this process is gone, however it went.
    return subprocess.Popen(  # noqa: S603 - our own module with checked options
        [
            *(sys.executable, "-m", *module, "--http-port", str(first + 1 if first else 0)),
            *("--dir", str(options.dir / institution.code), "--network-key", str(options.network_key)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _directory_row(institution: Institution, child: subprocess.Popen[str]) -> dict[str, Any]:
    ready = _wait_ready(institution.code, child)
    return {
        "code": institution.code,
        "name": institution.name,
        "name_en": institution.name_en,
        "kind": institution.kind.value,
        "network_id": institution.network_id,
        "host": "127.0.0.1",
        "iso_port": ready["iso_port"],
        "http_port": ready["http_port"],
        "bins": list(institution.bins),
        "public_key_pem": ready["public_key_pem"],
        "pid": child.pid,
    }


def _wait_ready(code: str, child: subprocess.Popen[str]) -> dict[str, Any]:
    if child.stdout is None:
        raise ValueError("the child has no standard output")
    readable, _, _ = select.select([child.stdout], [], [], READY_WAIT_S)
    line = child.stdout.readline() if readable else ""
    if not line:
        sys.stderr.write(f"yongquan-sandbox: {code} did not start\n")
        sys.exit(1)
    ready: dict[str, Any] = json.loads(line)
    return ready


def _write_directory(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "sandbox.json"
    draft = folder / f"sandbox.json.{os.getpid()}"
    draft.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return draft.replace(path)


def _watch(children: dict[str, subprocess.Popen[str]], parent: int) -> None:
    running = dict(children)
    while running and os.getppid() == parent:
        for code, child in list(running.items()):
            if child.poll() is not None:
                sys.stderr.write(f"yongquan-sandbox: {code} ended with {child.returncode}, not restarted\n")
                del running[code]
        time.sleep(WATCH_S)
    if not running:
        sys.exit(1)


def _stop_all(children: dict[str, subprocess.Popen[str]]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for child in children.values():
        child.terminate()
    for code, child in children.items():
        try:
            child.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"yongquan-sandbox: {code} had to be killed\n")
            child.kill()


def _stop(*_: object) -> None:
    raise _Stopped


if __name__ == "__main__":
    main()
