"""A shop asks to come in: a draft kept as it is typed, photos, the register's look-up, sending, withdrawing, appealing.

The account that is signed in applies and becomes the store's manager; its phone is the account's, never typed. Nobody
outside is asked inside a transaction: what was sent is checked by `check_merchant`, decided by `decide_merchant`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.publish_announcement import accept_announcement
from yongquan.institutions.connectors.register import RegisterExtract
from yongquan.institutions.links import Links
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.regions import Regions
from yongquan.merchants.applications import store
from yongquan.merchants.applications.model import (
    EDITABLE,
    FIELDS,
    SERVICE_LEVEL,
    TEXT_MAX,
    Application,
    ForbiddenMove,
    Incomplete,
    Revision,
    State,
    faults_of,
    require_move,
)
from yongquan.merchants.applications.photos import redraw
from yongquan.merchants.identity.model import Event, LicenceKind, LicenceStatus, NotACode, Record, read_code
from yongquan.merchants.identity.store import forget_marks
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing

PHOTO_KINDS = ("licence", "letter")
OPEN_MAX = 50
NOTE_MAX = 500
# Not changed by a form: a photo's id comes from keeping it, the division from the pin.
_OURS = frozenset({"licence_photo", "letter_photo", "adcode"})
_CODES = frozenset({"licence_no", "person_id_no", "agent_id_no"})


class UnknownApplication(Refusal):
    """There is no such application, or it is another account's."""

    code = "not_found"


class TooManyDrafts(Refusal):
    """An account keeps a limited number of applications open."""

    code = "cap_reached"


@dataclass(frozen=True, slots=True)
class Sheet:
    """An application with its revisions, the one in hand last, and what was decided."""

    application: Application
    revisions: list[Revision]
    decisions: list[store.Decision]

    @property
    def fields(self) -> Mapping[str, str]:
        """What the revision in hand says."""
        return self.revisions[-1].fields if self.revisions else {}


@dataclass(frozen=True, slots=True)
class Onboarding:
    """The applicant's side of the desk. Every write may be repeated."""

    database: Database
    links: Links
    sealing: Sealing
    regions: Regions

    async def begin(self, citizen_id: UUID, key: str, *, now: datetime) -> UUID:
        """A new draft, or the one begun under this key. Raises `TooManyDrafts`."""
        async with self.database.transaction() as connection:
            mine = await store.applications_of(connection, citizen_id)
            if sum(one.state not in {State.OPEN, State.WITHDRAWN} for one in mine) >= OPEN_MAX:
                raise TooManyDrafts(f"{OPEN_MAX} applications are open: finish or withdraw one first")
            return await store.begin(connection, fresh_id(), citizen_id=citizen_id, key=key, now=now)

    async def sheet(self, citizen_id: UUID, application_id: UUID) -> Sheet:
        """An application of this account. Raises `UnknownApplication`."""
        async with self.database.transaction() as connection:
            found = await _own(connection, citizen_id, application_id)
            return await sheet_of(connection, found, self.sealing)

    async def save(
        self, citizen_id: UUID, application_id: UUID, typed: Mapping[str, str], *, now: datetime
    ) -> Mapping[str, str]:
        """Keep what was typed, right or wrong; the fields as they stand now.

        A pin gives the division it lies in. A rejected application gets a new revision at its first change. Raises
        `UnknownApplication`, `ForbiddenMove`, `BadInput` (a field that no form has).
        """
        unknown = set(typed) - FIELDS
        if unknown:
            raise BadInput(f"{min(unknown)}: the application has no such field")
        kept = {name: _tidy(name, text) for name, text in typed.items() if name not in _OURS}
        return await self._change(citizen_id, application_id, kept, now=now)

    async def keep_photo(
        self, citizen_id: UUID, application_id: UUID, kind: str, content: bytes, *, now: datetime
    ) -> UUID:
        """Keep a photo of the licence or the letter of authority. Raises `NotAPhoto`, and as `save`."""
        if kind not in PHOTO_KINDS:
            raise BadInput(f"kind: one of {', '.join(PHOTO_KINDS)}")
        photo = redraw(content)
        async with self.database.transaction() as connection:
            await _own(connection, citizen_id, application_id)
            photo_id = await store.save_photo(
                connection, fresh_id(), application_id, kind, photo=photo, sealing=self.sealing, now=now
            )
        await self._change(citizen_id, application_id, {f"{kind}_photo": str(photo_id)}, now=now)
        return photo_id

    async def photo(self, citizen_id: UUID, application_id: UUID, photo_id: UUID) -> tuple[str, bytes]:
        """One of this account's photos. Raises `UnknownApplication`."""
        async with self.database.transaction() as connection:
            await _own(connection, citizen_id, application_id)
            found = await store.photo_of(connection, application_id, photo_id, self.sealing)
        if found is None:
            raise UnknownApplication
        return found

    async def look_up(self, licence_no: str) -> Record | None:
        """What the register tells of a code, None if it knows none. Raises `NotACode`, `InstitutionUnreachable`."""
        async with self.links.business_register() as office:
            told = await office.licence(read_code(licence_no))
        return record_from(told) if told else None

    async def submit(
        self, citizen_id: UUID, application_id: UUID, *, accepts: int | None = None, now: datetime
    ) -> State:
        """Send the revision in hand, and accept the joint announcement's version that was shown.

        Sending what was sent is no error. Raises `Incomplete`, `UnknownApplication`, `AnnouncementChanged`.
        """
        async with self.database.transaction() as connection:
            found = await _own(connection, citizen_id, application_id, lock=True)
            revisions = await store.revisions_of(connection, application_id, self.sealing)
            if not revisions or revisions[-1].submitted_at is not None:
                if found.state is State.REJECTED or not revisions:
                    raise ForbiddenMove("change what was wrong before sending it again", state=found.state.value)
                return found.state
            require_move(found.state, State.SUBMITTED)
            faults = faults_of(revisions[-1].fields)
            if faults:
                raise Incomplete(faults)
            subject, actor = f"application:{application_id}", f"citizen:{citizen_id}"
            await accept_announcement(connection, subject, accepts, by=actor, now=now)
            await store.mark_sent(connection, found, now=now)
            due_at = now + SERVICE_LEVEL
            await store.move(connection, found, State.SUBMITTED, now=now, due_at=due_at, ask_at=now)
            await note(connection, f"citizen:{citizen_id}", "submitted", found, {}, now=now)
        return State.SUBMITTED

    async def withdraw(self, citizen_id: UUID, application_id: UUID, *, now: datetime) -> None:
        """Take an application back. Raises `UnknownApplication`, `ForbiddenMove`."""
        async with self.database.transaction() as connection:
            found = await _own(connection, citizen_id, application_id, lock=True)
            if found.state is State.WITHDRAWN:
                return
            require_move(found.state, State.WITHDRAWN)
            await store.move(connection, found, State.WITHDRAWN, now=now)
            await forget_marks(connection, identity_of(found))
            await store.add_decision(
                connection, found, "withdrawn", actor=f"citizen:{citizen_id}", reason="", note="", now=now
            )
            await note(connection, f"citizen:{citizen_id}", "withdrawn", found, {}, now=now)

    async def appeal(self, citizen_id: UUID, application_id: UUID, text: str, *, now: datetime) -> None:
        """Ask two people to look at a stopped application again. Raises `UnknownApplication`, `ForbiddenMove`."""
        if not 1 <= len(text.strip()) <= NOTE_MAX:
            raise Incomplete({"appeal": "missing" if not text.strip() else "malformed"})
        async with self.database.transaction() as connection:
            found = await _own(connection, citizen_id, application_id, lock=True)
            if found.state is State.APPEALED:
                return
            require_move(found.state, State.APPEALED)
            await store.move(connection, found, State.APPEALED, now=now, due_at=now + SERVICE_LEVEL)
            actor = f"citizen:{citizen_id}"
            await store.add_decision(connection, found, "appealed", actor=actor, reason="", note=text.strip(), now=now)
            await note(connection, actor, "appealed", found, {}, now=now)

    async def _change(
        self, citizen_id: UUID, application_id: UUID, changes: Mapping[str, str], *, now: datetime
    ) -> Mapping[str, str]:
        async with self.database.transaction() as connection:
            found = await _own(connection, citizen_id, application_id, lock=True)
            if found.state not in EDITABLE:
                raise ForbiddenMove(
                    f"an application that is {found.state.value} is not changed", state=found.state.value
                )
            revisions = await store.revisions_of(connection, application_id, self.sealing)
            before = revisions[-1].fields if revisions else {}
            after = {**before, **changes}
            after["adcode"] = self._division(after)
            if revisions and after == dict(before):
                return before
            is_sent = bool(revisions) and revisions[-1].submitted_at is not None
            number = found.revision_no + 1 if is_sent else found.revision_no
            await store.save_fields(connection, found, number, after, self.sealing, now=now)
        return after

    def _division(self, fields: Mapping[str, str]) -> str:
        try:
            return self.regions.locate(float(fields.get("lon", "")), float(fields.get("lat", ""))) or ""
        except ValueError:
            return ""


