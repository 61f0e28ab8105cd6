"""Cases of suspected scalping: opened from alerts and tips, worked on, and closed; a sanction needs two people.

Every step stands in the case's timeline and in the audit log. A case cites the joint announcement that stood when it
was opened.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.views import store_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.announcements.store import in_force
from yongquan.risk.cases import store
from yongquan.risk.cases.model import (
    CASE_MOVES,
    SANCTIONS,
    Case,
    CaseState,
    Evidence,
    EvidenceKind,
    Outcome,
    Party,
    PartyKind,
    PartyRole,
)
from yongquan.risk.tips.model import TipOutcome
from yongquan.risk.tips.store import close_tips_of_case
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import ForbiddenMove

FRAUD_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
TITLE_MAX, TEXT_MAX, NAME_MAX = 80, 1_000, 100
FILE_MAX = 10 * 1024 * 1024
FILE_KINDS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


class UnknownCase(Refusal):
    """There is no such case, or no such party or file in it."""

    code = "not_found"


class OwnConclusion(Refusal):
    """Whoever proposed a sanction does not decide on it."""

    code = "own_version"


class NoteMissing(Refusal):
    """A step of a case says what and why."""

    code = "note_missing"


class NotEvidence(Refusal):
    """A file is a PDF, a JPEG or a PNG of at most 10 MB."""

    code = "not_a_photo"


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """Where cases are worked on."""

    database: Database
    sealing: Sealing

    async def open(
        self, staff: Staff, title: str, *, case_id: UUID, parties: Sequence[Party] = (), now: datetime
    ) -> UUID:
        """Open a case; a repeat under the same id changes nothing. Raises `Forbidden`, `NoteMissing`."""
        if not 1 <= len(title) <= TITLE_MAX:
            raise NoteMissing
        async with self.database.transaction() as connection:
            return await open_case(connection, staff, title, case_id=case_id, parties=parties, now=now)

    async def take(self, staff: Staff, case_id: UUID, *, now: datetime) -> None:
        """Take a case on. Raises `UnknownCase`, `Forbidden`, `ForbiddenMove`."""
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id)
            _require(case, CaseState.WORKING)
            if case.state is not CaseState.OPEN:
                raise ForbiddenMove("only a new case is taken on")
            await store.move_case(connection, case, CaseState.WORKING, assignee=staff.staff_id, now=now)
            await told(connection, staff.actor, case, "taken", now=now)

    async def note(self, staff: Staff, case_id: UUID, text: str, *, now: datetime) -> None:
        """Write a note. Raises `NoteMissing`, and as `take`."""
        require_text(text)
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id)
            await told(connection, staff.actor, case, "noted", text, now=now)

    async def name_party(self, staff: Staff, case_id: UUID, party: Party, *, now: datetime) -> None:
        """Name somebody in a case that is not closed. Raises `UnknownCase` for a store that is not known."""
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id, still_open=True)
            await _require_known(connection, party)
            await store.add_parties(connection, case_id, [party])
            await told(connection, staff.actor, case, "party", f"{party.kind.value} {party.value}", now=now)

    async def add_file(self, staff: Staff, case_id: UUID, name: str, content: bytes, *, now: datetime) -> UUID:
        """Add a file as it is, sealed, with its hash; the same name once. Raises `NotEvidence`, and as `take`."""
        kind = next((kind for start, kind in FILE_KINDS.items() if content.startswith(start)), None)
        name = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].strip()[:NAME_MAX]
        if kind is None or not name or len(content) > FILE_MAX:
            raise NotEvidence
        digest = hashlib.sha256(content).digest()
        evidence = Evidence(fresh_id(), EvidenceKind.FILE, name, digest, kind, staff.actor, now)
        sealed = self.sealing.seal_bytes(content, what=sealed_as(case_id))
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id, still_open=True)
            if await store.add_evidence(connection, case_id, evidence, sealed=sealed):
                await told(connection, staff.actor, case, "file", f"{name} {digest.hex()}", now=now)
        return evidence.evidence_id

    async def conclude(self, staff: Staff, case_id: UUID, outcome: Outcome, basis: str, *, now: datetime) -> CaseState:
        """Close a case without a sanction, or propose one to a second person. A recovery needs a hold in the case."""
        require_text(basis)
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id)
            to = CaseState.PROPOSED if outcome in SANCTIONS else CaseState.CLOSED
            if case.state is not CaseState.WORKING:
                raise ForbiddenMove(f"a case that is {case.state} is not concluded")
            if outcome is Outcome.RECOVERED and not await _has_hold(connection, case_id):
                raise ForbiddenMove("a recovery needs a hold: propose one first")
            decided = staff.actor if to is CaseState.CLOSED else None
            await store.move_case(
                connection,
                case,
                to,
                outcome=outcome,
                basis=basis,
                proposed_by=staff.actor,
                decided_by=decided,
                now=now,
            )
            if to is CaseState.CLOSED:
                await self._tell_senders(connection, case_id, outcome, now=now)
            await told(connection, staff.actor, case, f"{to.value}_{outcome.value}", basis, now=now)
        return to

    async def decide(self, staff: Staff, case_id: UUID, *, approve: bool, text: str, now: datetime) -> None:
        """Agree to a proposed sanction, which closes the case, or send it back. Raises `OwnConclusion`."""
        if not approve:
            require_text(text)
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id)
            if case.state is not CaseState.PROPOSED or case.outcome is None:
                raise ForbiddenMove(f"a case that is {case.state} waits for nobody's decision")
            if case.proposed_by == staff.actor:
                raise OwnConclusion
            if approve:
                await store.move_case(
                    connection,
                    case,
                    CaseState.CLOSED,
                    outcome=case.outcome,
                    basis=case.basis,
                    proposed_by=case.proposed_by,
                    decided_by=staff.actor,
                    now=now,
                )
                await self._tell_senders(connection, case_id, case.outcome, now=now)
            else:
                await store.move_case(connection, case, CaseState.WORKING, now=now)
            await told(connection, staff.actor, case, "agreed" if approve else "sent_back", text, now=now)

    async def reopen(self, staff: Staff, case_id: UUID, text: str, *, now: datetime) -> None:
        """Open a closed case again, with a reason. Raises as `note`."""
        require_text(text)
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id)
            if case.state is not CaseState.CLOSED:
                raise ForbiddenMove("only a closed case is opened again")
            await store.move_case(connection, case, CaseState.WORKING, assignee=staff.staff_id, now=now)
            await told(connection, staff.actor, case, "reopened", text, now=now)

    async def _tell_senders(self, connection: Connection, case_id: UUID, outcome: Outcome, *, now: datetime) -> None:
        said = TipOutcome.UNPROVEN if outcome is Outcome.CLEARED else TipOutcome.CONFIRMED
        await close_tips_of_case(connection, case_id, said, answer="", now=now)


async def open_case(
    connection: Connection, staff: Staff, title: str, *, case_id: UUID, parties: Sequence[Party], now: datetime
) -> UUID:
    """Open a case in the caller's transaction; of one store, it is a case of that store's division."""
    stores = [party.value for party in parties if party.kind is PartyKind.STORE]
    places = {place.adcode for one in stores if (place := await store_of(connection, UUID(one))) is not None}
    adcode = next(iter(places)) if len(places) == 1 else None
    staff.require(*FRAUD_ROLES, adcode=adcode)
    cited = await in_force(connection)
    is_new = await store.open_case(
        connection,
        case_id,
        title=title,
        adcode=adcode,
        announcement=cited.version if cited else None,
        opened_by=staff.actor,
        now=now,
    )
    if is_new:
        await store.add_parties(connection, case_id, parties)
        case = await locked(connection, staff, case_id)
        await told(connection, staff.actor, case, "opened", title, now=now)
    return case_id


async def case_for_store(connection: Connection, staff: Staff, store_id: UUID, *, seed: str, now: datetime) -> Case:
    """The store's oldest case that is not closed, or a new one named by the store. Raises as `locked`."""
    standing = await store.open_cases_of_store(connection, store_id)
    if standing:
        return await locked(connection, staff, standing[0].case_id)
    place = await store_of(connection, store_id)
    if place is None:
        raise UnknownCase
    party = Party(PartyKind.STORE, str(store_id), PartyRole.SUSPECT)
    case_id = named_id("case", store_id, seed)
    await open_case(connection, staff, place.name[:TITLE_MAX], case_id=case_id, parties=[party], now=now)
    return await locked(connection, staff, case_id)


