"""Every refusal of the API as RFC 9457 says it: a status, a stable code, a title, in Chinese and English."""

from dataclasses import dataclass, field

import msgspec

from yongquan.web.api.reasons import REASONS


@dataclass(frozen=True, slots=True)
class Problem:
    """How a code is told over HTTP."""

    status: int
    title: str
    title_en: str
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


PROBLEMS = {
    "not_open": Problem(409, "本轮未开始", "the round is not open"),
    "closed": Problem(409, "本轮已结束", "the round is closed"),
    "sold_out": Problem(409, "已抢完", "all vouchers of this round are gone"),
    "cap_reached": Problem(409, "已达领取上限", "you have reached the cap of this round, day or campaign"),
    "not_eligible": Problem(403, "不符合领取条件", "you do not meet the conditions of this round"),
    "blocked": Problem(403, "该账户不能参加活动", "this account may not take part"),
    "code_of_another_store": Problem(409, "码牌属于另一家门店", "the scanned code belongs to another store"),
    "not_a_terminal": Problem(409, "终端序列号有误", "a serial has 4 to 32 letters, digits and hyphens"),
    "bound_elsewhere": Problem(409, "终端已绑在另一家门店", "the terminal stands at another store: say why it moves"),
    "provider_taken": Problem(409, "服务商名称或证照已登记", "a provider of this name or licence is here already"),
    "surveyor_taken": Problem(409, "手机号已由他人使用", "somebody at work for a provider has this phone"),
    "not_a_surveyor": Problem(403, "不是走访员", "nobody at work for a provider has this phone"),
    "not_at_work": Problem(403, "未在岗", "the provider's contract does not cover today, or the person has left"),
    "not_trained": Problem(409, "没有有效的培训记录", "this person has no valid test of the course"),
    "too_many_tests": Problem(429, "今天的测试次数已用完", "the test was taken three times today"),
    "note_missing": Problem(422, "请填写说明", "this step says why, in 1 to 500 characters"),
    "other_offset": Problem(409, "照片传到的位置不同", "ask how many bytes have come and go on from there"),
    "broken_photo": Problem(422, "照片内容与申报不符", "the bytes are not those announced: send the photo again"),
    "not_this_provider": Problem(409, "须由另一家服务商完成", "a re-visit is for another provider"),
    "capacity_short": Problem(
        409, "服务商产能不足", "the providers at work cannot take all grids within their capacity"
    ),
    "no_grids": Problem(409, "没有生效的网格", "no version of the grids is in force on that day"),
    "no_providers": Problem(409, "没有在合同期内的服务商", "no provider works on that day"),
    "wrong_place": Problem(403, "请在活动区域内领取并允许定位", "claim inside the round's districts, location allowed"),
    "too_many_requests": Problem(429, "请求过于频繁", "too many requests: wait a second", ((b"retry-after", b"1"),)),
    "conflicting_request": Problem(422, "同一幂等键的请求内容不同", "this Idempotency-Key was used with another body"),
    "already_registered": Problem(
        409, "您已报名,以最早一次为准", "you have signed up before: the earliest registration stands"
    ),
    "withdrawn": Problem(409, "本次报名已撤回,请重新报名", "this sign-up was withdrawn: sign up again with a new key"),
    "not_an_identity": Problem(422, "身份证号有误", "this is not an identity number: look at every sign again"),
    "not_a_social_card": Problem(422, "社保卡卡号有误", "a social-security card's number has nine letters and digits"),
    "identity_differs": Problem(409, "与登记信息不一致", "the register does not know you by this name and number"),
    "identity_taken": Problem(409, "该身份已认证", "this identity belongs to another account, or yours to another"),
    "too_many_tries": Problem(429, "今天核验次数已用完", "asked too often today: try again tomorrow"),
    "not_a_licence": Problem(422, "统一社会信用代码有误", "a licence's code has 18 signs: look at every sign again"),
    "application_incomplete": Problem(422, "有内容没填或填错", "fields are missing or wrong: see detail"),
    "listed_already": Problem(409, "该执照已在名单中", "this licence is listed, or proposed, already"),
    "bad_wishes": Problem(422, "志愿填写有误", "name categories of this draw, none twice, no more than it allows"),
    "too_early": Problem(409, "公开随机数尚未产生", "the beacon is not out yet"),
    "forbidden_move": Problem(409, "当前状态不能这样做", "this cannot be done in its present state"),
    "code_unknown": Problem(404, "付款码无效,请刷新", "this pay code is not known: refresh it and scan again"),
    "code_used": Problem(409, "付款码已使用,请刷新", "this pay code was used: refresh it"),
    "code_expired": Problem(409, "付款码已过期,请刷新", "this pay code has expired: refresh it"),
    "over_payment_limit": Problem(409, "超过单笔限额", "above what this instrument may pay at once"),
    "over_day_limit": Problem(409, "超过当日限额", "above what this instrument may pay in a day"),
    "tap_refused": Problem(409, "手机闪付未受理", "the phone's tap was refused: see reason"),
    "instrument_unknown": Problem(404, "该卡未绑定", "this card is not bound to the citizen"),
    "store_closed": Problem(409, "该门店暂停收款", "this store takes no payments now"),
    "voucher_unavailable": Problem(
        409, "所选消费券不可用", "a voucher named here is not in the wallet or not valid now"
    ),
    "voucher_not_usable": Problem(409, "所选消费券不适用", "a voucher named here cannot be used in this order"),
    "order_authorised": Problem(409, "订单已预授权", "money is held for the order: complete or cancel the hold"),
    "not_authorised": Problem(409, "订单没有预授权", "no money is held for this order"),
    "wrong_kind": Problem(409, "订单类型不符", "this kind of order does not allow that"),
    "completion_too_large": Problem(409, "超过预授权金额的 115%", "a completion takes at most 115 % of the hold"),
    "not_bound": Problem(409, "未能绑定", "the card was not bound: see detail"),
    "order_exists": Problem(409, "订单号已存在", "this order number was used for another order"),
    "refund_unnamed": Problem(409, "部分退款须带幂等键或退款单号", "name a refund of part, so that a repeat is known"),
    "lines_differ": Problem(409, "明细合计与金额不符", "the lines do not add up to the amount"),
    "order_no_used": Problem(409, "订单号已用于其他订单", "this order number stands for another order"),
    "order_paid": Problem(409, "订单已支付", "the order is paid already"),
    "order_closed": Problem(409, "订单已关闭", "the order is closed: open a new one"),
    "attempt_under_way": Problem(409, "上一次支付还没有结果", "an attempt to pay this order has not ended: ask again"),
    "undo_too_late": Problem(409, "已过可撤销时间,请退款", "the order's day is closed: refund it instead"),
    "bad_order": Problem(400, "订单有误", "the order cannot be opened: see detail"),
    "bad_origin": Problem(400, "不是网站来源", "give scheme, host and port of each site, nothing more"),
    "code_malformed": Problem(400, "这不是可用的码", "this code cannot be read: scan it again"),
    "bad_card": Problem(400, "卡号有误", "no card has this number"),
    "not_refundable": Problem(409, "该笔交易不能退款", "this payment cannot be refunded in its state"),
    "refund_under_way": Problem(409, "上一笔退款还在处理", "another refund of this payment has not ended: wait for it"),
    "refund_too_large": Problem(409, "超过可退金额", "more than what is left to refund of this payment"),
    "only_whole_refund": Problem(
        409, "活动规定只能整单退款", "a campaign of this payment allows refunds of the whole only"
    ),
    "signature_refused": Problem(401, "签名无效", "the signature was refused: see detail for what to send"),
    "quota_exceeded": Problem(429, "调用超出额度", "called more often than agreed", ((b"retry-after", b"1"),)),
    "scope_missing": Problem(403, "风控接口未开通该项", "this part of the risk API is not open to the institution"),
    "not_linked": Problem(404, "该用户未授权本机构", "no citizen has agreed to be known by this open_id"),
    "name_differs": Problem(403, "姓名与实名不一致", "the name is not the one this phone is registered under"),
    "not_your_card": Problem(403, "只能绑定本机构发行的卡", "only cards your institution issued can be bound"),
    "unknown_issuer": Problem(404, "无法识别发卡机构", "no member of the network issued this card"),
    "quota_refused": Problem(409, "无法预留配额", "the quota cannot be reserved: see detail"),
    "not_closed_yet": Problem(404, "该业务日尚未日切", "this day is not closed yet"),
    "sign_in_refused": Problem(401, "登录失败", "sign-in refused: check login, password and code"),
    "wrong_code": Problem(401, "验证码错误或已过期", "this code is wrong or has expired: ask for a new one"),
    "locked_out": Problem(429, "尝试次数过多,请稍后再试", "too many failures: try again later"),
    "not_a_code": Problem(404, "券码有误，请核对", "this is not a voucher code: check what was typed"),
    "voucher_code_unknown": Problem(404, "券码无效", "this voucher code does not exist or was stopped"),
    "voucher_code_used": Problem(409, "券码已被使用", "this voucher code was redeemed by somebody else"),
    "not_counted": Problem(409, "请先统计人数", "count the audience first"),
    "stock_short": Problem(409, "库存不足", "there are fewer vouchers left than this takes"),
    "gift_exhausted": Problem(409, "赠券额度已用完", "the giver has no vouchers of this kind left to give"),
    "duplicate_proof": Problem(409, "该凭证已用于其他申请", "this proof stands in another approved application"),
    "claimed_by_another": Problem(409, "他人正在审核", "somebody else is reviewing this application"),
    "same_person": Problem(409, "须由另一人复核", "a second person must approve this"),
    "not_a_proof": Problem(
        415, "只收 JPG、PNG、PDF，每份不超过 2 MB", "proofs are JPEG, PNG or PDF, 2 MB each at most"
    ),
    "not_a_phone": Problem(400, "请输入正确的手机号", "this is not a mobile number of the mainland"),
    "posting_refused": Problem(409, "账务不允许", "the ledger refused: the budget, cash or advance limit is short"),
    "funds_short": Problem(
        409, "出资方资金或垫付额度不足", "a funder's cash, advance limit or part of the budget is short"
    ),
    "document_used": Problem(409, "该文号已登记其他金额", "this document was recorded with other figures"),
    "beyond_balance": Problem(409, "金额超过可用余额", "more than there is to repay, deduct or recover"),
    "campaign_not_over": Problem(
        409, "活动尚未结束或仍有未核销的券", "a round still runs or vouchers are still out: recycle them first"
    ),
    "period_invoiced": Problem(409, "该期间已开具补贴结算单", "a day of this period is on an invoice already"),
    "cannot_move_budget": Problem(
        409, "这些券的预算不能这样调剂", "budget moves between running types of one campaign, out of unclaimed stock"
    ),
    "unauthorized": Problem(
        401, "请先登录", "send a valid token: Authorization: Bearer ..", ((b"www-authenticate", b"Bearer"),)
    ),
    "risk_refused": Problem(
        403,
        "这笔付款不能继续，可不用消费券付款，或凭参考号联系客服申诉",
        "this payment cannot go on: pay without vouchers, or give the reference to customer service and object",
    ),
    "risk_delayed": Problem(
        429,
        "这笔付款请稍后再试，也可不用消费券付款",
        "come again with the same order after Retry-After, or pay without vouchers",
    ),
    "step_up_required": Problem(
        403,
        "请输入发到您手机的验证码，再付同一笔",
        "a code was sent to the payer's phone: send the same order again with it as Step-Up-Code",
    ),
    "risk_unavailable": Problem(
        503,
        "暂时无法核验，请稍后再试或不用消费券付款",
        "this cannot be checked now: try again in a moment, or pay without vouchers",
        ((b"retry-after", b"5"),),
    ),
    "version_open": Problem(409, "已有在途版本", "another version is on its way: have it applied or returned first"),
    "import_running": Problem(409, "正在导入另一份名单", "another list is being taken in; try again when it is done"),
    "near_taken": Problem(409, "这一对已由他人处理", "somebody else holds this pair, or it was decided"),
    "pool_closed": Problem(403, "未获授权使用商户池", "the operator has not opened the merchant pool to you"),
    "too_few_shops": Problem(409, "符合条件的门店太少", "fewer shops than may be told match this filter"),
    "announcement_changed": Problem(409, "联合公告有新版", "another version of the joint announcement stands"),
    "nothing_held": Problem(409, "没有需要提出异议的内容", "nothing stands against this account"),
    "objection_open": Problem(409, "已有一份异议在等待答复", "an objection waits for its answer"),
    "own_version": Problem(403, "须由他人复核", "whoever wrote a version may not approve it"),
    "condition_unmet": Problem(409, "有条件未满足", "the shop does not meet a condition of the call: see detail"),
    "campaign_begun": Problem(409, "活动已经开始", "the campaign has begun: shops no longer withdraw"),
    "request_open": Problem(409, "已有未办结的申请", "the shop has an open request for this service"),
    "answered_before": Problem(409, "他人已经答复", "somebody answered this before"),
    "grid_broken": Problem(409, "网格会断开", "a grid would be in pieces, or empty"),
    "grid_across_divisions": Problem(409, "网格不能跨区县", "a grid lies in one division"),
    "grid_locked": Problem(409, "网格或单元已锁定", "the cell or one of the grids is locked"),
    "unchangeable": Problem(409, "发布后不能这样改", "a published campaign may not be changed so"),
    "forbidden": Problem(403, "无权操作", "this token may not do that"),
    "idempotency_key_missing": Problem(400, "缺少幂等键", "send an Idempotency-Key of 1 to 255 characters"),
    "bad_request": Problem(400, "请求格式有误", "the request cannot be read"),
    "method_not_allowed": Problem(405, "不支持该方法", "this address takes other methods: see the Allow header"),
    "too_large": Problem(413, "请求过大", "the request body is larger than 64 KiB"),
    "nothing_to_compare": Problem(409, "可比较的中签与未中签人数不足", "too few winners and losers to compare"),
    "plan_differs": Problem(409, "与摇号前公布的分析方案不一致", "this is not the analysis published before the draw"),
    "plan_too_late": Problem(409, "报名已截止或已公布其他方案", "sign-up is over, or another plan was published"),
    "not_drawn": Problem(409, "尚未摇号", "this round has not been drawn"),
    "no_plan": Problem(409, "摇号前没有公布分析方案", "no analysis was published before the draw"),
    "fonts_missing": Problem(503, "服务器缺少中文字体", "no Chinese font here: install fonts-noto-cjk"),
    "window_open": Problem(409, "观察期尚未结束", "the window of the analysis is not over"),
    "mandate_refused": Problem(409, "授权或扣款不成立", "the mandate or debit cannot be: see reason"),
    "payout_refused": Problem(409, "付款不成立", "the payout cannot be: see reason"),
    "goods_refused": Problem(409, "不能购买", "this cannot be bought: see reason"),
    "institution_refused": Problem(409, "机构未受理", "the institution refused: see detail"),
    "not_found": Problem(404, "不存在", "there is no such thing"),
    "unavailable": Problem(
        503,
        "暂时不可用,请用同一幂等键重试",
        "outcome unknown: repeat with the same key",
        ((b"retry-after", b"1"),),
    ),
}


def problem_body(code: str, detail: str = "", *, reason: str = "") -> bytes:
    """The problem+json document of a code; `detail` says what is particular to this request.

    A `reason` of `REASONS` comes with its sentences; another one is left out.
    """
    known = PROBLEMS[code]
    document: dict[str, object] = {
        "type": "about:blank",
        "title": known.title,
        "title_en": known.title_en,
        "status": known.status,
        "code": code,
    }
    if detail:
        document["detail"] = detail
    if reason in REASONS:
        sentence, sentence_en = REASONS[reason]
        document |= {"reason": reason, "reason_title": sentence, "reason_title_en": sentence_en}
    return msgspec.json.encode(document)
