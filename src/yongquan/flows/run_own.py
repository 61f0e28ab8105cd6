"""A shop's own voucher goes public once it is paid for, is paused or stopped, and gives its unspent money back."""

from datetime import datetime, timedelta
from uuid import UUID

from yongquan import ledger
from yongquan.flows.expire_vouchers import recycle_rounds
from yongquan.flows.fund_campaign import fund_campaign
from yongquan.flows.funds import HOME_CELL
from yongquan.flows.own_parties import Applicant, NoSuchOwn, own_entry, own_for, stores_for
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.kernel.ids import named_id
from yongquan.ledger import Kind
from yongquan.merchants.groups import ShopGroup, save_group
from yongquan.plumbing.audit import append
from yongquan.plumbing.clock import day_start
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.model import (
    ROUND_MOVES,
    Campaign,
    CampaignRules,
    CampaignState,
    Caps,
    RefundPolicy,
    Round,
    RoundState,
    UseRules,
    VoucherType,
    require_move,
)
from yongquan.vouchers.own_model import OWN_MOVES, BadDesign, OwnKind, OwnState, OwnVoucher
from yongquan.vouchers.own_store import next_surplus, own_of, own_that_are_over, publish_own_row
from yongquan.vouchers.steering import lock_campaign, lock_round
from yongquan.vouchers.store import move_campaign, move_rounds, save_campaign, save_rounds

RULES = CampaignRules(refund=RefundPolicy.RETURN_IN_VALIDITY, stacks_with_others=True, per_order=1)
"""One own voucher an order, beside others' as far as their campaigns allow it."""
_RUNNING = (RoundState.PUBLISHED, RoundState.PAUSED)


async def publish_own(database: Database, who: Applicant, own_id: UUID, *, cells: int, now: datetime) -> OwnVoucher:
    """Set the whole of what it can cost aside from prepaid money and open it to citizens; again changes nothing.

    Locks the voucher, then campaign and round. Raises `NoSuchOwn`, `ForbiddenMove`, `BadDesign` if its time is over,
    and `FundsShort` if the merchant's account does not cover it.
    """
    async with database.transaction() as connection:
        own = await own_for(connection, own_id, who)
        if own.state is OwnState.PUBLISHED:
            return own
        require_move(OWN_MOVES, own.state, OwnState.PUBLISHED)
        campaign, round_, type_ = plan_of(own)
        if campaign.ends_at <= now:
            raise BadDesign("ends_on", "its last day is over")
        await _join_stores(connection, own)
        await save_campaign(connection, campaign, now=now)
        await save_rounds(connection, [round_], [type_])
        await fund_campaign(
            connection,
            campaign_id=campaign.campaign_id,
            funder_id=own.funder_id,
            cash_fen=own.design.most_fen,
            now=now,
        )
        await publish_rounds(connection, campaign.campaign_id, [round_.round_id], cells=cells, now=now)
        await publish_own_row(connection, own_id, campaign_id=campaign.campaign_id, round_id=round_.round_id)
        entry = own_entry(
            who.actor, own, "published", campaign=str(campaign.campaign_id), amount_fen=campaign.budget_fen
        )
        await append(connection, entry, now=now)
        published = await own_of(connection, own_id)
    return published or own


async def steer_own(database: Database, who: Applicant, own_id: UUID, to: RoundState, *, now: datetime) -> None:
    """Pause claiming, or go on with it; vouchers in wallets stay good. Raises `NoSuchOwn`, `ForbiddenMove`."""
    async with database.transaction() as connection:
        own = await own_for(connection, own_id, who)
        if own.round_id is None:
            raise NoSuchOwn
        found = await lock_round(connection, own.round_id)
        if found is None:
            raise NoSuchOwn
        origin = RoundState(found.state)
        if origin is to:
            return
        require_move(ROUND_MOVES, origin, to)
        await move_rounds(connection, [own.round_id], origins=[origin], to=to)
        action = "resumed" if to is RoundState.PUBLISHED else to.value
        await append(connection, own_entry(who.actor, own, action), now=now)


