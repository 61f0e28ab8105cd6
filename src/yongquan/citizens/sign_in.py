"""Citizens sign in with their phone and a code of six digits sent to it.

`now` is the real time in UTC, never the sandbox's: a person needs real minutes to type a code.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from yongquan.citizens import sign_in_store as store
from yongquan.citizens.model import NewCitizen
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import CitizenId, bucket_from
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing

CODE_LASTS = timedelta(minutes=5)
CODE_EVERY = timedelta(seconds=60)
CODES_A_DAY = 10
TRIES_MAX = 5
_PHONE = re.compile(r"1[3-9]\d{9}", re.ASCII)


class NotAPhone(Refusal):
    """The number is no mobile number of eleven digits."""

    code = "not_a_phone"


class TooManyCodes(Refusal):
    """A code went to this phone less than a minute ago, or ten did today."""

    code = "too_many_requests"


class WrongCode(Refusal):
    """The code is not the one that was sent, was used, is older than five minutes, or was tried five times."""

    code = "wrong_code"


def require_phone(phone: str) -> None:
    """Raises `NotAPhone`."""
    if not _PHONE.fullmatch(phone):
        raise NotAPhone


class SendsText(Protocol):
    """A way to send a text message; raises `Outage` if it cannot."""

    async def send(self, phone: str, text: str) -> None:
        """Send one message to one phone."""


@dataclass(frozen=True, slots=True)
class SignInDesk:
    """Sends codes and takes them back."""

    database: Database
    sealing: Sealing
    texts: SendsText
    cells: int

    async def send_code(self, phone: str, *, now: datetime, purpose: str = "", asks: str = "") -> None:
        """Send a code, good for five minutes, to a phone, whether or not it is known here.

        At most one a minute and ten a business day. Raises `NotAPhone`, `TooManyCodes`, and `Outage` if the
        message could not be sent. A code is good for its `purpose` alone ("" is signing in); `asks` tells it.
        """
        index, cell = self._place(phone)
        code = f"{secrets.randbelow(1_000_000):06d}"
        async with self.database.transaction() as connection:
            put = await store.put_code(
                connection,
                cell=cell,
                phone_index=index,
                code_hash=self._hash(phone, code, purpose),
                now=now,
                day=business_day(now),
                quiet_since=now - CODE_EVERY,
                most=CODES_A_DAY,
            )
        if not put:
            raise TooManyCodes
        await self.texts.send(phone, f"【涌泉】{asks}验证码 {code},5 分钟内有效,请勿告诉他人。")

    async def confirm(self, phone: str, code: str, *, now: datetime) -> CitizenId:
        """The citizen with this phone, registered if new. Raises `NotAPhone`, `WrongCode`."""
        citizen_id, _ = await self.agree(phone, code, now=now, purpose="", name=f"市民{phone[-4:]}")
        return citizen_id

    async def agree(self, phone: str, code: str, *, now: datetime, purpose: str, name: str) -> tuple[CitizenId, bool]:
        """The citizen who gave a code of this purpose back, and whether the person is new here, under `name`.

        Raises `NotAPhone`, `WrongCode`.
        """
        index, _ = self._place(phone)
        agreed = None
        async with self.database.transaction() as connection:
            if await self._spends(connection, phone, code, purpose, now=now):
                fresh = NewCitizen(fresh_id(bucket_from(index)), phone, name)
                found = await store.find_or_register(connection, fresh, self.sealing, cells=self.cells)
                agreed = CitizenId(found), found == fresh.citizen_id
        if agreed is None:  # after the commit: the try is counted
            raise WrongCode
        return agreed

    async def prove(self, phone: str, code: str, *, now: datetime, purpose: str) -> None:
        """Pass whoever gave a code of this purpose back, without registering a citizen.

        Raises `NotAPhone`, `WrongCode`.
        """
        async with self.database.transaction() as connection:
            proven = await self._spends(connection, phone, code, purpose, now=now)
        if not proven:
            raise WrongCode

    async def _spends(self, connection: Connection, phone: str, code: str, purpose: str, *, now: datetime) -> bool:
        index, cell = self._place(phone)
        expected = await store.try_code(
            connection, cell=cell, phone_index=index, tries_max=TRIES_MAX, sent_after=now - CODE_LASTS
        )
        if expected is None or not hmac.compare_digest(expected, self._hash(phone, code, purpose)):
            return False
        await store.spend_code(connection, cell=cell, phone_index=index)
        return True

    def _place(self, phone: str) -> tuple[bytes, int]:
        require_phone(phone)
        index = self.sealing.index(phone, what="phone")
        return index, bucket_from(index) % self.cells

    def _hash(self, phone: str, code: str, purpose: str = "") -> bytes:
        # Six digits are soon guessed: the hash is keyed, and bound to the phone.
        bound = f"{phone}:{code.strip()}:{purpose}" if purpose else f"{phone}:{code.strip()}"
        return self.sealing.index(bound, what="sign-in code")
