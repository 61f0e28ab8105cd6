"""A real server with its sandbox banks, one a session, and a real browser: what a person's day is lived in."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from acp_client import AcpClient, Listener, admitted, listening
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from ports import free_port
from special_rounds import SpecialRounds, open_special_rounds

from yongquan.plumbing.settings import read_settings

START_S = 180.0
STOP_S = 40.0
CHROMIUM = "/usr/bin/chromium"
expect.set_options(timeout=20_000)  # several browsers share two cores
PHONE = {"width": 390, "height": 844}
# Where the demo's phone stands: the middle of Haishu.
HERE = {"longitude": 121.545, "latitude": 29.872}
CHROMIUM_ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@dataclass(frozen=True, slots=True)
class Town:
    """A running server, what was seeded in it, and rounds in every state.

    All files of a worker share it, in any order: only stores 3 and 4 (own vouchers), 5 and 6 (a shop's day)
    have takings of one test alone.
    """

    address: str
    rounds: list[str]
    stores: list[dict[str, str]]
    special: SpecialRounds
    data_dir: str


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """`yongquan serve` on an empty data directory and a free port, seeded."""
    with tempfile.TemporaryDirectory(prefix="yq-journey-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as a system account that must pass through
        environ = os.environ | {"YONGQUAN_DATA_DIR": folder, "YONGQUAN_RISK_WITHIN_MS": "30000"}
        environ.pop("YONGQUAN_DATABASE_URL", None)
        with _served(environ) as address:
            seeded = _seeded(environ)
            special = asyncio.run(open_special_rounds(read_settings(environ)))
            yield Town(address, [row["round_id"] for row in seeded["rounds"]], seeded["stores"], special, folder)


@pytest.fixture(scope="session")
def acp(town: Town, tmp_path_factory: pytest.TempPathFactory) -> AcpClient:
    """A merchant that speaks ACP, registered by command."""
    return admitted(town.address, town.data_dir, tmp_path_factory.mktemp("acp"), "777290058110097")


@pytest.fixture(scope="session")
def heard() -> Iterator[Listener]:
    """The merchant's own server."""
    with listening() as listener:
        yield listener


@pytest.fixture(scope="session")
def playwright(town: Town) -> Iterator[Playwright]:
    """Started after the town: the town is made by coroutines, which Playwright does not suffer beside it."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium."""
    opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
    yield opened
    opened.close()


@pytest.fixture
def phones(browser: Browser, town: Town) -> Iterator[Callable[[], BrowserContext]]:
    """Phones of 390 pixels with a position; a script error on any of their pages fails the test."""
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def take() -> BrowserContext:
        context = browser.new_context(
            base_url=town.address, viewport=PHONE, locale="zh-CN", geolocation=HERE, permissions=["geolocation"]
        )
        context.set_default_timeout(30_000)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        opened.append(context)
        return context

    yield take
    for context in opened:
        context.close()
    assert errors == []


@pytest.fixture(scope="session")
def check_page() -> Callable[[Page], None]:
    """Fails on a serious accessibility violation, sideways scrolling, or Chinese left in an English page."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page).response["violations"]
        serious = [
            (v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found if v["impact"] in {"serious", "critical"}
        ]
        assert serious == [], page.url
        for width in (360, 430, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} overflows at {width}"
        if page.locator("html").get_attribute("lang") == "en":
            assert page.evaluate(CHINESE_LEFT) == [], page.url

    return check


# Texts a reader of English meets, but for what is marked as Chinese: names, addresses, the switch, the demo inbox.
CHINESE_LEFT = """() => {
  const left = [];
  const walk = (node) => {
    if (node.nodeType === 3) { if (/[\\u4e00-\\u9fff]/.test(node.data)) left.push(node.data.trim()); return; }
    if (node.nodeType !== 1 || (node.lang && node.lang !== "en")) return;
    for (const name of ["aria-label", "placeholder", "title", "alt"])
      if (/[\\u4e00-\\u9fff]/.test(node.getAttribute(name) || "")) left.push(node.getAttribute(name));
    node.childNodes.forEach(walk);
  };
  walk(document.body);
  if (/[\\u4e00-\\u9fff]/.test(document.title)) left.push(document.title);
  return left;
}"""


@contextmanager
def _served(environ: dict[str, str]) -> Iterator[str]:
    port = free_port()
    server = subprocess.Popen(
        [str(Path(sys.executable).with_name("yongquan")), "serve", "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    try:
        _wait_until_it_accepts(server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(STOP_S)
        finally:
            server.kill()


def _wait_until_it_accepts(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    while select.select([server.stdout], [], [], START_S)[0]:
        line = server.stdout.readline()
        if "accepts requests" in line:
            return
        if not line:
            break
    raise AssertionError("the server did not start: see its lines on stderr")


def _seeded(environ: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    wanted = ["--citizens", "2", "--rounds", "3", "--stock", "100", "--stores", "7", "--json"]
    command = [str(Path(sys.executable).with_name("yongquan")), "sandbox", "seed", *wanted]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ, timeout=START_S)
    document: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    return document
