"""Claims and refunds are judged after their commit, from the outbox: nothing of it is in a claim's own way.

The reader moves on, in the order of transactions, after all of a step was judged, so that a crash loses nothing; an
event's id is made of its voucher's or refund's, so that what is told again counts once. One process reads at a time.
Claims that wait for their turn and the process's own requests come first.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from yongquan.flows.done_events import CLAIMED, REFUNDED, done_events
from yongquan.flows.judge_event import Asked, RiskDesk
from yongquan.plumbing.metrics import observe_risk_after_lag
from yongquan.plumbing.outbox import events_of, lag_s, mark_read, next_step_of, register_reader
from yongquan.risk.verdicts.store import keep_with_next_commit
from yongquan.vouchers.claimed import claims_wait

READER = "risk-after"
KINDS = [CLAIMED, REFUNDED]
AT_ONCE = 64  # events a step, and those that were committed with the last of them
A_COMMIT = 16  # a payment waits in the judging line for one commit of these at most
TURN_S = 0.8
PATIENCE_S = 30.0
LATE_S = 0.004  # a process whose loop is later than this has requests to answer


async def follow_claims(desk: RiskDesk, *, limit: int = AT_ONCE) -> int | None:
    """Judge the next claims and refunds, about `limit`; how many were new. None: there is no news.

    Locks the reader to the end; what is judged is committed beside it, a few dozen at a time.
    """
    async with desk.database.transaction() as connection:
        await register_reader(connection, READER)
        step = await next_step_of(connection, READER, kinds=KINDS, limit=limit)
        judged = None
        if step is not None:
            events = await events_of(connection, step, kinds=KINDS)
            done = await done_events(connection, events, cells=desk.cells)
            judged = sum([await _judge(desk, cell, some) for cell, some in _batches(done, desk.cells)])
            await mark_read(connection, READER, step)
            await keep_with_next_commit(connection)  # never on disk before what was judged
        observe_risk_after_lag(await lag_s(connection, READER))
    return judged


async def _judge(desk: RiskDesk, cell: int, some: Sequence[Asked]) -> int:
    async with desk.database.transaction() as connection:
        await keep_with_next_commit(connection)  # what is lost with the machine is judged again
        return len(await desk.judge_done(connection, cell, some))


@dataclass(slots=True)
class ClaimFollower:
    """Follows claims beside live work: in a rush it waits, then takes one batch a turn; else half the time at most."""

    desk: RiskDesk
    patience_s: float = PATIENCE_S
    _put_off_at: float | None = field(default=None)

    async def sweep(self) -> int:
        """One turn, less than a second: how many events were judged."""
        ends = time.monotonic() + TURN_S
        judged: int | None = 0
        total = 0
        while judged is not None and time.monotonic() < ends:
            rushed = await self._is_rushed()
            if rushed and not self._has_waited_enough():
                break
            started = time.monotonic()
            judged = await follow_claims(self.desk)
            total += judged or 0
            if rushed and judged:
                break
            if judged:
                await asyncio.sleep(time.monotonic() - started)
        return total

    async def _is_rushed(self) -> bool:
        started = time.monotonic()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if time.monotonic() - started > LATE_S:
            return self._note(rushed=True)
        async with self.desk.database.transaction() as connection:
            return self._note(rushed=await claims_wait(connection))

    def _note(self, *, rushed: bool) -> bool:
        if not rushed:
            self._put_off_at = None
        elif self._put_off_at is None:
            self._put_off_at = time.monotonic()
        return rushed

    def _has_waited_enough(self) -> bool:
        return self._put_off_at is not None and time.monotonic() - self._put_off_at >= self.patience_s


def _batches(done: Sequence[Asked], cells: int) -> Iterator[tuple[int, Sequence[Asked]]]:
    """Events of one cell, in their order, as many as go into a commit."""
    by_cell: dict[int, list[Asked]] = {}
    for asked in done:
        by_cell.setdefault(asked.bucket % cells, []).append(asked)
    for cell, some in sorted(by_cell.items()):
        for start in range(0, len(some), A_COMMIT):
            yield cell, some[start : start + A_COMMIT]