async def sheet_of(connection: Connection, application: Application, sealing: Sealing) -> Sheet:
    """An application with all that belongs to it."""
    revisions = await store.revisions_of(connection, application.application_id, sealing)
    decisions = await store.decisions_of(connection, application.application_id)
    return Sheet(application, revisions, decisions)


def identity_of(application: Application) -> str:
    """What the marks of an application that is not decided yet stand under."""
    return f"application:{application.application_id}"


def record_from(told: RegisterExtract) -> Record:
    """The register's answer in this room's words."""
    return Record(
        told.licence_no,
        told.name,
        LicenceKind(told.kind),
        told.head_no,
        told.person,
        told.owner_since,
        told.address,
        told.scope,
        LicenceStatus(told.status),
        told.established_on,
        tuple(Event(e.on_day, e.what, e.was, e.became) for e in told.history),
    )


async def note(
    connection: Connection,
    actor: str,
    what: str,
    application: Application,
    after: Mapping[str, str | int | list[str]],
    *,
    now: datetime,
) -> None:
    """Write an audit entry about an application; nothing personal may be in `after`."""
    facts: dict[str, object] = {"revision": application.revision_no, **after}
    entry = AuditEntry(
        actor=actor,
        action=f"merchant_application.{what}",
        subject=f"merchant_application:{application.application_id}",
        before={"state": application.state.value},
        after=facts,  # type: ignore[arg-type]
    )
    await append(connection, entry, now=now)


async def _own(connection: Connection, citizen_id: UUID, application_id: UUID, *, lock: bool = False) -> Application:
    found = await store.application_of(connection, application_id, lock=lock)
    if found is None or found.citizen_id != citizen_id:
        raise UnknownApplication
    return found


def _tidy(name: str, text: str) -> str:
    said = text.strip()[: TEXT_MAX + 1]
    if name in _CODES:
        said = "".join(said.split()).upper()
        if name == "licence_no":
            try:
                return read_code(said)
            except NotACode:
                return said
    return said
