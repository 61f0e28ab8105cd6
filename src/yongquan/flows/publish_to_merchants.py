"""Staff write notices, services, answers and calls for shops; another person publishes what many will read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.space_parties import SPACE_ROLES, AnotherMustDecide, BadField, NotInSpace, checked
from yongquan.kernel.ids import named_id
from yongquan.merchants.enrolment.model import CallPlan
from yongquan.merchants.enrolment.store import save_call
from yongquan.merchants.grids.store import grids_in_force
from yongquan.merchants.publications import store as publications
from yongquan.merchants.publications.model import (
    BODY_MAX,
    CHANGEABLE,
    OPERATOR,
    PUBLICATION_MOVES,
    TITLE_MAX,
    Audience,
    Kind,
    Publication,
    PublicationState,
    Reach,
    Wording,
)
from yongquan.merchants.views import store_of
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff
from yongquan.vouchers.callable import callable_campaigns
from yongquan.vouchers.model import require_move

REASON_MAX = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What a member of staff writes; `plan` is of a call only."""

    kind: Kind
    wording: Wording
    reach: Reach
    publisher: str = OPERATOR
    question_id: UUID | None = None
    plan: CallPlan | None = None


async def draft_publication(database: Database, staff: Staff, draft: Draft, *, key: str, now: datetime) -> UUID:
    """Write a draft; the same person's same key again is the same draft. `now` is business time.

    Raises `BadField`, `Forbidden`, `NotInSpace`.
    """
    publication_id = named_id("publication", staff.actor, key)
    async with database.transaction() as connection:
        draft = await _checked(connection, draft, now=now)
        adcode = await _division_of(connection, draft.reach)
        staff.require(*SPACE_ROLES, adcode=adcode)
        is_new = await publications.add_publication(
            connection,
            publication_id,
            draft.kind,
            draft.wording,
            draft.reach,
            publisher=draft.publisher,
            adcode=adcode,
            by=staff.actor,
            now=now,
            question_id=draft.question_id,
        )
        if is_new:
            await _save_plan(connection, publication_id, draft)
            entry = _entry(staff, draft.kind, "drafted", publication_id, {"title": draft.wording.title})
            await append(connection, entry, now=now)
    return publication_id


async def rewrite_publication(
    database: Database, staff: Staff, publication_id: UUID, draft: Draft, *, now: datetime
) -> None:
    """Write a draft or a returned one anew; whoever does is its writer.

    Raises as `draft_publication`, and `ForbiddenMove`.
    """
    async with database.transaction() as connection:
        found = await _found(connection, staff, publication_id)
        draft = await _checked(connection, draft, now=now)
        adcode = await _division_of(connection, draft.reach)
        staff.require(*SPACE_ROLES, adcode=adcode)
        if found.state not in CHANGEABLE or found.kind is not draft.kind:
            require_move(PUBLICATION_MOVES, found.state, PublicationState.DRAFT)
        await publications.change_publication(
            connection,
            publication_id,
            draft.wording,
            draft.reach,
            publisher=draft.publisher,
            adcode=adcode,
            by=staff.actor,
            now=now,
        )
        await _save_plan(connection, publication_id, draft)
        entry = _entry(staff, found.kind, "rewritten", publication_id, {"title": draft.wording.title})
        await append(connection, entry, now=now)


async def submit_publication(
    database: Database, staff: Staff, publication_id: UUID, *, now: datetime
) -> PublicationState:
    """Hand a draft to a second person; one for a single shop is published at once. Raises `ForbiddenMove`."""
    async with database.transaction() as connection:
        found = await _found(connection, staff, publication_id)
        to = PublicationState.SUBMITTED if found.reach.is_public else PublicationState.PUBLISHED
        await _move(connection, staff, found, to, now=now)
    return to


async def decide_publication(
    database: Database, staff: Staff, publication_id: UUID, *, publish: bool, reason: str, now: datetime
) -> None:
    """Publish somebody else's, or return it with a reason.

    Raises `AnotherMustDecide`, `BadField`, `ForbiddenMove`, `Forbidden`, `NotInSpace`.
    """
    reason = checked("reason", reason, longest=REASON_MAX, least=0 if publish else 1)
    async with database.transaction() as connection:
        found = await _found(connection, staff, publication_id)
        if found.state is not PublicationState.SUBMITTED:
            require_move(PUBLICATION_MOVES, found.state, PublicationState.RETURNED)
        if found.drafted_by == staff.actor:
            raise AnotherMustDecide
        to = PublicationState.PUBLISHED if publish else PublicationState.RETURNED
        await _move(connection, staff, found, to, reason=reason, now=now)


