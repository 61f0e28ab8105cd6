"""What finance sees of a funder beside its balances: exposure and cover, ageing, journal, caps, invoices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from yongquan.institutions.funding_store import FundingEntry, Invoice, invoices_of, journal_of
from yongquan.institutions.store import Funder
from yongquan.ledger import Kind, Posting, account_id, statements
from yongquan.payments.advances import AgedAdvance, age_advances, by_bucket
from yongquan.payments.funding_store import caps_of, used_of
from yongquan.plumbing.db import Connection

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunderMoney:
    """`exposure_fen` is promised to campaigns and not spent; `cover_fen` is prepaid money and what may be advanced."""

    exposure_fen: int
    cover_fen: int
    advances: Sequence[AgedAdvance]
    buckets: Mapping[str, int]
    journal: Sequence[FundingEntry]
    caps: Mapping[str, int]
    used: Mapping[str, int]
    invoices: Sequence[Invoice]


async def read_funder_money(connection: Connection, funder: Funder, *, today: date) -> FunderMoney:
    """Read it all over all cells; `today` is the business day."""
    funder_id = funder.funder_id
    own = {kind: account_id(funder_id, kind) for kind in Kind}
    days = await statements.days_of_account(connection, own[Kind.ADVANCED])
    advances = age_advances([(d.day, d.credit_fen, d.debit_fen) for d in days], today=today)
    promised = await statements.lines_of(
        connection, [own[Kind.CASH], own[Kind.ADVANCE_LIMIT]], since=_BEGINNING, until=datetime.max.replace(tzinfo=UTC)
    )
    net = sum(
        line.amount_fen * {Posting.FUND_CAMPAIGN: 1, Posting.RETURN_SURPLUS: -1}.get(line.posting, 0)
        for line in promised
    )
    deducted, spent, supervised, advanced = [
        await statements.credit_of(connection, own[kind])
        for kind in (Kind.DEDUCTED, Kind.SPENT, Kind.SUPERVISED, Kind.ADVANCED)
    ]
    return FunderMoney(
        exposure_fen=net + spent + deducted,
        cover_fen=-supervised + max(funder.advance_limit_fen - advanced, 0),
        advances=advances,
        buckets=by_bucket(advances),
        journal=await journal_of(connection, funder_id),
        caps=await caps_of(connection, funder_id),
        used=await used_of(connection, funder_id, today),
        invoices=await invoices_of(connection, funder_id),
    )
