"""What pages say of objections. Chinese msgids."""

from collections.abc import Mapping
from dataclasses import dataclass

from yongquan.risk.objections.model import Held, ObjectionState
from yongquan.risk.verification.model import Evidence, Kind, ReportKind
from yongquan.web.case_words import TIP_FAULTS
from yongquan.web.language import Speech

HELD = {
    Held.NO_PAYMENTS: "账户或其中一张卡暂时不能付款",
    Held.NO_VOUCHERS: "暂时不能使用消费券，普通付款照常",
    Held.NO_CAMPAIGNS: "暂时不能参加全部或部分领券活动",
    Held.STRICTER: "用券付款时核验更严格，可能要验证码、等候或有金额上限",
    Held.REPORTED: "有机构对您的手机号、证件或银行卡提出过风险提示",
}
STATES = {
    ObjectionState.OPEN: "等待答复",
    ObjectionState.UPHELD: "异议成立",
    ObjectionState.REFUSED: "异议不成立",
}
FAULTS = {
    **TIP_FAULTS,
    "nothing_held": "没有需要提出异议的内容",
    "objection_open": "已有一份异议在等待答复",
}
SUBJECTS = {
    Kind.ACCOUNT: "账户或卡号",
    Kind.PHONE: "手机号",
    Kind.ID_NO: "证件号",
    Kind.LICENCE_NO: "执照",
    Kind.DEVICE: "设备",
}
REPORTED = {
    ReportKind.FRAUD: "涉诈",
    ReportKind.MULE: "收付款账户被他人利用",
    ReportKind.GAMBLING: "涉赌",
    ReportKind.CASH_OUT: "套现",
    ReportKind.STOLEN_IDENTITY: "冒用身份",
    ReportKind.FALSE_MERCHANT: "虚假商户",
}
EVIDENCE = {
    Evidence.SUSPECTED: "疑似",
    Evidence.DOCUMENTED: "有书面材料",
    Evidence.OFFICIAL: "公安或法院认定",
}
LISTS = (HELD, STATES, FAULTS, SUBJECTS, REPORTED, EVIDENCE)


@dataclass(frozen=True, slots=True)
class ObjectionWords:
    """The language to say it in."""

    speech: Speech

    def of(self, words: Mapping[str, str], code: str) -> str:
        """What a code means; a code without words is told as it is."""
        return self.speech.say(words[code]) if code in words else code
