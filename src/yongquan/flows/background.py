"""Work that is due by the clock: unknown payments, open refunds, expiry, recycling, the outbox, the audit log."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import structlog

from yongquan import ledger
from yongquan.flows.apply_campaign import apply_due
from yongquan.flows.brief_morning import brief_morning
from yongquan.flows.clear_day import Clearing
from yongquan.flows.collect_by_mandate import Mandates
from yongquan.flows.count_risk_events import count_risk_events, roll_risk_events
from yongquan.flows.expire_vouchers import expire_vouchers, recycle_rounds
from yongquan.flows.find_gangs import find_gangs_nightly
from yongquan.flows.give_vouchers import expire_gifts
from yongquan.flows.grade_shops import grade_what_is_due
from yongquan.flows.notify_coupons import notify_coupons
from yongquan.flows.notify_merchants import Voice, run_merchant_notices
from yongquan.flows.pay_out import Payouts
from yongquan.flows.preauthorise import Preauths
from yongquan.flows.push_vouchers import Pushing
from yongquan.flows.refund_payment import RefundDesk
from yongquan.flows.regrant_expired import regrant_expired
from yongquan.flows.rehearse_round import end_due_rehearsals
from yongquan.flows.remind_citizens import Reminders
from yongquan.flows.reserve_quota import release_quotas
from yongquan.flows.resolve_payments import Resolver
from yongquan.flows.run_acp_batches import AcpBatches
from yongquan.flows.run_draw import Draws
from yongquan.flows.run_own import return_own_surplus
from yongquan.flows.serve_app import Callers
from yongquan.flows.settle_attempt import OrderSweeper
from yongquan.flows.settle_same_day import settle_what_is_due
from yongquan.flows.tell_cut_offs import CutOffs
from yongquan.flows.tell_merchants import run_notices
from yongquan.flows.write_daily_file import write_daily_files
from yongquan.institutions.v3 import Seal
from yongquan.kernel.errors import Outage
from yongquan.payments.store import index_cards
from yongquan.plumbing import audit
from yongquan.plumbing.clock import Clock, business_day, wall_now
from yongquan.plumbing.db import Database
from yongquan.plumbing.deliveries import run_deliveries
from yongquan.plumbing.once import forget_answers
from yongquan.plumbing.sealing import Sealing

ANSWERS_KEPT = timedelta(days=2)
# A day is closed half an hour into the next one; a clearing that waits is looked at again soon.
CLEARING_STARTS = timedelta(minutes=30)
CLEARING_PATIENCE_S = 5.0
DRAW_PATIENCE_S = 2.0
PUSH_PATIENCE_S = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Background:
    """The chores of one process; any number of processes may run them beside each other."""

    database: Database
    clock: Clock
    sealing: Sealing
    resolver: Resolver
    refunds: RefundDesk
    orders: OrderSweeper
    preauths: Preauths
    clearing: Clearing
    draws: Draws
    pushing: Pushing
    cells: int
    reminders: Reminders | None = None
    acp_batches: AcpBatches | None = None
    voices: Sequence[Voice] = ()  # how merchants are told of their orders
    v3_seal: Seal | None = None  # signs what v3 merchants are told
    mandates: Mandates | None = None
    payouts: Payouts | None = None
    programmes: tuple[tuple[float, Callable[[], Awaitable[object]]], ...] = ()  # what programmes do, and how often

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish the chore in hand."""
        await asyncio.gather(
            run_deliveries(self.database, self.clock, stop, sealing=self.sealing),
            self._tell_merchants(stop),
            run_merchant_notices(self.database, self.voices, stop),
            _every(1.0, self._resolve, stop),
            _every(5.0, self._expire, stop),
            _every(5.0, self._apply_versions, stop),
            _every(1.0, self._release, stop),
            _every(60.0, self._keep_house, stop),
            _every(30.0, self._remind, stop),
            _every(60.0, self._brief, stop),
            _every(600.0, self._grade, stop),
            _every(300.0, self._find_gangs, stop),
            _every(10.0, self._clear, stop),
            _every(10.0, self._settle_same_day, stop),
            _every(1.0, self._tell_cut_offs, stop),
            _every(2.0, self._draw, stop),
            _every(2.0, self._push, stop),
            _every(1.0, self._notify_coupons, stop),
            _every(1.0, self._pay_out, stop),
            _every(0.25, self._count_risk, stop),
            _every(60.0, self._roll_risk, stop),
            _every(30.0, self._take_back, stop),
            _every(2.0, self._collect, stop),
            *(_every(seconds, chore, stop) for seconds, chore in self.programmes),
            _every(1.0, self._run_batches, stop),
        )

    async def _tell_merchants(self, stop: asyncio.Event) -> None:
        if self.v3_seal is not None:
            await run_notices(self.database, stop, sealing=self.sealing, seal=self.v3_seal, cells=self.cells)

    async def _resolve(self) -> None:
        now = self.clock.now()
        await self.resolver.sweep(now=now)
        await self.refunds.sweep(now=now)
        await self.resolver.desk.payers.sweep()
        await self.orders.sweep()
        await self.preauths.sweep()

    async def _tell_cut_offs(self) -> None:
        await CutOffs(self.resolver.desk, self.resolver.switch, self.clock).sweep()

    async def _expire(self) -> None:
        now = self.clock.now()
        await expire_vouchers(self.database, cells=self.cells, now=now)

    async def _apply_versions(self) -> None:
        await apply_due(self.database, cells=self.cells, now=self.clock.now())

    async def _release(self) -> None:
        await release_quotas(self.database, now=self.clock.now())

    async def _clear(self) -> None:
        today = business_day(self.clock.now() - CLEARING_STARTS)
        await self.clearing.clear_what_is_due(today=today, patience_s=CLEARING_PATIENCE_S)

    async def _settle_same_day(self) -> None:
        await settle_what_is_due(self.clearing.desk)

    async def _draw(self) -> None:
        await self.draws.run_what_is_due(patience_s=DRAW_PATIENCE_S)

    async def _push(self) -> None:
        await self.pushing.send_what_was_started(patience_s=PUSH_PATIENCE_S)

    async def _notify_coupons(self) -> None:
        await notify_coupons(self.database, cells=self.cells)

    async def _pay_out(self) -> None:
        if self.payouts is not None:
            await self.payouts.sweep()

    async def _count_risk(self) -> None:
        await count_risk_events(self.database, cells=self.cells)

    async def _roll_risk(self) -> None:
        await roll_risk_events(self.database, cells=self.cells, now=self.clock.now())

    async def _take_back(self) -> None:
        if self.payouts is not None:
            await self.payouts.take_returns()

    async def _run_batches(self) -> None:
        if self.acp_batches is not None:
            await self.acp_batches.sweep()

    async def _collect(self) -> None:
        if self.mandates is not None:
            await self.mandates.sweep()

    async def _remind(self) -> None:
        if self.reminders is not None:
            await self.reminders.remind(now=self.clock.now())

    async def _brief(self) -> None:
        await brief_morning(self.database, now=self.clock.now())

    async def _grade(self) -> None:
        await grade_what_is_due(self.database, now=self.clock.now(), real_now=wall_now())

    async def _find_gangs(self) -> None:
        await find_gangs_nightly(self.database, now=self.clock.now())

    async def _keep_house(self) -> None:
        now = self.clock.now()
        await end_due_rehearsals(self.database, cells=self.cells, now=now)
        await recycle_rounds(self.database, now=now)
        await regrant_expired(self.database, cells=self.cells, now=now)
        await return_own_surplus(self.database, now=now)
        await expire_gifts(self.database, cells=self.cells, now=now)
        await write_daily_files(self.database, now=now)
        await Callers(self.database, {}).forget_nonces(now=wall_now())
        async with self.database.transaction() as connection:
            await index_cards(connection, self.sealing)
        async with self.database.transaction() as connection:
            await audit.seal(connection, now=now)
        async with self.database.transaction() as connection:
            await forget_answers(connection, before=now - ANSWERS_KEPT)
        for cell in range(self.cells):
            async with self.database.transaction() as connection:
                await ledger.take_snapshot(connection, cell=cell)


async def _every(seconds: float, chore: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await chore()
        except (psycopg.OperationalError, Outage) as error:
            log.warning("chore_postponed", chore=getattr(chore, "__name__", ""), error=str(error))
        except Exception:
            # The edge of background work: a bug in one chore is told, and does not end the others.
            log.exception("chore_failed", chore=getattr(chore, "__name__", ""))
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            continue
