"""An application's life, its steps and fields, and what is wrong with what was typed. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from stdnum.iso7064 import mod_11_2

from yongquan.kernel.errors import Refusal
from yongquan.merchants.identity.model import NotACode, read_code

TEXT_MAX: Final = 200
SERVICE_LEVEL: Final = timedelta(days=2)  # from sending to a decision
SERVICE_LEVEL_RAISED: Final = timedelta(days=5)
CLAIM_LASTS: Final = timedelta(minutes=15)


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHECKING = "checking"
    IN_REVIEW = "in_review"
    SECOND_REVIEW = "second_review"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    APPEALED = "appealed"
    APPROVED = "approved"
    OPEN = "open"


_UNDER_WAY: Final = frozenset({State.REJECTED, State.STOPPED, State.WITHDRAWN})
MOVES: Final[Mapping[State, frozenset[State]]] = {
    State.DRAFT: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.SUBMITTED: frozenset({State.CHECKING, State.WITHDRAWN}),
    State.CHECKING: frozenset({State.IN_REVIEW}) | _UNDER_WAY,
    State.IN_REVIEW: frozenset({State.SECOND_REVIEW, State.APPROVED}) | _UNDER_WAY,
    State.SECOND_REVIEW: frozenset({State.APPROVED}) | _UNDER_WAY,
    State.REJECTED: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.STOPPED: frozenset({State.APPEALED}),
    State.APPEALED: frozenset({State.SECOND_REVIEW, State.REJECTED, State.STOPPED, State.WITHDRAWN}),
    State.APPROVED: frozenset({State.OPEN}),
    State.WITHDRAWN: frozenset(),
    State.OPEN: frozenset(),
}
QUEUED: Final = (State.IN_REVIEW, State.SECOND_REVIEW, State.APPEALED)
EDITABLE: Final = (State.DRAFT, State.REJECTED)


class Risk(StrEnum):
    """How carefully an application is decided: what is not ordinary needs two people."""

    ORDINARY = "ordinary"
    RAISED = "raised"
    BARRED = "barred"


# Why a reviewer sends an application back; each has its sentence on the pages.
REASONS: Final = (
    *("photo_unreadable", "photo_differs", "name_differs", "address_differs", "scope_differs"),
    *("account_differs", "letter_missing", "not_a_shop", "duplicate", "listed"),
)

MCC: Final = {  # merchant category codes, ISO 18245
    "dining": "5812",
    "supermarket": "5411",
    "convenience": "5499",
    "department_store": "5311",
    "clothing": "5651",
    "appliances": "5722",
    "furnishing": "5712",
    "lodging": "7011",
    "tourism": "7991",
    "entertainment": "7832",
    "sports": "7941",
    "motoring": "5541",
}

# One screen each, in order; a step is left out where it does not apply.
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "licence": ("has_licence", "licence_no"),
    "photo": ("licence_photo",),
    "person": ("applicant", "person_name", "person_id_no"),
    "letter": ("agent_name", "agent_id_no", "letter_photo"),
    "store": ("shop_name", "industry", "address", "lon", "lat", "adcode"),
    "account": ("acquirer", "account_no", "account_holder", "serial_no"),
}
FIELDS: Final = frozenset(name for names in STEPS.values() for name in names)
_OPTIONAL: Final = frozenset({"serial_no"})
_CHOICES: Final = {"has_licence": ("yes", "no"), "applicant": ("owner", "agent"), "industry": tuple(MCC)}


class ForbiddenMove(Refusal):
    """What was asked cannot be done in the application's present state."""

    code = "forbidden_move"


class Incomplete(Refusal):
    """Fields are missing or wrong; the facts name them."""

    code = "application_incomplete"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(f"look again at {', '.join(sorted(faults))}", faults=dict(faults))
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Application:
    """An application as the queue and its owner see it; nothing personal is in it."""

    application_id: UUID
    citizen_id: UUID
    state: State
    revision_no: int
    licence_no: str
    shop_name: str
    industry: str
    adcode: str | None
    risk: Risk
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    due_at: datetime | None
    asked: int
    claimed_by: str | None
    claimed_until: datetime | None
    first_by: str | None
    store_id: UUID | None

    def is_held_by(self, actor: str, *, now: datetime) -> bool:
        """Whether this person has taken it to look at."""
        return self.claimed_by == actor and self.claimed_until is not None and self.claimed_until > now


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision: what was typed, what the register told (JSON values), what was found and who is linked."""

    revision_no: int
    fields: Mapping[str, str]
    begun_at: datetime
    submitted_at: datetime | None
    record: Mapping[str, Any] | None = None
    findings: Sequence[str] = ()
    links: Sequence[Mapping[str, Any]] = field(default=())


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that a revision changed."""

    name: str
    was: str
    became: str


def require_move(state: State, to: State) -> None:
    """Raises `ForbiddenMove`."""
    if to not in MOVES[state]:
        raise ForbiddenMove(f"an application that is {state.value} does not become {to.value}", state=state.value)


def steps_of(fields: Mapping[str, str]) -> tuple[str, ...]:
    """The steps that apply to what was typed so far."""
    left_out = set()
    if fields.get("has_licence") == "no":
        left_out |= {"photo", "letter"}
    if fields.get("applicant", "owner") != "agent":
        left_out.add("letter")
    return tuple(step for step in STEPS if step not in left_out)


def faults_of(fields: Mapping[str, str], steps: Sequence[str] | None = None) -> dict[str, str]:
    """What is wrong with the fields of some steps (all that apply, if None): `missing` or `malformed`, by field."""
    names = [name for step in (steps or steps_of(fields)) for name in STEPS[step]]
    return {name: fault for name in names if (fault := _fault(name, fields)) is not None}


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """The fields that differ between two revisions, in the order of the steps."""
    names = [name for step in STEPS.values() for name in step]
    pairs = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def is_identity_number(text: str) -> bool:
    """Whether the check sign of an identity number holds (GB 11643)."""
    return re.fullmatch(r"\d{17}[\dX]", text) is not None and bool(mod_11_2.is_valid(text))


def _fault(name: str, fields: Mapping[str, str]) -> str | None:
    text = fields.get(name, "").strip()
    if name == "licence_no" and fields.get("has_licence") == "no":
        return None
    if not text:
        return None if name in _OPTIONAL else "missing"
    if len(text) > TEXT_MAX or (name in _CHOICES and text not in _CHOICES[name]):
        return "malformed"
    return None if _is_well_formed(name, text) else "malformed"


def _is_well_formed(name: str, text: str) -> bool:
    match name:
        case "licence_no":
            try:
                read_code(text)
            except NotACode:
                return False
            return True
        case "person_id_no" | "agent_id_no":
            return is_identity_number(text)
        case "lon" | "lat":
            return re.fullmatch(r"\d{1,3}(\.\d{1,12})?", text) is not None
        case "account_no":
            return re.fullmatch(r"[0-9A-Za-z-]{4,40}", text) is not None
        case "person_name" | "agent_name":
            return 2 <= len(text) <= 40
        case _:
            return True
