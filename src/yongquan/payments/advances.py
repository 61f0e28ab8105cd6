"""How old a funder's debt to its advancer is. Pure; amounts in fen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

LIMITS = (30, 60, 90)
NAMES = ("0-30", "31-60", "61-90", "90+")


@dataclass(frozen=True, slots=True)
class AgedAdvance:
    """What is still owed of the advances of one day."""

    day: date
    age_days: int
    owed_fen: int

    @property
    def bucket(self) -> str:
        return NAMES[sum(self.age_days > limit for limit in LIMITS)]


def age_advances(days: Iterable[tuple[date, int, int]], *, today: date) -> list[AgedAdvance]:
    """Days as (day, advanced, repaid or written off); the oldest advance is repaid first, whenever it is repaid."""
    rows = sorted(days)
    left = sum(repaid for _, _, repaid in rows)
    owed = []
    for day, advanced, _ in rows:
        settled = min(left, advanced)
        left -= settled
        if advanced > settled:
            owed.append(AgedAdvance(day, (today - day).days, advanced - settled))
    return owed


def by_bucket(advances: Iterable[AgedAdvance]) -> dict[str, int]:
    """Sums of 0-30, 31-60, 61-90 and more than 90 days."""
    sums = dict.fromkeys(NAMES, 0)
    for advance in advances:
        sums[advance.bucket] += advance.owed_fen
    return sums
