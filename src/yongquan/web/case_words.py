"""What the watch board, tips, cases, packs and requests say. Chinese msgids."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yongquan.risk.cases.model import Bureau, CaseState, EvidenceKind, Outcome, PartyKind, PartyRole
from yongquan.risk.tips.model import TipOutcome, TipState
from yongquan.risk.watching.model import AlertState, Rule
from yongquan.risk.watching.wording import said_of
from yongquan.web.language import Language, Speech

ALERT_STATES = {
    AlertState.OPEN: "待处置",
    AlertState.TAKEN: "核查中",
    AlertState.DISMISSED: "已排除",
    AlertState.IN_CASE: "已立案",
    AlertState.HOLD_PROPOSED: "已提请暂缓",
}
RULES = {
    Rule.AT_THRESHOLD: "卡门槛核销",
    Rule.ALL_VOUCHERS: "全部用券",
    Rule.ROUND_AMOUNTS: "连续整额",
    Rule.SPEED: "核销过快",
    Rule.FAR_PAYERS: "人不在店",
    Rule.OWN_PEOPLE: "店员自核",
    Rule.SAME_CITIZENS: "同一批人",
    Rule.CASH_BACK: "核销后退款",
    Rule.NEW_SHOP: "新店突增",
    Rule.FRESH_CLAIMS: "即领即用",
}
CASE_STATES = {
    CaseState.OPEN: "待接手",
    CaseState.WORKING: "办理中",
    CaseState.PROPOSED: "待他人复核",
    CaseState.CLOSED: "已结案",
}
OUTCOMES = {
    Outcome.CLEARED: "查无问题",
    Outcome.WARNED: "警示",
    Outcome.RECOVERED: "追回补贴",
    Outcome.SUSPENDED: "暂停参加活动",
    Outcome.REFERRED: "移送公安",
}
PARTY_KINDS = {PartyKind.STORE: "门店", PartyKind.CITIZEN: "市民", PartyKind.LICENCE: "营业执照"}
PARTY_ROLES = {PartyRole.SUSPECT: "涉嫌", PartyRole.WITNESS: "证人", PartyRole.HARMED: "受损"}
EVIDENCE = {
    EvidenceKind.ALERT: "监控告警",
    EvidenceKind.PAYMENT: "付款",
    EvidenceKind.TIP: "举报",
    EvidenceKind.HOLD: "暂缓结算",
    EvidenceKind.FILE: "文件",
}
BUREAUX = {
    Bureau.POLICE: "公安机关",
    Bureau.MARKET: "市场监管部门",
    Bureau.FINANCE: "财政部门",
    Bureau.AUDIT: "审计部门",
}
BUREAU_SEES = {
    Bureau.POLICE: "全部证据；个人信息仅在调证请求获批的范围内显示，否则打码",
    Bureau.MARKET: "门店、告警、举报、文件与付款；个人信息打码",
    Bureau.FINANCE: "门店、付款与各出资方分担、暂缓与追回；不含个人信息",
    Bureau.AUDIT: "门店、付款与分担、告警、全部经过；个人信息打码",
}
EVENTS = {
    "opened": "立案",
    "taken": "接手",
    "noted": "备注",
    "party": "加入当事人",
    "file": "加入文件",
    "alert": "并入告警",
    "payment": "并入付款",
    "tip": "并入举报",
    "hold": "提请暂缓结算",
    "pack": "制作联合执法材料",
    "agreed": "同意处理意见",
    "sent_back": "退回补充",
    "reopened": "重新办理",
    **{f"proposed_{one.value}": f"提请：{OUTCOMES[one]}" for one in Outcome},
    **{f"closed_{one.value}": f"结案：{OUTCOMES[one]}" for one in Outcome},
}
TIP_STATES = {
    TipState.RECEIVED: "已收到",
    TipState.LOOKING: "核查中",
    TipState.IN_CASE: "已并入案件办理",
    TipState.CLOSED: "已办结",
}
TIP_OUTCOMES = {
    TipOutcome.CONFIRMED: "情况属实，已处理",
    TipOutcome.UNPROVEN: "经核查，未发现违规",
    TipOutcome.NOT_OUR_BUSINESS: "不属于消费券平台的职责",
}
TIP_KINDS = {"shop": "门店", "person": "个人"}
TIP_FAULTS = {
    "missing": "请填写",
    "too_short": "请至少写 10 个字",
    "too_long": "内容过长，请缩短",
    "too_many": "照片最多 4 张",
    "not_a_picture": "照片须为 JPEG、PNG 或 WebP 图片",
    "too_large": "照片过大，每张不超过 10 MB",
    "too_small": "照片过小，请重新拍摄",
    "too_often": "提交过于频繁，请稍后再试",
    "unknown": "没有这个编号，请核对",
}
REQUEST_STATES = {"taken_in": "待他人审批", "approved": "已批准", "refused": "未批准"}
REQUEST_FAULTS = {
    "missing": "请填写",
    "two_officers": "请填写两名经办人的姓名和不同的证件号",
    "too_long": "期限须从早到晚，最多 366 天",
    "unknown": "有编号不是平台的门店或市民",
    "taken": "这个文号已登记",
}
APPEAL_STATES = {"open": "待答复", "upheld": "申诉成立", "refused": "申诉不成立"}
VERSION_STATES = {"draft": "草稿", "published": "已公布"}
LISTS = (
    *(ALERT_STATES, RULES, CASE_STATES, OUTCOMES, PARTY_KINDS, PARTY_ROLES, EVIDENCE, BUREAUX, BUREAU_SEES, EVENTS),
    *(TIP_STATES, TIP_OUTCOMES, TIP_KINDS, TIP_FAULTS, REQUEST_STATES, REQUEST_FAULTS, APPEAL_STATES),
    VERSION_STATES,
)


@dataclass(frozen=True, slots=True)
class CaseWords:
    """The language to say it in."""

    speech: Speech

    def of(self, words: Mapping[Any, str], code: str) -> str:
        """What a code means; a code without words is told as it is."""
        return self.speech.say(words[code]) if code in words else code

    def reason(self, reason: Mapping[str, Any]) -> str:
        """A finding with its numbers."""
        chinese, english = said_of(reason["rule"], reason["facts"])
        return english if self.speech.language is Language.ENGLISH else chinese

    def alert_state(self, state: str) -> str:
        return self.of(ALERT_STATES, state)

    def rule(self, rule: str) -> str:
        return self.of(RULES, rule)

    def case_state(self, state: str) -> str:
        return self.of(CASE_STATES, state)

    def outcome(self, outcome: str) -> str:
        return self.of(OUTCOMES, outcome)

    def event(self, what: str) -> str:
        return self.of(EVENTS, what)

    def tip_state(self, state: str) -> str:
        return self.of(TIP_STATES, state)

    def tip_outcome(self, outcome: str) -> str:
        return self.of(TIP_OUTCOMES, outcome)

    def tip_fault(self, why: str) -> str:
        return self.of(TIP_FAULTS, why)
