"""A campaign that is only written is tried on a day that has been: its cost, and whom it would have reached."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from yongquan.citizens.store import count_citizens
from yongquan.kernel.places import Zone
from yongquan.merchants.views import facts_of_stores
from yongquan.payments.replaying import paid_on
from yongquan.plumbing.db import Connection
from yongquan.vouchers.areas import areas_of
from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.documents_dry_run import DryRun, PastPayment, replay_day
from yongquan.vouchers.usability import StoreFacts
from yongquan.vouchers.zones import Zones


@dataclass(frozen=True, slots=True)
class DryRunReport:
    """The run and the names of the shops it speaks of."""

    day: date
    run: DryRun
    shop_names: dict[UUID, str]


async def dry_run_campaign(
    connection: Connection, document: CampaignDocument, day: date, *, seed: str = "1"
) -> DryRunReport:
    """Replay the payments of `day` with the vouchers of a document; reads only. Limits: see `documents_dry_run`."""
    paid = await paid_on(connection, day)
    stores = await facts_of_stores(connection, sorted({one.store_id for one in paid}))
    facts = {
        id_: StoreFacts(s.industry, s.adcode, s.hardship, groups=s.groups, place=s.place) for id_, s in stores.items()
    }
    payments = [
        PastPayment(one.citizen_id, one.store_id, replace(facts[one.store_id], now=one.begun_at), one.amount_fen)
        for one in paid
        if one.store_id in facts
    ]
    citizens, zones = await count_citizens(connection), await _zones(connection, document)
    run = replay_day(document, payments, citizens=citizens, seed=seed, zones=zones)
    return DryRunReport(day, run, {id_: stores[id_].name for id_, _ in run.top_shops})


async def _zones(connection: Connection, document: CampaignDocument) -> dict[UUID, Zone]:
    """The outlines of areas of use, by type."""
    named = {t.type_id: t.use.areas for t in document.types if t.use.areas is not None}
    areas = {area.code: area for area in await areas_of(connection, {c for codes in named.values() for c in codes})}
    zones = Zones(None)
    return {id_: zones.of(districts=(), areas=[areas[c] for c in codes if c in areas]) for id_, codes in named.items()}
