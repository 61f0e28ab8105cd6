"""ACP's answer codes, and how an issuer's ISO 8583 response is said in them."""

from typing import Final

OK, FAILED, CLOSED, UNKNOWN, BUSY = "00", "01", "02", "05", "06"
FORMAT, SIGNATURE, DUPLICATE, MISSING, BATCH_FILE = "10", "11", "12", "13", "14"
DECLINED, MERCHANT, NO_PERMISSION, LIMIT, NOT_FOUND = "30", "31", "32", "33", "34"
ORIGINAL_MISSING, MISMATCH, RISK, OUTSIDE_WINDOW = "35", "36", "38", "39"
BINDING, NOT_READY, PAID_LATE, GIVEN_BACK = "40", "41", "42", "45"
ISSUER, BAD_CARD, CARD_STATE, FUNDS, PIN, IDENTITY = "60", "61", "63", "64", "65", "66"
ONE_TIME_CODE, EXPIRED, NOT_OPENED, ISSUER_RIGHTS, NO_SMS, NO_FILE, OTHER = "71", "73", "77", "78", "79", "98", "99"

TEXTS: Final = {
    OK: "成功",
    FAILED: "交易失败",
    CLOSED: "订单已关闭",
    UNKNOWN: "交易已受理，请查询结果",
    BUSY: "系统繁忙，请稍后再试",
    FORMAT: "报文格式错误",
    SIGNATURE: "验证签名失败",
    DUPLICATE: "重复交易",
    MISSING: "报文交易要素缺失",
    BATCH_FILE: "批量文件格式错误",
    DECLINED: "交易未通过",
    MERCHANT: "商户状态不正确",
    NO_PERMISSION: "无此交易权限",
    LIMIT: "交易金额超限",
    NOT_FOUND: "查无此交易",
    ORIGINAL_MISSING: "原交易不存在或状态不正确",
    MISMATCH: "与原交易信息不符",
    RISK: "交易存在风险，已拒绝",
    OUTSIDE_WINDOW: "不在交易受理时间内",
    BINDING: "绑定关系检查失败",
    NOT_READY: "批量状态不正确，无法下载",
    PAID_LATE: "扣款成功但已超过支付时间，款项将退回",
    GIVEN_BACK: "原交易已被成功退货或撤销",
    ISSUER: "交易失败，详情请咨询发卡行",
    BAD_CARD: "卡号无效",
    CARD_STATE: "卡状态不正确",
    FUNDS: "卡上余额不足",
    PIN: "密码、有效期或CVN2有误",
    IDENTITY: "身份信息或手机号不正确",
    ONE_TIME_CODE: "短信验证码不正确或已失效",
    EXPIRED: "支付卡已超过有效期",
    NOT_OPENED: "银行卡未开通此业务",
    ISSUER_RIGHTS: "发卡行交易权限受限",
    NO_SMS: "无法发送短信验证码",
    NO_FILE: "文件不存在",
    OTHER: "其他错误",
}
_OF_ISSUER: Final = {
    "00": OK,
    "14": BAD_CARD,
    "51": FUNDS,
    "54": EXPIRED,
    "55": PIN,
    "57": ISSUER_RIGHTS,
    "61": LIMIT,
    "62": CARD_STATE,
    "91": ISSUER,
    "M1": BINDING,
    "M2": BINDING,
    "M3": BINDING,
    "M4": BINDING,
    "M5": LIMIT,
    "M6": LIMIT,
    "M7": BINDING,
    "M8": LIMIT,
}
_OF_REFUSAL: Final = {
    "store_closed": MERCHANT,
    "not_found": NOT_FOUND,
    "bad_order": OUTSIDE_WINDOW,
    "order_no_used": DUPLICATE,
    "conflicting_request": DUPLICATE,
    "order_closed": CLOSED,
    "order_paid": DUPLICATE,
    "attempt_under_way": UNKNOWN,
    "not_refundable": ORIGINAL_MISSING,
    "refund_too_large": MISMATCH,
    "undo_too_late": OUTSIDE_WINDOW,
    "completion_too_large": MISMATCH,
    "not_authorised": ORIGINAL_MISSING,
    "order_authorised": DUPLICATE,
    "only_whole_refund": MISMATCH,
    "bad_card": BAD_CARD,
    "unknown_issuer": BAD_CARD,
    "code_unknown": BAD_CARD,
    "code_used": DUPLICATE,
    "code_expired": EXPIRED,
    "bad_value": FORMAT,
    **dict.fromkeys(("no_mandate", "revoked", "not_active", "out_of_term"), BINDING),
    **dict.fromkeys(("over_debit_limit", "over_cycle_limit", "too_often", "bad_amount"), LIMIT),
    "scene_not_allowed": NO_PERMISSION,
    **dict.fromkeys(("instrument_unknown", "unknown_card", "unknown_bank", "unknown_account", "bad_account"), BAD_CARD),
    **dict.fromkeys(("name_differs", "bad_name"), IDENTITY),
    **dict.fromkeys(("account_closed", "dormant"), CARD_STATE),
    **dict.fromkeys(("contract_no_used", "payout_no_used"), DUPLICATE),
    "payer_unknown": MERCHANT,
    "risk_refused": RISK,
    **dict.fromkeys(("step_up_required", "wrong_code"), ONE_TIME_CODE),
    **dict.fromkeys(("risk_delayed", "risk_unavailable"), BUSY),
    "payer_insufficient_funds": FUNDS,
}


def of_issuer(response: str) -> str:
    """An issuer's answer; what we have no word for is a failure of the issuer's."""
    return _OF_ISSUER.get(response, _OF_REFUSAL.get(response, ISSUER))


def of_refusal(reason: str) -> str:
    """One of the product's refusals."""
    return _OF_REFUSAL.get(reason, DECLINED)


def message(code: str, detail: str = "") -> str:
    """`respMsg`: words, then a seven-digit code in brackets."""
    words = TEXTS.get(code, TEXTS[OTHER])
    return f"{words}{f'：{detail}' if detail else ''}[{code}00000]"
