"""Events as columns of equal length, in the order of time; ids are numbered, so that they can be counted by."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Column = tuple[str, npt.NDArray[Any]]  # a feature: its name and its value in each row

UNKNOWN: Final = -1
HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
SHANGHAI_US: Final = 8 * HOUR_US  # no daylight saving since 1991


@dataclass(frozen=True, slots=True)
class Events:
    """Rows sorted by time; `position` is each row's place in its file. Unknown codes and labels are -1.

    Payers and payees are numbered in one series: the same id on both sides is the same party.
    """

    position: Ints
    event_id: tuple[str, ...]
    at_us: Ints  # since 1970 in UTC
    payer: Ints
    payee: Ints
    amount_fen: Ints
    label: Ints  # 1 bad, 0 good, -1 unknown
    location: Ints | None
    device: Ints | None
    kind: Ints | None
    kinds: tuple[str, ...]  # the name of each number in `kind`
    x: dict[str, Floats]  # NaN is unknown

    def __len__(self) -> int:
        return len(self.at_us)

    @property
    def local_us(self) -> Ints:
        """Wall-clock time in Shanghai, as microseconds since 1970."""
        return self.at_us + SHANGHAI_US

    def describe(self) -> dict[str, Any]:
        """What a person wants to know about a file before trusting it."""
        return {
            "events": len(self),
            "bad": int((self.label == 1).sum()),
            "good": int((self.label == 0).sum()),
            "unknown": int((self.label == UNKNOWN).sum()),
            "from": day_text(int(self.at_us[0])) if len(self) else None,
            "to": day_text(int(self.at_us[-1])) if len(self) else None,
        }


def day_text(at_us: int) -> str:
    """The instant as ISO 8601 in Shanghai."""
    return str(np.datetime64(at_us + SHANGHAI_US, "us").astype("datetime64[s]")) + "+08:00"
