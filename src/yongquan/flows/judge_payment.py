"""A payment before its risk verdict and after: who is in it, what is answered to the payer, the one-time code."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import h3

from yongquan.citizens.sign_in import SendsText, SignInDesk, TooManyCodes
from yongquan.citizens.store import phone_of, registered_of
from yongquan.flows.judge_event import Asked, RiskDesk, RiskDown
from yongquan.flows.name_parties import card_token, cashier_value
from yongquan.flows.payment_batches import Prepared
from yongquan.flows.recall_past import SPOT, metres
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.payments.model import PaymentRefused
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import DEFAULT_WHEN_DOWN, RiskWhenDown
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.lists.treatment import Treatment, treatment_of
from yongquan.risk.verdicts.model import Action
from yongquan.risk.verdicts.record import Verdict
from yongquan.vouchers.selection import Selection

if TYPE_CHECKING:
    from yongquan.flows.take_payment import Order

SINCE_MAX = 100_000  # dates of opening kept in memory
PLACE_RESOLUTION = 8  # H3 cells of about 0.7 km2
WITHHELD = "vouchers cannot be used here by this account: pay without them"


@dataclass(frozen=True, slots=True)
class PaymentRisk:
    """Puts payments before risk and tells payers what it says, never why."""

    desk: RiskDesk
    sealing: Sealing
    cells: int
    texts: SendsText | None = None
    when_down: RiskWhenDown = DEFAULT_WHEN_DOWN
    _since: dict[UUID, datetime] = field(default_factory=dict)

    def standing(self, order: "Order", prepared: Prepared) -> Treatment:
        """How the parties of a payment are treated by the lists, from memory."""
        parties = parties_of(order, prepared, self.sealing)
        return treatment_of(self.desk.lists.hits(parties, at=self.desk.clock.now(), branch=prepared.adcode))

    async def judge(self, order: "Order", order_no: str, prepared: Prepared, selection: Selection) -> None:
        """Pass what risk lets through. Raises `PaymentRefused`: risk_refused, risk_delayed, step_up_required,
        risk_unavailable; `WrongCode`.
        """
        asked = self._asked(order, order_no, prepared, selection, since=await self._since_when(prepared.citizen_id))
        if order.step_up_code:
            await self._prove(prepared.citizen_id, asked.subject, order.step_up_code)
        try:
            verdict = await self.desk.judge(asked)
            if verdict.action is Action.STEP_UP and not verdict.lets_through and asked.is_proven:
                verdict = await self.desk.judge(asked)  # it meets the verdict whose code was given before it was asked
        except RiskDown:
            action = self._declared(voucher_fen=asked.event.voucher_fen)
            self.desk.note_unjudged(asked, action)
            if action is not Action.ALLOW:
                raise PaymentRefused("risk_unavailable", "try again in a moment, or pay without vouchers") from None
            return
        if not verdict.lets_through:
            raise await self._refusal(verdict, prepared.citizen_id)

    def _declared(self, *, voucher_fen: int) -> Action:
        """What is answered without a verdict: public money waits, a citizen's own money does not."""
        down = self.when_down
        return Action.ALLOW if (down.voucher_payments_go_on if voucher_fen else down.payments_go_on) else Action.DELAY

    def _asked(
        self, order: "Order", order_no: str, prepared: Prepared, selection: Selection, *, since: datetime | None
    ) -> Asked:
        now = self.desk.clock.now()
        voucher_fen = sum(chosen.discount_fen for chosen in selection.chosen)
        amount_fen = selection.payable_fen + voucher_fen
        facts: dict[str, bool | int | str] = {
            "adcode": prepared.adcode,
            "online": order.is_online,
            "channel": order.direction.value,
            "vouchers": len(selection.chosen),
            "threshold": _threshold_fen(selection),
            "store_age_days": max(0, (now - prepared.store_since).days),
            **_position(order, prepared),
        }
        if since is not None:
            facts["age_days"] = max(0, (now - since).days)
        event = RiskEvent(
            event_id=fresh_id(bucket_of(prepared.citizen_id)),
            kind=EventKind.PAYMENT,
            at=now,
            parties=parties_of(order, prepared, self.sealing),
            amount_fen=amount_fen,
            voucher_fen=voucher_fen,
            facts=facts,
        )
        return Asked(
            event=event,
            subject=payment_subject(
                order.store_id, order_no, prepared.citizen_id, amount_fen, judged_as=order.judged_as
            ),
            bucket=bucket_of(prepared.citizen_id),
            branch=prepared.adcode,
            is_proven=bool(order.step_up_code) or order.is_proven,
            is_attended=order.hold is None and not order.authority,
            is_committed_after=True,
        )

    async def _since_when(self, citizen_id: UUID) -> datetime | None:
        """When the payer's account was opened, read once and only where a rule asks for `age_days`; no guest's is."""
        if "age_days" not in self.desk.books_now().facts(EventKind.PAYMENT):
            return None
        known = self._since.get(citizen_id)
        if known is None:
            async with self.desk.database.transaction() as connection:
                known = (await registered_of(connection, [citizen_id], cells=self.cells)).get(citizen_id)
            if len(self._since) >= SINCE_MAX:
                self._since.clear()
            if known is not None:
                self._since[citizen_id] = known
        return known

    async def _refusal(self, verdict: Verdict, citizen_id: UUID) -> PaymentRefused:
        facts = {"verdict_id": str(verdict.verdict_id)}
        if verdict.action is Action.REFUSE:
            return PaymentRefused("risk_refused", f"reference {verdict.verdict_id}", **facts)
        if verdict.action is Action.STEP_UP and await self._text(citizen_id, verdict.subject):
            return PaymentRefused(
                "step_up_required", "send the same order again with the code as Step-Up-Code", **facts
            )
        waits = verdict.retry_at - self.desk.clock.now() if verdict.retry_at is not None else None
        seconds = max(1, round(waits.total_seconds())) if waits is not None else None
        return PaymentRefused("risk_delayed", f"reference {verdict.verdict_id}", retry_after_s=seconds, **facts)

    async def _text(self, citizen_id: UUID, subject: UUID) -> bool:
        """Send a code to the payer's phone; False where there is no way to reach one."""
        phone = await self.phone(citizen_id)
        if phone is None or self.texts is None:
            return False
        try:
            await self._codes(self.texts).send_code(
                phone, now=wall_now(), purpose=f"step-up:{subject}", asks="付款确认"
            )
        except TooManyCodes:
            return True  # the last one is still good, or there are no more today
        except Outage:
            return False
        return True

    async def _prove(self, citizen_id: UUID, subject: UUID, code: str) -> None:
        phone = await self.phone(citizen_id)
        if phone is None or self.texts is None:
            raise PaymentRefused("risk_delayed", "no phone to send a code to")
        await self._codes(self.texts).prove(phone, code, now=wall_now(), purpose=f"step-up:{subject}")

    def _codes(self, texts: SendsText) -> SignInDesk:
        return SignInDesk(self.desk.database, self.sealing, texts, self.cells)

    async def phone(self, citizen_id: UUID) -> str | None:
        """The payer's phone; a guest has none."""
        async with self.desk.database.transaction() as connection:
            return await phone_of(connection, cell_of(citizen_id, self.cells), citizen_id, self.sealing)


