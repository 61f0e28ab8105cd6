"""A rule book out of its YAML: every field looked at, every condition checked, all faults told at once. Pure."""

import hashlib
import re
from datetime import date
from pathlib import Path

from yongquan.kernel.errors import BadInput
from yongquan.risk.events import EventKind
from yongquan.risk.rules.checking import check_condition
from yongquan.risk.rules.documents import Group, Part, Parts, Text, read_document
from yongquan.risk.rules.faults import Fault, RuleFaults
from yongquan.risk.rules.model import Checked, Rule, RuleBook
from yongquan.risk.rules.programs import NotCel, Program
from yongquan.risk.rules.syntax import SyntaxFault
from yongquan.risk.rules.vocabulary import FACTS, TYPES
from yongquan.risk.verdicts.model import Action

BOOK_MAX = 400_000
RULES_MAX = 1_000
TEXT_MAX = 200
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,47}")
_FACT = re.compile(r"[a-z][a-z0-9_]{0,39}")
_BOOK_KEYS = ("title", "title_en", "shadow", "facts", "rules")
_TEXTS = ("owner", "title", "title_en", "reason", "reason_en")
_NEEDED = ("id", *_TEXTS, "events", "when", "action", "severity")
_RULE_KEYS = (*_NEEDED, "from", "until", "shadow")


def read_book(text: str, *, source: str = "") -> RuleBook:
    """The book of a YAML text. Raises `RuleFaults` with everything that is wrong with it."""
    text = text.replace("\r\n", "\n")
    if len(text) > BOOK_MAX:
        raise RuleFaults([Fault(1, 1, "too_large", {"most": BOOK_MAX})], source)
    try:
        root = read_document(text)
    except RuleFaults as error:
        raise RuleFaults(error.faults, source) from error
    reading = _Reading(text.split("\n"))
    book = reading.book(root, hashlib.sha256(text.encode()).hexdigest())
    if reading.faults or book is None:
        raise RuleFaults(reading.faults, source)
    return book