async def stop_own(database: Database, who: Applicant, own_id: UUID, *, now: datetime) -> int:
    """End claiming for good and give unclaimed money back to the merchant's account; says how much, in fen.

    Vouchers in wallets stay good until they expire; what they leave follows by `return_own_surplus`. Again changes
    nothing. Raises `NoSuchOwn`.
    """
    async with database.transaction() as connection:
        own = await own_for(connection, own_id, who)
        if own.campaign_id is None or own.round_id is None:
            raise NoSuchOwn
        found = await lock_campaign(connection, own.campaign_id)
        if found is None:
            raise NoSuchOwn
        origin = CampaignState(found.state)
        if origin is not CampaignState.ENDED:
            await move_campaign(connection, own.campaign_id, origins=[origin], to=CampaignState.ENDED)
            await move_rounds(connection, [own.round_id], origins=_RUNNING, to=RoundState.ENDED)
            await append(connection, own_entry(who.actor, own, "stopped"), now=now)
    await recycle_rounds(database, now=now)
    return (await return_own_surplus(database, now=now)).get(own_id, 0)


async def return_own_surplus(database: Database, *, now: datetime) -> dict[UUID, int]:
    """What ended own vouchers have in their budgets goes back to their merchants' accounts; fen by voucher."""
    async with database.transaction() as connection:
        over = await own_that_are_over(connection, now=now)
        budgets = {own.own_id: ledger.account_id(own.campaign_id, Kind.BUDGET) for own in over}
        balances = await ledger.balances_of(connection, list(budgets.values()), cell=HOME_CELL)
    due = [id_ for id_, account in budgets.items() if account in balances and balances[account].credit_fen > 0]
    returned: dict[UUID, int] = {}
    for own_id in due:
        async with database.transaction() as connection:
            fen = await _return(connection, own_id, now=now)
        if fen:
            returned[own_id] = fen
    return returned


async def _return(connection: Connection, own_id: UUID, *, now: datetime) -> int:
    own = await own_of(connection, own_id, lock=True)
    if own is None:
        return 0
    account = ledger.account_id(own.campaign_id, Kind.BUDGET)
    fen = (await ledger.balances_of(connection, [account], cell=HOME_CELL))[account].credit_fen
    if fen <= 0:
        return 0
    transfers = ledger.recipes.return_surplus(
        event=named_id("own-surplus", own_id, own.surplus_turn),
        funder_id=own.funder_id,
        campaign_id=own.campaign_id,
        cash_fen=fen,
    )
    await ledger.post(connection, transfers, cell=HOME_CELL, now=now)
    await next_surplus(connection, own_id)
    await append(connection, own_entry("command:own-vouchers", own, "surplus_returned", amount_fen=fen), now=now)
    return fen


def plan_of(own: OwnVoucher) -> tuple[Campaign, Round, VoucherType]:
    """The campaign, round and type that a design becomes; their ids follow from the application's."""
    d = own.design
    starts_at, ends_at = day_start(d.starts_on), day_start(d.ends_on + timedelta(days=1))
    name_en = d.name_en or "Shop voucher"
    campaign = Campaign(
        campaign_id=named_id("own-campaign", own.own_id),
        code=f"own-{own.code}",
        name=f"{own.shop} · {d.name}"[:80],
        name_en=f"{name_en} (merchant's own)",
        funder_id=own.funder_id,
        adcode=own.adcode,
        starts_at=starts_at,
        ends_at=ends_at,
        budget_fen=d.most_fen,
        rules=RULES,
    )
    round_ = Round(
        round_id=named_id("own-round", own.own_id),
        campaign_id=campaign.campaign_id,
        name=d.name,
        name_en=name_en,
        opens_at=starts_at,
        closes_at=ends_at,
        caps=Caps(per_round=d.per_person),
    )
    use = UseRules(
        shop_groups=(group_code(own),), tags=d.tags or None, skus=d.skus or None, exchange=d.kind is OwnKind.EXCHANGE
    )
    type_ = VoucherType(
        type_id=named_id("own-type", own.own_id),
        round_id=round_.round_id,
        name=d.name,
        name_en=name_en,
        amount_fen=d.amount_fen,
        threshold_fen=d.threshold_fen,
        stock=d.stock,
        rate_bp=d.rate_bp,
        valid_until=ends_at,
        use=use,
    )
    return campaign, round_, type_


def group_code(own: OwnVoucher) -> str:
    """The shop group of the stores that take it."""
    return f"own-{own.code}"


async def _join_stores(connection: Connection, own: OwnVoucher) -> None:
    """The stores that are the merchant's still. Raises `BadDesign` if none is."""
    merchant = await stores_for(connection, own.store_id)
    stores = [store for store in own.design.stores if store in merchant.stores]
    if not stores:
        raise BadDesign("stores", "none of these stores is the merchant's any more")
    group = ShopGroup(group_code(own), f"{own.shop}自家", "the issuing merchant")
    await save_group(connection, group, stores)
