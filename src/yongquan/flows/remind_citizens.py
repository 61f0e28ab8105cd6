"""Citizens who asked for it get a text message before a round, before a voucher runs out, and after a draw.

Two chores: planning writes a row for each message (its key makes it once), sending claims due rows with SKIP LOCKED,
commits, and only then speaks to the gateway. A row that was claimed is never claimed again: better a message lost
with a crash than one sent twice. Nothing is sent in the quiet hours; what would be too late after them is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from types import MappingProxyType
from typing import Any, Final, Protocol
from uuid import UUID

import structlog

from yongquan.citizens.reminders import stop_code
from yongquan.kernel.errors import Outage
from yongquan.kernel.money import yuan
from yongquan.plumbing.clock import SHANGHAI, business_day, day_start
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing

BEFORE_OPENING: Final = timedelta(minutes=30)
EXPIRING_AT: Final = clock_time(10, 0)
# A result is news for two days.
NEWS_FOR: Final = timedelta(days=2)
QUIET_FROM: Final = clock_time(21, 0)
QUIET_UNTIL: Final = clock_time(8, 0)
AT_ONCE: Final = 100
TEXTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "zh-CN": {
            "next_round": "【涌泉】%(at)s 开放领券：%(name)s%(more)s。",
            "more": "等 %(count)s 轮",
            "expiring": "【涌泉】您有 %(count)s 张消费券明天到期，面额共 %(sum)s 元。",
            "won": "【涌泉】您在“%(name)s”摇号中中签，消费券已放入券包。",
            "lost": "【涌泉】您在“%(name)s”摇号中未中签，结果可在页面核验。",
            "stop": "退订：%(link)s",
        },
        "en": {
            "next_round": "[Yongquan] Vouchers open at %(at)s: %(name)s%(more)s.",
            "more": " and others, %(count)s rounds",
            "expiring": "[Yongquan] %(count)s of your vouchers expire tomorrow, face value %(sum)s yuan.",
            "won": "[Yongquan] You were drawn in %(name)s: the vouchers are in your wallet.",
            "lost": "[Yongquan] You were not drawn in %(name)s; the result can be checked on its page.",
            "stop": "Stop: %(link)s",
        },
    }
)
_PLAN_ROUNDS = """
insert into flows.reminder (cell, citizen_id, kind, subject, facts, due_at, not_after)
select w.cell, w.citizen_id, 'next_round', o.opens_at::text, o.facts, %(now)s, o.opens_at
  from citizens.reminder_wish w,
       (select r.opens_at, jsonb_build_object('count', count(*), 'at', r.opens_at,
                                              'name', min(r.name), 'name_en', min(r.name_en)) as facts
          from vouchers.round r join vouchers.campaign c on c.campaign_id = r.campaign_id
         where r.state = 'published' and c.state = 'published' and r.mode in ('grab', 'draw')
           and r.opens_at > %(now)s and r.opens_at <= %(until)s
         group by r.opens_at) o
 where w.kind = 'next_round'
on conflict do nothing
"""
_PLAN_EXPIRING = """
insert into flows.reminder (cell, citizen_id, kind, subject, facts, due_at, not_after)
select w.cell, w.citizen_id, 'expiring', %(day)s,
       jsonb_build_object('count', count(*), 'sum', sum(v.amount_fen)), %(now)s, %(starts)s
  from citizens.reminder_wish w
  join vouchers.voucher v on v.cell = w.cell and v.citizen_id = w.citizen_id
 where w.kind = 'expiring' and v.state = 'held' and v.valid_until > %(starts)s and v.valid_until <= %(ends)s
 group by w.cell, w.citizen_id
on conflict do nothing
"""
_PLAN_DRAWN = """
insert into flows.reminder (cell, citizen_id, kind, subject, facts, due_at, not_after)
select w.cell, w.citizen_id, 'drawn', d.draw_id::text,
       jsonb_build_object('name', r.name, 'name_en', r.name_en, 'won', coalesce(g.won, 0) > 0),
       %(now)s, d.published_at + %(news)s
  from vouchers.draw d
  join vouchers.round r on r.round_id = d.round_id
  join vouchers.registration g on g.draw_id = d.draw_id
  join citizens.reminder_wish w on w.cell = g.cell and w.citizen_id = g.citizen_id and w.kind = 'drawn'
 where d.state = 'published' and d.published_at <= %(now)s and d.published_at + %(news)s > %(now)s
