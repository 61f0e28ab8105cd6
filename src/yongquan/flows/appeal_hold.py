"""A shop appeals against a hold, with pictures; somebody who did not impose the hold answers within the deadline.

An appeal that is upheld asks for the release of what is held, which a further person agrees to, as with every end of a
hold. The answer is due after `ANSWERED_WITHIN`, and never later than the hold's own deadline.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.day_desk import DayDesk
from yongquan.flows.hold_merchant import HOLD_ROLES, OwnHold, UnknownHold, end_hold
from yongquan.flows.space_parties import BadField
from yongquan.flows.work_fraud_case import NoteMissing
from yongquan.kernel.ids import named_id
from yongquan.merchants.applications.photos import redraw
from yongquan.payments.hold_appeals import (
    Appeal,
    add_appeal,
    add_appeal_photo,
    answer_appeal,
    appeal_of,
    appeal_picture,
)
from yongquan.payments.holds import HoldState, hold_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove

ANSWERED_WITHIN = timedelta(days=7)
BODY_MAX, ANSWER_MAX, PHOTOS_MAX = 1_000, 500, 4
STANDING = frozenset({HoldState.ACTIVE, HoldState.ENDING})


@dataclass(frozen=True, slots=True)
class AppealDesk:
    """Where appeals come in and are answered."""

    days: DayDesk
    sealing: Sealing

    async def appeal(
        self, store_id: UUID, hold_id: UUID, body: str, photos: Sequence[bytes], *, key: UUID, now: datetime
    ) -> UUID:
        """Appeal against a hold of this shop; the same key again is the same appeal.

        Raises `UnknownHold`, `BadField` (of body or photos), `NotAPhoto`, `ForbiddenMove` while another is open.
        """
        if not 1 <= len(body) <= BODY_MAX:
            raise BadField("body", "missing" if not body else "too_long")
        if len(photos) > PHOTOS_MAX:
            raise BadField("photos", "too_long")
        drawn = [redraw(photo) for photo in photos]
        appeal_id = named_id("appeal", hold_id, key)
        async with self.days.database.transaction() as connection:
            hold = await hold_of(connection, hold_id, lock=True)
            if hold is None or hold.store_id != store_id:
                raise UnknownHold
            if await appeal_of(connection, appeal_id) is not None:
                return appeal_id
            due_at = min(now + ANSWERED_WITHIN, hold.deadline)
            if hold.state not in STANDING or not await add_appeal(
                connection, appeal_id, hold_id, body=body, due_at=due_at, now=now
            ):
                raise ForbiddenMove("this hold has ended, or an appeal against it waits for its answer")
            for photo in drawn:
                await add_appeal_photo(
                    connection,
                    named_id("appeal photo", appeal_id, photo.sha256.hex()),
                    appeal_id,
                    sha256=photo.sha256,
                    sealed=self.sealing.seal_bytes(photo.content, what=_sealed_as(appeal_id)),
                )
            entry = AuditEntry(
                actor=f"store:{store_id}",
                action="hold.appealed",
                subject=f"hold:{hold_id}",
                after={"photos": len(drawn)},
            )
            await append(connection, entry, now=now)
        return appeal_id

    async def answer(self, staff: Staff, appeal_id: UUID, *, uphold: bool, answer: str, now: datetime) -> Appeal:
        """Answer an appeal; upheld, the release of the hold is asked for. Raises `OwnHold`, `NoteMissing`."""
        staff.require(*HOLD_ROLES)
        if not 1 <= len(answer) <= ANSWER_MAX:
            raise NoteMissing
        async with self.days.database.transaction() as connection:
            appeal = await appeal_of(connection, appeal_id, lock=True)
            hold = await hold_of(connection, appeal.hold_id) if appeal else None
            if appeal is None or hold is None:
                raise UnknownHold
            if staff.actor in {hold.proposed_by, hold.decided_by}:
                raise OwnHold
            if appeal.state != "open":
                raise ForbiddenMove("this appeal was answered")
            await answer_appeal(connection, appeal_id, uphold=uphold, answer=answer, by=staff.actor, now=now)
            what = "appeal_upheld" if uphold else "appeal_refused"
            entry = AuditEntry(
                actor=staff.actor, action=f"hold.{what}", subject=f"hold:{hold.hold_id}", after={"reason": answer}
            )
            await append(connection, entry, now=now)
        if uphold and hold.state is HoldState.ACTIVE:
            await end_hold(self.days, staff, hold.hold_id, wish="release", reason=answer, real_now=now)
        return appeal

    async def picture(self, photo_id: UUID) -> tuple[UUID, bytes] | None:
        """A picture, opened, and whose appeal it is."""
        async with self.days.database.transaction() as connection:
            found = await appeal_picture(connection, photo_id)
        if found is None:
            return None
        return found[0], self.sealing.open_bytes(found[1], what=_sealed_as(found[0]))


def _sealed_as(appeal_id: UUID) -> str:
    return f"hold_appeal:{appeal_id}"