def payment_subject(
    store_id: UUID, order_no: str, citizen_id: UUID, amount_fen: int, *, judged_as: UUID | None
) -> UUID:
    """What names a payment before risk: all tries to pay one order (`judged_as`) have one name."""
    return named_id("payment", judged_as or named_id(store_id, order_no), citizen_id, amount_fen)


def parties_of(order: "Order", prepared: Prepared, sealing: Sealing) -> dict[Entity, str]:
    """Everybody and everything that a payment touches, as far as it is known."""
    place = h3.latlng_to_cell(prepared.lat, prepared.lon, PLACE_RESOLUTION)
    known: dict[Entity, str | None] = {
        Entity.CITIZEN: str(prepared.citizen_id),
        Entity.DEVICE: order.device,
        Entity.CARD: card_token(prepared.pan, sealing),
        Entity.STORE: str(order.store_id),
        Entity.LICENCE: prepared.licence_no,
        Entity.CASHIER: cashier_value(order.store_id, order.cashier) if order.cashier else None,
        Entity.TERMINAL: order.terminal,
        Entity.PLACE: place,
    }
    return {party: value for party, value in known.items() if value}


def _position(order: "Order", prepared: Prepared) -> dict[str, int | str]:
    """Where the payer is: as the phone says, else at the store unless nobody stands there; and how far from it."""
    store = prepared.lat, prepared.lon
    if order.place is None:
        return {} if order.is_online else {SPOT: h3.latlng_to_cell(*store, PLACE_RESOLUTION)}
    lon, lat = order.place
    return {SPOT: h3.latlng_to_cell(lat, lon, PLACE_RESOLUTION), "distance_m": metres((lat, lon), store)}


def _threshold_fen(selection: Selection) -> int:
    """The lowest bill at which the vouchers could be used together: each is tested on what the earlier ones left."""
    lowest = taken = 0
    for chosen in selection.chosen:
        lowest = max(lowest, chosen.voucher.type.threshold_fen + taken)
        taken += chosen.discount_fen
    return lowest