async def add_record(
    connection: Connection, staff: Staff, case: Case, kind: EvidenceKind, ref: str, *, now: datetime
) -> None:
    """Put something of the platform's records into a locked case, once."""
    if case.state is CaseState.CLOSED:
        raise ForbiddenMove("the case is closed: open it again first")
    evidence = Evidence(named_id("evidence", case.case_id, kind, ref), kind, ref, None, None, staff.actor, now)
    if await store.add_evidence(connection, case.case_id, evidence):
        await told(connection, staff.actor, case, kind.value, ref, now=now)


async def locked(connection: Connection, staff: Staff, case_id: UUID, *, still_open: bool = False) -> Case:
    """A case of this person's division, locked. Raises `UnknownCase`, `Forbidden`, `ForbiddenMove`."""
    case = await store.case_of(connection, case_id, lock=True)
    if case is None:
        raise UnknownCase
    staff.require(*FRAUD_ROLES, adcode=case.adcode)
    if still_open and case.state is CaseState.CLOSED:
        raise ForbiddenMove("the case is closed: open it again first")
    return case


async def told(connection: Connection, actor: str, case: Case, what: str, text: str = "", *, now: datetime) -> None:
    """A line in the timeline, and in the audit log."""
    await store.tell_case(connection, case.case_id, actor=actor, what=what, text=text, now=now)
    entry = AuditEntry(
        actor=actor,
        action=f"fraud_case.{what.partition('_')[0]}",
        subject=f"fraud_case:{case.case_id}",
        before={"state": case.state.value},
        after={"what": what, "reason": text} if text else {"what": what},
    )
    await append(connection, entry, now=now)


def sealed_as(case_id: UUID) -> str:
    """What the files of a case are sealed as."""
    return f"fraud_case:{case_id}"


def require_text(text: str) -> None:
    """Pass if there are 1 to `TEXT_MAX` characters. Raises `NoteMissing`."""
    if not 1 <= len(text) <= TEXT_MAX:
        raise NoteMissing


async def _require_known(connection: Connection, party: Party) -> None:
    if party.kind is PartyKind.LICENCE:
        if not 1 <= len(party.value) <= NAME_MAX:
            raise BadInput("licence: write its number")
        return
    try:
        party_id = UUID(party.value)
    except ValueError as error:
        raise UnknownCase from error
    if party.kind is PartyKind.STORE and await store_of(connection, party_id) is None:
        raise UnknownCase


async def _has_hold(connection: Connection, case_id: UUID) -> bool:
    return any(one.kind is EvidenceKind.HOLD for one in await store.evidence_of(connection, case_id))


def _require(case: Case, to: CaseState) -> None:
    if to not in CASE_MOVES[case.state]:
        raise ForbiddenMove(f"a case that is {case.state} does not become {to}")
