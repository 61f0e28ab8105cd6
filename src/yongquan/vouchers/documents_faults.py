"""What is wrong with a campaign document, where, and what to do, in Chinese and English. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# Code: (Chinese, English). Each says what to do.
SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "syntax": (
        "不是合格的 YAML({problem}):检查缩进、冒号后的空格和引号",
        "this is not YAML ({problem}): check indents, the space after a colon, and quotes",
    ),
    "empty": ("文件是空的:从示例开始写", "the document is empty: begin with an example"),
    "too_large": ("文件超过 {most} KB:拆成几个活动", "the document is larger than {most} KB: make several campaigns"),
    "too_deep": ("嵌套太深:这里不该再有下级", "nested too deep: nothing belongs below this"),
    "alias": ("不能用锚点引用(*):把内容写出来", "references (*) are not read: write the value out"),
    "twice": ("这个键在第 {line} 行已经写过:删掉一个", "this key stands on line {line} already: remove one"),
    "unknown": ("没有这个字段:删掉它", "there is no such field: remove it"),
    "unknown_near": ("没有这个字段,是不是 {near}?", "there is no such field; did you mean {near}?"),
    "missing": ("缺少 {key}({title}):补上", "{key} is missing: add it ({about})"),
    "not_text": ('须是文字,现在是 {value}:写成 "{value}"', 'text is wanted, not {value}: write "{value}"'),
    "not_shaped": ("{value} 的写法不对:写成 {example} 的样子", "{value} is not written right: write it like {example}"),
    "not_kind": ("须是{wanted}", "{wanted} is wanted here"),
    "not_one_of": ("{value} 不在可选值里:{options}", "{value} is not one of {options}"),
    "too_small": ("{value} 太小:至少 {bound}", "{value} is too small: at least {bound}"),
    "too_big": ("{value} 太大:至多 {bound}", "{value} is too big: at most {bound}"),
    "too_long": ("太长:最多 {bound} 个字", "too long: at most {bound} characters"),
    "too_few": ("不能为空:至少写 {bound} 项,或整行删掉", "not empty, please: at least {bound}, or remove the line"),
    "not_unique": ("有重复的值:删掉一个", "a value stands here twice: remove one"),
    "impossible": ("{problem}", "{problem}"),
    "ends_first": ("{end} 须晚于 {start}", "{end} must be later than {start}"),
    "outside": (
        "轮次须在活动期间内({start} 到 {end}):改这里或改活动期间",
        "a round stays within its campaign ({start} to {end}): change this or the campaign",
    ),
    "no_end": ("写上 valid_until 或 valid_days,否则券不会过期", "give valid_until or valid_days: a voucher must end"),
    "same_key": ("键 {key} 在第 {line} 行已经用过:换一个", "key {key} is used on line {line}: choose another"),
    "same_id": ("编号在第 {line} 行已经用过:删掉这一行", "this id is used on line {line}: remove this one"),
    "over_budget": (
        "全部券的面额合计 {exposure},超过预算 {budget}:提高预算或减少张数",
        "all vouchers come to {exposure}, more than the budget of {budget}: raise it or lower a stock",
    ),
    "needs": ("须同时写 {key}", "this needs {key} beside it"),
    "not_whole": ("各方比例合计须为 100%,现在是 {sum}", "the shares come to {sum}: make it 100%"),
    "above_threshold": (
        "减 {amount} 不能多于满 {threshold}:改其中一个",
        "{amount} off is more than the threshold of {threshold}: change one",
    ),
    "unknown_funder": ("没有这个出资方:先登记它", "there is no such funder: register it first"),
    "unknown_place": ("没有这个区县:用六位代码", "there is no such division: use its six-digit code"),
    "unknown_industry": ("没有这个行业,可用的有 {options}", "there is no such industry; there are {options}"),
    "unknown_area": ("没有片区 {value}:相近的有 {near}", "there is no area {value}; near it: {near}"),
    "unknown_shop_group": ("没有商户组 {value}:相近的有 {near}", "there is no shop group {value}; near it: {near}"),
    "unknown_issuer": ("没有发卡机构 {value}:相近的有 {near}", "there is no issuer {value}; near it: {near}"),
    "unknown_platform": ("没有平台 {value}:相近的有 {near}", "there is no platform {value}; near it: {near}"),
    "pack_stock": (
        "张数 {stock} 须等于包数 {packs} 乘每包 {copies} 张,即 {wanted}",
        "a stock of {stock} must be {packs} packs x {copies}: write {wanted}",
    ),
    "pack_small": ("一包至少两张券:加一种券或把 copies 写大", "a pack has two vouchers or more: add a type or copies"),
    "one_type": (
        "凭证申领的一轮只能有一种券:其余另开一轮",
        "a round of applications has one type: add a round",
    ),
    "card_whole": (
        "付到银行卡的是整笔金额,由活动出资方全出:去掉 {key}",
        "a payment to a card is a whole sum of the campaign's funder: leave out {key}",
    ),
    "card_threshold": ("付到银行卡不看消费:threshold 写 0元", "a payment to a card has no threshold: write 0元"),
    "decides_amount": ("只有 kind 为 amount 的字段能决定复核", "only a field of kind amount can decide"),
    "no_rounds": ("至少要有一个轮次", "a campaign needs at least one round"),
}
WANTED: Final[Mapping[str, tuple[str, str]]] = {
    "object": ("一组“键: 值”", "a group of `key: value` lines"),
    "array": ("一个列表(每项以“- ”开头)", "a list (each item begins with `- `)"),
    "string": ("文字", "text"),
    "integer": ("整数", "a whole number"),
    "boolean": (" true 或 false", "true or false"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its place (from 1), the field's path, a code of `SENTENCES` and its facts."""

    line: int
    column: int
    path: str
    code: str
    facts: Mapping[str, Any]

    def say(self, *, english: bool) -> str:
        """What is wrong and what to do."""
        n = int(english)
        facts = {key: value[n] if isinstance(value, tuple) else value for key, value in self.facts.items()}
        return SENTENCES[self.code][n].format_map(facts)

    def located(self, file: str) -> str:
        """The whole complaint on one line, in English: file:line:column: field: what to do."""
        field = f"{self.path}: " if self.path else ""
        return f"{file}:{self.line}:{self.column}: {field}{self.say(english=True)}"
