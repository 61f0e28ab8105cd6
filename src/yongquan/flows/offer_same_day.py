"""An acquirer offers same-day settlement, or no more: its latest cut-off and its fee."""

from datetime import datetime

from yongquan.kernel.errors import BadInput
from yongquan.payments.fees import RATE_MAX_BP
from yongquan.payments.reconciliation_cases import PartyKind
from yongquan.payments.reconciliation_store import kind_of
from yongquan.payments.same_day_offers import FIRST_CUT, LAST_CUT, Offer, offers, set_offer
from yongquan.payments.shop_statement import clock_time
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.db import Database


async def offer_same_day(database: Database, acquirer: str, offer: Offer, *, actor: str, now: datetime) -> None:
    """Set an acquirer's product; shops keep their cut-offs, and those it does not take wait for the day's close.

    Raises `BadInput`.
    """
    if not FIRST_CUT <= offer.last_cut <= LAST_CUT:
        raise BadInput(f"until: from {clock_time(FIRST_CUT)} to {clock_time(LAST_CUT)}")
    rate = offer.rate
    if not 0 <= rate.bp <= RATE_MAX_BP:
        raise BadInput(f"bp: {rate.bp} is not 0 to {RATE_MAX_BP}")
    if rate.floor_fen < 0 or (rate.cap_fen is not None and rate.cap_fen < rate.floor_fen):
        raise BadInput("floor, cap: the floor must be 0 or more and the cap at least the floor")
    async with database.transaction() as connection:
        if await kind_of(connection, acquirer) is not PartyKind.ACQUIRER:
            raise BadInput(f"{acquirer} is no acquirer here")
        before = (await offers(connection)).get(acquirer)
        await set_offer(connection, acquirer, offer, now=now)
        entry = AuditEntry(
            actor=actor,
            action="settlement.same_day_offered",
            subject=f"institution:{acquirer}",
            before=_said(before) if before else None,
            after=_said(offer),
        )
        await append(connection, entry, now=now)


def _said(offer: Offer) -> dict[str, Fact]:
    if not offer.is_offered:
        return {"offered": "no"}
    rate = offer.rate
    facts: dict[str, Fact] = {"until": clock_time(offer.last_cut), "bp": rate.bp, "floor_fen": rate.floor_fen}
    return facts if rate.cap_fen is None else facts | {"cap_fen": rate.cap_fen}
