"""What a cash-coupon stock asks for, field by field, and what it becomes here. What cannot be honoured is refused."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from yongquan.flows.make_stock import StockWish
from yongquan.institutions.gateway import OWN_PREFIX, GatewayMerchant
from yongquan.vouchers.model import Direction, UseRules
from yongquan.web.dialects.wechat_v3_edge import Wire, param_error, read_time, require_own

WINDOW_MAX = timedelta(days=90)
DAY_S = 86_400
COUPONS_MAX = 10_000_000
FACE_MAX_FEN = 100_000
PER_USER_MAX = 60
ID = Annotated[str, Field(min_length=1, max_length=128)]
Number = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[0-9A-Za-z|_*\-]+$")]
Items = Annotated[list[ID], Field(max_length=500)]


class StockUseRule(Wire):
    """How it is sent."""

    max_coupons: StrictInt = Field(ge=1, le=COUPONS_MAX)
    max_amount: StrictInt = Field(ge=1)
    max_amount_by_day: StrictInt | None = Field(None, ge=1)
    max_coupons_per_user: StrictInt = Field(ge=1, le=PER_USER_MAX)
    natural_person_limit: StrictBool = False
    prevent_api_abuse: StrictBool = False


class FixedNormalCoupon(Wire):
    """What it takes off, from which amount."""

    coupon_amount: StrictInt = Field(ge=1, le=FACE_MAX_FEN)
    transaction_minimum: StrictInt = Field(ge=1)


class FixAvailableTime(Wire):
    """Days of the week (1 Monday to 7 or 0 Sunday) and seconds of the day."""

    available_week_day: list[Annotated[StrictInt, Field(ge=0, le=7)]] | None = None
    begin_time: StrictInt | None = Field(None, ge=0, lt=DAY_S)
    end_time: StrictInt | None = Field(None, ge=0, lt=DAY_S)


class CouponAvailableTime(Wire):
    """When it can be used within the stock's window."""

    fix_available_time: FixAvailableTime | None = None
    second_day_available: StrictBool | None = None
    available_time_after_receive: StrictInt | None = None


class LimitCard(Wire):
    """Cards it must be paid with."""

    name: str | None = None
    bin: list[str] | None = None


class CouponUseRule(Wire):
    """How it is used."""

    fixed_normal_coupon: FixedNormalCoupon
    coupon_available_time: CouponAvailableTime | None = None
    second_day_available: StrictBool | None = None
    available_time_after_receive: StrictInt | None = None
    available_merchants: Annotated[list[ID], Field(max_length=50)] | None = None
    available_items: Items | None = None
    unavailable_items: Items | None = None
    goods_tag: list[str] | None = None
    trade_type: list[Literal["MICROAPP", "APPPAY", "PPAY", "CARD", "FACE", "OTHER"]] | None = None
    limit_pay: list[str] | None = None
    limit_card: LimitCard | None = None
    combine_use: StrictBool = False


class PatternInfo(Wire):
    """How it looks; kept and said again."""

    description: str = Field(max_length=3000)
    merchant_logo: str | None = None
    merchant_name: str | None = Field(None, max_length=48)
    background_color: str | None = None
    coupon_image: str | None = None
    jump_target: str | None = None
    mini_program_appid: str | None = None
    mini_program_path: str | None = None


class CreateStock(Wire):
    """`POST /v3/marketing/favor/coupon-stocks`."""

    stock_name: str = Field(min_length=1, max_length=20)
    comment: str | None = Field(None, max_length=60)
    belong_merchant: ID
    available_begin_time: str
    available_end_time: str
    stock_use_rule: StockUseRule
    pattern_info: PatternInfo | None = None
    coupon_use_rule: CouponUseRule
    no_cash: StrictBool = False
    stock_type: Literal["NORMAL"] = "NORMAL"
    out_request_no: Number
    ext_info: str | None = Field(None, max_length=128)


