"""What codes are called at the desk: Chinese msgids, said through a `Speech`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from yongquan.kernel.regions import Division
from yongquan.ledger import Kind, Posting
from yongquan.plumbing.clock import SHANGHAI
from yongquan.web.console.audit_words import ACTIONS, FACTS, NOUNS
from yongquan.web.language import Speech

PHASES = {
    "draft": "草稿",
    "published": "进行中",
    "coming": "未开始",
    "open": "领取中",
    "paused": "已暂停",
    "stopped": "已紧急停用",
    "ended": "已结束",
}
MOVES = {"paused": "暂停", "stopped": "紧急停用", "published": "恢复", "ended": "结束"}
DRAW_STATES = {
    "announced": "已公布承诺",
    "open": "报名中",
    "closed": "待随机数",
    "beacon_entered": "摇号中",
    "drawn": "发券中",
    "published": "已公布",
    "voided": "已作废",
}
ROLES = {
    "bureau_officer": "主管部门经办",
    "operator": "平台运营",
    "auditor": "审计",
    "admin": "管理员",
    "notary": "公证员",
    "finance": "财务",
}
DEMO_LOGINS = {"demo": "经办（各项权限）", "maker": "编写人（写活动、提交）", "checker": "复核人（同意或退回）"}
PUSH_STATES = {"draft": "草稿", "sending": "发放中", "sent": "已发完", "stopped": "已停止"}
PUSH_OUTCOMES = {
    "waiting": "等待发放",
    "granted": "已到账",
    "sold_out": "库存不足",
    "blocked": "账户受限",
    "not_published": "轮次未发布",
}
BATCH_STATES = {"making": "生成中", "active": "可兑换", "stopped": "已停用"}
ROW_ERRORS = {"unreadable": "格式不对", "repeated": "重复", "unknown": "未注册"}
VERSION_STATES = {
    "draft": "草稿",
    "submitted": "待复核",
    "approved": "已同意，待生效",
    "returned": "已退回",
    "applied": "已生效",
}
PARTS = {"campaign": "活动", "sub_activity": "子活动", "round": "轮次", "type": "券种"}
DOCUMENT_GROUPS = {"rules": "用券规则", "caps": "限领", "conditions": "领取条件", "use": "用券条件"} | {
    "pack": "多券合一",
    "application": "申领表",
}
ASKED_KINDS = {
    "text": "文字",
    "amount": "金额",
    "invoice": "发票号",
    "plate": "车牌",
    "receipt": "回执号",
    "upload": "上传凭证",
}
DELIVERY_STATES = {"active": "启用", "paused": "已暂停", "waiting": "待发", "delivered": "已送达", "dead": "已放弃"}
FUNDER_KINDS = {"bureau": "主管部门", "bank": "银行", "merchant": "商户"}
SOURCES = {"supervised": "监管账户", "advanced": "垫付"}
CALL_STATES = {"planned": "待划付", "refused": "被拒绝", "paid": "已划付"}
DAY_STATES = {
    "open": "营业中",
    "closing": "日切中",
    "drawn": "已出结算单",
    "netted": "已轧差",
    "cleared": "已清算",
    "settled": "已结算",
}
REFUNDS = {
    "forfeit": "退货后券失效",
    "return": "退货后券退回券包，仍按原有效期",
    "return_in_validity": "有效期内整单退货退回券包，过期不退",
}
PARTIAL_REFUNDS = {"pro_rata": "部分退货按比例退，券视为已用", "refused": "只能整单退货"}
CAP_AFTER_REFUND = {True: "退货后不占领取限额", False: "退货后仍占领取限额"}
MERCHANT_OFFERS = {
    "refused": "不与商家优惠同享",
    "threshold_before": "可与商家优惠同享，按优惠前金额判断门槛",
    "threshold_after": "可与商家优惠同享，按优惠后金额判断门槛",
}
CHOICE_ORDERS = {"least_payable": "实付最少", "largest_first": "优惠最大优先，其次最早到期"}
DIRECTIONS = {"shop_scans": "商户扫顾客", "citizen_scans": "顾客扫商户", "either": "主扫、被扫均可"}
REFUSALS = {
    "not_counted": "请先统计人数，再开始发放。",
    "stock_short": "库存不够。请缩小范围，或先增加库存。",
    "posting_refused": "活动未投放的预算不够。",
    "claimed_by_another": "这份申请正在由其他人审核，或您的领取已超过 15 分钟。",
    "same_person": "须由另一人复核：自己写的、提出的或已经同意过的，不能再由自己同意。",
    "duplicate_proof": "凭证已用于另一份通过的申请。",
    "sold_out": "这一轮的券已经发完。",
    "blocked": "申请人的账户受限，不能发券。",
    "not_open": "轮次没有在进行。",
    "forbidden": "您的权限不包括这项操作或这个区域。",
    "not_found": "没有这个页面，或不在您的管辖区域内。",
    "forbidden_move": "状态已经变化，这一步不能再做。请返回刷新后查看。",
    "too_early": "公开随机数还没有产生，请到公告的时间再录入。",
    "funds_short": "资金不足：可用资金、垫付额度或活动预算不够，没有记账。",
    "document_used": "这个文号已经登记过其他金额，没有重复记账。",
    "beyond_balance": "金额超过可偿还、可核减或可追回的余额，没有记账。",
    "campaign_not_over": "活动还有轮次在进行，或仍有券未核销、未回收，暂不能决算。",
    "period_invoiced": "这段期间有一天已开过结算单。请选择未开过的期间。",
    "cannot_move_budget": "预算只能在同一活动、正在进行的券种之间调剂，且不超过未领取的张数。",
    "no_chinese_font": "服务器没有中文字体，不能生成 PDF。请管理员安装软件包 fonts-noto-cjk；Excel 对账单不受影响。",
    "bad_request": "填写的内容不完整，请返回检查。",
    "fonts_missing": "服务器缺少中文字体，无法生成 PDF：请安装 fonts-noto-cjk。",
    "version_open": "已有在途版本，请先生效或退回。",
    "import_running": "正在导入另一份名单，请等它完成。",
    "near_taken": "这一对已由他人领取或已有结论。",
    "pool_closed": "运营方还没有授权您使用商户池。",
    "not_a_photo": "文件须为 PDF、JPEG 或 PNG，不超过 10 MB。",
    "own_version": "编写人不能复核自己写的版本。",
    "unchangeable": "活动已发布，不能这样改。",
    "provider_taken": "这个名称或统一社会信用代码已登记过服务商。",
    "surveyor_taken": "这个手机号已由另一位在岗人员使用。",
    "not_a_phone": "请填写 11 位手机号。",
    "not_at_work": "服务商合同不在期内或已暂停，或该人员已离开。",
    "not_trained": "该人员没有有效的培训合格记录，不能派单。",
    "not_this_provider": "复访须由另一家服务商完成。",
    "note_missing": "请写明原因，最多 500 字。",
    "capacity_short": "在岗服务商的产能不够，请招募或提高产能后再分派。",
    "no_grids": "当天没有生效的网格，请先在“网格”中划分并复核。",
    "no_providers": "当天没有在合同期内的服务商，请先批准。",
    "grid_broken": "这样移动后，网格会断成几块或变空，没有保存。",
    "grid_across_divisions": "网格不能跨区县，没有保存。",
    "grid_locked": "该单元或网格已锁定，请先解锁。",
    "condition_unmet": "有门店不符合报名条件，没有报上名。",
    "answered_before": "他人已经答复过这个提问。",
    "quota_refused": "不能预留：该轮次不是抢券轮次，已有配额，或剩余不足。",
}
COMMAND_LINE = "命令行"
THE_RULE = "活动规则（自动）"
WHOLE_CITY = "全市"
REFUSED_OTHERWISE = "这项操作没有成功，请返回重试。"
ACCOUNTS = {
    Kind.SUPERVISED: "监管账户资金",
    Kind.CASH: "可用资金",
    Kind.ADVANCE_GIVEN: "垫付授信",
    Kind.ADVANCE_LIMIT: "可用垫付额度",
    Kind.SUBSIDY_DUE: "应付补贴",
    Kind.SPENT: "已支出补贴",
    Kind.ADVANCED: "已垫付待偿",
    Kind.DEDUCTED: "审计核减",
}
POSTINGS = {
    Posting.PREPAY: "预付入账",
    Posting.GRANT_ADVANCE: "授予垫付额度",
    Posting.FUND_CAMPAIGN: "拨入活动预算",
    Posting.RETURN_SURPLUS: "结余退回",
    Posting.REPAY_FUNDER: "退还出资方",
    Posting.REPAY_ADVANCE: "偿还垫付",
    Posting.RENEW_LIMIT: "恢复可用额度",
    Posting.PAY_ADVANCER: "监管账户付垫付方",
    Posting.DEDUCT: "审计核减",
    Posting.WRITE_OFF_ADVANCE: "核减垫付",
    Posting.RECOVER_DEDUCTION: "核减追回",
    Posting.SUBSIDISE: "核销补贴",
    Posting.REFUND_SUBSIDY: "退货退补贴",
    Posting.RECOVER_SUBSIDY: "暂缓结算追回补贴",
    Posting.CALL_SUBSIDY: "清算划付补贴",
    Posting.SPEND_PREPAID: "监管账户支出",
    Posting.SPEND_ADVANCE: "垫付支出",
    Posting.RECORD_ADVANCE: "登记垫付",
    Posting.RETURN_SUBSIDY: "清算退回补贴",
    Posting.RESTORE_PREPAID: "退回监管账户",
    Posting.RESTORE_ADVANCE: "恢复垫付额度",
    Posting.REDUCE_ADVANCE: "冲减垫付",
}
FUNDING_KINDS = {
    "prepay": "预付入账（收据）",
    "fund": "拨入活动预算（批复文号）",
    "repay_advance": "偿还垫付方",
    "deduct": "审计核减",
    "recover": "核减追回入账",
    "repay_funder": "退还出资方",
    "final_account": "活动决算、结余退回",
}
BOOK_POSTINGS = {
    "LOCK_VOUCHER": "锁定券",
    "REDEEM_VOUCHER": "核销券",
    "RELEASE_REMAINDER": "释放余额",
    "PAY_BY_ISSUER": "发卡机构付款",
    "CHARGE_ISSUER_FEE": "发卡手续费",
    "CHARGE_NETWORK_FEE": "平台手续费",
}
BOOK_KINDS = {
    Kind.CLEARING: "清算账户",
    Kind.FEES: "手续费",
    Kind.CLAIMED: "已领取券",
    Kind.LOCKED: "锁定券",
    Kind.REDEEMED: "已核销券",
    Kind.RECYCLED: "回收",
}
LINE_STATES = {
    "planned": "待发送",
    "instructed": "已发送",
    "paid": "已付款",
    "held": "暂缓结算",
    "returned": "被退回",
    "disputed": "有差异",
    "carried": "结转",
    "released": "已解除暂缓并付款",
    "recovered": "补贴已追回",
}
CAP_SCOPES = {"total": "累计", "day": "每个业务日", "shop": "每家门店累计", "shop_day": "每家门店每日"}
CHART_WORDS = {"claims": "领取", "payments": "支付", "general": "通用券"}
MAP_WORDS = {
    "shops": "%s 家商户",
    "in_view": "视野内 %s 家商户",
    "too_many": "商户较多，按网格显示数量；放大地图查看单店。",
    "hardship": "纾困门店",
    "none": "这里没有符合条件的商户。换个条件或移动地图再看。",
    "unavailable": "地图数据暂时取不到，请重试",
}


@dataclass(frozen=True, slots=True)
class DeskWords:
    """The desk's words in one language."""

    speech: Speech

    def of(self, listed: Mapping[str, str], code: str) -> str:
        """A code's word; a code without one stands for itself."""
        return self.speech.say(listed[code]) if code in listed else code

    def phase(self, code: str) -> str:
        return self.of(PHASES, code)

    def draw_state(self, code: str) -> str:
        return self.of(DRAW_STATES, code)

    def move(self, code: str) -> str:
        return self.of(MOVES, code)

    def version_state(self, code: str) -> str:
        return self.of(VERSION_STATES, code)

    def part(self, noun: str) -> str:
        """A part of a document."""
        return self.of(PARTS, noun)

    def document_group(self, key: str) -> str:
        """A group of keys of a document."""
        return self.of(DOCUMENT_GROUPS, key)

    def asked(self, code: str) -> str:
        """A kind of field of an application form."""
        return self.of(ASKED_KINDS, code)

    def role(self, code: str) -> str:
        return self.of(ROLES, code)

    def demo(self, login: str) -> str:
        """What one of the sandbox's logins is for."""
        return self.of(DEMO_LOGINS, login)

    def action(self, code: str) -> str:
        return self.of(ACTIONS, code)

    def noun(self, subject: str) -> str:
        """What kind of thing an audit entry is about."""
        return self.of(NOUNS, subject.split(":", maxsplit=1)[0])

    def actor(self, actor: str, names: Mapping[str, str]) -> str:
        """Who did it: a person's name, the command line, or a rule of a campaign."""
        if actor.partition(":")[0] == "command":
            return self.speech.say(COMMAND_LINE)
        if actor.partition(":")[0] == "system":
            return self.speech.say(THE_RULE)
        return names.get(actor, actor)

    def grant(self, grant: str, division: Callable[[str], Division]) -> str:
        """A role with its bounds, as the audit log writes it: role/adcode/institution."""
        role, adcode, institution = [*grant.split("/"), "all", "all"][:3]
        place = self.speech.say(WHOLE_CITY) if adcode == "all" else self.speech.name_of(division(adcode))
        return f"{self.role(role)} ({place}{'' if institution == 'all' else f', {institution}'})"

    def fact(self, code: str) -> str:
        return self.of(FACTS, code)

    def funder_kind(self, code: str) -> str:
        return self.of(FUNDER_KINDS, code)

    def source(self, code: str) -> str:
        return self.of(SOURCES, code)

    def call_state(self, code: str) -> str:
        return self.of(CALL_STATES, code)

    def day_state(self, code: str) -> str:
        return self.of(DAY_STATES, code)

    def delivery(self, code: str) -> str:
        return self.of(DELIVERY_STATES, code)

    def refund(self, code: str) -> str:
        return self.of(REFUNDS, code)

    def partial_refund(self, code: str) -> str:
        return self.of(PARTIAL_REFUNDS, code)

    def cap_after_refund(self, freed: bool) -> str:
        return self.speech.say(CAP_AFTER_REFUND[freed])

    def merchant_offer(self, code: str) -> str:
        return self.of(MERCHANT_OFFERS, code)

    def choice_order(self, code: str) -> str:
        return self.of(CHOICE_ORDERS, code)

    def direction(self, code: str) -> str:
        return self.of(DIRECTIONS, code)

    def push_state(self, code: str) -> str:
        return self.of(PUSH_STATES, code)

    def push_outcome(self, code: str) -> str:
        return self.of(PUSH_OUTCOMES, code)

    def batch_state(self, code: str) -> str:
        return self.of(BATCH_STATES, code)

    def row_error(self, code: str) -> str:
        return self.of(ROW_ERRORS, code)

    def refusal(self, code: str) -> str:
        """Why a page says no."""
        return self.speech.say(REFUSALS.get(code, REFUSED_OTHERWISE))

    def account(self, kind: Kind) -> str:
        return self.speech.say(ACCOUNTS[kind])

    def posting(self, posting: Posting) -> str:
        """What a posting is; those that touch no funder keep their code's name."""
        return self.speech.say(POSTINGS[posting]) if posting in POSTINGS else posting.name.lower()

    def funding(self, code: str) -> str:
        return self.of(FUNDING_KINDS, code)

    def book(self, kind: Kind) -> str:
        """An account of anybody, as an auditor reads it."""
        return self.speech.say(BOOK_KINDS.get(kind) or ACCOUNTS[kind])

    def booked(self, posting: Posting) -> str:
        """What a posting of a payment is."""
        return self.of(BOOK_POSTINGS, posting.name) if posting.name in BOOK_POSTINGS else self.posting(posting)

    def settled(self, code: str) -> str:
        return self.of(LINE_STATES, code)

    def cap_scope(self, code: str) -> str:
        return self.of(CAP_SCOPES, code)

    def chart(self, code: str) -> str:
        return self.speech.say(CHART_WORDS[code])

    def second(self, at: datetime) -> str:
        """A moment to the second, Shanghai time."""
        return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")

    def iso(self, day: date) -> str:
        """A day as addresses write it."""
        return day.isoformat()


def percent(bp: int | None) -> str:
    """Basis points as people read them; a dash for nothing."""
    return "—" if bp is None else f"{bp / 100:.1f}%"


def hundredths(number: int | None) -> str:
    """Hundredths as a ratio; a dash for nothing."""
    return "—" if number is None else f"{number / 100:.2f}"
