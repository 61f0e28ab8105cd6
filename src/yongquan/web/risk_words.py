"""What risk's pages say of lists, verdicts and parties. Chinese msgids."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from yongquan.plumbing.clock import SHANGHAI
from yongquan.risk.lists.model import Colour, ListEntry
from yongquan.risk.lists.treatment import TREATMENTS, Treatment
from yongquan.risk.verdicts.record import RuleSaid
from yongquan.web.language import Language, Speech

COLOURS = {"black": "黑名单", "grey": "灰名单", "yellow": "黄名单", "white": "白名单"}
TIERS = {1: "一级", 2: "二级", 3: "三级"}
PARTIES = {
    "citizen": "市民",
    "device": "设备",
    "card": "付款卡",
    "store": "门店",
    "licence": "执照",
    "cashier": "收银员",
    "terminal": "终端",
    "place": "地点",
}
ENTRY_STATES = {
    "proposed": "待复核",
    "listed": "在册",
    "refused": "复核未通过",
    "appealed": "申诉中",
    "released": "已解除",
}
ACTIONS = {
    "allow": "放行",
    "watch": "放行并观察",
    "step_up": "要求验证码",
    "delay": "延后",
    "refuse": "拒绝",
}
STATES = {"given": "已裁决", "waived": "已满足并放行", "unjudged": "未裁决（风控不可用）", "after": "事后裁决"}
KINDS = {"claim": "领券", "payment": "付款交易", "refund": "退货"}
CHANNELS = {"shop_scans": "商户扫顾客", "citizen_scans": "顾客扫商户", "online": "线上", "app": "机构的应用"}
FACTS = {
    "adcode": "区域",
    "online": "线上",
    "channel": "方式",
    "institution": "机构",
    "vouchers": "用券张数",
    "threshold": "最低用券金额（元）",
    "distance_m": "与门店距离（米）",
    "moved_m": "移动距离（米）",
    "age_days": "账户天数",
    "round_age_s": "开抢后秒数",
    "store_age_days": "门店登记天数",
    "new_device": "首次使用的设备",
    "spot": "所在位置",
}
TREATED = {
    "refuse": "一切付款拒绝",
    "watch": "付款放行，记入观察",
    "no_vouchers": "不能用券，普通付款照常",
    "step_up": "用券付款先短信验证",
    "step_up_above": "用券付款超过 ¥%(amount)s 先短信验证",
    "delay": "用券付款须等 %(minutes)s 分钟后再付",
    "cap": "每笔用券最多 ¥%(amount)s",
    "no_part": "不参加活动（领券、摇号、赠券）",
    "no_grab": "不能抢券",
    "trusted": "规则的验证和延后降为观察",
}
FEATURES = {
    "count": "%(party)s近 %(window)s 的%(kind)s笔数",
    "sum": "%(party)s近 %(window)s 的%(kind)s金额（元）",
    "sum_voucher": "%(party)s近 %(window)s 的%(kind)s用券（元）",
    "distinct": "%(party)s近 %(window)s 的%(kind)s中不同的%(other)s数",
    "gap": "%(party)s距上一次%(kind)s的秒数",
}
WINDOWS = {
    "1m": "1 分钟",
    "10m": "10 分钟",
    "1h": "1 小时",
    "6h": "6 小时",
    "24h": "24 小时",
    "7d": "7 天",
    "30d": "30 天",
}
FAULTS = {
    "listed_already": "这一方已在本机构的名单上或待复核：请先解除",
    "own_version": "提交人不能复核自己提交的条目",
    "forbidden_move": "当前状态不能这样做",
    "bad": "有内容没填或填错",
}
LISTS = (
    *(COLOURS, TIERS, PARTIES, ENTRY_STATES, ACTIONS, STATES, KINDS, CHANNELS, FACTS, TREATED, FEATURES, WINDOWS),
    FAULTS,
)
PERSONAL = frozenset({"citizen", "card", "device"})


@dataclass(frozen=True, slots=True)
class RiskWords:
    """The words of one language."""

    speech: Speech

    def of(self, words: Mapping[Any, str], key: Any) -> str:
        """A word, or the key itself where there is none."""
        said = words.get(key)
        return self.speech.say(said) if said is not None else str(key)

    def colour(self, colour: str, tier: int = 0) -> str:
        said = self.of(COLOURS, str(colour))
        return f"{said} · {self.of(TIERS, tier)}" if tier else said

    def party(self, party: str) -> str:
        return self.of(PARTIES, str(party))

    def entry_state(self, state: str) -> str:
        return self.of(ENTRY_STATES, str(state))

    def action(self, action: str) -> str:
        return self.of(ACTIONS, str(action))

    def state(self, state: str) -> str:
        return self.of(STATES, str(state))

    def kind(self, kind: str) -> str:
        return self.of(KINDS, str(kind))

    def fact(self, name: str) -> str:
        return self.of(FACTS, name)

    def fact_value(self, name: str, value: object) -> str:
        """A fact of an event in words; amounts come in fen and are told in yuan."""
        if isinstance(value, bool):
            return self.speech.say("是" if value else "否")
        if name == "channel":
            return self.of(CHANNELS, value)
        return f"{value / 100:,.2f}" if name == "threshold" and isinstance(value, int) else str(value)

    def feature(self, name: str) -> str:
        """What a feature counts, in words: `count.payment.store.1h`."""
        measure, kind, party, *other, window = name.split(".")
        code = "sum_voucher" if measure == "sum" and other == ["voucher"] else measure
        facts = {"party": self.party(party), "kind": self.kind(kind), "window": self.of(WINDOWS, window)}
        return self.of(FEATURES, code) % {**facts, "other": self.party(other[0]) if other else ""}

    def number(self, name: str, value: int) -> str:
        """A feature's value: sums in yuan, a gap without an earlier event as a dash."""
        if name.startswith("sum."):
            return f"{value / 100:,.2f}"
        return "—" if name.startswith("gap.") and value < 0 else f"{value:,}"

    def value(self, party: str, value: str) -> str:
        """A party's value as a page shows it: of people, only the end."""
        return f"…{value[-8:]}" if str(party) in PERSONAL else value

    def rule_title(self, rule: RuleSaid) -> str:
        return (rule.title_en or rule.title) if self.speech.language is Language.ENGLISH else rule.title

    def rule_reason(self, rule: RuleSaid) -> str:
        return (rule.reason_en or rule.reason) if self.speech.language is Language.ENGLISH else rule.reason

    def treated(self, entry: ListEntry) -> list[str]:
        """What being listed so does, in sentences."""
        return self.treatment(TREATMENTS[entry.colour, entry.tier])

    def table(self) -> list[tuple[str, list[str]]]:
        """The published table: every list and tier with its treatment."""
        return [(self.colour(colour.value, tier), self.treatment(t)) for (colour, tier), t in TREATMENTS.items()]

    def treatment(self, t: Treatment) -> list[str]:
        said = []
        if t.always in {"refuse", "watch"}:
            said.append(self.of(TREATED, t.always.value))
        if not t.may_use_vouchers and t.always != "refuse":
            said.append(self.of(TREATED, "no_vouchers"))
        if t.step_up_above_fen is not None:
            said.append(self.of(TREATED, "step_up_above") % {"amount": f"{t.step_up_above_fen / 100:,.0f}"})
        if t.with_vouchers == "step_up":
            said.append(self.of(TREATED, "step_up"))
        if t.with_vouchers == "delay":
            said.append(self.of(TREATED, "delay") % {"minutes": t.wait // timedelta(minutes=1)})
        if t.cap_fen is not None:
            said.append(self.of(TREATED, "cap") % {"amount": f"{t.cap_fen / 100:,.0f}"})
        if not t.may_take_part:
            said.append(self.of(TREATED, "no_part"))
        elif not t.may_grab:
            said.append(self.of(TREATED, "no_grab"))
        if t.is_trusted:
            said.append(self.of(TREATED, "trusted"))
        return said

    def fault(self, code: str) -> str:
        return self.of(FAULTS, code)


def colours() -> list[str]:
    """The lists, in the order of a form."""
    return [colour.value for colour in Colour]


def local_moment(text: str) -> datetime | None:
    """A form's local time, which is Shanghai's; None for nothing. Raises `ValueError`."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) if text else None
