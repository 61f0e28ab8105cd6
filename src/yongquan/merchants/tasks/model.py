"""What a task is, and the table of its states. `docs/providers.md` shows the same table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import Refusal

NOTE_MAX: Final = 500


class TaskKind(StrEnum):
    """What is to be done."""

    FIRST_VISIT = "first_visit"
    INSPECTION = "inspection"
    TRAINING = "training"
    DELIVERY = "delivery"
    REVISIT = "revisit"
    PAY_APPEAL = "pay_appeal"


class TaskState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    UNDER_WAY = "under_way"
    DONE = "done"
    RETURNED = "returned"
    CHECKED = "checked"
    CANCELLED = "cancelled"


class TaskStep(StrEnum):
    """What somebody does with it."""

    ASSIGN = "assign"
    DECLINE = "decline"
    ACCEPT = "accept"
    START = "start"
    FINISH = "finish"
    RETURN = "return"
    CHECK = "check"
    CANCEL = "cancel"
    DECIDE = "decide"


_S, _T = TaskState, TaskStep
TASK_STEPS: Final[Mapping[tuple[TaskState, TaskStep], TaskState]] = MappingProxyType(
    {
        (_S.OPEN, _T.ASSIGN): _S.ASSIGNED,
        (_S.ASSIGNED, _T.ASSIGN): _S.ASSIGNED,  # to somebody else
        (_S.ACCEPTED, _T.ASSIGN): _S.ASSIGNED,
        (_S.UNDER_WAY, _T.ASSIGN): _S.ASSIGNED,
        (_S.RETURNED, _T.ASSIGN): _S.ASSIGNED,
        (_S.ASSIGNED, _T.DECLINE): _S.OPEN,
        (_S.ACCEPTED, _T.DECLINE): _S.OPEN,
        (_S.ASSIGNED, _T.ACCEPT): _S.ACCEPTED,
        (_S.ACCEPTED, _T.START): _S.UNDER_WAY,
        (_S.RETURNED, _T.START): _S.UNDER_WAY,
        (_S.UNDER_WAY, _T.FINISH): _S.DONE,
        (_S.DONE, _T.RETURN): _S.RETURNED,
        (_S.DONE, _T.CHECK): _S.CHECKED,
        (_S.OPEN, _T.CANCEL): _S.CANCELLED,
        (_S.ASSIGNED, _T.CANCEL): _S.CANCELLED,
        (_S.ACCEPTED, _T.CANCEL): _S.CANCELLED,
        (_S.RETURNED, _T.CANCEL): _S.CANCELLED,
        (_S.OPEN, _T.DECIDE): _S.CHECKED,  # a pay appeal; see APPEAL_STEPS
    }
)
# A pay appeal is opened by a provider and decided by staff; nobody walks anywhere for it.
APPEAL_STEPS: Final = frozenset({_T.DECIDE, _T.CANCEL})
ENDED: Final = frozenset({_S.CHECKED, _S.CANCELLED})
# What a surveyor has in hand, and is sent to.
IN_HAND: Final = (_S.ACCEPTED, _S.UNDER_WAY, _S.RETURNED)
# Steps that say why.
NEEDS_NOTE: Final = frozenset({_T.DECLINE, _T.RETURN, _T.CANCEL, _T.DECIDE, _T.FINISH})


class UnknownTask(Refusal):
    """There is no such task, or it is somebody else's."""

    code = "not_found"


class ForbiddenTaskStep(Refusal):
    """A task in this state cannot take this step."""

    code = "forbidden_move"


class NotThisProvider(Refusal):
    """A re-visit is for another provider than the one whose work is looked at again."""

    code = "not_this_provider"


class NoteMissing(Refusal):
    """This step says why, in 1 to 500 characters."""

    code = "note_missing"


@dataclass(frozen=True, slots=True)
class Task:
    """A task with the name and place of its shop (WGS-84); minutes are those planned for the work itself."""

    task_id: UUID
    kind: TaskKind
    state: TaskState
    period: str
    store_id: UUID | None
    grid_code: str | None
    provider_id: UUID | None
    surveyor_id: UUID | None
    not_provider: UUID | None
    of_task: UUID | None
    minutes: int
    due_day: date
    note: str
    report: str
    created_at: datetime
    changed_at: datetime
    store_name: str
    industry: str
    address: str
    lon: float | None
    lat: float | None
    provider_name: str

    def is_overdue(self, today: date) -> bool:
        """Whether its day is over and nobody has done it."""
        waits = self.state not in {*ENDED, TaskState.DONE}
        return waits and self.due_day < today


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """A step that was taken."""

    no: int
    step: str
    state: TaskState
    actor: str
    note: str
    at: datetime


def next_task_state(kind: TaskKind, state: TaskState, step: TaskStep) -> TaskState:
    """The state after a step. Raises `ForbiddenTaskStep`."""
    found = TASK_STEPS.get((state, step))
    is_appeal = kind is TaskKind.PAY_APPEAL
    fits = step in APPEAL_STEPS if is_appeal else step is not TaskStep.DECIDE
    if found is None or not fits:
        raise ForbiddenTaskStep(f"a task ({kind}) that is {state} cannot take the step {step}")
    return found


def checked_note(step: TaskStep, note: str) -> str:
    """The note as it is kept. Raises `NoteMissing`."""
    kept = note.strip()
    if len(kept) > NOTE_MAX or (step in NEEDS_NOTE and not kept):
        raise NoteMissing(f"{step}: write 1 to {NOTE_MAX} characters")
    return kept
