"""What risk answers. Pure."""

from collections.abc import Iterable
from enum import StrEnum


class Action(StrEnum):
    """From mildest to strictest; the strictest of all rules and lists that speak is the verdict."""

    ALLOW = "allow"
    WATCH = "watch"  # allow, and show on the watch board
    STEP_UP = "step_up"  # ask for a one-time code first
    DELAY = "delay"  # refuse for now; the answer says when to come again
    REFUSE = "refuse"

    @property
    def severity(self) -> int:
        return _SEVERITIES[self]


_SEVERITIES = {action: severity for severity, action in enumerate(Action)}


def strictest(actions: Iterable[Action]) -> Action:
    """The strictest of these; `ALLOW` of none."""
    return max(actions, key=lambda action: action.severity, default=Action.ALLOW)