on conflict do nothing
"""
_CLAIM = """
update flows.reminder m
   set state = case when w.kind is null or m.not_after <= %(now)s then 'dropped' else 'sending' end,
       settled_at = %(now)s
  from (select cell, citizen_id, kind, subject from flows.reminder
         where state = 'waiting' and due_at <= %(now)s order by due_at limit %(limit)s for update skip locked) due
  left join citizens.reminder_wish w on w.cell = due.cell and w.citizen_id = due.citizen_id and w.kind = due.kind
  left join citizens.citizen p on p.cell = due.cell and p.citizen_id = due.citizen_id
 where m.cell = due.cell and m.citizen_id = due.citizen_id and m.kind = due.kind and m.subject = due.subject
returning m.cell, m.citizen_id, m.kind, m.subject, m.facts, m.state, w.language, p.phone_sealed
"""
_SENT = """
update flows.reminder set state = 'sent', settled_at = %s
 where cell = %s and citizen_id = %s and kind = %s and subject = %s and state = 'sending'
"""

log = structlog.get_logger(__name__)


class TextMessages(Protocol):
    """The way to phones: an SMS gateway, or the sandbox's."""

    async def send(self, phone: str, text: str) -> None:
        """Hand a message over. Raises `Outage`."""


@dataclass(frozen=True, slots=True)
class Reminders:
    """What the reminders of one installation need; `address` is where its pages are."""

    database: Database
    sealing: Sealing
    messages: TextMessages
    address: str

    async def remind(self, *, now: datetime) -> int:
        """Plan what is coming and send what is due; how many messages were handed over."""
        if is_quiet(now):
            return 0
        async with self.database.transaction() as connection:
            await plan_reminders(connection, now=now)
        sent = 0
        while handed := await self._send_some(now):
            sent += handed
        return sent

    async def _send_some(self, now: datetime) -> int:
        async with self.database.transaction() as connection:
            claimed = await (await connection.execute(_CLAIM, {"now": now, "limit": AT_ONCE})).fetchall()
        for cell, citizen_id, kind, subject, facts, state, language, phone_sealed in claimed:
            if state != "sending" or phone_sealed is None:
                continue
            text = text_of(kind, facts, language) + self._stop(citizen_id, language)
            try:
                await self.messages.send(self.sealing.open(phone_sealed, what="phone"), text)
            except Outage as error:
                # Its outcome is unknown, so it stays as it is: sent twice would be worse than lost.
                log.warning("reminder_unanswered", kind=kind, error=str(error))
                continue
            async with self.database.transaction() as connection:
                await connection.execute(_SENT, [now, cell, citizen_id, kind, subject])
        return len(claimed)

    def _stop(self, citizen_id: UUID, language: str) -> str:
        link = f"{self.address}/c/stop/{stop_code(citizen_id, self.sealing)}"
        return TEXTS[language]["stop"] % {"link": link}


def is_quiet(now: datetime) -> bool:
    """Whether people are left alone at this time (Shanghai)."""
    at = now.astimezone(SHANGHAI).time()
    return at >= QUIET_FROM or at < QUIET_UNTIL


async def plan_reminders(connection: Connection, *, now: datetime) -> None:
    """Write down the messages that are due now, each once."""
    await connection.execute(_PLAN_ROUNDS, {"now": now, "until": now + BEFORE_OPENING})
    await connection.execute(_PLAN_DRAWN, {"now": now, "news": NEWS_FOR})
    if now.astimezone(SHANGHAI).time() >= EXPIRING_AT:
        tomorrow = business_day(now) + timedelta(days=1)
        values = {"day": tomorrow.isoformat(), "now": now, "starts": day_start(tomorrow)}
        await connection.execute(_PLAN_EXPIRING, values | {"ends": day_start(tomorrow + timedelta(days=1))})


def text_of(kind: str, facts: Mapping[str, Any], language: str) -> str:
    """The words of a message."""
    texts = TEXTS[language]
    name = facts.get("name_en") if language == "en" and facts.get("name_en") else facts.get("name")
    if kind == "next_round":
        more = texts["more"] % {"count": facts["count"]} if facts["count"] > 1 else ""
        at = datetime.fromisoformat(facts["at"]).astimezone(SHANGHAI).strftime("%H:%M")
        return texts["next_round"] % {"at": at, "name": name, "more": more}
    if kind == "expiring":
        return texts["expiring"] % {"count": facts["count"], "sum": yuan(int(facts["sum"]))}
    return texts["won" if facts["won"] else "lost"] % {"name": name}
