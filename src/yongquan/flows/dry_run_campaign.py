"""A campaign that is only written is tried on a day that has been: its cost, and whom it would have reached."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from yongquan.citizens.store import count_citizens
from yongquan.merchants.views import facts_of_stores
from yongquan.payments.replaying import paid_on
from yongquan.plumbing.db import Connection
from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.documents_dry_run import DryRun, PastPayment, replay_day
from yongquan.vouchers.usability import StoreFacts


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
    facts = {id_: StoreFacts(s.industry, s.adcode, s.hardship) for id_, s in stores.items()}
    payments = [
        PastPayment(one.citizen_id, one.store_id, facts[one.store_id], one.amount_fen)
        for one in paid
        if one.store_id in facts
    ]
    run = replay_day(document, payments, citizens=await count_citizens(connection), seed=seed)
    return DryRunReport(day, run, {id_: stores[id_].name for id_, _ in run.top_shops})
