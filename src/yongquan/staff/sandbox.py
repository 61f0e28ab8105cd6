"""The sandbox's authenticator: shows the demo logins with their codes, so that whoever tries the demo can sign in.

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
MAKER_LOGIN: Final = "maker"
CHECKER_LOGIN: Final = "checker"
DEMO_LOGINS: Final = (DEMO_LOGIN, MAKER_LOGIN, CHECKER_LOGIN)
STEP_S = 30
_DEMO = """
select login, totp_sealed, totp_step from staff.member where login = any (%(logins)s) and state = 'active'
 order by array_position(%(logins)s::text[], login)
"""


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """What to type; `code` is None for the seconds in which every code that is good now was used already."""

    login: str
    password: str
    code: str | None


@dataclass(frozen=True, slots=True)
class SandboxAuthenticator:
    """The demo logins' phone."""

    database: Database
    sealing: Sealing

    async def show(self, *, now: datetime) -> list[DemoAccess]:
        """What opens the console at this real time, a login each; none if no demo login is enrolled."""
        async with self.database.transaction() as connection:
            rows = await (await connection.execute(_DEMO, {"logins": list(DEMO_LOGINS)})).fetchall()
        return [DemoAccess(login, DEMO_PASSWORD, self._code(sealed, step, now)) for login, sealed, step in rows]

    def _code(self, sealed: bytes, last_step: int, now: datetime) -> str | None:
        present = int(now.timestamp()) // STEP_S
        step = max(present, last_step + 1)  # a code works once, and the next one is good already
        return pyotp.TOTP(self.sealing.open(sealed, what="totp")).at(step * STEP_S) if step <= present + 1 else None
