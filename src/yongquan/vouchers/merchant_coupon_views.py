"""A citizen's merchant coupons as the wallet shows them: what they take off, until when, and how to use one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection

LISTED = 100
_COLUMNS = """
select c.stock_id, c.code, s.mchid, s.kind, c.state, c.received_at, c.begins_at, c.expires_at, c.used_at,
       c.deactivated_at, c.out_trade_no, s.document
  from vouchers.merchant_coupon c join vouchers.merchant_stock s on s.stock_id = c.stock_id
 where c.citizen_id = %s
"""
_OF_CITIZEN = f"{_COLUMNS} order by c.received_at desc, c.code limit {LISTED}"
_ONE = f"{_COLUMNS} and c.stock_id = %s and c.code = %s"


@dataclass(frozen=True, slots=True)
class CitizensCoupon:
    """A merchant's coupon in a citizen's hands; `document` is what its merchant wrote when it made the stock."""

    stock_id: UUID
    code: str
    mchid: str
    kind: str
    state: str
    received_at: datetime
    begins_at: datetime
    expires_at: datetime
    used_at: datetime | None
    deactivated_at: datetime | None
    out_trade_no: str | None
    document: dict[str, Any]

    def tab(self, now: datetime) -> str:
        """Where the wallet lists it: usable, used or expired."""
        if self.state == "USED":
            return "used"
        return "expired" if self.state == "DEACTIVATED" or now >= self.expires_at else "usable"

    @property
    def name(self) -> str:
        return str(self.document["stock_name"])

    @property
    def goods(self) -> str:
        """What it is for, in the merchant's words."""
        return str(self.document["goods_name"])

    @property
    def method(self) -> str:
        """OFF_LINE, MINI_PROGRAMS, PAYMENT_CODE or SELF_CONSUME."""
        return str(self.document["coupon_use_rule"]["use_method"])

    @property
    def description(self) -> str:
        """The merchant's own terms, if it wrote any."""
        return str((self.document.get("display_pattern_info") or {}).get("description") or "")

    @property
    def merchant_name(self) -> str:
        """As the merchant calls itself; empty if it does not."""
        return str((self.document.get("display_pattern_info") or {}).get("merchant_name") or "")

    @property
    def amount_fen(self) -> int:
        """What a NORMAL coupon takes off, or the price of an EXCHANGE; 0 for a DISCOUNT."""
        rule = self.document["coupon_use_rule"]
        if self.kind == "NORMAL":
            return int(rule["fixed_normal_coupon"]["discount_amount"])
        return int(rule["exchange_coupon"]["exchange_price"]) if self.kind == "EXCHANGE" else 0

    @property
    def rate_bp(self) -> int | None:
        """The part that a DISCOUNT takes off, in basis points."""
        if self.kind != "DISCOUNT":
            return None
        return 10_000 - 100 * int(self.document["coupon_use_rule"]["discount_coupon"]["discount_percent"])

    @property
    def threshold_fen(self) -> int:
        rule = self.document["coupon_use_rule"]
        block = rule.get("fixed_normal_coupon") or rule.get("discount_coupon") or rule["exchange_coupon"]
        return int(block["transaction_minimum"])


async def coupons_of_citizen(connection: Connection, citizen_id: UUID) -> list[CitizensCoupon]:
    """The latest hundred, the newest first."""
    return [CitizensCoupon(*row) for row in await (await connection.execute(_OF_CITIZEN, [citizen_id])).fetchall()]


async def coupon_of_citizen(
    connection: Connection, citizen_id: UUID, stock_id: UUID, code: str
) -> CitizensCoupon | None:
    """One of the citizen's own; None for another's."""
    row = await (await connection.execute(_ONE, [citizen_id, stock_id, code])).fetchone()
    return CitizensCoupon(*row) if row else None
