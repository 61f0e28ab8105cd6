"""A reviewer works through the queue of shops: one case after the other, or many plain ones at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.decide_merchant import REVIEW_ROLES, HeldByAnother, MerchantReview, Verdict
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.applications import store
from yongquan.merchants.applications.model import QUEUED, Application, Difference, Revision, State, differences
from yongquan.merchants.applications.store import Decision
from yongquan.merchants.applications.views import queue
from yongquan.merchants.identity.linking import from_rows
from yongquan.merchants.identity.rules import Judgement, Link, judge
from yongquan.merchants.reviews.bulk import LeftOut, why_left_out
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Staff

BULK_MAX = 100


@dataclass(frozen=True, slots=True)
class Case:
    """An application as its reviewer reads it: `changed` is against the version that was sent back last."""

    application: Application
    revision: Revision
    rejected: Revision | None
    changed: Sequence[Difference]
    links: Sequence[Link]
    judgement: Judgement
    decisions: Sequence[Decision]


@dataclass(frozen=True, slots=True)
class BulkRow:
    """What a bulk approval would do with an application: None is to approve it."""

    application: Application
    left_out: LeftOut | None


async def case_of(connection: Connection, application: Application, sealing: Sealing) -> Case:
    """All that a decision on an application stands on."""
    revisions = await store.revisions_of(connection, application.application_id, sealing)
    decisions = await store.decisions_of(connection, application.application_id)
    sent_back = {one.revision_no for one in decisions if one.decision == State.REJECTED.value}
    last = revisions[-1]
    before = [one for one in revisions if one.revision_no in sent_back and one.revision_no < last.revision_no]
    rejected = before[-1] if before else None
    links = from_rows(last.links)
    return Case(
        application,
        last,
        rejected,
        differences(rejected.fields, last.fields) if rejected else (),
        links,
        judge(links),
        decisions,
    )


async def step(
    review: MerchantReview,
    staff: Staff,
    *,
    after: UUID | None,
    backwards: bool,
    places: Sequence[str] | None,
) -> UUID | None:
    """Put the case in hand back and take the next one (or the one before) that nobody else holds; None: all done.

    The queue runs in the order of due times and begins again at its end.
    """
    now = review.clock.now()
    async with review.database.transaction() as connection:
        waiting = await queue(connection, states=QUEUED, places=places)
        origin = await store.application_of(connection, after) if after is not None else None
    if after is not None:
        await review.release(staff, after)
    for one in _in_turn(waiting, origin, backwards=backwards):
        is_second_by_same = one.state is State.SECOND_REVIEW and one.first_by == staff.actor
        if one.application_id == after or is_second_by_same or not _may(staff, one):
            continue
        if one.claimed_by not in {None, staff.actor} and one.claimed_until is not None and one.claimed_until > now:
            continue
        try:
            await review.claim(staff, one.application_id)
        except HeldByAnother:
            continue
        return one.application_id
    return None


async def preview_bulk(
    connection: Connection, review: MerchantReview, staff: Staff, application_ids: Sequence[UUID]
) -> Sequence[BulkRow]:
    """What would become of each chosen application that is this person's to review. Raises `BadInput`."""
    if not 1 <= len(application_ids) <= BULK_MAX:
        raise BadInput(f"choose 1 to {BULK_MAX} applications")
    now, rows = review.clock.now(), []
    for application_id in dict.fromkeys(application_ids):
        one = await store.application_of(connection, application_id)
        if one is not None and _may(staff, one):
            revisions = await store.revisions_of(connection, application_id, review.sealing)
            rows.append(BulkRow(one, why_left_out(one, revisions, actor=staff.actor, now=now)))
    return rows


async def approve_bulk(
    review: MerchantReview, staff: Staff, application_ids: Sequence[UUID]
) -> Mapping[UUID, State | str]:
    """Approve what the preview would let through now, one after the other; the state or refusal of each."""
    async with review.database.transaction() as connection:
        rows = await preview_bulk(connection, review, staff, application_ids)
    done: dict[UUID, State | str] = {}
    for row in rows:
        application_id = row.application.application_id
        if row.left_out is not None:
            done[application_id] = row.left_out.value
            continue
        try:
            await review.claim(staff, application_id)
            done[application_id] = await review.decide(staff, application_id, Verdict(State.APPROVED))
        except Refusal as refusal:
            done[application_id] = refusal.code
    return done


def _in_turn(waiting: Sequence[Application], origin: Application | None, *, backwards: bool) -> Sequence[Application]:
    """The queue beginning behind (or before) where somebody stands, even if that case has left it."""
    if origin is None:
        return list(reversed(waiting)) if backwards else waiting
    place = _place(origin)
    behind = [one for one in waiting if _place(one) > place]
    before = [one for one in waiting if _place(one) < place]
    return [*reversed(before), *reversed(behind)] if backwards else [*behind, *before]


def _place(one: Application) -> tuple[bool, datetime, str]:
    return (one.due_at is None, one.due_at or one.created_at, str(one.application_id))


def _may(staff: Staff, one: Application) -> bool:
    return staff.may_any(*REVIEW_ROLES, adcode=one.adcode)
