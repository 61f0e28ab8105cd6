"""A campaign that is only written is tried on a day that has been: its cost, and whom it would have reached."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from yongquan.citizens.store import count_citizens
from yongquan.citizens.views import asked_facts_of
from yongquan.kernel.places import Zone
from yongquan.merchants.views import facts_of_stores
from yongquan.payments.replaying import paid_on
from yongquan.plumbing.db import Connection
from yongquan.vouchers.areas import areas_of
from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.documents_dry_people import Payer, asks_of_people
from yongquan.vouchers.documents_dry_run import DryRun, PastPayment, replay_day
from yongquan.vouchers.usability import StoreFacts
from yongquan.vouchers.ways.lists_store import tiers_of
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
        id_: StoreFacts(
            *(s.industry, s.adcode, s.hardship),
            groups=s.groups,
            place=s.place,
            merchant=s.licence_no,
            may_take_subsidies=s.may_take_subsidies,
        )
        for id_, s in stores.items()
    }
    payments = [
        PastPayment(one.citizen_id, one.store_id, replace(facts[one.store_id], now=one.begun_at), one.amount_fen)
        for one in paid
        if one.store_id in facts
    ]
    citizens, zones = await count_citizens(connection), await _zones(connection, document)
    people = await _people(connection, document, sorted({one.citizen_id for one in payments}))
    run = replay_day(document, payments, citizens=citizens, seed=seed, zones=zones, people=people, on=day)
    return DryRunReport(day, run, {id_: stores[id_].name for id_, _ in run.top_shops})


async def _people(
    connection: Connection, document: CampaignDocument, citizens: Sequence[UUID]
) -> dict[UUID, Payer] | None:
    """What the document's conditions look at in the payers; None if it looks at nobody."""
    if not any(asks_of_people(r.conditions) for r in document.rounds):
        return None
    lists: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
    asked = sorted({r.conditions.list_id for r in document.rounds if r.conditions.list_id is not None})
    for citizen_id, list_id, tier in await tiers_of(connection, asked, citizens):
        lists[citizen_id][list_id] = tier
    people = await asked_facts_of(connection, citizens)
    return {
        p.citizen_id: Payer(
            is_active=p.state == "active",
            born_on=p.born_on,
            card_issuers=frozenset(p.card_issuers),
            real_name=p.real_name,
            social_card=p.social_card,
            card_bins=tuple(p.card_bins),
            lists=lists[p.citizen_id],
        )
        for p in people
    }


async def _zones(connection: Connection, document: CampaignDocument) -> dict[UUID, Zone]:
    """The outlines of areas of use, by type."""
    named = {t.type_id: t.use.areas for t in document.types if t.use.areas is not None}
    areas = {area.code: area for area in await areas_of(connection, {c for codes in named.values() for c in codes})}
    zones = Zones(None)
    return {id_: zones.of(districts=(), areas=[areas[c] for c in codes if c in areas]) for id_, codes in named.items()}