def read_wish(merchant: GatewayMerchant, wanted: CreateStock, *, now: datetime) -> StockWish:
    """The stock in our words. Raises `V3Refused` naming the field that is wrong or cannot be honoured."""
    require_own(merchant, wanted.belong_merchant, field="belong_merchant")
    begins_at = read_time(wanted.available_begin_time, field="available_begin_time")
    ends_at = read_time(wanted.available_end_time, field="available_end_time")
    if ends_at <= max(begins_at, now):
        raise param_error("available_end_time", "需晚于开始时间和当前时间")
    if ends_at - begins_at > WINDOW_MAX:
        raise param_error("available_end_time", "批次可用时间最长 90 天")
    if wanted.no_cash:
        raise param_error("no_cash", "只支持预充值批次")
    _check_sending(wanted)
    _refuse_what_is_not_honoured(wanted.coupon_use_rule)
    use, rule, coupon = wanted.coupon_use_rule, wanted.stock_use_rule, wanted.coupon_use_rule.fixed_normal_coupon
    return StockWish(
        name=wanted.stock_name,
        begins_at=begins_at,
        ends_at=ends_at,
        face_fen=coupon.coupon_amount,
        threshold_fen=coupon.transaction_minimum,
        count=rule.max_coupons,
        per_user=rule.max_coupons_per_user,
        is_real_name=rule.natural_person_limit,
        combines=use.combine_use,
        use=_use_rules(use),
        document=wanted.model_dump(exclude_none=True)
        | {"description": wanted.pattern_info.description if wanted.pattern_info else ""},
    )


def _check_sending(wanted: CreateStock) -> None:
    rule, coupon = wanted.stock_use_rule, wanted.coupon_use_rule.fixed_normal_coupon
    if rule.max_amount != coupon.coupon_amount * rule.max_coupons:
        raise param_error("stock_use_rule.max_amount", "需等于面额乘以发放总个数")
    if rule.max_coupons_per_user > rule.max_coupons:
        raise param_error("stock_use_rule.max_coupons_per_user", "需不大于发放总个数")
    if rule.max_amount_by_day is not None and rule.max_amount_by_day < rule.max_amount:
        raise param_error("stock_use_rule.max_amount_by_day", "暂不支持小于总预算的单天限额")


def _refuse_what_is_not_honoured(use: CouponUseRule) -> None:
    at = use.coupon_available_time or CouponAvailableTime()
    refused = {
        "coupon_available_time.second_day_available": at.second_day_available,
        "coupon_available_time.available_time_after_receive": at.available_time_after_receive,
        "second_day_available": use.second_day_available,
        "available_time_after_receive": use.available_time_after_receive,
        "unavailable_items": use.unavailable_items,
        "goods_tag": use.goods_tag,
        "limit_pay": use.limit_pay,
        "limit_card": use.limit_card,
    }
    for field, value in refused.items():
        if value:
            raise param_error(f"coupon_use_rule.{field}", "暂不支持此项规则")


def _use_rules(use: CouponUseRule) -> UseRules:
    fixed = use.coupon_available_time.fix_available_time if use.coupon_available_time else None
    days = fixed.available_week_day if fixed else None
    merchants = use.available_merchants
    return UseRules(
        daily=_hours(fixed) if fixed else None,
        weekdays=tuple(sorted({day or 7 for day in days})) if days else None,
        directions=_directions(use.trade_type) if use.trade_type else None,
        shop_groups=tuple(f"{OWN_PREFIX}{mchid}" for mchid in merchants) if merchants else None,
        skus=tuple(use.available_items) if use.available_items else None,
    )


def _hours(fixed: FixAvailableTime) -> tuple[time, time] | None:
    field = "coupon_use_rule.coupon_available_time.fix_available_time.end_time"
    if fixed.begin_time is None and fixed.end_time is None:
        return None
    begin, end = fixed.begin_time or 0, DAY_S - 1 if fixed.end_time is None else fixed.end_time
    if end <= begin:
        raise param_error(field, "需晚于 begin_time")
    # Its last second counts here as well: hours are half-open.
    return _clock(begin), _clock(min(end + 1, DAY_S - 1))


def _clock(seconds: int) -> time:
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _directions(trade_types: Sequence[str]) -> tuple[Direction, ...]:
    """Online orders are one thing here, so MICROAPP and APPPAY come together or not at all."""
    field, wanted = "coupon_use_rule.trade_type", set(trade_types)
    if wanted & {"PPAY", "FACE"}:
        raise param_error(field, "不支持 PPAY、FACE")
    online = {"MICROAPP", "APPPAY"}
    if wanted & online and not online <= wanted:
        raise param_error(field, "MICROAPP 与 APPPAY 需同时选择")
    chosen = {"CARD": Direction.SHOP_SCANS, "OTHER": Direction.CITIZEN_SCANS, "APPPAY": Direction.ONLINE}
    return tuple(direction for name, direction in chosen.items() if name in wanted)
