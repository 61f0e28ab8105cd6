"""Staff at the desk: enrolled beside the running server, signed in with their codes."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pyotp
from axe_playwright_python.sync_playwright import Axe
from conftest import CHINESE_LEFT, Town
from playwright.sync_api import Browser, Page

from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import read_settings
from yongquan.simulation.demo_staff import enrol_demo_staff

PASSWORD = "correct horse battery"
_DEMO_SESSIONS: dict[str, list[Any]] = {}
SHOTS = os.environ.get("YONGQUAN_TEST_SHOTS")


@dataclass(frozen=True, slots=True)
class Member:
    """A login and the secret of its authenticator."""

    login: str
    secret: str

    @property
    def code(self) -> str:
        return pyotp.TOTP(self.secret).now()


@cache
def enrol_demo(data_dir: str) -> None:
    """What `yongquan demo` does for its bureau officer, once; in a thread, as Playwright holds this one's loop."""

    async def enrol() -> None:
        settings = read_settings({"YONGQUAN_DATA_DIR": data_dir})
        with database_of(settings) as conninfo:
            async with opened(conninfo) as database:
                await enrol_demo_staff(database, Sealing(load_keys(settings.keys_dir)), datetime.now(UTC))

    thread = threading.Thread(target=lambda: asyncio.run(enrol()))
    thread.start()
    thread.join()


def enrol_by_command(data_dir: str, login: str, *options: str) -> Member:
    """`yongquan staff enrol` with a password file."""
    password_file = Path(data_dir) / "password"
    password_file.write_text(PASSWORD + "\n")
    command = [str(Path(sys.executable).with_name("yongquan")), "staff", "enrol", "--login", login, "--name", "陈科员"]
    done = subprocess.run(
        [*command, "--password-file", str(password_file), *options],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"YONGQUAN_DATA_DIR": data_dir},
        timeout=60,
    )
    found = re.search(r"otpauth://\S+", done.stdout)
    assert found is not None
    return Member(login, parse_qs(urlparse(found[0]).query)["secret"][0])


def try_sign_in(page: Page, *, login: str, password: str, code: str) -> None:
    """Fill the sign-in form in and send it."""
    page.goto("/console/sign-in")
    for name, text in (("login", login), ("password", password), ("code", code)):
        page.locator(f"#{name}").fill(text)
    page.locator("form.card button").click()


def sign_in_with_demo_box(page: Page) -> None:
    """Type what the sandbox shows; a code works once, so that a town's later screens share the first one's session."""
    page.goto("/console/sign-in")
    town = page.evaluate("location.origin")
    if town in _DEMO_SESSIONS:
        page.context.add_cookies(_DEMO_SESSIONS[town])
        page.goto("/console/overview")
        return
    shown = {name: page.locator(f"[data-demo={name}]").inner_text() for name in ("login", "password", "code")}
    try_sign_in(page, **shown)
    page.wait_for_url("**/console/overview")
    _DEMO_SESSIONS[town] = [cookie for cookie in page.context.cookies() if cookie["httpOnly"]]


def signed_in(browser: Browser, town: Town, login: str, *options: str) -> Page:
    """A desk's screen of a member who was enrolled by command and has signed in."""
    member = enrol_by_command(town.data_dir, login, *options)
    context = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    page = context.new_page()
    try_sign_in(page, login=login, password=PASSWORD, code=member.code)
    page.wait_for_url(re.compile(r"/console/(overview|seat)"))
    return page


def look_at(page: Page, name: str, *, phone: bool = False) -> None:
    """Both languages: nothing of Chinese left in English, nothing that a reader without eyes stumbles over."""
    for language in ("en", "zh-CN"):
        if page.locator("html").get_attribute("lang") != language:
            page.locator("button.language" if phone else ".desk-top button[name=language]").click()
        found = Axe().run(page).response["violations"]
        bad = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in {"serious", "critical"}]
        assert bad == [], (page.url, bad)
        assert page.evaluate("document.documentElement.scrollWidth") <= (430 if phone else 1280), page.url
        if language == "en":
            assert page.evaluate(CHINESE_LEFT) == [], page.url
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{language}.png", full_page=True)
