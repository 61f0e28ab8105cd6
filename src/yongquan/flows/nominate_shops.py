"""A district's bureau nominates its own shops for a campaign; another person decides, and conditions hold for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.join_campaign import ConditionUnmet, enrol_shop
from yongquan.flows.space_parties import (
    SPACE_ROLES,
    AnotherMustDecide,
    BadField,
    NotInSpace,
    checked,
    shops_known,
)
from yongquan.kernel.ids import named_id
from yongquan.merchants.enrolment import store as enrolment
from yongquan.merchants.enrolment.conditions import Condition, Finding, check_conditions, first_unmet
from yongquan.merchants.enrolment.model import (
    NOMINATED_MAX,
    NOMINATION_MOVES,
    Call,
    NominationState,
)
from yongquan.merchants.publications.model import PublicationState
from yongquan.merchants.publications.store import publication_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff
from yongquan.vouchers.model import require_move

REASON_MAX = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A shop that may be nominated, and the first condition it does not meet."""

    store_id: UUID
    name: str
    industry: str
    unmet: Finding | None


async def preview_candidates(
    connection: Connection, call: Call, store_ids: Sequence[UUID], *, now: datetime
) -> Sequence[Candidate]:
    """What would become of each shop now, in the order given; unknown ones are left out."""
    shops = await shops_known(connection, store_ids, now=now)
    conditions, window = call.plan.conditions, call.window
    return [
        Candidate(
            store_id,
            shops[store_id][0],
            shops[store_id][1].industry,
            first_unmet(check_conditions(conditions, window, shops[store_id][1], now=now)),
        )
        for store_id in store_ids
        if store_id in shops
    ]


async def propose_shops(
    database: Database,
    staff: Staff,
    call_id: UUID,
    stores: Sequence[UUID],
    *,
    adcode: str,
    reason: str,
    key: str,
    now: datetime,
) -> UUID:
    """Nominate shops of one division. Raises `BadField`, `Forbidden`, `NotInSpace`."""
    staff.require(*SPACE_ROLES, adcode=adcode)
    reason = checked("reason", reason, longest=REASON_MAX)
    if not 1 <= len(stores) <= NOMINATED_MAX:
        raise BadField("stores", "missing" if not stores else "too_many")
    nomination_id = named_id("nomination", staff.actor, key)
    async with database.transaction() as connection:
        await _published(connection, call_id)
        shops = await shops_known(connection, stores, now=now)
        if any(store not in shops or shops[store][1].adcode != adcode for store in stores):
            raise BadField("stores", "other_division")
        is_new = await enrolment.add_nomination(
            connection,
            nomination_id,
            call_id=call_id,
            adcode=adcode,
            stores=sorted(set(stores)),
            reason=reason,
            by=staff.actor,
            now=now,
        )
        if is_new:
            await append(connection, _entry(staff, "proposed", nomination_id, len(stores)), now=now)
    return nomination_id


async def decide_nomination(
    database: Database, staff: Staff, nomination_id: UUID, *, approve: bool, now: datetime
) -> Mapping[UUID, str]:
    """Decide on somebody else's nomination; of an approved one, which shops were left out for which condition.

    Locks the nomination, then the call. Raises `NotInSpace`, `AnotherMustDecide`, `ForbiddenMove`, `Forbidden`.
    """
    async with database.transaction() as connection:
        found = await enrolment.nomination_of(connection, nomination_id)
        if found is None:
            raise NotInSpace
        staff.require(*SPACE_ROLES, adcode=found.adcode)
        to = NominationState.APPROVED if approve else NominationState.REFUSED
        require_move(NOMINATION_MOVES, found.state, to)
        if found.proposed_by == staff.actor:
            raise AnotherMustDecide
        left_out: dict[UUID, str] = {}
        if approve:
            left_out = await _enrol_all(connection, found.call_id, found.stores, by=found.proposed_by, now=now)
        await enrolment.decide_nomination(connection, nomination_id, to, by=staff.actor, left_out=left_out, now=now)
        taken = len(found.stores) - len(left_out) if approve else 0
        await append(connection, _entry(staff, to.value, nomination_id, taken), now=now)
    return left_out


async def _enrol_all(
    connection: Connection, call_id: UUID, stores: Sequence[UUID], *, by: str, now: datetime
) -> dict[UUID, str]:
    """Enrol those that meet the conditions, as long as there are places; the first condition unmet of the others."""
    shops = await shops_known(connection, stores, now=now)
    left_out: dict[UUID, str] = {}
    for store in stores:
        call = await _published(connection, call_id)
        if store not in shops:
            left_out[store] = Condition.STORE_OPEN.value
            continue
        try:
            await enrol_shop(connection, call, store, shops[store][1], via="bureau", by=by, now=now)
        except ConditionUnmet as unmet:
            left_out[store] = str(unmet)
    return left_out


async def _published(connection: Connection, call_id: UUID) -> Call:
    call = await enrolment.lock_call(connection, call_id)
    publication = await publication_of(connection, call_id)
    if call is None or publication is None or publication.state is not PublicationState.PUBLISHED:
        raise NotInSpace
    return call


def _entry(staff: Staff, act: str, nomination_id: UUID, count: int) -> AuditEntry:
    return AuditEntry(
        actor=staff.actor, action=f"nomination.{act}", subject=f"nomination:{nomination_id}", after={"stores": count}
    )
