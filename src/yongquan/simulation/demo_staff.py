"""The demo's bureau officer, who may see and steer every campaign of the demo city, and is its notary too.

In production the notary is another person than the officer who announces a draw.
"""

from datetime import datetime

import pyotp

from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import NewStaff, Role, RoleGrant, StaffDesk
from yongquan.staff.sandbox import DEMO_LOGIN, DEMO_PASSWORD

DEMO_NAME = "王演示"


async def enrol_demo_staff(database: Database, sealing: Sealing, now: datetime) -> tuple[str, str, str]:
    """Enrol the demo login in a fresh city; returns login, password and TOTP secret. `now` is real time in UTC.

    Raises `psycopg.errors.UniqueViolation` if it is there already.
    """
    secret = pyotp.random_base32()
    wanted = (Role.BUREAU_OFFICER, Role.AUDITOR, Role.NOTARY, Role.FINANCE)
    roles = tuple(RoleGrant(role) for role in wanted)
    person = NewStaff(login=DEMO_LOGIN, name=DEMO_NAME, grants=roles)
    await StaffDesk(database, sealing).enrol(
        person, password=DEMO_PASSWORD, by="command:demo", now=now, totp_secret=secret
    )
    return DEMO_LOGIN, DEMO_PASSWORD, secret
