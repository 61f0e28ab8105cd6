"""Names of features: one measure of one party's past over one window. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

from yongquan.kernel.errors import BadInput
from yongquan.risk.events import Entity, EventKind

WINDOWS_S = {"1m": 60, "10m": 600, "1h": 3600, "6h": 21_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000}
SUMS = ("amount", "voucher")


class Measure(StrEnum):
    """`count` of events, `sum` in fen, `distinct` other parties met, `gap` in seconds since the last event."""

    COUNT = "count"
    SUM = "sum"
    DISTINCT = "distinct"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Feature:
    """A number about the events of `kind` that `party` took part in within the window before the event judged.

    The window of length w before an event at t holds what happened in (t - w, t], without the event itself: events of
    the same millisecond count if they were recorded before. `of` is what is summed (`amount`, `voucher`) or the party
    whose distinct values are counted. A gap has the 30-day window; without an earlier event it is -1.
    """

    measure: Measure
    party: Entity
    kind: EventKind
    window: str
    of: str = ""
    name: str = field(init=False, repr=False, compare=False)  # distinct.payment.device.citizen.24h: the fields in words

    def __post_init__(self) -> None:
        if self.window not in WINDOWS_S:
            raise BadInput(f"window {self.window}: use one of {', '.join(WINDOWS_S)}")
        if self.measure is Measure.SUM and self.of not in SUMS:
            raise BadInput(f"a sum is of {' or '.join(SUMS)}, not of {self.of or 'nothing'}")
        if self.measure is Measure.DISTINCT and (self.of not in set(Entity) or self.of == self.party):
            raise BadInput(f"distinct of {self.of or 'nothing'}: name another party of the event")
        words = (self.measure, self.kind, self.party, self.of, self.window)
        object.__setattr__(self, "name", ".".join(word for word in words if word))

    def __hash__(self) -> int:
        return hash(self.name)  # a string keeps its hash; features are looked up for every event

    @property
    def seconds(self) -> int:
        return WINDOWS_S[self.window]
