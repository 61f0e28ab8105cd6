"""What codes of reconciliation, fees and holds are called at the desk: Chinese msgids."""

from collections.abc import Mapping
from dataclasses import dataclass

from yongquan.web.language import Speech

FATES = {
    "matched": "一致",
    "near": "按金额和时间对上",
    "idle": "未动账",
    "long": "长款（对方有、我方无）",
    "short": "短款（我方有、对方无）",
    "amount": "金额不符",
    "state": "状态不符",
    "duplicate": "重复入账",
}
OWNERS = {"issuer": "发卡机构", "acquirer": "收单机构", "merchant": "商户方", "us": "本平台"}
ACTIONS = {"ask": "向对方查询", "refund": "退款", "correct": "更正", "wait": "等次日文件"}
CASE_STATES = {"open": "待处理", "assigned": "处理中", "resolved": "已结案"}
RESOLUTIONS = {"corrected": "更正后的文件已一致", "next_day": "次日文件中对上", "by_person": "人工结案"}
STORY = {"opened": "立案", "reopened": "再次出现", "assigned": "接手", "noted": "备注", "resolved": "结案"}
CARDS = {"debit": "借记卡", "credit": "信用卡", "wallet": "钱包"}
FEE_STATES = {"proposed": "待复核", "approved": "已同意", "refused": "未同意"}
HOLD_STATES = {
    "proposed": "待复核",
    "refused": "未同意",
    "active": "暂缓中",
    "ending": "待复核结束",
    "executing": "收单机构执行中",
    "released": "已解除",
    "recovered": "已追回",
}
HOLD_SCOPES = {"subsidy": "只暂缓补贴", "whole": "暂缓全部货款"}
HOLD_WISHES = {"release": "解除并付给商户", "recover": "追回补贴给出资方"}
ARRIVALS = {
    "held": "暂缓中",
    "recovered": "已追回",
    "returned": "退回，待重付",
    "disputed": "退回，待重付",
    "": "未到账",
}
ROW_KINDS = {"purchase": "消费", "refund": "退货", "payout": "付商户", "release": "解除暂缓", "return": "退回出资方"}
DAY_FAULTS = {
    "header": "表头不符合日文件的格式",
    "rows": "首行的笔数与文件里的行数不符",
    "sum_fen": "首行的合计与各行相加不符",
    "encoding": "编码既不是 UTF-8 也不是 GBK",
    "day": "首行的日期不对",
    "line": "这一行的列数不对",
    "key": "流水号应为 1 至 160 个字符",
    "kind": "类型应为 purchase（消费）、refund（退货）、payout（付商户）、release（解除暂缓）或 return（退回出资方）",
    "state": "状态应为 succeeded、failed、reversed 或 unknown",
    "amount_fen": "金额应为整数分",
    "at": "时间应带时区，如 2022-02-15T12:00:00+08:00",
}
ROW_STATES = {"succeeded": "成功", "failed": "失败", "reversed": "已冲正", "unknown": "结果未知"}


@dataclass(frozen=True, slots=True)
class SettleWords:
    """The words in one language; a code without one stands for itself."""

    speech: Speech

    def fate(self, code: str) -> str:
        return self._of(FATES, code)

    def owner(self, code: str) -> str:
        return self._of(OWNERS, code)

    def action(self, code: str) -> str:
        return self._of(ACTIONS, code)

    def case_state(self, code: str) -> str:
        return self._of(CASE_STATES, code)

    def resolution(self, code: str) -> str:
        return self._of(RESOLUTIONS, code)

    def story(self, code: str) -> str:
        return self._of(STORY, code)

    def card(self, code: str) -> str:
        return self._of(CARDS, code)

    def fee_state(self, code: str) -> str:
        return self._of(FEE_STATES, code)

    def hold_state(self, code: str) -> str:
        return self._of(HOLD_STATES, code)

    def hold_scope(self, code: str) -> str:
        return self._of(HOLD_SCOPES, code)

    def hold_wish(self, code: str) -> str:
        return self._of(HOLD_WISHES, code)

    def arrival(self, state: str) -> str:
        """Why money has not arrived."""
        return self.speech.say(ARRIVALS.get(state, ARRIVALS[""]))

    def row_kind(self, code: str) -> str:
        return self._of(ROW_KINDS, code)

    def row_state(self, code: str) -> str:
        return self._of(ROW_STATES, code)

    def day_fault(self, field: str) -> str:
        """What is wrong with a field of a day file's line."""
        return self._of(DAY_FAULTS, field)

    def _of(self, listed: Mapping[str, str], code: str) -> str:
        return self.speech.say(listed[code]) if code in listed else code
