"""Claims and refunds that have happened, as risk judges them: from the outbox's events and what the rooms know."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import h3

from yongquan.citizens.store import registered_of
from yongquan.flows.judge_event import Asked
from yongquan.flows.judge_payment import PLACE_RESOLUTION, payment_subject
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.merchants.risk_views import ShopPlace, places_of_shops
from yongquan.payments.dealings import Paid, paid_with
from yongquan.plumbing.db import Connection
from yongquan.plumbing.outbox import Event
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.verdicts.record import Verdict
from yongquan.risk.verdicts.store import last_verdicts
from yongquan.vouchers.claimed import Claimed, claimed_of
from yongquan.vouchers.model import Origin

CLAIMED = "voucher.claimed"
REFUNDED = "payment.refunded"
OWN = "own"  # the channel of a claim that came through no institution's app


async def done_events(connection: Connection, events: Sequence[Event], *, cells: int) -> list[Asked]:
    """What is to be judged of these events, in their order. Vouchers that were granted are nobody's claim."""
    grabbed = [e for e in events if e.kind == CLAIMED and e.payload["origin"] == Origin.GRAB]
    refunded = [e for e in events if e.kind == REFUNDED]
    asked: dict[UUID, Asked] = {}
    if grabbed:
        asked |= await _claims(connection, grabbed, cells=cells)
    if refunded:
        asked |= await _refunds(connection, refunded, cells=cells)
    return [asked[event.event_id] for event in events if event.event_id in asked]


async def _claims(connection: Connection, events: Sequence[Event], *, cells: int) -> dict[UUID, Asked]:
    claimed = await claimed_of(connection, [event.subject for event in events], cells=cells)
    citizens = list({_id(event.payload["citizen_id"]) for event in events})
    since = await registered_of(connection, citizens, cells=cells)
    return {
        event.event_id: _claim(event, claimed.get(event.subject), since.get(_id(event.payload["citizen_id"])))
        for event in events
    }


def _claim(event: Event, claimed: Claimed | None, since: datetime | None) -> Asked:
    citizen_id, amount_fen = _id(event.payload["citizen_id"]), _fen(event.payload["amount_fen"])
    parties = {Entity.CITIZEN: str(citizen_id)}
    facts: dict[str, bool | int | str] = {}
    if claimed is not None:
        if claimed.device is not None:
            parties[Entity.DEVICE] = claimed.device.hex
        if claimed.adcode is not None:
            facts["adcode"] = claimed.adcode
        facts["channel"] = claimed.platform or OWN
        facts["threshold"] = claimed.threshold_fen
        facts["round_age_s"] = int((event.happened_at - claimed.opens_at).total_seconds())
    if since is not None:
        facts["age_days"] = (event.happened_at - since).days
    done = RiskEvent(
        event_id=named_id("claim", event.subject),
        kind=EventKind.CLAIM,
        at=event.happened_at,
        parties=parties,
        amount_fen=amount_fen,
        voucher_fen=amount_fen,
        facts=facts,
    )
    return _asked(done, event.subject, citizen_id)


async def _refunds(connection: Connection, events: Sequence[Event], *, cells: int) -> dict[UUID, Asked]:
    paid = await paid_with(connection, [event.subject for event in events], cells=cells)
    shops = await places_of_shops(connection, list({_id(event.payload["store_id"]) for event in events}))
    subjects = {event.event_id: _subject_of_payment(event, paid.get(event.subject)) for event in events}
    verdicts: dict[UUID, Verdict] = {}
    for cell, some in _by_cell(events, cells):
        verdicts |= await last_verdicts(connection, cell, list({subjects[event.event_id] for event in some}))
    return {
        event.event_id: _refund(
            event,
            paid.get(event.subject),
            shops.get(_id(event.payload["store_id"])),
            verdicts.get(subjects[event.event_id]),
        )
        for event in events
    }


def _refund(event: Event, paid: Paid | None, shop: ShopPlace | None, judged: Verdict | None) -> Asked:
    """Who paid is in it as the payment's own verdict knew them: device, cashier and terminal stand nowhere else."""
    citizen_id = _id(event.payload["citizen_id"])
    known: dict[Entity, str | None] = {
        Entity.CITIZEN: str(citizen_id),
        Entity.STORE: str(event.payload["store_id"]),
        Entity.CARD: paid.card if paid is not None else None,
        Entity.LICENCE: shop.licence if shop is not None else None,
        Entity.PLACE: h3.latlng_to_cell(shop.lat, shop.lon, PLACE_RESOLUTION) if shop is not None else None,
    }
    parties = {party: value for party, value in known.items() if value}
    facts: dict[str, bool | int | str] = {"adcode": shop.adcode} if shop is not None else {}
    if judged is not None:
        parties |= judged.event.parties
        facts |= {name: judged.event.facts[name] for name in ("online", "channel") if name in judged.event.facts}
    refund_id = _id(event.payload["refund_id"])
    done = RiskEvent(
        event_id=named_id("refund", refund_id),
        kind=EventKind.REFUND,
        at=event.happened_at,
        parties=parties,
        amount_fen=_fen(event.payload["amount_fen"]),
        voucher_fen=_fen(event.payload["discount_fen"]),
        facts=facts,
    )
    return _asked(done, refund_id, citizen_id)


def _subject_of_payment(event: Event, paid: Paid | None) -> UUID:
    said: Mapping[str, Any] = event.payload
    return payment_subject(
        _id(said["store_id"]),
        str(said["order_no"]),
        _id(said["citizen_id"]),
        _fen(said["payment_amount_fen"]),
        judged_as=paid.order_id if paid is not None else None,
    )


def _asked(done: RiskEvent, subject: UUID, citizen_id: UUID) -> Asked:
    return Asked(
        event=done,
        subject=subject,
        bucket=bucket_of(citizen_id),
        branch=str(done.facts["adcode"]) if "adcode" in done.facts else None,
        is_attended=False,
        is_done=True,
    )


def _by_cell(events: Iterable[Event], cells: int) -> Iterable[tuple[int, list[Event]]]:
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(cell_of(_id(event.payload["citizen_id"]), cells), []).append(event)
    return found.items()


def _id(value: object) -> UUID:
    return UUID(str(value))


def _fen(value: object) -> int:
    return int(str(value))
