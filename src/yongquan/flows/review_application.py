"""Staff review applications with proof: taken, then approved, returned or refused; a second person above an amount.

An approved application becomes a voucher, or a payment to the applicant's card, in the commit of the approval.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.apply_with_proof import UnknownApplication, answers_of, mark_of
from yongquan.flows.grant_vouchers import Grant, grant_vouchers
from yongquan.flows.promise_card_payment import promise_card_payment
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import Origin, require_move
from yongquan.vouchers.ways import applications
from yongquan.vouchers.ways.application_form import Benefit, Form, marks_of
from yongquan.vouchers.ways.applications import APPLICATION_MOVES, Application, ApplicationState

REVIEW_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
HELD_FOR = timedelta(minutes=15)
NOTE_MAX = 200
REASONS = ("unreadable", "incomplete", "mismatch", "duplicate", "out_of_period", "not_covered")


class HeldByAnother(Refusal):
    """Somebody else is looking at this application, or nobody took it."""

    code = "claimed_by_another"


class SamePerson(Refusal):
    """The second approval is another person's."""

    code = "same_person"


class ProofUsed(Refusal):
    """A number or document of this application stands in one that was approved."""

    code = "duplicate_proof"


class GrantRefused(Refusal):
    """The voucher could not be given: sold out, the citizen blocked, the round not published."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = {"not_published": "not_open"}.get(code, code)  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer decides; a return or refusal has one of `REASONS`, and a note if wanted."""

    to: ApplicationState
    reason: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        negative = self.to in {ApplicationState.RETURNED, ApplicationState.REFUSED}
        if self.to not in {ApplicationState.APPROVED, ApplicationState.RETURNED, ApplicationState.REFUSED}:
            raise BadInput(f"a reviewer approves, returns or refuses, not {self.to}")
        if negative != (self.reason in REASONS) or len(self.note) > NOTE_MAX:
            raise BadInput(f"a return or refusal needs one of {', '.join(REASONS)}; a note has at most {NOTE_MAX}")


async def take_application(database: Database, application_id: UUID, *, staff: Staff, now: datetime) -> None:
    """Take an application to look at, for a quarter of an hour. Raises `UnknownApplication`, `HeldByAnother`."""
    async with database.transaction() as connection:
        found = await _found(connection, application_id, staff)
        if not await applications.hold(connection, found, who=staff.actor, until=now + HELD_FOR, now=now):
            raise HeldByAnother
        entry = _entry(staff, "taken", found, {"turn": found.turn})
        await append(connection, entry, now=now)


async def decide_application(
    database: Database,
    sealing: Sealing,
    application_id: UUID,
    verdict: Verdict,
    *,
    staff: Staff,
    cells: int,
    now: datetime,
) -> ApplicationState:
    """Decide on an application that this person holds; its state after it. `now` is business time.

    From the form's amount on the first approval only asks for a second one. Locks the application, the numbers it
    shows, then the cell's claim lock. Raises `HeldByAnother`, `SamePerson`, `ProofUsed`, `GrantRefused`,
    `ForbiddenMove`.
    """
    async with database.transaction() as connection:
        found = await _found(connection, application_id, staff)
        found = await applications.application_of(connection, application_id, lock_cell=found.cell) or found
        to, voucher_id = verdict.to, None
        require_move(APPLICATION_MOVES, found.state, to)
        if found.held_by != staff.actor or found.held_until is None or found.held_until <= now:
            raise HeldByAnother
        if to is ApplicationState.APPROVED:
            form = (await applications.open_forms(connection, round_id=found.round_id))[0].form
            await _require_unused(connection, sealing, found, form)
            to = _after_approval(found, form, staff)
            if to is ApplicationState.APPROVED:
                voucher_id = await _grant(connection, found, form, cells=cells, now=now)
        await applications.decide(
            connection,
            found,
            state=to,
            reason=verdict.reason,
            note=verdict.note,
            first_by=staff.actor if verdict.to is ApplicationState.APPROVED else None,
            voucher_id=voucher_id,
            now=now,
        )
        facts: dict[str, int | str] = {"state": to.value, "reason": verdict.reason or "", "note": verdict.note}
        await append(connection, _entry(staff, to.value, found, facts), now=now)
    return to


def _after_approval(found: Application, form: Form, staff: Staff) -> ApplicationState:
    if not form.needs_second(found.amount_fen):
        return ApplicationState.APPROVED
    if found.state is ApplicationState.SUBMITTED:
        return ApplicationState.SECONDING
    if found.first_by == staff.actor:
        raise SamePerson
    return ApplicationState.APPROVED


async def _require_unused(connection: Connection, sealing: Sealing, found: Application, form: Form) -> None:
    numbers = marks_of(form, answers_of(found, sealing))
    marks = [(kind, mark_of(sealing, kind, number)) for kind, number in numbers]
    documents = [("document", proof.sha256) for proof in await applications.proofs_of(connection, found)]
    await applications.lock_marks(connection, [*marks, *documents])
    others = await applications.alike(connection, found.application_id)
    if any(other.state is ApplicationState.APPROVED for other in others):
        raise ProofUsed


async def _grant(connection: Connection, found: Application, form: Form, *, cells: int, now: datetime) -> UUID:
    to_card = form.benefit is Benefit.CARD
    grant = Grant(found.citizen_id, found.type_id, found.application_id)
    origin = Origin.CARD if to_card else Origin.APPLY
    (granted,) = await grant_vouchers(connection, [grant], origin=origin, cells=cells, now=now)
    if granted.voucher_id is None:
        raise GrantRefused(granted.code)
    if to_card:
        await promise_card_payment(connection, found, granted.voucher_id, now=now)
    return granted.voucher_id


async def _found(connection: Connection, application_id: UUID, staff: Staff) -> Application:
    found = await applications.application_of(connection, application_id)
    if found is None:
        raise UnknownApplication
    staff.require(*REVIEW_ROLES, adcode=found.adcode)
    return found


def _entry(staff: Staff, done: str, found: Application, after: dict[str, int | str]) -> AuditEntry:
    return AuditEntry(
        actor=staff.actor,
        action=f"application.{done}",
        subject=f"application:{found.application_id}",
        before={"state": found.state.value},
        after={**after},
    )
