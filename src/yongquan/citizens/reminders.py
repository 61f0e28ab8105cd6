"""What citizens want to be reminded of: they opt in, kind by kind, and out of everything with one tap."""

import hmac
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_READ = "select kind from citizens.reminder_wish where cell = %s and citizen_id = %s"
_FORGET = "delete from citizens.reminder_wish where cell = %s and citizen_id = %s and kind <> all (%s)"
_WISH = """
insert into citizens.reminder_wish (cell, citizen_id, kind, language, wanted_at)
select %s, %s, k, %s, %s from unnest(%s::text[]) as k
on conflict (cell, citizen_id, kind) do update set language = excluded.language
"""


class Reminder(StrEnum):
    """What a message may be about."""

    NEXT_ROUND = "next_round"
    EXPIRING = "expiring"
    DRAWN = "drawn"


class NotThisLink(Refusal):
    """The link to stop reminders was cut or changed."""

    code = "not_found"


async def reminders_of(connection: Connection, cell: int, citizen_id: UUID) -> frozenset[Reminder]:
    """What a citizen is reminded of."""
    rows = await (await connection.execute(_READ, [cell, citizen_id])).fetchall()
    return frozenset(Reminder(row[0]) for row in rows)


async def wish_reminders(
    connection: Connection, cell: int, citizen_id: UUID, kinds: Iterable[Reminder], *, language: str, now: datetime
) -> None:
    """Remind of exactly these from now on, in `zh-CN` or `en`; of nothing if there are none."""
    wanted = sorted({kind.value for kind in kinds})
    await connection.execute(_FORGET, [cell, citizen_id, wanted])
    await connection.execute(_WISH, [cell, citizen_id, language, now, wanted])


def stop_code(citizen_id: UUID, sealing: Sealing) -> str:
    """The end of the link that stops a citizen's reminders without signing in: 64 hex digits."""
    return citizen_id.hex + sealing.index(citizen_id.hex, what="reminder stop").hex()


def citizen_of_stop_code(code: str, sealing: Sealing) -> UUID:
    """Whose reminders a link stops. Raises `NotThisLink`."""
    if len(code) == 64 and all(c in "0123456789abcdef" for c in code):
        citizen_id = UUID(hex=code[:32])
        if hmac.compare_digest(stop_code(citizen_id, sealing), code):
            return citizen_id
    raise NotThisLink
