"""Wires the demo: a folder of its own, the embedded database, the sandbox banks, a server, and the simulated day."""

import hashlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import uvloop
from rich.console import Console

from yongquan.app import Platform, make_application, running
from yongquan.plumbing.clock import set_clock, wall_now
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.migrate import migrate
from yongquan.plumbing.presence import serving_alone
from yongquan.plumbing.settings import Settings
from yongquan.simulation.bank_services import open_bank_services
from yongquan.simulation.demo import FIRST_MOMENT, Demo, DemoPlatform
from yongquan.simulation.doors import CityDoor, FlowDoor, HttpDoor
from yongquan.simulation.example_bank import example_bank, register_example_bank
from yongquan.simulation.outside_world import outside_world
from yongquan.simulation.summary import show_summary
from yongquan.simulation.welcome import lines_of
from yongquan.web.server import serving

# Up to this scale the simulated people use the real HTTP doors; above it, the same flows in larger batches.
HTTP_SCALE_MAX = 0.05
HTTP_TIMEOUT_S = 60.0
# The example bank's app listens this far above the pages; the next port is the gateway's.
BANK_PORT_AFTER = 3

Say = Callable[[str], None]


def run_demo(settings: Settings, *, once: bool, scale: float, seed: int, port: int, say: Say | None) -> dict[str, Any]:
    """Run the day in a fresh data folder and return its report; without `once`, serve until told to stop."""
    with ExitStack() as around:
        if once:
            folder = around.enter_context(tempfile.TemporaryDirectory(prefix="yongquan-demo-"))
        else:
            folder = str(_fresh_folder(settings.data_dir / "demo"))
        own = replace(settings, data_dir=Path(folder), institutions_file=Path(folder) / "sandbox" / "sandbox.json")
        around.enter_context(serving_alone(own.data_dir))
        _seed_index_key(own.keys_dir, seed)
        conninfo = around.enter_context(database_of(own))
        cells = migrate(conninfo, cells=own.cells)
        around.enter_context(outside_world(own))
        port = _free_port() if once else port
        return uvloop.run(_run(own, conninfo, cells, once=once, scale=scale, seed=seed, port=port, say=say))


async def _run(
    settings: Settings, conninfo: str, cells: int, *, once: bool, scale: float, seed: int, port: int, say: Say | None
) -> dict[str, Any]:
    # Before anything works behind the pages: no brief is made of a day that the city does not know.
    async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
        await set_clock(connection, shows=FIRST_MOMENT)
    async with (
        running(settings, conninfo, cells=cells, pool_size=32, background=not once) as platform,
        serving(make_application(platform), host="127.0.0.1", port=port, quiet=once) as ended,
        _door(platform, scale=scale, port=port) as door,
    ):
        demo = Demo(_for_demo(platform), seed=seed, scale=scale)
        report = await demo.run(door)
        if not once:
            await open_bank_services(platform.goods, platform.links, now=platform.clock.now())
            welcomed = await demo.welcome(platform.tokens, door)
            bank = f"http://127.0.0.1:{port + BANK_PORT_AFTER}"
            folder = settings.data_dir / "example-bank"
            await register_example_bank(platform.database, platform.sealing, folder, address=bank, now=wall_now())
            if say is not None:
                show_summary(report, Console())
                for line in lines_of(welcomed, url=f"http://127.0.0.1:{port}", bank=bank):
                    say(line)
                say("Ctrl-C 结束 ends the demo.")
            with example_bank(folder, platform=f"http://127.0.0.1:{port}", port=port + BANK_PORT_AFTER):
                await ended.wait()
        return report


@asynccontextmanager
async def _door(platform: Platform, *, scale: float, port: int) -> AsyncIterator[CityDoor]:
    if scale > HTTP_SCALE_MAX:
        yield FlowDoor(
            platform.database,
            platform.clock,
            platform.catalogue,
            platform.claims,
            platform.payments,
            platform.hash_code,
            platform.cells,
        )
        return
    base_url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base_url, timeout=HTTP_TIMEOUT_S, trust_env=False) as client:
        yield HttpDoor(client, platform.tokens)


def _for_demo(platform: Platform) -> DemoPlatform:
    return DemoPlatform(
        database=platform.database,
        clock=platform.clock,
        sealing=platform.sealing,
        links=platform.links,
        cells=platform.cells,
        refresh=platform.refresh,
        clearing=platform.clearing,
        draws=platform.draws,
    )


def _fresh_folder(folder: Path) -> Path:
    # The demo's own folder and nobody's books: each demo starts from an empty city.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _seed_index_key(folder: Path, seed: int) -> None:
    # Citizens' ids carry a part of their phones' blind index, and a draw's lots follow from the ids: with an index
    # key of the seed, a demo can be repeated. The phones are invented.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "index.key").write_bytes(hashlib.sha256(f"demo index {seed}".encode()).digest())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
