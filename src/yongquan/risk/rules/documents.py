"""A YAML document as plain groups, lists and texts that know where they stand. Pure."""

from dataclasses import dataclass
from typing import TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from yongquan.risk.rules.faults import Fault, RuleFaults

DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar, as text whatever it looks like. `is_block`: its lines are those of the file, `indent` in."""

    value: str
    line: int
    column: int
    is_block: bool = False
    is_quoted: bool = False

    def place(self, offset: int, lines: list[str]) -> tuple[int, int]:
        """Line and column of a character of the value; of a folded text only where it begins."""
        if self.is_block:
            before = self.value[:offset]
            first = lines[self.line] if self.line < len(lines) else ""
            indent = len(first) - len(first.lstrip(" "))
            return self.line + 1 + before.count("\n"), indent + offset - before.rfind("\n")
        on_one_line = self.line <= len(lines) and self.value in lines[self.line - 1]
        return self.line, self.column + (offset + self.is_quoted if on_one_line else 0)


@dataclass(frozen=True, slots=True)
class Group:
    """Keys in their order, each with where it stands."""

    values: dict[str, "Part"]
    keys: dict[str, tuple[int, int]]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Parts:
    """A list."""

    values: list["Part"]
    line: int
    column: int


Part: TypeAlias = Text | Group | Parts


def read_document(text: str) -> Part:
    """The document's root. Raises `RuleFaults` if it is no YAML, is empty, has references or a key twice."""
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise RuleFaults([Fault(*place, "syntax", {"problem": error.problem or error.context or ""})]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise RuleFaults([Fault(1, 1, "syntax", {"problem": str(error).splitlines()[0]})]) from error
    if node is None:
        raise RuleFaults([Fault(1, 1, "missing", {"key": "rules"})])
    return _part(node, set(), 0)


def _part(node: Node, seen: set[int], depth: int) -> Part:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if id(node) in seen:
        raise RuleFaults([Fault(line, column, "alias")])
    if depth > DEEPEST:
        raise RuleFaults([Fault(line, column, "too_deep")])
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        return Parts([_part(one, seen, depth + 1) for one in node.value], line, column)
    if isinstance(node, MappingNode):
        return _group(node, seen, depth)
    style = node.style if isinstance(node, ScalarNode) else None
    return Text(str(node.value), line, column, is_block=style == "|", is_quoted=style in {"'", '"'})


def _group(node: MappingNode, seen: set[int], depth: int) -> Group:
    group = Group({}, {}, node.start_mark.line + 1, node.start_mark.column + 1)
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
        place = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if key in group.values:
            raise RuleFaults([Fault(*place, "twice", {"key": key})])
        group.keys[key] = place
        group.values[key] = _part(value_node, seen, depth + 1)
    return group
