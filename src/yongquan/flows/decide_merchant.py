"""A reviewer decides on a shop that asks to come in; what is risky, listed or appealed needs two people.

Approved, the acquirer takes the shop on (outside any transaction, repeated until it answers), then licence, store,
terminal and till access begin to exist in one commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog

from yongquan.citizens.store import phone_of
from yongquan.flows.check_merchant import newcomer_of, record_of_json
from yongquan.flows.onboard_merchant import UnknownApplication, identity_of, note
from yongquan.institutions.connectors.account_messages import ShopOpening
from yongquan.institutions.links import Links
from yongquan.kernel.errors import BadInput, Outage, Refusal
from yongquan.kernel.ids import bucket_from, cell_of, make_id, named_id
from yongquan.merchants.applications import store
from yongquan.merchants.applications.model import (
    CLAIM_LASTS,
    MCC,
    REASONS,
    Application,
    Revision,
    Risk,
    State,
    require_move,
)
from yongquan.merchants.cashiers import add_cashier, add_terminal
from yongquan.merchants.identity.linking import Newcomer, as_rows, links_of
from yongquan.merchants.identity.listing import spare
from yongquan.merchants.identity.model import MarkKind, Record
from yongquan.merchants.identity.rules import Judgement, Standing, Why
from yongquan.merchants.identity.store import (
    end_marks,
    forget_marks,
    lock_identities,
    save_account,
    save_licence,
    save_marks,
)
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.plumbing.clock import Clock, business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Role, Staff

REVIEW_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
NOTE_MAX = 500
AT_ONCE = 20
ASK_ACQUIRER_AGAIN = timedelta(seconds=30)
LIST_RULE = "system:yellow_list"

log = structlog.get_logger(__name__)


class HeldByAnother(Refusal):
    """Somebody else is looking at this application, or nobody took it."""

    code = "claimed_by_another"


class SamePerson(Refusal):
    """The second approval is another person's."""

    code = "same_person"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer decides; what is not an approval has one of `REASONS`, and a note if wanted."""

    to: State
    reason: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.to not in {State.APPROVED, State.REJECTED, State.STOPPED}:
            raise BadInput(f"a reviewer approves, rejects or stops, not {self.to.value}")
        if (self.to is State.APPROVED) == (self.reason in REASONS) or len(self.note) > NOTE_MAX:
            raise BadInput(f"what is not an approval needs one of {', '.join(REASONS)}; a note has at most {NOTE_MAX}")


@dataclass(frozen=True, slots=True)
class MerchantReview:
    """The reviewers' side of the desk. Every write may be repeated."""

    database: Database
    clock: Clock
    links: Links
    sealing: Sealing
    cells: int

    async def claim(self, staff: Staff, application_id: UUID) -> datetime:
        """Take an application to look at; until when. Raises `UnknownApplication`, `Forbidden`, `HeldByAnother`."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            found = await _found(connection, application_id, staff)
            until = now + CLAIM_LASTS
            if not await store.claim(connection, application_id, who=staff.actor, until=until, now=now):
                raise HeldByAnother
            if not found.is_held_by(staff.actor, now=now):
                await note(connection, staff.actor, "claimed", found, {}, now=now)
        return until

    async def release(self, staff: Staff, application_id: UUID) -> None:
        """Put an application back that this person holds."""
        async with self.database.transaction() as connection:
            await _found(connection, application_id, staff)
            await store.release(connection, application_id, who=staff.actor)

    async def decide(self, staff: Staff, application_id: UUID, verdict: Verdict) -> State:
        """Decide on an application that this person holds; its state after it.

        The first approval of what is risky only asks for the second. An approval looks at the list again: who was
        listed meanwhile is stopped. The same decision again changes nothing. Locks identities, then the application.
        Raises `UnknownApplication`, `Forbidden`, `HeldByAnother`, `SamePerson`, `ForbiddenMove`.
        """
        now = self.clock.now()
        async with self.database.transaction() as connection:
            await lock_identities(connection)
            found = await _found(connection, application_id, staff, lock=True)
            if await _is_repeat(connection, found, staff, verdict):
                return found.state
            to = await self._decide(connection, found, staff, verdict, now=now)
        if to is State.APPROVED:
            to = await self.open(application_id)
        return to

    async def sweep(self) -> int:
        """Open stores that were approved and that no acquirer took on yet; how many were tried."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            next_at = now + ASK_ACQUIRER_AGAIN
            due = await store.due_to_ask(connection, [State.APPROVED], now=now, limit=AT_ONCE, next_at=next_at)
        for application_id in due:
            await self.open(application_id)
        return len(due)

    async def open(self, application_id: UUID) -> State:
        """Have the acquirer take an approved shop on, then let it exist. An acquirer that is silent is asked later."""
        async with self.database.transaction() as connection:
            found = await store.application_of(connection, application_id)
            if found is None:
                raise UnknownApplication
            if found.state is not State.APPROVED:
                return found.state
            revision = (await store.revisions_of(connection, application_id, self.sealing))[-1]
        new = _new_store(found, revision)
        # The account is opened in the holder's name, which was checked.
        shop = ShopOpening(shop_id=str(new.store_id), name=revision.fields["account_holder"], account_no=new.account_no)
        trouble = await self._take_on(new.acquirer, shop)
        if trouble:
            log.warning("merchant_opening_postponed", application_id=str(application_id), why=trouble)
            return State.APPROVED
        async with self.database.transaction() as connection:
            await self._exist(connection, application_id, revision, new)
        return State.OPEN

    async def _take_on(self, acquirer: str, shop: ShopOpening) -> str:
        """What hinders the acquirer from taking a shop on, "" if it did."""
        try:
            async with self.links.client(acquirer) as client:
                answer = await client.take_on_shops([shop])
        except Outage as outage:
            return str(outage)
        return f"{acquirer} did not take the shop on: {answer.refused[0].code}" if answer.refused else ""

    async def _decide(
        self, connection: Connection, found: Application, staff: Staff, verdict: Verdict, *, now: datetime
    ) -> State:
        to, reason, actor = verdict.to, verdict.reason, staff.actor
        if to is State.APPROVED and found.risk is not Risk.ORDINARY and found.state is not State.SECOND_REVIEW:
            to = State.SECOND_REVIEW
        require_move(found.state, to)
        if not found.is_held_by(staff.actor, now=now):
            raise HeldByAnother
        if found.state is State.SECOND_REVIEW and found.first_by == staff.actor and to is State.APPROVED:
            raise SamePerson
        if to in {State.APPROVED, State.SECOND_REVIEW}:
            judgement = await self._judge_again(connection, found, now=now)
            if judgement.standing is Standing.BARRED and found.risk is not Risk.BARRED:
                to, reason, actor = State.STOPPED, judgement.reasons[0].value, LIST_RULE
            elif judgement.standing is Standing.RAISED and to is State.APPROVED and found.risk is Risk.ORDINARY:
                to = State.SECOND_REVIEW
        barred = Risk.BARRED if to is State.STOPPED else (Risk.RAISED if to is State.SECOND_REVIEW else None)
        await store.move(
            connection,
            found,
            to,
            now=now,
            ask_at=now + ASK_ACQUIRER_AGAIN if to is State.APPROVED else None,
            risk=None if found.risk is Risk.BARRED else barred,
            first_by=staff.actor if to is State.SECOND_REVIEW else found.first_by,
        )
        await store.add_decision(connection, found, to.value, actor=actor, reason=reason, note=verdict.note, now=now)
        facts = {"state": to.value, "reason": reason, "note": verdict.note}
        await note(connection, staff.actor, "decided", found, facts, now=now)
        return to

    async def _judge_again(self, connection: Connection, found: Application, *, now: datetime) -> Judgement:
        revision = (await store.revisions_of(connection, found.application_id, self.sealing))[-1]
        record, newcomer = await self._newcomer(connection, found, revision)
        judgement, links = await links_of(connection, newcomer, now=now)
        await store.save_check(
            connection, found, self.sealing, record=revision.record, findings=revision.findings, links=as_rows(links)
        )
        if record is not None and Why.SUCCESSOR in judgement.reasons and found.state is State.SECOND_REVIEW:
            await spare(connection, record.licence_no, by=f"application:{found.application_id}", now=now)
        return judgement

    async def _newcomer(
        self, connection: Connection, found: Application, revision: Revision
    ) -> tuple[Record | None, Newcomer]:
        phone = await phone_of(connection, cell_of(found.citizen_id, self.cells), found.citizen_id, self.sealing)
        record = record_of_json(revision.record)
        return record, newcomer_of(found, revision.fields, record, phone or "", self.sealing)

    async def _exist(self, connection: Connection, application_id: UUID, revision: Revision, new: NewStore) -> None:
        now = self.clock.now()
        found = await store.application_of(connection, application_id, lock=True)
        if found is None or found.state is not State.APPROVED:
            return
        record, newcomer = await self._newcomer(connection, found, revision)
        identity = f"shop:{new.store_id}"
        if record is not None:
            identity = record.licence_no
            await save_licence(connection, record, brand="", sealing=self.sealing, now=now)
            await save_account(
                connection,
                record.licence_no,
                acquirer=new.acquirer,
                account_no=new.account_no,
                holder=revision.fields["account_holder"],
                sealing=self.sealing,
                now=now,
            )
            await end_marks(connection, identity, MarkKind.PERSON, until=record.owner_since)
        await forget_marks(connection, identity_of(found))
        await save_marks(connection, identity, newcomer.marks, since=_since(record, now))
        await register_stores(connection, [new], now=now)
        await add_cashier(connection, new.store_id, found.citizen_id, role="manager", now=now)
        serial_no = revision.fields.get("serial_no") or None
        await add_terminal(connection, new.store_id, _terminal_no(new.store_id), serial_no=serial_no, now=now)
        await store.move(connection, found, State.OPEN, now=now, store_id=new.store_id, first_by=found.first_by)
        await note(connection, "system:opening", "opened", found, {"store": str(new.store_id)}, now=now)


