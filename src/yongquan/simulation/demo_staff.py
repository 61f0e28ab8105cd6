"""The demo's staff: an officer who may do all in the demo city and is its notary too, a maker and a checker.

In production the notary is another person than the officer who announces a draw. Nobody approves a campaign's version
that they wrote, so the demo has two more logins for that.
"""

from datetime import datetime

import pyotp

from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import NewStaff, Role, RoleGrant, StaffDesk
from yongquan.staff.sandbox import CHECKER_LOGIN, DEMO_LOGIN, DEMO_PASSWORD, MAKER_LOGIN

DEMO_NAME = "王演示"
_ALL = (Role.BUREAU_OFFICER, Role.AUDITOR, Role.NOTARY, Role.FINANCE)
_PEOPLE = ((DEMO_LOGIN, DEMO_NAME, _ALL), (MAKER_LOGIN, "李编写", _ALL[:1]), (CHECKER_LOGIN, "赵复核", _ALL[:1]))


async def enrol_demo_staff(database: Database, sealing: Sealing, now: datetime) -> tuple[str, str, str]:
    """Enrol the demo logins in a fresh city; returns the officer's login, password and TOTP secret.

    `now` is real time in UTC. Raises `psycopg.errors.UniqueViolation` if they are there already.
    """
    secrets = {}
    for login, name, roles in _PEOPLE:
        secrets[login] = pyotp.random_base32()
        person = NewStaff(login=login, name=name, grants=tuple(RoleGrant(role) for role in roles))
        await StaffDesk(database, sealing).enrol(
            person, password=DEMO_PASSWORD, by="command:demo", now=now, totp_secret=secrets[login]
        )
    return DEMO_LOGIN, DEMO_PASSWORD, secrets[DEMO_LOGIN]