def read_book_file(file: Path) -> RuleBook:
    """The book of a file. Raises `BadInput` with the file and the line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror or error}") from error
    return read_book(text, source=str(file))


def first_book() -> str:
    """The text of the book that a fresh installation judges by."""
    return Path(__file__).with_name("standard.yaml").read_text(encoding="utf-8")


class _Reading:
    """One document; what is wrong gathers in `faults`."""

    def __init__(self, lines: list[str]) -> None:
        self.faults: list[Fault] = []
        self._lines = lines
        self._rule_id = ""

    def book(self, root: Part, digest: str) -> RuleBook | None:
        group = self._group(root, _BOOK_KEYS)
        if group is None:
            return None
        facts = self._facts(group)
        rules = self._rules(group, facts)
        return RuleBook(
            title=self._text(group, "title", is_needed=False),
            title_en=self._text(group, "title_en", is_needed=False),
            is_shadow=self._flag(group, "shadow"),
            fact_types={**FACTS, **facts},
            rules=tuple(rules),
            digest=digest,
        )

    def _rules(self, group: Group, facts: dict[str, type]) -> list[Rule]:
        parts = group.values.get("rules")
        if parts is None:
            self._fault(group.line, group.column, "missing", key="rules")
            return []
        if not isinstance(parts, Parts):
            self._fault(parts.line, parts.column, "not_list")
            return []
        if len(parts.values) > RULES_MAX:
            self._fault(parts.line, parts.column, "too_many", most=RULES_MAX)
            return []
        rules, lines = [], dict[str, int]()
        for part in parts.values:
            rule = self._rule(part, facts, lines)
            self._rule_id = ""
            if rule is not None:
                rules.append(rule)
        return rules

    def _rule(self, part: Part, facts: dict[str, type], lines: dict[str, int]) -> Rule | None:
        before = len(self.faults)
        group = self._group(part, _RULE_KEYS)
        if group is None:
            return None
        self._rule_id = self._id(group, lines)
        texts = {key: self._text(group, key) for key in _TEXTS}
        events = self._events(group)
        checked = self._condition(group, facts)
        action = self._action(group)
        severity = self._severity(group)
        starts, ends = self._day(group, "from"), self._day(group, "until")
        if starts and ends and ends <= starts:
            self._fault(*group.keys["until"], "ends_first")
        is_shadow = self._flag(group, "shadow")
        if len(self.faults) > before or checked is None:
            return None
        when = group.values["when"]
        return Rule(
            rule_id=self._rule_id,
            **texts,
            events=events,
            when=when.value.strip() if isinstance(when, Text) else "",
            action=action,
            severity=severity,
            starts=starts,
            ends=ends,
            is_shadow=is_shadow,
            line=group.line,
            checked=checked,
        )

    def _group(self, part: Part, keys: tuple[str, ...]) -> Group | None:
        if not isinstance(part, Group):
            self._fault(part.line, part.column, "not_group")
            return None
        for key, place in part.keys.items():
            if key not in keys:
                self._fault(*place, "unknown_key", key=key, options=", ".join(keys))
        return part

    def _scalar(self, group: Group, key: str, *, is_needed: bool = True) -> Text | None:
        part = group.values.get(key)
        if part is None:
            if is_needed:
                self._fault(group.line, group.column, "missing", key=key)
            return None
        if not isinstance(part, Text):
            self._fault(part.line, part.column, "not_text", key=key)
            return None
        if is_needed and not part.value.strip():
            self._fault(*group.keys[key], "empty", key=key)
            return None
        return part

    def _text(self, group: Group, key: str, *, is_needed: bool = True) -> str:
        text = self._scalar(group, key, is_needed=is_needed)
        if text is not None and len(text.value) > TEXT_MAX:
            self._fault(text.line, text.column, "too_long", key=key, most=TEXT_MAX)
        return text.value.strip() if text else ""

    def _id(self, group: Group, lines: dict[str, int]) -> str:
        text = self._scalar(group, "id")
        if text is None:
            return ""
        if not _ID.fullmatch(text.value):
            self._fault(text.line, text.column, "not_id", value=text.value[:60])
            return ""
        self._rule_id = text.value
        if text.value in lines:
            self._fault(text.line, text.column, "same_id", value=text.value, first=lines[text.value])
        lines.setdefault(text.value, text.line)
        return text.value

    def _events(self, group: Group) -> frozenset[EventKind]:
        part = group.values.get("events")
        if part is None:
            self._fault(group.line, group.column, "missing", key="events")
        elif not isinstance(part, Parts) or not part.values:
            self._fault(*group.keys["events"], "not_list")
        else:
            return frozenset(kind for one in part.values if (kind := self._kind(one)) is not None)
        return frozenset()

    def _kind(self, part: Part) -> EventKind | None:
        if isinstance(part, Text) and part.value in set(EventKind):
            return EventKind(part.value)
        value = part.value if isinstance(part, Text) else "?"
        self._fault(part.line, part.column, "not_one_of", key="events", value=value, options=", ".join(EventKind))
        return None

    def _action(self, group: Group) -> Action:
        text = self._scalar(group, "action")
        if text is not None and text.value in set(Action):
            return Action(text.value)
        if text is not None:
            said = {"key": "action", "value": text.value, "options": ", ".join(Action)}
            self._fault(text.line, text.column, "not_one_of", **said)
        return Action.ALLOW

    def _severity(self, group: Group) -> int:
        text = self._scalar(group, "severity")
        if text is not None and text.value in {"1", "2", "3", "4", "5"}:
            return int(text.value)
        if text is not None:
            self._fault(text.line, text.column, "not_severity")
        return 0

    def _day(self, group: Group, key: str) -> date | None:
        text = self._scalar(group, key, is_needed=False)
        if text is None or not text.value:
            return None
        try:
            return date.fromisoformat(text.value)
        except ValueError:
            self._fault(text.line, text.column, "not_day", key=key)
            return None

    def _flag(self, group: Group, key: str) -> bool:
        text = self._scalar(group, key, is_needed=False)
        if text is not None and text.value not in {"true", "false"}:
            self._fault(text.line, text.column, "not_bool", key=key)
        return text is not None and text.value == "true"

    def _facts(self, group: Group) -> dict[str, type]:
        part = group.values.get("facts")
        found: dict[str, type] = {}
        if part is None:
            return found
        if not isinstance(part, Group):
            self._fault(part.line, part.column, "not_group")
            return found
        for name, place in part.keys.items():
            value = part.values[name]
            if not _FACT.fullmatch(name) or name in FACTS:
                self._fault(*place, "not_one_of", key="facts", value=name, options="a name of your own: a-z, 0-9, _")
            elif not isinstance(value, Text) or value.value not in TYPES:
                said = value.value if isinstance(value, Text) else "?"
                self._fault(*place, "not_one_of", key=name, value=said, options=", ".join(TYPES))
            else:
                found[name] = TYPES[value.value]
        return found

    def _condition(self, group: Group, facts: dict[str, type]) -> Checked | None:
        text = self._scalar(group, "when")
        if text is None:
            return None
        try:
            checked = check_condition(text.value.rstrip(), facts)
            Program(checked.program)
        except SyntaxFault as error:
            line, column = text.place(error.offset, self._lines)
            self._fault(line, column, error.code, **error.facts)
        except NotCel as error:
            self._fault(text.line, text.column, "refused", problem=str(error))
        else:
            return checked
        return None

    def _fault(self, line: int, column: int, code: str, **facts: object) -> None:
        self.faults.append(Fault(line, column, code, facts, self._rule_id))
