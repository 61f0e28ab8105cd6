"""A citizen shows a pay code: 18 digits, one use, gone after a minute."""

import os
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from yongquan.kernel.ids import bucket_of, cell_of
from yongquan.payments.codes import LASTS_S, make_pay_code
from yongquan.payments.store import add_pay_code
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database


async def show_pay_code(
    database: Database,
    clock: Clock,
    hash_code: Callable[[str], UUID],
    *,
    cells: int,
    citizen_id: UUID,
    instrument_id: UUID,
    vouchers: tuple[UUID, ...] | None,
) -> tuple[str, datetime]:
    """A fresh code and when it ends. `vouchers` None lets the till take the best ones."""
    code = make_pay_code(bucket=bucket_of(citizen_id), entropy=int.from_bytes(os.urandom(8), "big"))
    expires_at = clock.in_real_seconds(LASTS_S)
    async with database.transaction() as connection:
        await add_pay_code(
            connection,
            cell_of(citizen_id, cells),
            code_hash=hash_code(code),
            citizen_id=citizen_id,
            instrument_id=instrument_id,
            vouchers=vouchers,
            expires_at=expires_at,
        )
    return code, expires_at
