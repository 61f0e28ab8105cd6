"""What a provider is and may become. Degrees are WGS-84, work is in minutes a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from stdnum.cn import uscc

from yongquan.kernel.errors import BadInput, Refusal

NAME_MAX: Final = 60
CAPACITY_MAX: Final = 10_000_000


class ProviderState(StrEnum):
    """Where a provider stands."""

    APPLIED = "applied"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"
    REFUSED = "refused"


class ProviderStep(StrEnum):
    """What staff do with a provider."""

    APPROVE = "approve"
    REFUSE = "refuse"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


PROVIDER_STEPS: Final[Mapping[tuple[ProviderState, ProviderStep], ProviderState]] = MappingProxyType(
    {
        (ProviderState.APPLIED, ProviderStep.APPROVE): ProviderState.ACTIVE,
        (ProviderState.APPLIED, ProviderStep.REFUSE): ProviderState.REFUSED,
        (ProviderState.ACTIVE, ProviderStep.SUSPEND): ProviderState.SUSPENDED,
        (ProviderState.ACTIVE, ProviderStep.END): ProviderState.ENDED,
        (ProviderState.SUSPENDED, ProviderStep.RESUME): ProviderState.ACTIVE,
        (ProviderState.SUSPENDED, ProviderStep.END): ProviderState.ENDED,
    }
)


class UnknownProvider(Refusal):
    """There is no such provider."""

    code = "not_found"


class ForbiddenProviderStep(Refusal):
    """A provider in this state cannot take this step."""

    code = "forbidden_move"


class ProviderTaken(Refusal):
    """The name or the licence belongs to a provider that is here already."""

    code = "provider_taken"


class SurveyorTaken(Refusal):
    """Somebody at work for a provider has this phone."""

    code = "surveyor_taken"


class NotASurveyor(Refusal):
    """Nobody who works for a provider has this phone."""

    code = "not_a_surveyor"


class NotAtWork(Refusal):
    """The provider is suspended, its contract is over, or the person has left."""

    code = "not_at_work"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProvider:
    """An application. The licence is a unified social credit code (GB 32100)."""

    provider_id: UUID
    name: str
    licence_no: str
    contact: str
    phone: str
    capacity_minutes: int
    depot_address: str
    depot_lon: float
    depot_lat: float


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the desk sees it, without its contact."""

    provider_id: UUID
    name: str
    licence_no: str
    state: ProviderState
    contract_from: date | None
    contract_until: date | None
    capacity_minutes: int
    depot_address: str
    depot_lon: float
    depot_lat: float
    applied_at: datetime
    applied_by: str
    decided_by: str | None
    reason: str

    def works_on(self, day: date) -> bool:
        """Whether its contract covers a business day and it is not suspended."""
        return (
            self.state is ProviderState.ACTIVE
            and self.contract_from is not None
            and self.contract_until is not None
            and self.contract_from <= day <= self.contract_until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSurveyor:
    """Somebody who begins to work for a provider; a lead hands out its tasks and contests its pay."""

    surveyor_id: UUID
    provider_id: UUID
    name: str
    phone: str
    is_lead: bool = False


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Somebody who works for a provider, with the provider's name and state."""

    surveyor_id: UUID
    provider_id: UUID
    name: str
    phone_masked: str
    is_lead: bool
    left_at: datetime | None
    provider_name: str

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"surveyor:{self.surveyor_id}"


def next_provider_state(state: ProviderState, step: ProviderStep) -> ProviderState:
    """The state after a step. Raises `ForbiddenProviderStep`."""
    found = PROVIDER_STEPS.get((state, step))
    if found is None:
        raise ForbiddenProviderStep(f"a provider that is {state} cannot be moved on by {step}")
    return found


def checked_provider(new: NewProvider) -> NewProvider:
    """An application whose fields can be. Raises `BadInput` naming the field."""
    if not 1 <= len(new.name.strip()) <= NAME_MAX:
        raise BadInput(f"name: 1 to {NAME_MAX} characters")
    if not uscc.is_valid(new.licence_no):
        raise BadInput("licence_no: no unified social credit code (18 signs, GB 32100)")
    if not 1 <= len(new.contact.strip()) <= NAME_MAX:
        raise BadInput(f"contact: 1 to {NAME_MAX} characters")
    require_capacity(new.capacity_minutes)
    if not new.depot_address.strip():
        raise BadInput("depot_address: where its people start from")
    if not (-180 <= new.depot_lon <= 180 and -90 <= new.depot_lat <= 90):
        raise BadInput("depot_lon, depot_lat: degrees, WGS-84")
    return new


def require_capacity(minutes: int) -> None:
    """Raises `BadInput`."""
    if not 1 <= minutes <= CAPACITY_MAX:
        raise BadInput(f"capacity_minutes: minutes a month, 1 to {CAPACITY_MAX}")
