"""The sandbox's phones: messages are written down instead of sent, so that whoever tries the demo can read them.

`app.py` hands this in under `--sandbox` only; production hands in an SMS gateway.
"""

from dataclasses import dataclass

from yongquan.plumbing.db import Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing

_WRITE = """
insert into plumbing.sandbox_sms (message_id, phone_index, text_sealed, sent_at) values (%s, %s, %s, clock_timestamp())
"""
_LAST = "select text_sealed from plumbing.sandbox_sms where phone_index = %s order by sent_at desc limit 1"


@dataclass(frozen=True, slots=True)
class SandboxPhones:
    """Takes text messages for any phone and shows the last one."""

    database: Database
    sealing: Sealing

    async def send(self, phone: str, text: str) -> None:
        """Write a message down for this phone."""
        index, sealed = self.sealing.index(phone, what="phone"), self.sealing.seal(text, what="sms")
        async with self.database.transaction() as connection:
            await connection.execute(_WRITE, [fresh_id(), index, sealed])

    async def last_message(self, phone: str) -> str | None:
        """The last message to this phone, None if there was none."""
        async with self.database.transaction() as connection:
            row = await (await connection.execute(_LAST, [self.sealing.index(phone, what="phone")])).fetchone()
        return self.sealing.open(row[0], what="sms") if row else None
