"""The health of a line: a circuit breaker over its last messages. Pure; seconds are a monotonic clock's."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

WINDOW = 50
JUDGED_FROM = 10
FAILED_SHARE_MAX = 0.5
SLOW_S = 2.5
REST_S = 5.0
PROBES = 3


class LineState(StrEnum):
    """closed: in use; open: not used for new debits; half_open: one message at a time tries it."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Breaker:
    """Opens when half of the last messages got no answer or a slow one, rests 5 s, closes after 3 good probes."""

    state: LineState = LineState.CLOSED
    opened: int = 0
    _last: deque[tuple[bool, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _opened_at: float = 0.0
    _good_probes: int = 0
    _is_probing: bool = False

    def admits(self, at: float) -> bool:
        """Whether a new debit may use the line now; a half-open one takes it as its probe."""
        if self.state is LineState.CLOSED:
            return True
        if self.state is LineState.OPEN and at - self._opened_at >= REST_S:
            self.state, self._good_probes, self._is_probing = LineState.HALF_OPEN, 0, False
        if self.state is LineState.OPEN or self._is_probing:
            return False
        self._is_probing = True
        return True

    def note(self, *, answered: bool, took_s: float, at: float) -> None:
        """Count how a message went."""
        good = answered and took_s < SLOW_S
        self._last.append((good, took_s))
        if self.state is LineState.HALF_OPEN:
            self._is_probing = False
            self._good_probes += good
            if not good:
                self._open(at)
            elif self._good_probes >= PROBES:
                self.state = LineState.CLOSED
                self._last.clear()
        elif self.state is LineState.CLOSED and not good and self.failed_share > FAILED_SHARE_MAX:
            self._open(at)

    @property
    def failed_share(self) -> float:
        """The part of the last messages that went badly; 0 while there are too few to judge."""
        if len(self._last) < JUDGED_FROM:
            return 0.0
        return sum(not good for good, _ in self._last) / len(self._last)

    @property
    def median_s(self) -> float | None:
        """How long the last messages took, in the middle."""
        return sorted(took_s for _, took_s in self._last)[len(self._last) // 2] if self._last else None

    def _open(self, at: float) -> None:
        self.state, self._opened_at = LineState.OPEN, at
        self.opened += 1
