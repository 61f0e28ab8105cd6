"""What reviewers of shops read: states, fields, links, and why something is looked at by itself. Chinese msgids."""

from dataclasses import dataclass

from yongquan.merchants.applications.model import Risk, State
from yongquan.merchants.identity.model import MarkKind
from yongquan.merchants.reviews.bulk import LeftOut
from yongquan.web.language import Speech
from yongquan.web.merchant.space_words import DECISIONS, REASONS

STATES = {
    State.DRAFT: "填写中",
    State.SUBMITTED: "待核验",
    State.CHECKING: "核验中",
    State.IN_REVIEW: "待审核",
    State.SECOND_REVIEW: "待复核",
    State.REJECTED: "已退回",
    State.WITHDRAWN: "已撤回",
    State.STOPPED: "已停止办理",
    State.APPEALED: "申诉待审",
    State.APPROVED: "已通过，开户中",
    State.OPEN: "已入驻",
}
RISKS = {Risk.ORDINARY: "一般", Risk.RAISED: "须两人", Risk.BARRED: "名单内"}
FIELDS = {
    "has_licence": "有无执照",
    "licence_no": "统一社会信用代码",
    "licence_photo": "执照照片",
    "applicant": "申请人身份",
    "person_name": "法定代表人或经营者",
    "person_id_no": "身份证号",
    "agent_name": "受托人姓名",
    "agent_id_no": "受托人身份证号",
    "letter_photo": "授权委托书照片",
    "shop_name": "门店名称",
    "industry": "行业",
    "address": "门店地址",
    "lon": "经度",
    "lat": "纬度",
    "adcode": "区域",
    "acquirer": "收单机构",
    "account_no": "结算账号",
    "account_holder": "户名",
    "serial_no": "终端序列号",
}
VALUES = {"yes": "有", "no": "没有", "owner": "本人", "agent": "受托人"}
MARKS = {
    MarkKind.LICENCE: "同一执照",
    MarkKind.HEAD: "同一总公司",
    MarkKind.PERSON: "同一法定代表人或经营者",
    MarkKind.ACCOUNT: "同一结算账户",
    MarkKind.ADDRESS: "同一地址",
    MarkKind.PHONE: "同一手机号",
    MarkKind.TERMINAL: "同一终端",
}
LEVELS = {"watched": "关注名单", "barred": "禁入名单"}
LEFT_OUT = {
    LeftOut.NOT_WAITING: "不在待审核状态",
    LeftOut.APPEALED: "是申诉，须单独审核",
    LeftOut.SECOND: "是复核，须单独审核",
    LeftOut.RISKY: "须两人审核",
    LeftOut.LINKED: "与其他商户有关联",
    LeftOut.FINDINGS: "核验有疑点",
    LeftOut.SENT_AGAIN: "是修改后重新提交，须看修改处",
    LeftOut.HELD: "他人正在审核",
}
LISTS = (STATES, RISKS, FIELDS, VALUES, MARKS, LEVELS, LEFT_OUT)
SECRET = frozenset({"person_id_no", "agent_id_no", "account_no"})
SHOWN_TAIL = 4


@dataclass(frozen=True, slots=True)
class ReviewWords:
    """The language to say it in."""

    speech: Speech

    def state(self, state: str) -> str:
        return self.speech.say(STATES[State(state)])

    def risk(self, risk: str) -> str:
        return self.speech.say(RISKS[Risk(risk)])

    def field(self, name: str) -> str:
        return self.speech.say(FIELDS[name])

    def value(self, name: str, text: str) -> str:
        """What was typed; numbers that are a person's own are told by their end."""
        if name in SECRET and len(text) > SHOWN_TAIL:
            return f"****{text[-SHOWN_TAIL:]}"
        return self.speech.say(VALUES[text]) if name in {"has_licence", "applicant"} and text in VALUES else text

    def mark(self, mark: str) -> str:
        return self.speech.say(MARKS[MarkKind(mark)])

    def level(self, level: str) -> str:
        return self.speech.say(LEVELS[level])

    def reason(self, code: str) -> str:
        """A canned reason, or what the registers or the list found."""
        return self.speech.say(REASONS[code]) if code in REASONS else code

    def decision(self, code: str) -> str:
        return self.speech.say(DECISIONS[code]) if code in DECISIONS else code

    def left_out(self, code: str) -> str:
        return self.speech.say(LEFT_OUT[LeftOut(code)]) if code in set(LeftOut) else code
