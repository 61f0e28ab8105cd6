"""What bank services' codes are called on pages: Chinese msgids, by the list they stand in."""

from yongquan.web.language import Speech

MANDATE_STATES = {
    "asked": "待签约",
    "active": "生效中",
    "refused": "银行未受理",
    "revoked": "已解约",
    "expired": "已到期",
}
COLLECTION_STATES = {
    "waiting": "待扣款",
    "collecting": "扣款中",
    "succeeded": "扣款成功",
    "failed": "扣款失败",
    "cancelled": "已取消",
}
SCENES = {
    "utilities": "水电燃气",
    "communications": "通信",
    "property": "物业",
    "tuition": "学费",
    "insurance": "保险",
    "transit": "出行",
    "parking": "停车",
    "membership": "会员",
    "fund_plan": "基金定投",
    "card_repayment": "信用卡还款",
    "loan_repayment": "贷款还款",
}
CYCLES = {"none": "按条件", "day": "每天", "week": "每周", "month": "每月", "quarter": "每季", "year": "每年"}
PAYOUT_STATES = {
    "planned": "待复核",
    "accepted": "已受理",
    "processing": "处理中",
    "succeeded": "已到账",
    "failed": "失败，资金未动或已退回",
    "returned": "收款行退回",
    "error": "未受理",
}
GOODS_STATES = {
    "paying": "处理中",
    "confirmed": "成功",
    "failed": "未成功",
    "refunding": "退款中",
    "refunded": "已退款",
}
LINES = {
    "purchase": "消费",
    "refund": "退货",
    "reversal": "冲正",
    "transfer_to_network": "转出",
    "transfer_from_network": "转入",
    "repayment": "还款",
}
REVOKERS = {"payer": "由您解约", "payee": "由收款方解约", "bank": "在银行解约"}
BATCH_STATES = {"planned": "待复核", "approved": "已放行", "rejected": "已驳回"}
REASONS = {
    "bad_amount": "请输入正确的金额",
    "bad_payee": "请输入手机号或卡号",
    "bad_payout_no": "付款编号有误",
    "bad_account": "收款账号有误",
    "bad_name": "缺少收款户名",
    "bad_purpose": "用途太长",
    "bad_batch_no": "批次号有误",
    "bad_note": "附言太长",
    "bad_input": "文件读不出来，请核对表头和编码",
    "batch_no_used": "该批次号已用于另一份文件",
    "payout_no_used": "该编号已用于另一笔",
    "repeat": "此前已付或正在付",
    "twice_in_file": "文件中编号重复",
    "name_missing": "转到卡号时请填写收款人姓名",
    "name_differs": "户名与账号不符",
    "unknown_bank": "无法识别收款行",
    "unknown_account": "收款账号不存在",
    "account_closed": "收款账户已销户",
    "payee_unknown": "查不到收款人，或对方未开通手机号收款",
    "payee_changed": "收款人信息有变，请重新确认",
    "payer_unknown": "没有这个付款方",
    "payer_insufficient_funds": "付款账户余额不足",
    "payer_over_daily_limit": "超过付款卡当日限额",
    "payer_unknown_account": "付款账户不存在",
    "payer_account_closed": "付款账户已销户",
    "same_account": "不能转给同一张卡",
    "over_limit": "超过单笔限额",
    "over_day_limit": "超过当日限额",
    "bank_silent": "对方银行暂时没有回应，请稍后再试",
    "instrument_unknown": "该卡未绑定",
    "no_phone": "没有可收验证码的手机号",
    "too_many_requests": "验证码发送过于频繁，请一分钟后再试",
    "wrong_code": "验证码不对或已失效，请重试",
    "not_sold": "该银行暂不提供",
    "below_least": "低于起购金额",
    "unknown_card": "这张卡不是可还款的信用卡",
    "unknown_fund": "该基金已停售",
    "not_signed": "授权没有签成",
    "scene_not_allowed": "收款方不能办理这类代扣",
    "revoked": "授权已解约",
    "insufficient_funds": "余额不足",
    "over_daily_limit": "超过卡的当日限额",
    "over_debit_limit": "超过单笔限额",
    "over_cycle_limit": "超过周期限额",
    "too_often": "超过周期次数",
    "out_of_term": "不在授权期内",
    "bank_not_reached": "未能联系上银行",
    "withdrawn": "收款方已撤回",
    "return_refused": "收款行撤回了退回要求",
    "not_found": "没有这一笔",
    "outage": "银行暂时没有回应，请稍后再试",
}
OTHERWISE = "未能办理，请稍后再试"
LISTS = {
    "mandate": MANDATE_STATES,
    "collection": COLLECTION_STATES,
    "scene": SCENES,
    "cycle": CYCLES,
    "payout": PAYOUT_STATES,
    "goods": GOODS_STATES,
    "line": LINES,
    "revoker": REVOKERS,
    "batch": BATCH_STATES,
    "reason": REASONS,
}


def bank_word(speech: Speech, listed: str, code: str) -> str:
    """A code's word; a reason without one is said in general, another code stands for itself."""
    words = LISTS[listed]
    if code in words:
        return speech.say(words[code])
    return speech.say(OTHERWISE) if listed == "reason" and code else code
