"""A day file of a bank, an acquirer or a shop against our rows of that settlement day; differences become cases."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from yongquan.institutions.links import NETWORK_ID, Links
from yongquan.kernel.errors import Refusal
from yongquan.payments import case_store, reconciliation_store
from yongquan.payments.day_files import read_day_file, write_day_file
from yongquan.payments.reconciliation import Count, Fate, reconcile
from yongquan.payments.reconciliation_cases import PartyKind, cases_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database


class UnknownParty(Refusal):
    """The file names neither an institution nor a store."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of a file; `is_new` is False for one that was imported before."""

    file_id: str
    party: str
    day: date
    is_new: bool
    ours: Mapping[Fate, Count]
    theirs: Mapping[Fate, Count]
    cases: int


async def reconcile_file(database: Database, content: bytes, *, actor: str, now: datetime) -> FileReport:
    """Import a file and reconcile its day; a repeat runs against our rows of now. One run of a party's day at a time.

    Raises `UnreadableDayFile`, `UnknownParty`.
    """
    file = await asyncio.to_thread(read_day_file, content)
    async with database.apart() as connection:
        kind = await reconciliation_store.kind_of(connection, file.party)
        if kind is None:
            raise UnknownParty(f"{file.party} is neither an institution nor a store here", party=file.party)
        await reconciliation_store.lock_day(connection, file.party, file.day)
        is_new = await reconciliation_store.save_file(connection, file, kind, content, actor=actor, now=now)
        ours = await reconciliation_store.our_rows(connection, file.party, kind, file.day, network=NETWORK_ID)
        found = await asyncio.to_thread(reconcile, ours, file.rows)
        cases = list(cases_of(found, party=file.party, party_kind=kind, day=file.day))
        await case_store.take_over(
            connection, cases, party=file.party, party_kind=kind, day=file.day, actor=actor, now=now
        )
        await reconciliation_store.save_run(connection, file, found, actor=actor, now=now)
        subject = f"day_file:{file.party}/{file.day}"
        facts = AuditEntry(
            actor=actor,
            action="day_file.reconciled",
            subject=subject,
            after={"sha256": file.sha256, "cases": len(cases)},
        )
        await append(connection, facts, now=now)
    return FileReport(file.sha256, file.party, file.day, is_new, found.ours, found.theirs, len(cases))


async def our_file(database: Database, party: str, day: date) -> bytes:
    """Our side of a party's day as a day file. Raises `UnknownParty`."""
    async with database.apart() as connection:
        kind = await reconciliation_store.kind_of(connection, party)
        if kind is None:
            raise UnknownParty(f"{party} is neither an institution nor a store here", party=party)
        rows = await reconciliation_store.our_rows(connection, party, kind, day, network=NETWORK_ID)
    return write_day_file(party, day, rows)


async def fetch_and_reconcile(
    database: Database, links: Links, day: date, *, actor: str, now: datetime
) -> list[FileReport]:
    """Fetch the day file of every issuer and acquirer over signed HTTP and reconcile each."""
    reports = []
    for member in (*links.registry.issuers, *links.registry.acquirers) if links.registry else ():
        async with links.client(member.code) as client:
            content = await client.day_file(day)
        reports.append(await reconcile_file(database, content, actor=actor, now=now))
    return reports


__all__ = ["FileReport", "PartyKind", "UnknownParty", "fetch_and_reconcile", "our_file", "reconcile_file"]
