"""An institution fetches what it is warned of, and says what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from yongquan.institutions.risk_terms import RiskCaller
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.warnings import store
from yongquan.risk.warnings.model import UnknownWarning, Verdict, document_of
from yongquan.risk.warnings.publishing import open_sandbox_feed


@dataclass(frozen=True, slots=True)
class Warnings:
    """The feed of an institution's own warnings."""

    database: Database
    sealing: Sealing
    clock: Clock

    async def after(self, caller: RiskCaller, cursor: str) -> tuple[list[Mapping[str, object]], str]:
        """The next warnings and the cursor to go on from; the sandbox has one of each kind."""
        if caller.is_test:
            async with self.database.transaction() as connection:
                await open_sandbox_feed(connection, caller.institution, now=self.clock.now())
        async with self.database.transaction() as connection:
            found, at = await store.feed(connection, caller.institution, mode=caller.mode, after=cursor)
        return [document_of(warned) for warned in found], at

    async def answer(
        self, caller: RiskCaller, warning_id: UUID, verdict: Verdict, *, note: str
    ) -> Mapping[str, object]:
        """Keep what the institution says; a later word replaces it. Raises `UnknownWarning`."""
        async with self.database.transaction() as connection:
            await store.answer(
                connection,
                warning_id,
                caller.institution,
                verdict,
                note=note,
                mode=caller.mode,
                sealing=self.sealing,
                now=self.clock.now(),
            )
            found = await store.warning_of(connection, warning_id, caller.institution, mode=caller.mode)
        if found is None:
            raise UnknownWarning("this institution was told no such warning")
        return document_of(found)
