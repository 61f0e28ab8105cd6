"""A shop signs up for a campaign: every condition is checked and told; it may withdraw until the campaign begins."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.publish_announcement import accept_announcement
from yongquan.flows.space_parties import NotInSpace, reader_of, shops_known
from yongquan.kernel.errors import Refusal
from yongquan.merchants.enrolment import store as enrolment
from yongquan.merchants.enrolment.conditions import Condition, Finding, ShopFacts, check_conditions, first_unmet
from yongquan.merchants.enrolment.model import Call, Enrolment, EnrolmentState
from yongquan.merchants.publications.model import Kind, Publication
from yongquan.merchants.publications.store import publication_of, readable
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.callable import CallableCampaign, callable_campaigns

# What stands in the way of a sign-up, but not of one that a shop has made already.
ONLY_AT_THE_DOOR = frozenset({Condition.SIGN_UP_OPEN, Condition.PLACES_LEFT})


class ConditionUnmet(Refusal):
    """The shop does not meet a condition of the call; the facts name it."""

    code = "condition_unmet"


class CampaignBegun(Refusal):
    """The campaign has begun: shops no longer withdraw from it."""

    code = "campaign_begun"


@dataclass(frozen=True, slots=True)
class CallForShop:
    """A call as one shop sees it, with every condition; `enrolment` is None if it never joined."""

    publication: Publication
    call: Call
    campaign: CallableCampaign | None
    findings: Sequence[Finding]
    enrolment: Enrolment | None

    @property
    def is_joined(self) -> bool:
        """Whether the shop is in."""
        return self.enrolment is not None and self.enrolment.state is EnrolmentState.JOINED

    @property
    def is_eligible(self) -> bool:
        """Whether every condition is met now."""
        return first_unmet(self.findings) is None

    @property
    def still_met(self) -> bool:
        """Whether a shop that is in still meets what is asked of shops."""
        return all(finding.is_met or finding.condition in ONLY_AT_THE_DOOR for finding in self.findings)

    def may_withdraw(self, now: datetime) -> bool:
        """Whether the shop is in and the campaign has not begun."""
        return self.is_joined and now < self.call.plan.starts_at


async def calls_for_shop(
    connection: Connection, store_id: UUID, *, now: datetime, only: UUID | None = None
) -> Sequence[CallForShop]:
    """The published calls that a shop reads, those it joined included, what closes first first. Raises `NotInSpace`."""
    reader = await reader_of(connection, store_id, now=now)
    known = {one.publication_id: one for one, _ in await readable(connection, Kind.CALL, reader, only=only)}
    joined = await enrolment.enrolments_of_store(connection, store_id)
    calls = await enrolment.calls_of(connection, list(known))
    campaigns = await callable_campaigns(connection, [call.plan.campaign_id for call in calls.values()])
    shops = await shops_known(connection, [store_id], now=now)
    facts = shops[store_id][1]
    return [
        CallForShop(
            known[call_id],
            call,
            campaigns.get(call.plan.campaign_id),
            check_conditions(call.plan.conditions, call.window, facts, now=now),
            joined.get(call_id),
        )
        for call_id, call in calls.items()
        if now < call.plan.starts_at or (call_id in joined and joined[call_id].state is EnrolmentState.JOINED)
    ]


async def join_campaign(
    database: Database, store_id: UUID, call_id: UUID, *, accepts: int | None = None, now: datetime
) -> None:
    """Sign a shop up; a repeat changes nothing. It accepts the joint announcement's version that it was shown.

    Locks the call. Raises `NotInSpace`, `ConditionUnmet`, `AnnouncementChanged`.
    """
    async with database.transaction() as connection:
        call = await _published(connection, call_id)
        reader = await reader_of(connection, store_id, now=now)
        if not await readable(connection, Kind.CALL, reader, only=call_id):
            raise NotInSpace
        known = await enrolment.enrolments_of_store(connection, store_id)
        if call_id in known and known[call_id].state is EnrolmentState.JOINED:
            return
        await accept_announcement(connection, f"store:{store_id}", accepts, by=f"store:{store_id}", now=now)
        facts = (await shops_known(connection, [store_id], now=now))[store_id][1]
        await enrol_shop(connection, call, store_id, facts, via="shop", by=f"store:{store_id}", now=now)


async def enrol_shop(
    connection: Connection, call: Call, store_id: UUID, facts: ShopFacts, *, via: str, by: str, now: datetime
) -> None:
    """Write a shop that meets every condition into a locked call. Raises `ConditionUnmet`."""
    unmet = first_unmet(check_conditions(call.plan.conditions, call.window, facts, now=now))
    if unmet is not None:
        raise ConditionUnmet(unmet.condition.value, condition=unmet.condition.value)
    kept = asdict(facts) | {"registered_at": facts.registered_at.isoformat()}
    if await enrolment.join_call(connection, call, store_id, via=via, by=by, facts=kept, now=now):
        entry = AuditEntry(
            actor=by, action="call.joined", subject=f"store:{store_id}", after={"call": str(call.call_id), "via": via}
        )
        await append(connection, entry, now=now)


async def withdraw_from_campaign(database: Database, store_id: UUID, call_id: UUID, *, now: datetime) -> None:
    """Take a shop out of a call before the campaign begins; a repeat changes nothing.

    Locks the call. Raises `NotInSpace`, `CampaignBegun`.
    """
    async with database.transaction() as connection:
        call = await enrolment.lock_call(connection, call_id)
        if call is None or call_id not in await enrolment.enrolments_of_store(connection, store_id):
            raise NotInSpace
        if now >= call.plan.starts_at:
            raise CampaignBegun
        if await enrolment.leave_call(connection, call, store_id, now=now):
            actor = f"store:{store_id}"
            entry = AuditEntry(actor=actor, action="call.left", subject=actor, after={"call": str(call_id)})
            await append(connection, entry, now=now)


async def _published(connection: Connection, call_id: UUID) -> Call:
    call = await enrolment.lock_call(connection, call_id)
    publication = await publication_of(connection, call_id)
    if call is None or publication is None or publication.state.value != "published":
        raise NotInSpace
    return call
