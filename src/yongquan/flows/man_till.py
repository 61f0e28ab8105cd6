"""Who may open a store's till: its manager lets cashiers in by their phones, and takes them out again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.citizens.sign_in import require_phone
from yongquan.citizens.store import find_by_phones, phones_of
from yongquan.kernel.errors import Refusal
from yongquan.merchants.cashiers import MannedStore, add_cashier, cashiers_of, end_cashier, stores_manned_by
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing

MANAGER, CASHIER = "manager", "cashier"
CASHIERS_MAX = 50


class NotManager(Refusal):
    """Only the manager of a store says who opens its till."""

    code = "not_found"


class UnknownCashier(Refusal):
    """Nobody has signed in with this phone."""

    code = "unknown_cashier"


class TooManyCashiers(Refusal):
    """A store has at most `CASHIERS_MAX`."""

    code = "too_many_cashiers"


@dataclass(frozen=True, slots=True)
class Cashier:
    """Somebody who opens a till: account, masked phone, role, since when."""

    citizen_id: UUID
    phone: str
    role: str
    since: datetime


@dataclass(frozen=True, slots=True)
class TillDesk:
    """What manning a till needs of a running platform."""

    database: Database
    sealing: Sealing
    cells: int

    async def people(self, manager: UUID, store_id: UUID) -> tuple[MannedStore, Sequence[Cashier]]:
        """A store of this manager and everybody who opens its till. Raises `NotManager`."""
        async with self.database.transaction() as connection:
            store = await _managed(connection, manager, store_id)
            rows = await cashiers_of(connection, store_id)
            phones = await phones_of(connection, [row[0] for row in rows], self.sealing, cells=self.cells)
        return store, [Cashier(who, phones.get(who, ""), role, since) for who, role, since in rows]

    async def let_in(self, manager: UUID, store_id: UUID, phone: str, *, now: datetime) -> None:
        """Let whoever signs in with this phone open the till; whoever may already stays as they are.

        Raises `NotAPhone`, `NotManager`, `UnknownCashier`, `TooManyCashiers`.
        """
        phone = phone.strip()
        require_phone(phone)
        async with self.database.transaction() as connection:
            await _managed(connection, manager, store_id)
            found = (await find_by_phones(connection, [phone], self.sealing, cells=self.cells)).get(phone)
            if found is None:
                raise UnknownCashier
            inside = [row[0] for row in await cashiers_of(connection, store_id)]
            if found in inside:
                return
            if len(inside) > CASHIERS_MAX:
                raise TooManyCashiers
            await add_cashier(connection, store_id, found, role=CASHIER, now=now)
            await self._note(connection, "till.let_in", manager, store_id, found, now=now)

    async def take_out(self, manager: UUID, store_id: UUID, cashier: UUID, *, now: datetime) -> None:
        """A cashier opens the till no more, from the next look at it on; the manager stays. Raises `NotManager`."""
        async with self.database.transaction() as connection:
            await _managed(connection, manager, store_id)
            if (cashier, CASHIER) not in {row[:2] for row in await cashiers_of(connection, store_id)}:
                return
            await end_cashier(connection, store_id, cashier, now=now)
            await self._note(connection, "till.taken_out", manager, store_id, cashier, now=now)

    async def _note(
        self, connection: Connection, action: str, manager: UUID, store_id: UUID, cashier: UUID, *, now: datetime
    ) -> None:
        phones = await phones_of(connection, [cashier], self.sealing, cells=self.cells)
        entry = AuditEntry(
            actor=f"citizen:{manager}",
            action=action,
            subject=f"store:{store_id}",
            after={"phone": phones.get(cashier, "")},
        )
        await append(connection, entry, now=now)


async def _managed(connection: Connection, manager: UUID, store_id: UUID) -> MannedStore:
    for store in await stores_manned_by(connection, manager):
        if store.store_id == store_id and store.role == MANAGER:
            return store
    raise NotManager
