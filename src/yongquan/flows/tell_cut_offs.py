"""Issuers hear over their card lines that a settlement day is over; who is down hears it when it is back."""

from dataclasses import dataclass

import structlog

from yongquan.flows.take_payment import PaymentDesk
from yongquan.institutions.connectors.card_messages import MessageStamp
from yongquan.kernel.errors import Outage
from yongquan.payments.cut_offs_store import DueNotice, cut_off_answered, lease_cut_offs, stamp_cut_off
from yongquan.payments.switch import Switch
from yongquan.plumbing.clock import Clock

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CutOffs:
    """Tells what `draw_up_day` kept; several processes may run one."""

    desk: PaymentDesk
    switch: Switch
    clock: Clock

    async def sweep(self) -> int:
        """Tell each issuer that is due to hear of a cut-off; how many have answered."""
        now, database = self.clock.now(), self.desk.database
        async with database.transaction() as connection:
            due = await lease_cut_offs(connection, now=now)
        told = 0
        for notice in due:
            try:
                told += await self._tell(notice)
            except Outage as outage:
                log.info("cut_off_waits", issuer=notice.issuer, day=str(notice.day), why=str(outage))
        return told

    async def _tell(self, notice: DueNotice) -> bool:
        stamp, now, database = notice.stamp, self.clock.now(), self.desk.database
        if stamp is None:
            stamp = MessageStamp(sent_at=now.replace(microsecond=0), stan=await self.desk.next_stan())
            async with database.transaction() as connection:
                await stamp_cut_off(connection, notice, stamp)
        response = await self.switch.tell_cut_off(notice.issuer, notice.day, stamp)
        if response != "00":
            log.warning("cut_off_refused", issuer=notice.issuer, day=str(notice.day), response=response)
            return False
        async with database.transaction() as connection:
            await cut_off_answered(connection, notice, response=response, now=now)
        return True
