"""A citizen limits what a bound card may pay; an institution limits all that it issued. The smaller limit holds."""

from dataclasses import dataclass
from uuid import UUID

from yongquan.kernel.ids import cell_of
from yongquan.payments.limits_store import (
    InstrumentLimits,
    issuer_limits,
    own_limits,
    set_issuer_limits,
    set_own_limits,
)
from yongquan.payments.model import PaymentRefused
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database


@dataclass(frozen=True, slots=True)
class LimitDesk:
    """Reads and sets limits; they hold from the next payment on."""

    database: Database
    clock: Clock
    cells: int

    async def own(self, citizen_id: UUID, instrument_id: UUID) -> InstrumentLimits:
        """What the citizen set. Raises `PaymentRefused`: instrument_unknown."""
        async with self.database.transaction() as connection:
            found = await own_limits(connection, cell_of(citizen_id, self.cells), citizen_id, instrument_id)
        if found is None:
            raise PaymentRefused("instrument_unknown")
        return found

    async def set_own(self, citizen_id: UUID, instrument_id: UUID, limits: InstrumentLimits) -> None:
        """Raises `PaymentRefused`: instrument_unknown."""
        cell = cell_of(citizen_id, self.cells)
        async with self.database.transaction() as connection:
            if not await set_own_limits(connection, cell, citizen_id, instrument_id, limits):
                raise PaymentRefused("instrument_unknown")

    async def of_issuer(self, issuer: str) -> InstrumentLimits:
        """What an institution set for all instruments that it issued."""
        async with self.database.transaction() as connection:
            return await issuer_limits(connection, issuer)

    async def set_of_issuer(self, issuer: str, limits: InstrumentLimits) -> None:
        """Set them for every instrument of the issuer."""
        async with self.database.transaction() as connection:
            await set_issuer_limits(connection, issuer, limits, now=self.clock.now())
