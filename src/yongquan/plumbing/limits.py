"""A rate limit in memory: a token bucket for each caller, forgotten when it is full again."""


class RateLimit:
    """Allows `per_second` requests a caller on average and `burst` at once. Times are monotonic seconds."""

    def __init__(self, *, per_second: float, burst: float, callers_max: int = 200_000) -> None:
        self._per_second = per_second
        self._burst = burst
        self._callers_max = callers_max
        self._buckets: dict[str, tuple[float, float]] = {}

    def allows(self, caller: str, now: float) -> bool:
        """Whether this caller may go on; counts the request if so."""
        left, at = self._buckets.get(caller, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        if left < 1:
            return False
        if len(self._buckets) >= self._callers_max:
            self._sweep(now)
        self._buckets[caller] = (left - 1, now)
        return True

    def _sweep(self, now: float) -> None:
        refill_s = self._burst / self._per_second
        self._buckets = {caller: (left, at) for caller, (left, at) in self._buckets.items() if now - at < refill_s}
        if len(self._buckets) >= self._callers_max:
            self._buckets.clear()
