"""A citizen shows who the citizen is: a bank asks the state's register, then the conditions know name, age and card."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from stdnum.iso7064 import mod_11_2

from yongquan.citizens.identity import (
    IdentityDiffers,
    checked_card,
    checked_number,
    count_try,
    identity_of,
    save_identity,
    save_social_card,
)
from yongquan.citizens.store import name_of
from yongquan.flows.bind_demo_card import demo_banks
from yongquan.institutions.connectors.account_messages import Identity
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.institutions.links import Links
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing

DEMO_PLACE = "330203"
OLDEST, YOUNGEST = date(1960, 1, 1), date(2002, 1, 1)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class IdentityDesk:
    """Where names and social-security cards are verified; the first bank of the directory asks the register."""

    database: Database
    links: Links
    sealing: Sealing
    cells: int

    async def verify_name(self, citizen_id: UUID, *, name: str, number: str, now: datetime) -> None:
        """Verify name and identity number, and keep them. Doing it again changes nothing.

        Raises `NotAnIdentity`, `TooManyTries`, `IdentityDiffers`, `IdentityTaken`, `InstitutionUnreachable`.
        """
        id_no, born_on = checked_number(number)
        await self._ask(citizen_id, Identity(id_no=id_no, name=name), now=now)
        async with self.database.transaction() as connection:
            await save_identity(
                connection,
                citizen_id,
                self.sealing,
                number=id_no,
                name=name,
                born_on=born_on,
                cells=self.cells,
                now=now,
            )

    async def verify_social_card(self, citizen_id: UUID, *, card_no: str, now: datetime) -> None:
        """Verify that a social-security card is the verified citizen's own, and keep it.

        Raises `NotASocialCard`, `TooManyTries`, `IdentityDiffers` (also before the name was verified).
        """
        card, cell = checked_card(card_no), cell_of(citizen_id, self.cells)
        async with self.database.transaction() as connection:
            id_no = await identity_of(connection, cell, citizen_id, self.sealing)
            name = await name_of(connection, cell, citizen_id, self.sealing)
        if id_no is None or name is None:
            raise IdentityDiffers("verify your name first")
        await self._ask(citizen_id, Identity(id_no=id_no, name=name, social_card_no=card), now=now)
        async with self.database.transaction() as connection:
            await save_social_card(connection, cell, citizen_id, self.sealing, number=card, now=now)

    async def enter_demo_person(self, name: str) -> Identity:
        """An invented person of this name, entered in the sandbox's register. Only where the sandbox runs."""
        born_on = OLDEST + timedelta(days=secrets.randbelow((YOUNGEST - OLDEST).days))
        body = f"{DEMO_PLACE}{born_on:%Y%m%d}{secrets.randbelow(1000):03d}"
        person = Identity(
            id_no=body + mod_11_2.calc_check_digit(body),
            name=name,
            social_card_no=f"{secrets.choice(LETTERS)}{secrets.randbelow(10**8):08d}",
        )
        async with self.links.client(self._register()) as client:
            if await client.enter_identity(person) != "matches":
                raise InstitutionUnreachable("the register has somebody else of this number: try again")
        return person

    async def _ask(self, citizen_id: UUID, person: Identity, *, now: datetime) -> None:
        async with self.database.transaction() as connection:
            await count_try(connection, cell_of(citizen_id, self.cells), citizen_id, day=business_day(now))
        async with self.links.client(self._register()) as client:
            if await client.check_identity(person) != "matches":
                raise IdentityDiffers("the register does not know you so: look at every sign again")

    def _register(self) -> str:
        banks = demo_banks(self.links)
        if not banks:
            raise InstitutionUnreachable("no bank is there to ask the register of identities")
        return banks[0].code
