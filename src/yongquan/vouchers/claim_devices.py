"""With which device vouchers were got, where the campaign asked for it."""

from collections.abc import Sequence
from uuid import UUID

from yongquan.plumbing.db import Connection

_DEVICES = "select voucher_id, device::text from vouchers.device_claim where voucher_id = any (%s)"


async def devices_of_vouchers(connection: Connection, voucher_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The keyed hash of each voucher's device, as far as it is known."""
    return dict(await (await connection.execute(_DEVICES, [list(voucher_ids)])).fetchall())
