"""The sandbox's authenticator: shows the demo login with its code, so that whoever tries the demo can sign in.

`app.py` hands this in beside our own sandbox only; in production nobody can read a secret back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyotp

from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing

DEMO_LOGIN: Final = "demo"
DEMO_PASSWORD: Final = "yongquan-demo"  # noqa: S105  # public on purpose: it opens demo cities only
STEP_S = 30
_DEMO = "select totp_sealed, totp_step from staff.member where login = %s and state = 'active'"


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """What to type; `code` is None for the seconds in which every code that is good now was used already."""

    login: str
    password: str
    code: str | None


@dataclass(frozen=True, slots=True)
class SandboxAuthenticator:
    """The demo login's phone."""

    database: Database
    sealing: Sealing

    async def show(self, *, now: datetime) -> DemoAccess | None:
        """What opens the console at this real time, None if the demo login is not enrolled."""
        async with self.database.transaction() as connection:
            row = await (await connection.execute(_DEMO, [DEMO_LOGIN])).fetchone()
        if row is None:
            return None
        present = int(now.timestamp()) // STEP_S
        step = max(present, row[1] + 1)  # a code works once, and the next one is good already
        totp = pyotp.TOTP(self.sealing.open(row[0], what="totp"))
        return DemoAccess(DEMO_LOGIN, DEMO_PASSWORD, totp.at(step * STEP_S) if step <= present + 1 else None)
