"""A campaign that was approved and written goes public: its budget is set aside, its rounds are published."""

from datetime import datetime

from yongquan import ledger
from yongquan.flows.change_campaign import CHECKER_ROLES, NoSuchVersion
from yongquan.flows.fund_campaign import fund_campaign
from yongquan.flows.funds import HOME_CELL
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.ledger import Kind
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.staff import Staff
from yongquan.vouchers.documents_store import stored_campaign
from yongquan.vouchers.model import CampaignState, ForbiddenMove, RoundState


async def publish_campaign(database: Database, staff: Staff, code: str, *, cells: int, now: datetime) -> int:
    """Fund a draft campaign out of its funder's cash, then its advance limit, and publish its rounds; says how many.

    Other funders of its types have set their parts aside before. Locks campaign. Raises `Forbidden`, `ForbiddenMove`,
    and `FundsShort` naming a funder whose money is short.
    """
    async with database.transaction() as connection:
        stored = await stored_campaign(connection, code, lock=True)
        if stored is None:
            raise NoSuchVersion
        campaign = stored.document.campaign
        staff.require(*CHECKER_ROLES, adcode=campaign.adcode)
        if stored.state is not CampaignState.DRAFT:
            raise ForbiddenMove(f"{stored.state} is public already", now=stored.state.value, wanted="published")
        account = ledger.account_id(campaign.funder_id, Kind.CASH)
        balances = await ledger.balances_of(connection, [account], cell=HOME_CELL)
        free_fen = max(0, balances[account].credit_fen) if account in balances else 0
        own_fen = stored.document.lead_fen
        cash_fen = min(own_fen, free_fen)
        await fund_campaign(
            connection,
            campaign_id=campaign.campaign_id,
            funder_id=campaign.funder_id,
            cash_fen=cash_fen,
            advance_fen=own_fen - cash_fen,
            now=now,
        )
        rounds = [r.round_id for r in stored.document.rounds if r.state is RoundState.DRAFT]
        published = await publish_rounds(connection, campaign.campaign_id, rounds, cells=cells, now=now)
        subject = f"campaign:{campaign.campaign_id}"
        entry = AuditEntry(actor=staff.actor, action="campaign.published", subject=subject, after={"rounds": published})
        await append(connection, entry, now=now)
    return published
