"""Providers are recruited by one person and approved by another; their people join, learn, and leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.citizens.sign_in import SignInDesk, require_phone
from yongquan.kernel.errors import BadInput
from yongquan.merchants.providers import store
from yongquan.merchants.providers.course import score_of
from yongquan.merchants.providers.model import (
    NAME_MAX,
    NewProvider,
    NewSurveyor,
    NotASurveyor,
    NotAtWork,
    Provider,
    ProviderState,
    ProviderStep,
    ProviderTaken,
    Surveyor,
    SurveyorTaken,
    UnknownProvider,
    checked_provider,
    next_provider_state,
    require_capacity,
)
from yongquan.merchants.providers.training import record_test
from yongquan.merchants.tasks.store import release_tasks
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Role, Staff
from yongquan.staff.errors import Forbidden

Facts = dict[str, Fact]
FIELD_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
REASON_MAX = 200
PURPOSE = "survey"


class OwnApplication(Forbidden):
    """Whoever entered an application does not decide it."""

    code = "own_version"


@dataclass(frozen=True, slots=True)
class ProviderDecision:
    """What staff decide of a provider and why; an approval names the contract's first and last day."""

    step: ProviderStep
    reason: str
    contract: tuple[date, date] | None = None


@dataclass(frozen=True, slots=True)
class ProviderDesk:
    """What recruiting needs of a running platform."""

    database: Database
    sealing: Sealing

    async def apply(self, staff: Staff, new: NewProvider, *, now: datetime) -> Provider:
        """Enter an application; a repeat changes nothing. Raises `BadInput`, `NotAPhone`, `ProviderTaken`."""
        staff.require(*FIELD_ROLES)
        async with self.database.transaction() as connection:
            found = await admit_application(connection, new, self.sealing, by=staff.actor, now=now)
            facts: Facts = {"name": found.name, "capacity_minutes": found.capacity_minutes}
            await append(connection, _entry(staff.actor, "applied", found.provider_id, facts), now=now)
        return found

    async def decide(self, staff: Staff, provider_id: UUID, decision: ProviderDecision, *, now: datetime) -> None:
        """Approve, refuse, suspend, resume or end a provider. An application is decided by another than entered it.

        Locks the provider. Raises `UnknownProvider`, `OwnApplication`, `ForbiddenProviderStep`, `BadInput`.
        """
        staff.require(*FIELD_ROLES)
        async with self.database.transaction() as connection:
            await decide_provider(connection, provider_id, decision, by=staff.actor, now=now)

    async def resize(self, staff: Staff, provider_id: UUID, minutes: int, *, now: datetime) -> None:
        """Change what a provider can do in a month; versions of the assignment keep the figure they were made by."""
        staff.require(*FIELD_ROLES)
        async with self.database.transaction() as connection:
            was = await _known(connection, provider_id, lock=True)
            require_capacity(minutes)
            await store.set_capacity(connection, provider_id, minutes, now=now)
            before: Facts = {"capacity_minutes": was.capacity_minutes}
            entry = _entry(staff.actor, "resized", provider_id, {"capacity_minutes": minutes}, before=before)
            await append(connection, entry, now=now)

    async def take_on(self, staff: Staff, new: NewSurveyor, *, now: datetime) -> None:
        """Somebody begins to work for a provider. Raises `BadInput`, `NotAPhone`, `SurveyorTaken`."""
        staff.require(*FIELD_ROLES)
        async with self.database.transaction() as connection:
            await _known(connection, new.provider_id)
            await admit_surveyor(connection, new, self.sealing, by=staff.actor, now=now)
            facts: Facts = {"surveyor": str(new.surveyor_id), "lead": new.is_lead}
            await append(connection, _entry(staff.actor, "person_added", new.provider_id, facts), now=now)

    async def let_go(self, staff: Staff, surveyor_id: UUID, *, now: datetime) -> None:
        """Somebody leaves; the tasks go back to the provider, and the next plan hands them out. Repeats do nothing."""
        staff.require(*FIELD_ROLES)
        async with self.database.transaction() as connection:
            person = await store.surveyor_of(connection, surveyor_id, self.sealing)
            if person is None:
                raise NotASurveyor
            if await store.let_go(connection, surveyor_id, now=now):
                freed = await release_tasks(connection, surveyor_id, actor=staff.actor, now=now)
                facts: Facts = {"surveyor": str(surveyor_id), "tasks": freed}
                await append(connection, _entry(staff.actor, "person_left", person.provider_id, facts), now=now)

    async def sign_in(self, codes: SignInDesk, phone: str, code: str, *, now: datetime) -> Surveyor:
        """Who gave a code back. `now` is real time. Raises `NotAPhone`, `WrongCode`, `NotASurveyor`."""
        await codes.prove(phone, code, now=now, purpose=PURPOSE)
        async with self.database.transaction() as connection:
            person = await store.surveyor_by_phone(connection, phone, self.sealing)
        if person is None:
            raise NotASurveyor
        return person

    async def at_work(self, surveyor_id: UUID, *, now: datetime) -> Surveyor:
        """Whoever works for a provider today. Raises `NotASurveyor`, `NotAtWork`."""
        async with self.database.transaction() as connection:
            return await require_at_work(connection, surveyor_id, self.sealing, now=now)

    async def take_test(self, surveyor_id: UUID, test_id: UUID, answers: Sequence[int], *, now: datetime) -> int:
        """Mark and record a test of the course; its score. The same id again changes nothing.

        Raises `BadInput`, `TooManyTests`, `NotASurveyor`, `NotAtWork`.
        """
        score = score_of(answers)
        async with self.database.transaction() as connection:
            person = await require_at_work(connection, surveyor_id, self.sealing, now=now)
            day = business_day(now)
            await record_test(connection, test_id, surveyor_id, score, day=day, by=person.actor, now=now)
        return score


