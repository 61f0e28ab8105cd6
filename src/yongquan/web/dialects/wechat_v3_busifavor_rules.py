"""What merchant coupons' calls say, field by field; what cannot be honoured is refused."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt

from yongquan.institutions.gateway import GatewayMerchant
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.merchant_coupons import MerchantStock
from yongquan.web.dialects.wechat_v3_edge import Wire, param_error, read_time, require_own
from yongquan.web.dialects.wechat_v3_rules import Number

Code = Annotated[str, Field(min_length=1, max_length=32)]
WINDOW_MAX = timedelta(days=366)


class BusiAvailableTime(Wire):
    """When coupons can be used; days count calendar days."""

    available_begin_time: str
    available_end_time: str
    available_day_after_receive: StrictInt | None = Field(None, ge=1, le=365)
    wait_days_after_receive: StrictInt | None = Field(None, ge=0, le=30)
    available_week: dict[str, Any] | None = None
    irregulary_avaliable_time: list[Any] | None = None


class BusiFixed(Wire):
    """NORMAL: takes an amount off."""

    discount_amount: StrictInt = Field(ge=1)
    transaction_minimum: StrictInt = Field(ge=1)


class BusiDiscount(Wire):
    """DISCOUNT: 88 is 12 % off."""

    discount_percent: StrictInt = Field(ge=1, le=99)
    transaction_minimum: StrictInt = Field(ge=1)


class BusiExchange(Wire):
    """EXCHANGE: something for a price."""

    exchange_price: StrictInt = Field(ge=0)
    transaction_minimum: StrictInt = Field(ge=0)


class BusiUseRule(Wire):
    """How it is used: one of the three blocks, the stock's kind's."""

    coupon_available_time: BusiAvailableTime
    fixed_normal_coupon: BusiFixed | None = None
    discount_coupon: BusiDiscount | None = None
    exchange_coupon: BusiExchange | None = None
    use_method: Literal["OFF_LINE", "MINI_PROGRAMS", "PAYMENT_CODE", "SELF_CONSUME"]
    mini_programs_appid: str | None = None
    mini_programs_path: str | None = None


class BusiSendRule(Wire):
    """How it is sent."""

    max_coupons: StrictInt = Field(ge=1, le=1_000_000_000)
    max_coupons_per_user: StrictInt = Field(ge=1, le=100)
    max_coupons_by_day: StrictInt | None = Field(None, ge=1)
    max_amount: StrictInt | None = None
    max_amount_by_day: StrictInt | None = None
    natural_person_limit: StrictBool = False
    prevent_api_abuse: StrictBool = False
    transferable: StrictBool = False
    shareable: StrictBool = False


class CreateMerchantStock(Wire):
    """`POST /v3/marketing/busifavor/stocks`."""

    stock_name: str = Field(min_length=1, max_length=21)
    belong_merchant: str
    comment: str | None = Field(None, max_length=20)
    goods_name: str = Field(min_length=1, max_length=15)
    stock_type: Literal["NORMAL", "DISCOUNT", "EXCHANGE"]
    coupon_use_rule: BusiUseRule
    stock_send_rule: BusiSendRule
    out_request_no: Number
    custom_entrance: dict[str, Any] | None = None
    display_pattern_info: dict[str, Any] | None = None
    coupon_code_mode: Literal["WECHATPAY_MODE", "MERCHANT_API", "MERCHANT_UPLOAD"]
    notify_config: dict[str, Any] | None = None
    subsidy: StrictBool = False


class UploadCodes(Wire):
    """Codes the merchant made itself."""

    coupon_code_list: Annotated[list[str], Field(min_length=1, max_length=200)]
    upload_request_no: Number


class SendCard(Wire):
    """A government card or, where the path names a stock, one of its coupons."""

    appid: str
    openid: str = Field(min_length=1, max_length=128)
    out_request_no: Number
    send_time: str
    coupon_code: str | None = None


class Use(Wire):
    """`coupons/use`."""

    coupon_code: Code
    stock_id: str | None = None
    appid: str
    use_time: str
    use_request_no: Number
    openid: str | None = None


class Return(Wire):
    """`coupons/return`."""

    coupon_code: Code
    stock_id: str
    return_request_no: Number


class Deactivate(Wire):
    """`coupons/deactivate`."""

    coupon_code: Code
    stock_id: str
    deactivate_request_no: Number
    deactivate_reason: str | None = Field(None, max_length=64)


class Associate(Wire):
    """`coupons/associate` and `coupons/disassociate`."""

    stock_id: str
    coupon_code: Code
    out_trade_no: str = Field(min_length=1, max_length=128)
    out_request_no: Number


class SetSendCallback(Wire):
    """Where COUPON.SEND goes."""

    mchid: str | None = None
    notify_url: str = Field(min_length=1, max_length=256)


def read_merchant_stock(merchant: GatewayMerchant, wanted: CreateMerchantStock, *, now: datetime) -> MerchantStock:
    """The stock as it is kept. Raises `V3Refused` naming the field that is wrong or cannot be honoured."""
    require_own(merchant, wanted.belong_merchant, field="belong_merchant")
    at, send = wanted.coupon_use_rule.coupon_available_time, wanted.stock_send_rule
    place = "coupon_use_rule.coupon_available_time"
    begins_at = read_time(at.available_begin_time, field=f"{place}.available_begin_time")
    ends_at = read_time(at.available_end_time, field=f"{place}.available_end_time")
    if ends_at <= max(begins_at, now) or ends_at - begins_at > WINDOW_MAX:
        raise param_error(f"{place}.available_end_time", "需晚于开始时间和当前时间,最长一年")
    if send.max_coupons_per_user > send.max_coupons:
        raise param_error("stock_send_rule.max_coupons_per_user", "需不大于发放总个数")
    _check_kind(wanted)
    _refuse_what_is_not_honoured(wanted)
    return MerchantStock(
        stock_id=fresh_id(),
        mchid=merchant.number,
        kind=wanted.stock_type,
        code_mode=wanted.coupon_code_mode,
        max_coupons=send.max_coupons,
        per_user=send.max_coupons_per_user,
        begins_at=begins_at,
        ends_at=ends_at,
        days=at.available_day_after_receive,
        document=wanted.model_dump(exclude_none=True),
        created_at=now,
    )


def _check_kind(wanted: CreateMerchantStock) -> None:
    rule = wanted.coupon_use_rule
    blocks = {
        "NORMAL": ("fixed_normal_coupon", rule.fixed_normal_coupon),
        "DISCOUNT": ("discount_coupon", rule.discount_coupon),
        "EXCHANGE": ("exchange_coupon", rule.exchange_coupon),
    }
    for kind, (field, block) in blocks.items():
        if (block is not None) != (kind == wanted.stock_type):
            why = "此批次类型必填" if kind == wanted.stock_type else "与批次类型不符"
            raise param_error(f"coupon_use_rule.{field}", why)


def _refuse_what_is_not_honoured(wanted: CreateMerchantStock) -> None:
    at, send = wanted.coupon_use_rule.coupon_available_time, wanted.stock_send_rule
    refused = {
        "coupon_use_rule.coupon_available_time.available_week": at.available_week,
        "coupon_use_rule.coupon_available_time.irregulary_avaliable_time": at.irregulary_avaliable_time,
        "stock_send_rule.max_amount": send.max_amount,
        "stock_send_rule.max_amount_by_day": send.max_amount_by_day,
        "stock_send_rule.natural_person_limit": send.natural_person_limit,
        "stock_send_rule.prevent_api_abuse": send.prevent_api_abuse,
        "stock_send_rule.transferable": send.transferable,
        "stock_send_rule.shareable": send.shareable,
        "subsidy": wanted.subsidy,
    }
    for field, value in refused.items():
        if value:
            raise param_error(field, "暂不支持此项规则")
