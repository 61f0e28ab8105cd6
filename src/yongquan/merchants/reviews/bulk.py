"""Which applications may be approved in bulk, and why the others may not. Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from yongquan.merchants.applications.model import Application, Revision, Risk, State


class LeftOut(StrEnum):
    """Why an application is looked at by itself, the weightiest reason first."""

    NOT_WAITING = "not_waiting"
    APPEALED = "appealed"
    SECOND = "second"
    RISKY = "risky"
    LINKED = "linked"
    FINDINGS = "findings"
    SENT_AGAIN = "sent_again"
    HELD = "held"


def why_left_out(one: Application, revisions: Sequence[Revision], *, actor: str, now: datetime) -> LeftOut | None:
    """The first reason to look at it by itself; None if nothing speaks against a plain approval."""
    last = revisions[-1]
    held = one.claimed_by not in {None, actor} and one.claimed_until is not None and one.claimed_until > now
    checks = (
        (LeftOut.APPEALED, one.state is State.APPEALED),
        (LeftOut.SECOND, one.state is State.SECOND_REVIEW),
        (LeftOut.NOT_WAITING, one.state is not State.IN_REVIEW),
        (LeftOut.RISKY, one.risk is not Risk.ORDINARY),
        (LeftOut.LINKED, bool(last.links)),
        (LeftOut.FINDINGS, bool(last.findings)),
        (LeftOut.SENT_AGAIN, len(revisions) > 1),
        (LeftOut.HELD, held),
    )
    return next((reason for reason, applies in checks if applies), None)
