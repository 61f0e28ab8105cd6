"""Merchants' coupons for visitors: the demo's first citizen has some of an invented tea shop's in the wallet."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from yongquan.flows.use_merchant_coupons import (
    CouponName,
    make_merchant_stock,
    send_merchant_coupon,
    use_merchant_coupon,
)
from yongquan.institutions.v3_store import Numbered
from yongquan.kernel.ids import named_id
from yongquan.plumbing.db import Database
from yongquan.vouchers.merchant_coupons import MerchantStock, Receiver

MCHID: Final = "1900009999"
SHOP: Final = "甬上青茶铺"
_FORMS: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("NORMAL", "满25减5", "全场饮品", {"fixed_normal_coupon": {"discount_amount": 500, "transaction_minimum": 2_500}}),
    ("DISCOUNT", "第二杯八折", "指定茶饮", {"discount_coupon": {"discount_percent": 80, "transaction_minimum": 1_800}}),
    ("EXCHANGE", "一元换茶点", "当日茶点", {"exchange_coupon": {"exchange_price": 100, "transaction_minimum": 1_500}}),
)
LASTS: Final = timedelta(days=15)


async def send_demo_coupons(database: Database, citizen_id: UUID, *, now: datetime) -> None:
    """Three coupons, the last of them used already."""
    for kind, name, goods, block in _FORMS:
        stock = _stock(kind, name, goods, block, now=now)
        made = await make_merchant_stock(database, stock, _numbered("create", kind))
        stock_id = UUID(str(made["stock_id"]))
        to = Receiver("demo-visitor", citizen_id)
        sent = await send_merchant_coupon(database, stock_id, to, _numbered("send", kind), code=None, now=now)
        if kind == "EXCHANGE":
            name_ = CouponName(str(sent["coupon_code"]), stock_id)
            await use_merchant_coupon(database, name_, _numbered("use", kind), openid=to.openid, used_at=now, now=now)


def _stock(kind: str, name: str, goods: str, block: dict[str, Any], *, now: datetime) -> MerchantStock:
    return MerchantStock(
        stock_id=named_id("demo merchant stock", kind, now),
        mchid=MCHID,
        kind=kind,
        code_mode="WECHATPAY_MODE",
        max_coupons=1_000,
        per_user=5,
        begins_at=now,
        ends_at=now + LASTS,
        days=None,
        document={
            "stock_name": name,
            "goods_name": goods,
            "coupon_use_rule": {"coupon_available_time": {}, "use_method": "OFF_LINE", **block},
            "stock_send_rule": {},
            "display_pattern_info": {"merchant_name": SHOP, "description": "每桌限用一张，不与店内其他优惠同享。"},
        },
        created_at=now,
    )


def _numbered(what: str, kind: str) -> Numbered:
    return Numbered(MCHID, f"busifavor.{what}", f"demo-{kind}", b"demo")
