"""A merchant makes a cash-coupon stock in the v3 shape: first a draft; its start sets the merchant's money aside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.flows.fund_campaign import fund_campaign, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.gateway import GatewayMerchant, funder_of
from yongquan.institutions.links import Links
from yongquan.institutions.v3_store import Numbered, answer_before, keep_answer
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.money import yuan
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.model import (
    ROUND_MOVES,
    Campaign,
    CampaignRules,
    Caps,
    Conditions,
    ForbiddenMove,
    RefundPolicy,
    Round,
    RoundState,
    UseRules,
    VoucherType,
    require_move,
)
from yongquan.vouchers.steering import lock_round
from yongquan.vouchers.store import move_rounds, save_campaign, save_rounds
from yongquan.vouchers.v3_stocks import V3Stock, add_stock_row, v3_stock

# What a test merchant has in its account beside the sandbox banks: 100,000 yuan.
TEST_MONEY_FEN = 100_000_00


class NoSuchStock(Refusal):
    """There is no such stock of this merchant."""

    code = "no_such_stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockWish:
    """A stock as it was asked for, in our words. Amounts in fen; `document` is the request itself."""

    name: str
    begins_at: datetime
    ends_at: datetime
    face_fen: int
    threshold_fen: int
    count: int
    per_user: int
    is_real_name: bool
    combines: bool
    use: UseRules
    document: dict[str, Any]


async def make_stock(
    database: Database, merchant: GatewayMerchant, wish: StockWish, request: Numbered, *, now: datetime
) -> dict[str, object]:
    """Write the stock as a draft, once per request number. Raises `RequestNoUsed`."""
    async with database.transaction() as connection:
        before = await answer_before(connection, request)
        if before is not None:
            return before
        campaign, round_, type_ = _nouns(merchant, wish)
        await save_campaign(connection, campaign, now=now)
        await save_rounds(connection, [round_], [type_])
        await add_stock_row(
            connection,
            type_.type_id,
            mchid=merchant.number,
            funder_id=campaign.funder_id,
            document=wish.document,
            now=now,
        )
        await _audit(connection, merchant, "stock.made", type_.type_id, now=now)
        answer: dict[str, object] = {"stock_id": type_.type_id.hex, "create_time": _told(now)}
        return await keep_answer(connection, request, answer)


async def start_stock(
    database: Database, merchant: GatewayMerchant, type_id: UUID, *, cells: int, now: datetime
) -> dict[str, object]:
    """Set the merchant's money aside and publish. A repeat gets the first answer. Raises `FundsShort`."""
    request = Numbered(merchant.number, "favor.start", type_id.hex, b"")
    async with database.transaction() as connection:
        before = await answer_before(connection, request)
        if before is not None:
            return before
        stock = await stock_of(connection, merchant, type_id)
        await fund_campaign(
            connection,
            campaign_id=stock.campaign_id,
            funder_id=stock.funder_id,
            cash_fen=stock.amount_fen * stock.count,
            now=now,
        )
        await publish_rounds(connection, stock.campaign_id, [stock.round_id], cells=cells, now=now)
        await _audit(connection, merchant, "stock.started", type_id, now=now)
        return await keep_answer(connection, request, {"start_time": _told(now), "stock_id": type_id.hex})


async def steer_stock(
    database: Database, merchant: GatewayMerchant, type_id: UUID, *, to: RoundState, now: datetime
) -> None:
    """Pause a stock or let it run again; what is so already stays. Raises `ForbiddenMove`."""
    async with database.transaction() as connection:
        stock = await stock_of(connection, merchant, type_id)
        locked = await lock_round(connection, stock.round_id)
        state = RoundState(locked.state if locked else stock.round_state)
        if state is to:
            return
        if state is RoundState.DRAFT:
            raise ForbiddenMove("a draft is started first", now=state.value, wanted=to.value)
        require_move(ROUND_MOVES, state, to)
        await move_rounds(connection, [stock.round_id], origins=[state], to=to)
        await _audit(connection, merchant, f"stock.{to}", type_id, now=now)


async def stock_of(connection: Connection, merchant: GatewayMerchant, type_id: UUID) -> V3Stock:
    """A merchant's own stock. Raises `NoSuchStock`."""
    stock = await v3_stock(connection, type_id)
    if stock is None or stock.mchid != merchant.number:
        raise NoSuchStock(f"{type_id.hex} is no stock of {merchant.number}")
    return stock


async def give_test_money(database: Database, links: Links, merchant: GatewayMerchant, *, now: datetime) -> None:
    """Beside the sandbox banks a merchant's account is there and has test money, once. Raises `Outage`."""
    request = Numbered(merchant.number, "sandbox.money", "1", b"")
    funder = funder_of(merchant.number)
    async with database.transaction() as connection:
        if await answer_before(connection, request) is not None:
            return
    opening = AccountOpening(account_no=funder.account_no, holder=funder.name, opening_balance_fen=TEST_MONEY_FEN)
    async with links.client(funder.bank) as bank:
        if (await bank.open_accounts([opening])).refused:
            raise Outage(f"{funder.bank} did not open the merchant's account")
    async with database.transaction() as connection:
        if await answer_before(connection, request) is None:
            await record_prepayment(
                connection, receipt="sandbox", funder_id=funder.funder_id, amount_fen=TEST_MONEY_FEN, now=now
            )
            await keep_answer(connection, request, {"amount": TEST_MONEY_FEN})


def _nouns(merchant: GatewayMerchant, wish: StockWish) -> tuple[Campaign, Round, VoucherType]:
    type_id = fresh_id()
    # The shape knows one name, the merchant's own; in English the coupon is told by what it takes off.
    name_en = f"{yuan(wish.face_fen)} off {yuan(wish.threshold_fen)} ({merchant.number})"
    campaign = Campaign(
        campaign_id=fresh_id(),
        code=f"v3-{type_id.hex}",
        name=wish.name,
        name_en=name_en,
        funder_id=funder_of(merchant.number).funder_id,
        adcode=None,
        starts_at=wish.begins_at,
        ends_at=wish.ends_at,
        budget_fen=wish.face_fen * wish.count,
        rules=CampaignRules(refund=RefundPolicy.RETURN_IN_VALIDITY, stacks_with_others=wish.combines),
    )
    round_ = Round(
        round_id=fresh_id(),
        campaign_id=campaign.campaign_id,
        name=wish.name,
        name_en=name_en,
        opens_at=wish.begins_at,
        closes_at=wish.ends_at,
        caps=Caps(per_round=wish.per_user),
        conditions=Conditions(platforms=(merchant.institution,), real_name=wish.is_real_name),
    )
    type_ = VoucherType(
        type_id=type_id,
        round_id=round_.round_id,
        name=wish.name,
        name_en=name_en,
        amount_fen=wish.face_fen,
        threshold_fen=wish.threshold_fen,
        stock=wish.count,
        valid_until=wish.ends_at,
        use=wish.use,
    )
    return campaign, round_, type_


async def _audit(
    connection: Connection, merchant: GatewayMerchant, action: str, type_id: UUID, *, now: datetime
) -> None:
    entry = AuditEntry(actor=f"v3:{merchant.number}", action=action, subject=f"type:{type_id}")
    await append(connection, entry, now=now)


def _told(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")
