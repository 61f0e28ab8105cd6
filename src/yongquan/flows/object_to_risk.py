"""A citizen objects to what stands against the account; staff who did not list the citizen decide.

What stands: entries of the risk lists about the citizen or a bound card, and live reports of institutions about the
phone, the verified identity or a bound card. An objection notes them as they are, and the listings go on meanwhile.
Upheld, the listings are released and the reports no longer counted, but for what police or a court found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.citizens.identity import identity_of
from yongquan.citizens.store import phone_of
from yongquan.flows.list_party import LIST_ROLES, ListDesk
from yongquan.flows.name_parties import card_token
from yongquan.flows.work_fraud_case import NoteMissing
from yongquan.kernel.ids import cell_of, named_id
from yongquan.merchants.applications.photos import Photo, redraw
from yongquan.payments.store import card_numbers_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.events import Entity
from yongquan.risk.lists.record import EntryRecord
from yongquan.risk.lists.store import in_force_on
from yongquan.risk.objections import store
from yongquan.risk.objections.model import (
    ANSWER_MAX,
    ANSWERED_WITHIN,
    Held,
    NothingHeld,
    Objection,
    ObjectionIncomplete,
    ObjectionOpen,
    ObjectionState,
    UnknownObjection,
    faults_of,
    held_by,
    is_against,
)
from yongquan.risk.verification.marks import mark_of
from yongquan.risk.verification.model import Kind
from yongquan.risk.verification.objected_store import ReportAgainst, reports_against, set_aside
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove

# What stands in an entry's story; the citizen's own words are sealed with the objection.
OBJECTED = "持有人在手机上提出异议"


@dataclass(frozen=True, slots=True)
class Against:
    """What stands against a citizen; staff alone see more of it than `held`."""

    entries: tuple[EntryRecord, ...]
    reports: tuple[ReportAgainst, ...]

    @property
    def held(self) -> tuple[Held, ...]:
        """What the citizen is told."""
        return held_by([record.entry for record in self.entries], is_reported=bool(self.reports))


@dataclass(frozen=True, slots=True)
class ObjectionDesk:
    """Where objections come in and are decided."""

    lists: ListDesk

    async def standing(self, citizen_id: UUID, *, now: datetime) -> tuple[Against, list[Objection]]:
        """What stands against a citizen now, and the objections sent so far, the latest first."""
        async with self.lists.database.transaction() as connection:
            against = await self._against(connection, citizen_id, now=now)
            return against, await store.objections_of(connection, citizen_id, self._sealing)

    async def object(self, citizen_id: UUID, reason: str, photos: Sequence[bytes], *, key: UUID, now: datetime) -> UUID:
        """Object to everything that stands; the same key again is the same objection.

        Raises `ObjectionIncomplete`, `NotAPhoto`, `NothingHeld`, `ObjectionOpen`.
        """
        if faults := faults_of(reason, len(photos)):
            raise ObjectionIncomplete(faults)
        drawn = [redraw(photo) for photo in photos]
        objection_id = named_id("objection", citizen_id, key)
        async with self.lists.database.transaction() as connection:
            if await store.objection_of(connection, objection_id, self._sealing) is not None:
                return objection_id
            against = await self._against(connection, citizen_id, now=now)
            if not against.held:
                raise NothingHeld("nothing stands against this account")
            entries = tuple(record.entry_id for record in against.entries)
            reports = tuple(report.report_id for report in against.reports)
            await self.lists.note_objection(connection, f"citizen:{citizen_id}", entries, text=OBJECTED)
            due_at, open_ = now + ANSWERED_WITHIN, ObjectionState.OPEN
            new = Objection(objection_id, citizen_id, reason, entries, reports, open_, "", now, due_at, None, None)
            if not await store.add_objection(connection, new, self._sealing):
                raise ObjectionOpen("an objection waits for its answer")
            await self._keep_photos(connection, objection_id, drawn)
            facts = {"entries": len(entries), "reports": len(reports), "photos": len(drawn)}
            await _note(connection, f"citizen:{citizen_id}", "objection.sent", objection_id, facts, now=now)
        return objection_id

    async def answer(self, staff: Staff, objection_id: UUID, *, uphold: bool, answer: str, now: datetime) -> None:
        """Decide an objection. Raises `UnknownObjection`, `ForbiddenMove`, `OwnEntry`, `NoteMissing`, `Forbidden`."""
        staff.require(*LIST_ROLES)
        if not 1 <= len(answer) <= ANSWER_MAX:
            raise NoteMissing
        state = ObjectionState.UPHELD if uphold else ObjectionState.REFUSED
        async with self.lists.database.transaction() as connection:
            found = await store.objection_of(connection, objection_id, self._sealing, lock=True)
            if found is None:
                raise UnknownObjection
            if found.state is not ObjectionState.OPEN:
                raise ForbiddenMove("this objection was answered")
            await self.lists.end_objection(connection, staff, found.entries, uphold=uphold, reason=answer)
            if uphold:
                await set_aside(connection, found.reports, now=now)
            await store.answer_objection(connection, objection_id, state, answer=answer, by=staff.actor, now=now)
            await _note(connection, staff.actor, f"objection.{state}", objection_id, {"reason": answer}, now=now)

    async def picture(self, photo_id: UUID) -> bytes | None:
        """A picture of an objection, opened."""
        async with self.lists.database.transaction() as connection:
            found = await store.objection_picture(connection, photo_id)
        return self._sealing.open_bytes(found[1], what=_sealed_as(found[0])) if found else None

    @property
    def _sealing(self) -> Sealing:
        return self.lists.sealing

    async def _against(self, connection: Connection, citizen_id: UUID, *, now: datetime) -> Against:
        cells, sealing = self.lists.cells, self._sealing
        cell = cell_of(citizen_id, cells)
        cards = await card_numbers_of(connection, citizen_id, sealing, cells=cells)
        phone = await phone_of(connection, cell, citizen_id, sealing)
        id_no = await identity_of(connection, cell, citizen_id, sealing)
        records = await in_force_on(connection, Entity.CITIZEN, [str(citizen_id)], now=now)
        tokens = [card_token(card, sealing) for card in cards]
        records += await in_force_on(connection, Entity.CARD, tokens, now=now)
        known = [(Kind.ACCOUNT, card) for card in cards]
        known += [(kind, value) for kind, value in ((Kind.PHONE, phone), (Kind.ID_NO, id_no)) if value]
        marks = [(kind, mark_of(kind, value, sealing)) for kind, value in known]
        reports = await reports_against(connection, marks, now=now)
        return Against(tuple(record for record in records if is_against(record.entry)), tuple(reports))

    async def _keep_photos(self, connection: Connection, objection_id: UUID, photos: Sequence[Photo]) -> None:
        for photo in photos:
            await store.add_objection_photo(
                connection,
                named_id("objection photo", objection_id, photo.sha256.hex()),
                objection_id,
                sha256=photo.sha256,
                sealed=self._sealing.seal_bytes(photo.content, what=_sealed_as(objection_id)),
            )


def _sealed_as(objection_id: UUID) -> str:
    return f"objection:{objection_id}"


async def _note(
    connection: Connection,
    actor: str,
    action: str,
    objection: UUID,
    facts: Mapping[str, int | str],
    *,
    now: datetime,
) -> None:
    entry = AuditEntry(actor=actor, action=action, subject=f"objection:{objection}", after={**facts})
    await append(connection, entry, now=now)