async def withdraw_publication(
    database: Database, staff: Staff, publication_id: UUID, *, reason: str, now: datetime
) -> None:
    """Take something off, or give a draft up, with a reason. Raises as `decide_publication`."""
    reason = checked("reason", reason, longest=REASON_MAX)
    async with database.transaction() as connection:
        found = await _found(connection, staff, publication_id)
        await _move(connection, staff, found, PublicationState.WITHDRAWN, reason=reason, now=now)


async def _found(connection: Connection, staff: Staff, publication_id: UUID) -> Publication:
    found = await publications.publication_of(connection, publication_id, lock=True)
    if found is None:
        raise NotInSpace
    staff.require(*SPACE_ROLES, adcode=found.adcode)
    return found


async def _move(
    connection: Connection,
    staff: Staff,
    found: Publication,
    to: PublicationState,
    *,
    reason: str = "",
    now: datetime,
) -> None:
    require_move(PUBLICATION_MOVES, found.state, to)
    await publications.move_publication(connection, found.publication_id, to, by=staff.actor, reason=reason, now=now)
    facts: dict[str, Fact] = {"state": to.value, **({"reason": reason} if reason else {})}
    entry = _entry(staff, found.kind, to.value, found.publication_id, facts, before={"state": found.state.value})
    await append(connection, entry, now=now)


async def _checked(connection: Connection, draft: Draft, *, now: datetime) -> Draft:
    wording = Wording(
        checked("title", draft.wording.title, longest=TITLE_MAX),
        checked("body", draft.wording.body, longest=BODY_MAX),
        checked("title_en", draft.wording.title_en, longest=TITLE_MAX, least=0),
        checked("body_en", draft.wording.body_en, longest=BODY_MAX, least=0),
    )
    if (draft.kind is Kind.CALL) != (draft.plan is not None):
        raise BadField("campaign", "missing")
    if draft.kind is not Kind.NOTICE and not draft.reach.is_public:
        raise BadField("audience", "not_for_one")
    if draft.reach.audience is Audience.GRID and draft.reach.value not in await grids_in_force(
        connection, business_day(now)
    ):
        raise BadField("audience", "unknown")
    if draft.plan is not None:
        await _check_plan(connection, draft.plan, now=now)
    return Draft(draft.kind, wording, draft.reach, draft.publisher, draft.question_id, draft.plan)


async def _check_plan(connection: Connection, plan: CallPlan, *, now: datetime) -> None:
    campaign = (await callable_campaigns(connection, [plan.campaign_id])).get(plan.campaign_id)
    if campaign is None or campaign.starts_at != plan.starts_at:
        raise BadField("campaign", "unknown")
    if not now < plan.closes_at <= plan.starts_at:
        raise BadField("closes_at", "before_campaign")
    if plan.opens_at >= plan.closes_at:
        raise BadField("opens_at", "before_close")


async def _division_of(connection: Connection, reach: Reach) -> str | None:
    """The division whose officers may publish it; None is the whole city. Raises `BadField`."""
    match reach.audience:
        case Audience.DISTRICT:
            return reach.value
        case Audience.GRID:
            return reach.value.split("-", maxsplit=1)[0]
        case Audience.STORE:
            try:
                store = await store_of(connection, UUID(reach.value))
            except ValueError as error:
                raise BadField("audience", "unknown") from error
            if store is None:
                raise BadField("audience", "unknown")
            return store.adcode
        case _:
            return None


async def _save_plan(connection: Connection, publication_id: UUID, draft: Draft) -> None:
    if draft.plan is not None:
        wording = draft.wording
        await save_call(
            connection, publication_id, draft.plan, name=wording.title, name_en=wording.title_en or wording.title
        )


def _entry(
    staff: Staff,
    kind: Kind,
    act: str,
    publication_id: UUID,
    after: dict[str, Fact],
    *,
    before: dict[str, Fact] | None = None,
) -> AuditEntry:
    return AuditEntry(
        actor=staff.actor,
        action=f"{kind.value}.{act}",
        subject=f"publication:{publication_id}",
        before=before,
        after=after,
    )
