"""Tips from the public: sent with or without an account, answered by staff, read again by their receipt number.

The receipt follows from the form's key, so that a form sent twice gives one tip and the same number. The sender's
contact is for asking back only: no pack and no export holds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.work_fraud_case import (
    FRAUD_ROLES,
    NoteMissing,
    UnknownCase,
    add_record,
    case_for_store,
    locked,
)
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.applications.photos import redraw
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.cases.model import EvidenceKind
from yongquan.risk.tips import store
from yongquan.risk.tips.model import (
    PHOTOS_MAX,
    TIP_MOVES,
    NewTip,
    Tip,
    TipOutcome,
    TipState,
    read_receipt,
    receipt_from,
)
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove

ANSWER_MAX = 500


class TipIncomplete(Refusal):
    """A tip lacks something; `faults` names the fields."""

    code = "application_incomplete"

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(", ".join(sorted(faults)))
        self.faults = faults


class UnknownTip(Refusal):
    """There is no such tip."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class TipDesk:
    """Where tips come in and are answered."""

    database: Database
    sealing: Sealing

    async def send(
        self, tip: NewTip, photos: Sequence[bytes], *, key: UUID, citizen_id: UUID | None, now: datetime
    ) -> str:
        """Keep a tip; its receipt number, the same for the same key. Raises `TipIncomplete`, `NotAPhoto`."""
        faults = tip.faults()
        if len(photos) > PHOTOS_MAX:
            faults["photos"] = "too_many"
        if faults:
            raise TipIncomplete(faults)
        drawn = [redraw(photo) for photo in photos]
        receipt, tip_id = receipt_from(self.sealing.index(str(key), what="tip_chance")), named_id("tip", key)
        async with self.database.transaction() as connection:
            is_new = await store.add_tip(
                connection,
                tip_id,
                tip,
                receipt=receipt,
                key=key,
                citizen_id=citizen_id,
                sealing=self.sealing,
                now=now,
            )
            for photo in drawn if is_new else ():
                await store.add_photo(
                    connection,
                    named_id("tip photo", tip_id, photo.sha256.hex()),
                    tip_id,
                    sha256=photo.sha256,
                    media_type=photo.media_type,
                    sealed=self.sealing.seal_bytes(photo.content, what=sealed_as(tip_id)),
                )
        return receipt

    async def status(self, typed: str) -> Tip | None:
        """The tip of a receipt number, however it was typed."""
        receipt = read_receipt(typed)
        if not receipt:
            return None
        async with self.database.transaction() as connection:
            return await store.tip_by_receipt(connection, receipt, self.sealing)

    async def look(self, staff: Staff, tip_id: UUID, *, now: datetime) -> None:
        """Take a tip on. Raises `UnknownTip`, `Forbidden`, `ForbiddenMove`."""
        async with self.database.transaction() as connection:
            tip = await self._locked(connection, staff, tip_id, TipState.LOOKING)
            await store.move_tip(connection, tip, TipState.LOOKING, by=staff.actor, now=now)
            await _note(connection, staff, tip, "looking", now=now)

    async def merge(
        self, staff: Staff, tip_id: UUID, *, case_id: UUID | None = None, store_id: UUID | None = None, now: datetime
    ) -> UUID:
        """Put a tip into a case: the one named, or that of the shop it tells of. Raises `UnknownCase`, as `look`."""
        if (case_id is None) == (store_id is None):
            raise UnknownCase
        async with self.database.transaction() as connection:
            tip = await self._locked(connection, staff, tip_id, TipState.IN_CASE)
            case = (
                await locked(connection, staff, case_id, still_open=True)
                if case_id is not None
                else await case_for_store(connection, staff, store_id or tip_id, seed=str(tip_id), now=now)
            )
            await add_record(connection, staff, case, EvidenceKind.TIP, str(tip_id), now=now)
            await store.move_tip(
                connection,
                tip,
                TipState.IN_CASE,
                by=staff.actor,
                case_id=case.case_id,
                store_id=store_id,
                now=now,
            )
            await _note(connection, staff, tip, "in_case", case.case_no, now=now)
        return case.case_id

    async def close(self, staff: Staff, tip_id: UUID, outcome: TipOutcome, answer: str, *, now: datetime) -> None:
        """Answer a tip; the sender reads it with the receipt. Raises `NoteMissing`, and as `look`."""
        if not 1 <= len(answer) <= ANSWER_MAX:
            raise NoteMissing
        async with self.database.transaction() as connection:
            tip = await self._locked(connection, staff, tip_id, TipState.CLOSED)
            await store.move_tip(
                connection, tip, TipState.CLOSED, by=staff.actor, outcome=outcome, answer=answer, now=now
            )
            await _note(connection, staff, tip, "closed", outcome.value, now=now)

    async def _locked(self, connection: Connection, staff: Staff, tip_id: UUID, to: TipState) -> Tip:
        staff.require(*FRAUD_ROLES)
        tip = await store.tip_of(connection, tip_id, self.sealing, lock=True)
        if tip is None:
            raise UnknownTip
        if to not in TIP_MOVES[tip.state]:
            raise ForbiddenMove(f"a tip that is {tip.state} does not become {to}")
        return tip


def sealed_as(tip_id: UUID) -> str:
    """What the photos of a tip are sealed as."""
    return f"tip:{tip_id}"


async def _note(connection: Connection, staff: Staff, tip: Tip, what: str, text: str = "", *, now: datetime) -> None:
    entry = AuditEntry(
        actor=staff.actor,
        action=f"tip.{what}",
        subject=f"tip:{tip.tip_id}",
        before={"state": tip.state.value},
        after={"reason": text} if text else None,
    )
    await append(connection, entry, now=now)
