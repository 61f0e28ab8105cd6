"""The business register as one process: its book and its signed HTTP door, with faults like a bank's."""

import argparse
import asyncio
import logging
import socket
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from yongquan_sandbox.faults import FaultBench, Faults
from yongquan_sandbox.http_door import Call, Door, Reply, Routes
from yongquan_sandbox.institution import HOST, lock_folder, run_http, watch_for_end
from yongquan_sandbox.register_book import Change, Entries, PersonAsked, RegisterBook
from yongquan_sandbox.roster import REGISTER
from yongquan_sandbox.seals import Seal, load_or_make_key, load_public_key, public_pem

LOST: Final = Reply(504, {"code": "gateway_timeout"}, is_lost=True)


class RegisterCalls:
    """The calls; look-ups suffer the switched faults, what enters or changes the book does not."""

    def __init__(self, book: RegisterBook, bench: FaultBench) -> None:
        self._book = book
        self._bench = bench

    def routes(self) -> Routes:
        """The table of calls."""
        return {
            ("GET", "healthz"): self._health,
            ("GET", "licences/{}"): self._tell,
            ("GET", "licences"): self._search,
            ("POST", "licences/enter"): self._enter,
            ("POST", "licences/change"): self._change,
            ("POST", "owners/check"): self._compare,
            ("GET", "faults"): self._tell_faults,
            ("PUT", "faults"): self._switch_faults,
        }

    async def _health(self, _: Call) -> Reply:
        return Reply(200, {"code": REGISTER.code, "status": "ok", "subjects": self._book.count()})

    async def _tell(self, call: Call) -> Reply:
        if await self._is_lost(f"tell:{call.tail}"):
            return LOST
        found = self._book.find(call.tail)
        return Reply(404, {"code": "unknown_licence"}) if found is None else Reply(200, found)

    async def _search(self, call: Call) -> Reply:
        name = call.query.get("name", "").strip()
        if len(name) < 2:
            return Reply(400, {"code": "bad_input", "detail": "name: two letters at least"})
        if await self._is_lost(f"search:{name}"):
            return LOST
        return Reply(200, {"licences": self._book.named(name)})

    async def _compare(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=PersonAsked)
        if await self._is_lost(f"owner:{asked.licence_no}"):
            return LOST
        return Reply(200, {"result": self._book.compare(asked)})

    async def _enter(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=Entries)
        return Reply(200, {"entered": self._book.enter(asked.subjects)})

    async def _change(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=Change)
        done = self._book.change(asked)
        return Reply(200, {"code": "changed"}) if done else Reply(404, {"code": "unknown_licence"})

    async def _tell_faults(self, _: Call) -> Reply:
        return Reply(200, {"faults": self._bench.faults, "dealt": self._bench.dealt})

    async def _switch_faults(self, call: Call) -> Reply:
        self._bench.switch(msgspec.json.decode(call.body, type=Faults))
        return await self._tell_faults(call)

    async def _is_lost(self, key: str) -> bool:
        if self._bench.faults.down != "no":
            return True
        mishap = self._bench.deal(key)
        if mishap.delay_ms:
            await asyncio.sleep(mishap.delay_ms / 1000)
        return mishap.copies == 0


def main() -> None:
    """Run the register until SIGTERM, SIGINT, or its standard input closes (its launcher is gone)."""
    parser = argparse.ArgumentParser(prog="yongquan_sandbox.register_office")
    parser.add_argument("--dir", required=True, type=Path)
    parser.add_argument("--network-key", required=True, type=Path)
    parser.add_argument("--http-port", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format=f"{REGISTER.code}: %(message)s")
    options.dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock_folder(options.dir / "lock"):
        uvloop.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    book, stopped = RegisterBook(options.dir / "register.sqlite"), asyncio.Event()
    own_key = load_or_make_key(options.dir / "key.pem")
    seal = Seal(code=REGISTER.code, own_key=own_key, network_key=load_public_key(options.network_key))
    door = Door(routes=RegisterCalls(book, FaultBench()).routes(), seal=seal)
    listener = socket.create_server((HOST, options.http_port), backlog=128)
    ready = {
        "code": REGISTER.code,
        "iso_port": None,
        "http_port": listener.getsockname()[1],
        "public_key_pem": public_pem(own_key),
    }
    watch_for_end(stopped)
    await run_http(door, listener, stopped, ready)
    book.close()


if __name__ == "__main__":
    main()
