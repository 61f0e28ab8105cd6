"""Staff sign in with password and one-time code, and are known by a session token afterwards.

`now` is the real time in UTC, never the sandbox's: a person's authenticator and browser do not follow that clock.
"""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import store
from yongquan.staff.errors import LockedOut, SignedOut, SignInRefused
from yongquan.staff.model import NewStaff, Staff

SESSION_LASTS = timedelta(hours=12)
FAILURES_MAX = 5
LOCKED_FOR = timedelta(minutes=15)
PASSWORD_MIN = 12
TOTP_STEP_S = 30
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZSBzYWx0IGhlcmU$a9fHGCr4pRnGcAcbRJwz1C7DPQa0eTwTcpXoRkd8eXw"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new member, and the address (`otpauth://`) for the authenticator, shown once."""

    staff_id: UUID
    totp_uri: str


class StaffDesk:
    """Enrols staff, signs them in and out, and says who a session belongs to."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing
        self._hasher = PasswordHasher()

    async def enrol(
        self, person: NewStaff, *, password: str, by: str, now: datetime, totp_secret: str | None = None
    ) -> Enrolment:
        """Enrol somebody with these roles; `by` is the actor of the audit entry.

        A `totp_secret` (base32) is made unless given. Raises `BadInput` for a password under 12 characters, and
        `psycopg.errors.UniqueViolation` for a login that is taken.
        """
        if len(password) < PASSWORD_MIN:
            raise BadInput(f"the password has {len(password)} characters: use {PASSWORD_MIN} or more")
        staff_id, login, secret = fresh_id(), person.login.lower(), totp_secret or pyotp.random_base32()
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        seal = self._sealing.seal
        row = (staff_id, login, seal(person.name, what="name"), hashed, seal(secret, what="totp"), now)
        grants = [
            f"{g.role}/{g.adcode or 'all'}/{g.institution or 'all'}"
            + (f"/until {g.valid_until.isoformat()}" if g.valid_until else "")
            for g in person.grants
        ]
        entry = AuditEntry(
            actor=by, action="staff.enrolled", subject=f"staff:{staff_id}", after={"login": login, "grants": [*grants]}
        )
        async with self._database.transaction() as connection:
            await store.insert_member(connection, row, person.grants)
            await append(connection, entry, now=now)
        return Enrolment(staff_id, pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Yongquan"))

    async def sign_in(self, *, login: str, password: str, code: str, now: datetime) -> str:
        """Open a session of 12 hours and return its token.

        After five failures in a row the login is locked for 15 minutes. A code works once. Raises `SignInRefused`,
        `LockedOut`.
        """
        login = login.strip().lower()
        async with self._database.transaction() as connection:
            known = await store.count_attempt(
                connection, login, now=now, most=FAILURES_MAX, locked_until=now + LOCKED_FOR
            )
            until = None if known else await store.locked_until(connection, login)
        if until is not None:
            raise LockedOut(until=until.isoformat())
        matches = await asyncio.to_thread(self._matches, known.password_hash if known else _NOBODY, password)
        step = self._step_of(known.totp_sealed, code, now) if known else None
        if known is None or not matches or step is None:
            raise SignInRefused
        token = secrets.token_urlsafe(32)
        async with self._database.transaction() as connection:
            if not await store.spend_step(connection, known.staff_id, step):
                raise SignInRefused
            if self._hasher.check_needs_rehash(known.password_hash):
                rehashed = await asyncio.to_thread(self._hasher.hash, password)
                await store.save_password(connection, known.staff_id, rehashed)
            await store.open_session(
                connection, _hash_of(token), known.staff_id, now=now, expires_at=now + SESSION_LASTS
            )
        return token

    async def staff_of_session(self, token: str, *, now: datetime) -> Staff:
        """Who this session belongs to, with the roles of this moment. Raises `SignedOut`."""
        async with self._database.transaction() as connection:
            staff = await store.find_by_session(connection, _hash_of(token), self._sealing, now=now)
        if staff is None:
            raise SignedOut
        return staff

    async def sign_out(self, token: str) -> None:
        """End a session; one that is over already stays so."""
        async with self._database.transaction() as connection:
            await store.close_session(connection, _hash_of(token))

    async def revoke_sessions(self, staff_id: UUID, *, by: str, now: datetime) -> None:
        """End every session of a member (a lost laptop)."""
        async with self._database.transaction() as connection:
            await store.close_sessions(connection, staff_id)
            entry = AuditEntry(actor=by, action="staff.sessions_revoked", subject=f"staff:{staff_id}")
            await append(connection, entry, now=now)

    async def let_go(self, staff_id: UUID, *, by: str, now: datetime) -> None:
        """A member leaves: no sign-in any more, every session ends at once."""
        async with self._database.transaction() as connection:
            await store.let_go(connection, staff_id)
            await append(connection, AuditEntry(actor=by, action="staff.left", subject=f"staff:{staff_id}"), now=now)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False

    def _step_of(self, totp_sealed: bytes, code: str, now: datetime) -> int | None:
        """The 30-second step whose code this is: the present one, or its neighbours (RFC 6238 section 5.2)."""
        totp = pyotp.TOTP(self._sealing.open(totp_sealed, what="totp"))
        present = int(now.timestamp()) // TOTP_STEP_S
        for step in (present, present - 1, present + 1):
            if hmac.compare_digest(totp.at(step * TOTP_STEP_S).encode(), code.strip().encode()):
                return step
        return None


def _hash_of(token: str) -> bytes:
    # A token of 256 random bits needs no salt and no slow hash.
    return hashlib.sha256(token.encode()).digest()