async def _found(connection: Connection, application_id: UUID, staff: Staff, *, lock: bool = False) -> Application:
    found = await store.application_of(connection, application_id, lock=lock)
    if found is None:
        raise UnknownApplication
    staff.require(*REVIEW_ROLES, adcode=found.adcode)
    return found


async def _is_repeat(connection: Connection, found: Application, staff: Staff, verdict: Verdict) -> bool:
    decisions = await store.decisions_of(connection, found.application_id)
    if not decisions or found.is_held_by(staff.actor, now=decisions[-1].at):
        return False
    last = decisions[-1]
    done = {State.SECOND_REVIEW: State.APPROVED, State.OPEN: State.APPROVED}.get(found.state, found.state)
    is_same = (last.actor, last.reason, last.note) == (staff.actor, verdict.reason, verdict.note)
    return is_same and done is verdict.to and last.revision_no == found.revision_no


def _new_store(found: Application, revision: Revision) -> NewStore:
    fields: Mapping[str, str] = revision.fields
    name = named_id("onboarded store", found.application_id)
    return NewStore(
        store_id=make_id(at_ms=0, bucket=bucket_from(name.bytes), entropy=name.int & 0xFFFF_FFFF_FFFF_FFFF),
        name=fields["shop_name"],
        brand=None,
        licence_no=found.licence_no,
        industry=fields["industry"],
        mcc=MCC[fields["industry"]],
        adcode=fields["adcode"],
        address=fields["address"],
        lon=float(fields["lon"]),
        lat=float(fields["lat"]),
        acquirer=fields["acquirer"],
        account_no=fields["account_no"],
    )


def _terminal_no(store_id: UUID) -> str:
    return f"T{store_id.int % 10**8:08d}"


def _since(record: Record | None, now: datetime) -> date:
    return max(record.owner_since, record.established_on) if record is not None else business_day(now)
