"""An order and a refund as the v3 shape says them, in answers and in callbacks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.flows.serve_app import open_id_of
from yongquan.flows.trade_by_v3 import PARKING, REFUND_PREFIX
from yongquan.institutions.v3_store import name_of_open_id
from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.payments.model import Payment
from yongquan.payments.orders import OrderState, TradeOrder
from yongquan.payments.refund_views import RefundRow
from yongquan.payments.store import payment_of
from yongquan.payments.views import card_of_payment
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.store import types_by_id

CURRENCY: Final = "CNY"
TRADE_STATES: Final = {
    OrderState.CREATED: ("NOTPAY", "订单未支付"),
    OrderState.PENDING: ("USERPAYING", "用户支付中"),
    OrderState.UNKNOWN: ("USERPAYING", "用户支付中,等待银行答复"),
    OrderState.FAILED: ("PAYERROR", "支付失败,可重新支付"),
    OrderState.SUCCEEDED: ("SUCCESS", "支付成功"),
    OrderState.PARTLY_REFUNDED: ("REFUND", "订单发生过退款"),
    OrderState.REFUNDED: ("REFUND", "订单已全额退款"),
    OrderState.REVERSED: ("REFUND", "订单已全额退款"),
    OrderState.CLOSED: ("CLOSED", "订单已关闭"),
}
# Parking is paid without its driver: nothing waits to be paid, and what failed stays so until the driver pays.
PARKING_STATES: Final = {
    **dict.fromkeys((OrderState.CREATED, OrderState.PENDING, OrderState.UNKNOWN), ("ACCEPTED", "已受理,等待银行答复")),
    **dict.fromkeys((OrderState.FAILED, OrderState.CLOSED), ("PAY_FAIL", "扣费失败")),
}


@dataclass(frozen=True, slots=True)
class V3Speech:
    """Says orders and refunds; whoever paid is named as the merchant names them."""

    sealing: Sealing
    cells: int

    async def trade(self, connection: Connection, order: TradeOrder) -> dict[str, object]:
        """An order as a query and TRANSACTION.SUCCESS say it."""
        if order.facts["trade_type"] == PARKING:
            return await self._parking(connection, order)
        facts = order.facts
        state, described = TRADE_STATES[order.state]
        said: dict[str, object] = {
            "appid": facts["appid"],
            "mchid": facts["mchid"],
            "out_trade_no": order.order_no,
            "trade_type": facts["trade_type"],
            "trade_state": state,
            "trade_state_desc": described,
            "attach": facts.get("attach", ""),
        }
        if order.payment_id is None:
            return said | {"amount": {"total": order.amount_fen, "currency": CURRENCY}} | _asked_payer(order)
        payment = await self._payment(connection, order.payment_id)
        card = await card_of_payment(connection, cell_of(order.payment_id, self.cells), order.payment_id)
        return said | {
            "transaction_id": order.payment_id.hex,
            "bank_type": card[0].upper() if card else "OTHERS",
            "success_time": say_time(order.paid_at or payment.begun_at),
            "payer": {"openid": await self.payer(connection, facts, payment.citizen_id)},
            "amount": {
                "total": order.amount_fen,
                "payer_total": payment.charged_fen,
                "currency": CURRENCY,
                "payer_currency": CURRENCY,
            },
            "promotion_detail": await self._promotions(connection, order, payment),
        }

    async def _parking(self, connection: Connection, order: TradeOrder) -> dict[str, object]:
        facts = order.facts
        state, described = PARKING_STATES.get(order.state) or TRADE_STATES[order.state]
        said: dict[str, object] = {
            "appid": facts["appid"],
            "mchid": facts["mchid"],
            "description": facts["description"],
            "create_time": say_time(order.created_at),
            "out_trade_no": order.order_no,
            "trade_state": state,
            "trade_state_description": described,
            "user_repaid": "N",
            "attach": facts.get("attach", ""),
            "trade_scene": PARKING,
            "parking_info": facts["parking_info"],
        }
        amount: dict[str, object] = {"total": order.amount_fen, "currency": CURRENCY}
        if order.payment_id is None:
            return said | {"amount": amount}
        payment = await self._payment(connection, order.payment_id)
        card = await card_of_payment(connection, cell_of(order.payment_id, self.cells), order.payment_id)
        return said | {
            "transaction_id": order.payment_id.hex,
            "bank_type": card[0].upper() if card else "OTHERS",
            "success_time": say_time(order.paid_at or payment.begun_at),
            "payer": {"openid": await self.payer(connection, facts, payment.citizen_id)},
            "amount": {
                **amount,
                "payer_total": payment.charged_fen,
                "discount_total": order.amount_fen - payment.charged_fen,
            },
            "promotion_detail": await self._promotions(connection, order, payment),
        }

    async def payer(self, connection: Connection, facts: Mapping[str, object], citizen_id: UUID) -> str:
        """Whoever paid an order of these facts, named as the merchant names them."""
        if "openid" in facts:
            return str(facts["openid"])
        institution = str(facts["institution"])
        open_id = open_id_of(self.sealing, institution, citizen_id)
        return await name_of_open_id(connection, institution, open_id) or open_id.hex

    async def refund(self, connection: Connection, order: TradeOrder, row: RefundRow) -> dict[str, object]:
        """A refund as an application for it and a query say it."""
        payment = await self._payment(connection, order.payment_id)
        said: dict[str, object] = {
            "refund_id": row.refund_id.hex,
            "out_refund_no": row.refund_no.removeprefix(REFUND_PREFIX),
            "transaction_id": payment.payment_id.hex,
            "out_trade_no": order.order_no,
            "channel": "ORIGINAL",
            "user_received_account": await self._received_account(connection, payment.payment_id),
            "create_time": say_time(row.begun_at),
            "status": "SUCCESS" if row.state == "succeeded" else "PROCESSING",
            # A refund is taken from what the store has not been paid yet.
            "funds_account": "UNSETTLED",
            "amount": _refund_amount(order, payment, row),
            "promotion_detail": _promotions_back(payment, row),
        }
        return said | ({"success_time": say_time(row.ended_at)} if row.ended_at else {})

    async def refund_notice(self, connection: Connection, order: TradeOrder, row: RefundRow) -> dict[str, object]:
        """A refund as REFUND.SUCCESS says it."""
        said = await self.refund(connection, order, row)
        amount = _refund_amount(order, await self._payment(connection, order.payment_id), row)
        told = ("transaction_id", "out_trade_no", "refund_id", "out_refund_no", "success_time", "user_received_account")
        return {
            "mchid": order.facts["mchid"],
            "refund_status": said["status"],
            **{name: said[name] for name in told if name in said},
            "amount": {name: amount[name] for name in ("total", "refund", "payer_total", "payer_refund")},
        }

    async def _payment(self, connection: Connection, payment_id: UUID | None) -> Payment:
        found = payment_id and await payment_of(connection, cell_of(payment_id, self.cells), payment_id)
        if not found:
            raise KeyError(payment_id)
        return found

    async def _promotions(self, connection: Connection, order: TradeOrder, payment: Payment) -> list[dict[str, object]]:
        names = {t.type_id: t for t in await types_by_id(connection, {s.type_id for s in payment.shares})}
        mine = f"mch-{order.facts['mchid']}"
        by_voucher: defaultdict[tuple[UUID, UUID], dict[str, int]] = defaultdict(dict)
        for share in payment.shares:
            by_voucher[share.voucher_id, share.type_id][share.funder_id] = share.amount_fen
        return [
            {
                "coupon_id": voucher_id.hex,
                "name": names[type_id].name,
                "scope": "SINGLE" if names[type_id].use.skus else "GLOBAL",
                "type": "CASH",
                "amount": sum(funders.values()),
                "stock_id": type_id.hex,
                "activity_id": names[type_id].round_id.hex,
                "wechatpay_contribute": 0,
                "merchant_contribute": funders.get(mine, 0),
                "other_contribute": sum(funders.values()) - funders.get(mine, 0),
                "currency": CURRENCY,
            }
            for (voucher_id, type_id), funders in by_voucher.items()
        ]

    async def _received_account(self, connection: Connection, payment_id: UUID) -> str:
        card = await card_of_payment(connection, cell_of(payment_id, self.cells), payment_id)
        if card is None:
            return "原支付账户"
        names = await parties(connection)
        return f"{names[card[0]].name if card[0] in names else card[0]} {card[1]}"


def say_time(at: datetime) -> str:
    """Shanghai time with its offset, in whole seconds."""
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _asked_payer(order: TradeOrder) -> dict[str, object]:
    return {"payer": {"openid": order.facts["openid"]}} if "openid" in order.facts else {}


def _refund_amount(order: TradeOrder, payment: Payment, row: RefundRow) -> dict[str, object]:
    return {
        "total": order.amount_fen,
        "refund": row.amount_fen,
        "payer_total": payment.charged_fen,
        "payer_refund": row.charged_fen,
        "settlement_total": order.amount_fen,
        "settlement_refund": row.amount_fen,
        "discount_refund": row.amount_fen - row.charged_fen,
        "currency": CURRENCY,
        "from": [],
    }


def _promotions_back(payment: Payment, row: RefundRow) -> Sequence[dict[str, object]]:
    back: defaultdict[UUID, int] = defaultdict(int)
    paid: defaultdict[UUID, int] = defaultdict(int)
    for share in row.shares:
        back[share.voucher_id] += share.amount_fen
    for spent in payment.shares:
        paid[spent.voucher_id] += spent.amount_fen
    return [
        {
            "promotion_id": voucher_id.hex,
            "scope": "GLOBAL",
            "type": "COUPON",
            "amount": paid[voucher_id],
            "refund_amount": fen,
        }
        for voucher_id, fen in back.items()
        if fen
    ]