async def admit_application(
    connection: Connection, new: NewProvider, sealing: Sealing, *, by: str, now: datetime
) -> Provider:
    """Write an application down. Raises `BadInput`, `NotAPhone`, `ProviderTaken`."""
    require_phone(checked_provider(new).phone)
    found = await store.add_provider(connection, new, sealing, by=by, now=now)
    if found is None:
        raise ProviderTaken
    return found


async def decide_provider(
    connection: Connection, provider_id: UUID, decision: ProviderDecision, *, by: str, now: datetime
) -> None:
    """Move a provider on; locks it. Raises as `ProviderDesk.decide`."""
    provider = await _known(connection, provider_id, lock=True)
    state = next_provider_state(provider.state, decision.step)
    reason = decision.reason.strip()
    if not 1 <= len(reason) <= REASON_MAX:
        raise BadInput(f"reason: write 1 to {REASON_MAX} characters")
    if provider.state is ProviderState.APPLIED and provider.applied_by == by:
        raise OwnApplication
    contract = decision.contract if decision.step is ProviderStep.APPROVE else None
    if decision.step is ProviderStep.APPROVE and (contract is None or contract[0] > contract[1]):
        raise BadInput("contract: an approval names its first and last day, in this order")
    await store.set_provider_state(connection, provider_id, state, contract=contract, reason=reason, by=by, now=now)
    facts: Facts = {"state": state.value, "reason": reason}
    if contract is not None:
        facts |= {"contract_from": str(contract[0]), "contract_until": str(contract[1])}
    before: Facts = {"state": provider.state.value}
    await append(connection, _entry(by, decision.step.value, provider_id, facts, before=before), now=now)


async def admit_surveyor(connection: Connection, new: NewSurveyor, sealing: Sealing, *, by: str, now: datetime) -> None:
    """Write somebody down. Raises `BadInput`, `NotAPhone`, `SurveyorTaken`."""
    require_phone(new.phone)
    if not 1 <= len(new.name.strip()) <= NAME_MAX:
        raise BadInput(f"name: 1 to {NAME_MAX} characters")
    if not await store.add_surveyor(connection, new, sealing, by=by, now=now):
        raise SurveyorTaken


async def require_at_work(connection: Connection, surveyor_id: UUID, sealing: Sealing, *, now: datetime) -> Surveyor:
    """Somebody whose provider works today. Raises `NotASurveyor`, `NotAtWork`."""
    person = await store.surveyor_of(connection, surveyor_id, sealing)
    if person is None:
        raise NotASurveyor
    provider = await _known(connection, person.provider_id)
    if person.left_at is not None or not provider.works_on(business_day(now)):
        raise NotAtWork
    return person


async def _known(connection: Connection, provider_id: UUID, *, lock: bool = False) -> Provider:
    provider = await store.provider_of(connection, provider_id, lock=lock)
    if provider is None:
        raise UnknownProvider
    return provider


def _entry(actor: str, act: str, provider_id: UUID, after: Facts, *, before: Facts | None = None) -> AuditEntry:
    subject = f"provider:{provider_id}"
    return AuditEntry(actor=actor, action=f"providers.{act}", subject=subject, before=before, after=after)
