"""What codes are called on pages: Chinese msgids, said through a `Speech`."""

from collections.abc import Iterable
from dataclasses import dataclass

from yongquan.kernel.money import yuan
from yongquan.vouchers.usability import WhyNot
from yongquan.web.api.reasons import CLAIM_REASONS
from yongquan.web.bank_words import bank_word
from yongquan.web.language import Language, Speech

INDUSTRIES = {
    "dining": "餐饮",
    "supermarket": "商超",
    "convenience": "便利店",
    "department_store": "百货",
    "clothing": "服装",
    "appliances": "家电",
    "furnishing": "家居",
    "lodging": "住宿",
    "tourism": "旅游",
    "entertainment": "文娱",
    "sports": "体育",
    "motoring": "汽车服务",
}
WHY_NOT = {
    WhyNot.NOT_HELD: "不在券包中",
    WhyNot.FROZEN: "已冻结，核实后解冻",
    WhyNot.NOT_YET_VALID: "未到使用时间",
    WhyNot.EXPIRED: "已过期",
    WhyNot.PAUSED: "活动已暂停，恢复后可用",
    WhyNot.OTHER_INDUSTRY: "不适用于该行业的门店",
    WhyNot.OTHER_PLACE: "不适用于该区域的门店",
    WhyNot.OTHER_SHOP_GROUP: "不适用于这家门店",
    WhyNot.RELIEF_SHOPS_ONLY: "仅限纾困门店使用",
    WhyNot.OTHER_TERMINAL: "这台收款终端不参加活动",
    WhyNot.OTHER_CARD: "限用其他银行或钱包付款",
    WhyNot.WRONG_DIRECTION: "付款方式不符合活动规则",
    WhyNot.NOT_TODAY: "今天不是可用日",
    WhyNot.NOT_THIS_HOUR: "现在不在可用时段内",
    WhyNot.OTHER_GOODS: "订单中没有适用的商品",
    WhyNot.NO_LICENCE: "门店没有有效的营业执照，不能用政府消费券",
    WhyNot.USE_CAP_REACHED: "已达使用次数上限",
    WhyNot.BELOW_THRESHOLD: "未达到使用门槛",
}
VOUCHER_STATES = {
    "held": "可使用",
    "not_yet_valid": "未到使用时间",
    "locked": "正在付款，结果出来前不能另用",
    "frozen": "已冻结，核实后解冻",
    "redeemed": "已使用",
    "expired": "已过期",
    "forfeited": "退款后已失效",
    "void": "已作废",
}
PAYMENT_STATES = {
    "user_paying": "等待您在手机上确认",
    "closed": "未付款，已关闭",
    "charging": "等待银行答复",
    "unknown": "等待银行答复",
    "succeeded": "付款成功",
    "failed": "付款失败",
    "refunding": "退款中",
    "refunded": "已退款",
}
APPLICATION_STATES = {
    "submitted": "等待审核",
    "seconding": "等待复核",
    "returned": "已退回，待补正",
    "approved": "已通过",
    "refused": "未通过",
}
CARD_PAYMENT_STATES = {
    "due": "即将付款",
    "paying": "付款中，等银行答复",
    "paid": "已付到银行卡",
    "refused": "没有付成",
    "returned": "已被收款行退回",
    "given_up": "不再付款",
}
REVIEW_REASONS = {
    "unreadable": "材料看不清，请重新拍摄上传",
    "incomplete": "材料不全",
    "mismatch": "填写内容与材料不一致",
    "duplicate": "凭证已用于其他申请",
    "out_of_period": "不在活动期间内",
    "not_covered": "不属于活动范围",
}
WRONG_ANSWERS = {
    "missing": "请填写",
    "too_long": "内容太长",
    "malformed": "内容不对，请核对",
    "plate": "请填写完整车牌，例如 浙B12345",
    "invoice": "发票号码是 8 位或 20 位数字",
    "receipt": "回收证明编号是 6 至 32 位字母或数字",
    "amount": "请填写金额，例如 128800.00",
}
VOUCHER_FATES = {
    "used": "部分退款，券视为已用",
    "returned": "券已退回券包，有效期不变",
    "expired": "券已退回，但已过有效期",
    "forfeited": "券已失效，不退回",
}
# ISO 8583 response codes (field 39) that a person can do something about.
DECLINED = {
    "51": "余额不足",
    "54": "卡片已过期",
    "61": "超过当日限额",
    "90": "银行正在日终处理，款项未扣，请再付一次",
    "91": "银行暂时连不上，款项未扣，请稍后再付",
    "payer_denied": "顾客没有同意付款",
    "payer_timed_out": "顾客没有在 30 秒内确认",
    "till_withdrew": "收银台已取消这笔收款",
}
DECLINED_OTHERWISE = "银行拒绝了这笔付款"
PROBLEMS = {
    "tap_refused": "手机闪付未受理，请重新碰一碰",
    "tap_unknown": "不认识这部手机的支付标记",
    "tap_wrong": "手机闪付校验不通过，请重新碰一碰",
    "tap_replayed": "这次闪付已用过，请重新碰一碰",
    "token_suspended": "这部手机的闪付已挂失",
    "token_ended": "这部手机的闪付已停用",
    "over_payment_limit": "超过单笔限额",
    "over_day_limit": "超过当日限额",
    "risk_refused": "这笔付款不能继续，可不用消费券付款，或联系客服申诉",
    "risk_delayed": "这笔付款请稍后再试，也可不用消费券付款",
    "risk_unavailable": "暂时无法核验，请稍后再试或不用消费券付款",
    "step_up_required": "请输入发到您手机的验证码，再付同一笔",
    "wrong_code": "验证码错误或已过期",
    "not_open": "本轮未开始",
    "closed": "本轮已结束",
    "sold_out": "已抢完",
    "cap_reached": "已达领取上限",
    "not_eligible": "不符合领取条件",
    "blocked": "该账户不能参加活动",
    "wrong_place": "请在活动区域内领取并允许定位",
    "too_many_requests": "请求过于频繁，请稍等",
    "conflicting_request": "请求内容前后不一致，请刷新页面",
    "already_registered": "您已报名，以最早一次为准",
    "nothing_to_compare": "可比较的中签与未中签人数不足",
    "window_open": "观察期尚未结束",
    "not_drawn": "尚未摇号",
    "withdrawn": "本次报名已撤回，请重新报名",
    "not_an_identity": "身份证号有误，请逐位核对",
    "not_a_social_card": "社保卡卡号为 9 位字母和数字",
    "identity_differs": "与登记信息不一致，请核对姓名和号码",
    "identity_taken": "该身份已由另一账户认证，或您已用另一身份认证",
    "too_many_tries": "今天核验次数已用完，请明天再试",
    "bad_wishes": "志愿填写有误，请刷新页面",
    "code_unknown": "付款码无效，请顾客刷新后再扫",
    "code_used": "付款码已使用，请顾客刷新后再扫",
    "code_expired": "付款码已过期，请顾客刷新后再扫",
    "instrument_unknown": "该卡未绑定",
    "store_closed": "该门店暂停收款",
    "voucher_unavailable": "所选消费券不可用",
    "voucher_not_usable": "所选消费券不适用于这笔付款",
    "not_a_code": "券码有误，请核对后重输",
    "voucher_code_unknown": "券码不存在或已停用",
    "voucher_code_used": "这个券码已被别人兑换",
    "locked_out": "错误次数过多，请 15 分钟后再试",
    "gift_exhausted": "这种券已经送完",
    "not_a_phone": "请输入 11 位手机号",
    "not_a_proof": "凭证只收 JPG、PNG 或 PDF，每份不超过 2 MB",
    "order_exists": "订单号已存在",
    "not_refundable": "该笔交易不能退款",
    "refund_under_way": "上一笔退款还在处理，请稍后再试",
    "refund_too_large": "超过可退金额",
    "only_whole_refund": "活动规定只能整单退款",
    "unauthorized": "登录已失效，请重新登录",
    "forbidden": "无权操作",
    "bad_request": "请求格式有误",
    "not_found": "不存在",
    "code_malformed": "这不是可用的付款码",
    "order_closed": "订单已关闭",
    "order_paid": "订单已支付",
    "attempt_under_way": "上一次付款还没有结果，请稍候",
    "unavailable": "暂时不可用，请重试",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, for templates and scripts."""

    speech: Speech

    def industry(self, code: str) -> str:
        """An industry's name."""
        return self.speech.say(INDUSTRIES[code]) if code in INDUSTRIES else code

    def voucher_state(self, state: str) -> str:
        """What the state of a voucher means to its citizen."""
        return self.speech.say(VOUCHER_STATES[state])

    def payment_state(self, state: str) -> str:
        """What the state of a payment means."""
        return self.speech.say(PAYMENT_STATES[state])

    def application_state(self, state: str) -> str:
        """How an application with proof stands."""
        return self.speech.say(APPLICATION_STATES[state])

    def card_payment_state(self, state: str) -> str:
        """How the payment of an approved application stands."""
        return self.speech.say(CARD_PAYMENT_STATES[state])

    def card_payment_reason(self, state: str, reason: str) -> str:
        """Why it was not made, or what the payee's bank or the desk said when it ended."""
        return bank_word(self.speech, "reason", reason) if state == "refused" else reason

    def review_reason(self, reason: str | None) -> str:
        """Why an application was returned or refused."""
        return self.speech.say(REVIEW_REASONS[reason]) if reason in REVIEW_REASONS else ""

    def wrong_answer(self, kind: str, why: str) -> str:
        """What is wrong with an answer."""
        return self.speech.say(WRONG_ANSWERS.get(kind if why == "malformed" else why, WRONG_ANSWERS["malformed"]))

    def voucher_fate(self, became: str) -> str:
        """What became of a voucher in a refund."""
        return self.speech.say(VOUCHER_FATES[became])

    def why_not(self, reason: str) -> str:
        """Why a voucher cannot be used."""
        return self.speech.say(WHY_NOT[WhyNot(reason)])

    def declined(self, response_code: str | None) -> str:
        """Why a payment failed, by the issuer's response code."""
        return self.speech.say(DECLINED.get(response_code or "", DECLINED_OTHERWISE))

    def problems(self) -> dict[str, str]:
        """Every refusal of the API in a sentence, by code."""
        return {code: self.speech.say(msgid) for code, msgid in PROBLEMS.items()}

    def reasons(self) -> dict[str, str]:
        """Every finer reason of a refused claim, by its name."""
        nth = 0 if self.speech.language is Language.CHINESE else 1
        return {reason: sentences[nth] for reason, sentences in CLAIM_REASONS.items()}

    def scope(self, industry: str | None, places: Iterable[str], *, hardship_only: bool) -> str:
        """Where vouchers of a type may be used: industry, districts, relief shops."""
        parts = [self.industry(industry) if industry else self.speech.say("全行业")]
        named = list(places)
        join = self.speech.say("、")
        parts.append(join.join(named) if named else self.speech.say("全市门店"))
        if hardship_only:
            parts.append(self.speech.say("纾困门店"))
        return " · ".join(parts)

    def offer(self, *, amount_fen: int, threshold_fen: int, rate_bp: int | None) -> str:
        """What a voucher does: so much off, from how much."""
        facts = {"amount": short_yuan(amount_fen), "threshold": short_yuan(threshold_fen)}
        if rate_bp is None:
            return self.speech.say(
                "满 %(threshold)s 元减 %(amount)s 元" if threshold_fen else "立减 %(amount)s 元", **facts
            )
        msgid = (
            "满 %(threshold)s 元减 %(rate)s，最多 %(amount)s 元"
            if threshold_fen
            else "立减 %(rate)s，最多 %(amount)s 元"
        )
        return self.speech.say(msgid, **facts, rate=f"{rate_bp / 100:g}%")


def short_yuan(amount_fen: int) -> str:
    """An amount on a ticket: whole yuan without decimals."""
    return f"{amount_fen // 100:,}" if amount_fen % 100 == 0 else yuan(amount_fen)
