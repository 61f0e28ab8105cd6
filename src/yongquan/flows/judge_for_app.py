"""An institution's app asks for a verdict before a payment of its own; it may read the verdicts it asked for."""

from dataclasses import dataclass
from uuid import UUID

from yongquan.flows.judge_event import Asked, RiskDesk
from yongquan.flows.name_parties import card_token, device_token
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.verdicts.record import Verdict
from yongquan.risk.verdicts.store import verdict_of

INSTITUTION = "institution"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPayment:
    """A payment that an institution is about to take. `order_no` is its own number: the same one, the same verdict."""

    order_no: str
    citizen_id: UUID
    amount_fen: int
    store_id: UUID | None = None
    card_no: str | None = None
    device_id: str | None = None
    terminal: str | None = None
    is_online: bool = False


async def judge_for_app(desk: RiskDesk, sealing: Sealing, institution: str, payment: AppPayment) -> Verdict:
    """The verdict, kept with the institution's name. Raises `RiskDown`: the institution decides by its own rules."""
    known: dict[Entity, str | None] = {
        Entity.CITIZEN: str(payment.citizen_id),
        Entity.DEVICE: device_token(payment.device_id, sealing) if payment.device_id else None,
        Entity.CARD: card_token(payment.card_no, sealing) if payment.card_no else None,
        Entity.STORE: str(payment.store_id) if payment.store_id else None,
        Entity.TERMINAL: payment.terminal,
    }
    event = RiskEvent(
        event_id=fresh_id(bucket_of(payment.citizen_id)),
        kind=EventKind.PAYMENT,
        at=desk.clock.now(),
        parties={party: value for party, value in known.items() if value},
        amount_fen=payment.amount_fen,
        facts={"online": payment.is_online, "channel": "app", INSTITUTION: institution},
    )
    subject = named_id("app", institution, payment.order_no, payment.citizen_id, payment.amount_fen)
    return await desk.judge(Asked(event=event, subject=subject, bucket=bucket_of(payment.citizen_id)))


async def verdict_for_app(desk: RiskDesk, institution: str, verdict_id: UUID) -> Verdict | None:
    """A verdict that this institution asked for; None for any other."""
    async with desk.database.transaction() as connection:
        found = await verdict_of(connection, cell_of(verdict_id, desk.cells), verdict_id)
    return found if found is not None and found.event.facts.get(INSTITUTION) == institution else None
