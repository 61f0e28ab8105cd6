"""What pages on which an order is paid do when risk asks for a one-time code."""

from uuid import UUID

from yongquan.citizens.sign_in import WrongCode
from yongquan.kernel.errors import Refusal
from yongquan.web.door import Door

STEP_UP = "step_up_required"


def asks_for_code(no: Refusal) -> bool:
    """Whether the same order goes on with a code: the first time it is asked for, and after a wrong one."""
    return isinstance(no, WrongCode) or getattr(no, "reason", "") == STEP_UP


async def step_up_inbox(door: Door, citizen_id: UUID) -> str | None:
    """The last text to the payer's phone, beside the sandbox alone."""
    risk = door.payments.risk
    if door.phones is None or risk is None:
        return None
    phone = await risk.phone(citizen_id)
    return await door.phones.last_message(phone) if phone is not None else None
