"""What is wrong with a rule book, where, and what to do, in Chinese and English. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from yongquan.kernel.errors import BadInput

# Code: (Chinese, English).
SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "syntax": ("不是合格的 YAML:{problem}", "this is not YAML: {problem}"),
    "too_large": ("规则文件超过 {most} 个字符", "the book has more than {most} characters"),
    "alias": ("不能用锚点引用(*):把内容写出来", "references (*) are not read: write the value out"),
    "twice": ("键 {key} 写了两次:删掉一个", "key {key} stands twice: remove one"),
    "not_group": ("这里应是一组“键: 值”", "a group of `key: value` is wanted here"),
    "not_list": ("这里应是一个列表", "a list is wanted here"),
    "not_text": ("{key} 应是文字", "{key} is to be a text"),
    "unknown_key": ("没有字段 {key}:可用 {options}", "there is no field {key}: use {options}"),
    "missing": ("缺少 {key}", "{key} is missing"),
    "empty": ("{key} 不能为空", "{key} is empty"),
    "too_long": ("{key} 太长:最多 {most} 个字符", "{key} is too long: {most} characters at most"),
    "not_one_of": ("{key} 不能是 {value}:可用 {options}", "{key} cannot be {value}: use {options}"),
    "not_id": (
        "编号 {value} 不合格:2 到 48 个小写字母、数字、连字符",
        "id {value}: write 2 to 48 lower-case letters, digits and hyphens",
    ),
    "same_id": ("编号 {value} 在第 {first} 行用过", "id {value} is used on line {first}"),
    "not_bool": ("{key} 应是 true 或 false", "{key} is true or false"),
    "not_severity": ("severity 应是 1 到 5 的整数", "severity is a whole number from 1 to 5"),
    "not_day": ("{key} 应是日期,如 2026-10-01", "{key} is a day such as 2026-10-01"),
    "ends_first": ("until 须晚于 from", "until must be later than from"),
    "too_many": ("规则太多:最多 {most} 条", "too many rules: {most} at most"),
    "token": ("读不懂 {text}", "{text} is not understood"),
    "string_open": ("引号没有关上", "the quote is not closed"),
    "escape": ("字符串里不能写 {text}", "{text} cannot stand in a text"),
    "number": ("{text} 不是可用的整数", "{text} is not a whole number that can be used"),
    "expected": ("这里应是 {wanted},不是 {text}", "{wanted} is wanted here, not {text}"),
    "too_deep": ("条件嵌套太深:拆成几条规则", "nested too deep: make it several rules"),
    "unknown_name": ("没有 {name}:可用 {options}", "there is no {name}: use {options}"),
    "unknown_function": ("没有函数 {name}:可用 {options}", "there is no function {name}: use {options}"),
    "unknown_method": ("没有方法 {name}:可用 {options}", "there is no method {name}: use {options}"),
    "unknown_fact": (
        "没有事实 facts.{name}:可用 {options},或在文件开头的 facts 里声明",
        "there is no facts.{name}: use {options}, or declare it under `facts` at the head of the book",
    ),
    "arity": ("{name} 要 {wanted} 个参数:{usage}", "{name} takes {wanted} arguments: {usage}"),
    "not_literal": (
        "{name} 的参数须直接写出:{usage}",
        "the arguments of {name} are written out: {usage}",
    ),
    "bad_argument": (
        "{name} 的参数 {value} 不对:可用 {options}",
        "{name}: {value} cannot be used; use {options}",
    ),
    "no_past": ("{name} 不能数 {value} 自己", "{name} cannot count {value} by itself: name another party"),
    "types": ("{op} 不能用于 {left} 和 {right}", "{op} does not go with {left} and {right}"),
    "type": ("{op} 要 {wanted},不是 {found}", "{op} wants {wanted}, not {found}"),
    "not_condition": ("when 的结果须是 bool,不是 {found}", "when must come to bool, not {found}"),
    "mixed_list": ("列表里的值须是同一类型", "the values of a list are of one type"),
    "facts_only": ("只有 facts 后面可以写点:facts.online", "only facts has fields: facts.online"),
    "has_fact": ("has 只问事实:has(facts.online)", "has asks for a fact: has(facts.online)"),
    "pattern": ("正则式不能用:{problem}", "the pattern cannot be used: {problem}"),
    "refused": ("CEL 不接受:{problem}", "CEL does not take it: {problem}"),
    "constant": ("条件没有读任何值", "the condition reads no value"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: line and column from 1, the rule it stands in (empty: outside rules)."""

    line: int
    column: int
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    rule_id: str = ""

    @property
    def chinese(self) -> str:
        return SENTENCES[self.code][0].format(**self.facts)

    @property
    def english(self) -> str:
        return SENTENCES[self.code][1].format(**self.facts)

    def told(self, source: str = "") -> str:
        """One line of English: where, which rule, what."""
        where = f"{source}: line {self.line}" if source else f"line {self.line}"
        return f"{where}: {f'rule {self.rule_id}: ' if self.rule_id else ''}{self.english}"


class RuleFaults(BadInput):
    """A book that cannot be used; `faults` in the order of lines."""

    def __init__(self, faults: Sequence[Fault], source: str = "") -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line, fault.column)))
        super().__init__("; ".join(fault.told(source) for fault in self.faults[:5]))
