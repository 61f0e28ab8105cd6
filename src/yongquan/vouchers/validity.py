"""When a voucher may be used: a fixed window, or so many calendar days counting the day of the claim."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from yongquan.plumbing.clock import SHANGHAI


@dataclass(frozen=True, slots=True)
class Validity:
    """A window in UTC, half-open. Without `until`, `days` calendar days in Shanghai, today the first."""

    starts: datetime | None
    until: datetime | None
    days: int | None

    def window(self, claimed_at: datetime) -> tuple[datetime, datetime]:
        """The half-open window of a voucher claimed at `claimed_at` (UTC)."""
        start = max(claimed_at, self.starts) if self.starts else claimed_at
        ends = []
        if self.until is not None:
            ends.append(self.until)
        if self.days is not None:
            local = claimed_at.astimezone(SHANGHAI)
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
            ends.append((midnight + timedelta(days=self.days)).astimezone(UTC))
        return start, min(ends)

    def stamps(self, claimed_at: datetime) -> tuple[str, str]:
        """The window as ISO 8601 texts, from the claim's whole second."""
        start, until = self.window(claimed_at.replace(microsecond=0))
        return start.isoformat(), until.isoformat()
