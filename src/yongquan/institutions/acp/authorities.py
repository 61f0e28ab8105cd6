"""Which mandate a merchant debits a card under, by the names that ACP gives it, and its SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from yongquan.plumbing.db import Connection

MANDATE: Final = "mandate"
BIND: Final = "bind"
_COLUMNS = "mer_id, kind, name, pan_index, pan_tail, mandate_id, made_at, ended_at"
# A name whose authority has ended may be used anew.
_ADD = f"""
insert into institutions.acp_authority ({_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (mer_id, kind, name) do update
   set pan_index = excluded.pan_index, pan_tail = excluded.pan_tail, mandate_id = excluded.mandate_id,
       made_at = excluded.made_at, ended_at = null
 where acp_authority.ended_at is not null or acp_authority.mandate_id = excluded.mandate_id
"""
_SELECT = f"select {_COLUMNS} from institutions.acp_authority"
_BY_NAME = f"{_SELECT} where mer_id = %s and kind = %s and name = %s and ended_at is null"
_BY_CARD = f"{_SELECT} where mer_id = %s and pan_index = %s and ended_at is null order by made_at desc limit 1"
_END = "update institutions.acp_authority set ended_at = %s where mer_id = %s and kind = %s and name = %s"


@dataclass(frozen=True, slots=True)
class Authority:
    """A mandate by the merchant's own name for it."""

    mer_id: str
    kind: str
    name: str
    pan_index: bytes
    pan_tail: str
    mandate_id: UUID
    made_at: datetime
    ended_at: datetime | None = None


async def add_authority(connection: Connection, authority: Authority) -> bool:
    """Keep an authority; False if its name stands for another that has not ended."""
    row = [getattr(authority, name) for name in Authority.__slots__]
    return (await connection.execute(_ADD, row)).rowcount == 1


async def authority_by_name(connection: Connection, mer_id: str, kind: str, name: str) -> Authority | None:
    """An authority that has not ended, by its name."""
    return _authority(await (await connection.execute(_BY_NAME, [mer_id, kind, name])).fetchone())


async def authority_of_card(connection: Connection, mer_id: str, pan_index: bytes) -> Authority | None:
    """The newest authority over a card that has not ended."""
    return _authority(await (await connection.execute(_BY_CARD, [mer_id, pan_index])).fetchone())


async def end_authority(connection: Connection, authority: Authority, *, now: datetime) -> None:
    """Note that an authority has ended."""
    await connection.execute(_END, [now, authority.mer_id, authority.kind, authority.name])


def _authority(row: Sequence[Any] | None) -> Authority | None:
    return None if row is None else Authority(*row)
