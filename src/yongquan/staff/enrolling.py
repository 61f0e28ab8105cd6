"""Enrolling from the command line: a production install gets its first admin before anybody can sign in."""

import asyncio
from datetime import datetime
from pathlib import Path

from psycopg.errors import UniqueViolation

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.migrate import migrate
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import Settings
from yongquan.staff.model import NewStaff
from yongquan.staff.service import StaffDesk


def enrol_staff(settings: Settings, person: NewStaff, password: str) -> str:
    """Enrol somebody, beside a running server or not; returns the `otpauth://` address for the authenticator.

    Raises `BadInput` for a password that is too short and for a login that is taken.
    """
    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        try:
            return asyncio.run(_enrol(settings, conninfo, person, password, wall_now()))
        except UniqueViolation as error:
            raise BadInput(f"the login {person.login!r} is taken: choose another") from error


def read_password(file: Path) -> str:
    """The first line of a file. Raises `BadInput` naming the file."""
    try:
        return file.read_text().partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: cannot be read as a password file ({type(error).__name__})") from error


async def _enrol(settings: Settings, conninfo: str, person: NewStaff, password: str, now: datetime) -> str:
    async with opened(conninfo, pool_size=1) as database:
        desk = StaffDesk(database, Sealing(load_keys(settings.keys_dir)))
        return (await desk.enrol(person, password=password, by="command", now=now)).totp_uri
