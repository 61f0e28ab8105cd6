"""YAML as a campaign document uses it: values with the line and column they stand at, and text that reads well. Pure.

Plain scalars follow YAML 1.2 (`no` is text, `10:00` is text). Anchors and keys written twice are refused.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from yongquan.vouchers.documents_faults import Fault

Path: TypeAlias = tuple[str | int, ...]
DEEPEST = 12


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Knows only null, true, false and numbers besides text."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", ["t", "f"]),
    ("tag:yaml.org,2002:int", r"^-?[0-9]+$", list("-0123456789")),
    ("tag:yaml.org,2002:float", r"^-?[0-9]+\.[0-9]+$", list("-0123456789")),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass(slots=True)
class Marked:
    """Plain values and where each stands: (line, column) from 1, of keys under `key_at`, of values under `at`."""

    values: Any
    at: dict[Path, tuple[int, int]] = field(default_factory=dict)
    key_at: dict[Path, tuple[int, int]] = field(default_factory=dict)
    spans: dict[Path, tuple[int, int]] = field(default_factory=dict)  # from, to: characters of the text
    flow: set[Path] = field(default_factory=set)  # groups in braces and lists in brackets
    faults: list[Fault] = field(default_factory=list)

    def place(self, path: Path) -> tuple[int, int]:
        """Where the value of a path stands, or the nearest thing around it that does."""
        while path and path not in self.at:
            path = path[:-1]
        return self.at.get(path, (1, 1))


def read_yaml(text: str) -> Marked:
    """Parse a document; what is wrong with it as YAML is in `faults`."""
    marked = Marked(None)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        marked.faults.append(Fault(*place, "", "syntax", {"problem": str(error.problem or error.context or "")}))
        return marked
    except (yaml.YAMLError, RecursionError) as error:
        marked.faults.append(Fault(1, 1, "", "syntax", {"problem": str(error).splitlines()[0]}))
        return marked
    if node is None:
        marked.faults.append(Fault(1, 1, "", "empty", {}))
        return marked
    marked.values = _value(node, (), marked, seen=set())
    return marked


def _value(node: Node, path: Path, marked: Marked, seen: set[int]) -> Any:
    place = _place(node)
    marked.at[path] = place
    marked.spans[path] = (node.start_mark.index, node.end_mark.index)
    if isinstance(node, MappingNode | SequenceNode) and node.flow_style:
        marked.flow.add(path)
    if id(node) in seen or len(path) > DEEPEST:
        marked.faults.append(Fault(*place, path_name(path), "alias" if id(node) in seen else "too_deep", {}))
        return None
    seen.add(id(node))
    if isinstance(node, MappingNode):
        return _mapping(node, path, marked, seen)
    if isinstance(node, SequenceNode):
        return [_value(one, (*path, n), marked, seen) for n, one in enumerate(node.value)]
    return _scalar(node) if isinstance(node, ScalarNode) else None


def _mapping(node: MappingNode, path: Path, marked: Marked, seen: set[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
        here = (*path, key)
        if key in values:
            first = marked.key_at[here]
            marked.faults.append(Fault(*_place(key_node), path_name(here), "twice", {"line": first[0]}))
            continue
        marked.key_at[here] = _place(key_node)
        values[key] = _value(value_node, here, marked, seen)
    return values


def _scalar(node: ScalarNode) -> Any:
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return node.value == "true"
    if kind == "int":
        # A number nobody means (and a slow one to convert) stays text, and is refused as such.
        return int(node.value) if len(node.value) <= 18 else node.value
    return float(node.value) if kind == "float" else str(node.value)


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def path_name(path: Path) -> str:
    """A path as people read it: `rounds[0].types[2].amount`, counted from 0 as in JSON."""
    name = ""
    for part in path:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def write_yaml(values: Mapping[str, Any], *, comments: Mapping[str, str], head: str) -> str:
    """Lay a tree out as YAML; `comments` explains `group.key` where it first stands, `head` begins it."""
    said: set[str] = set()
    lines = [
        *(f"# {line}" if line else "#" for line in head.splitlines()),
        *_lines(values, 0, "", comments=comments, said=said),
    ]
    return "\n".join(lines) + "\n"


def _lines(
    values: Mapping[str, Any], depth: int, group: str, *, comments: Mapping[str, str], said: set[str]
) -> Iterator[str]:
    pad = "  " * depth
    for key, value in values.items():
        name = f"{group}.{key}"
        comment = "" if name in said or name not in comments else f"  # {comments[name]}"
        said.add(name)
        if isinstance(value, Mapping):
            yield f"{pad}{key}:{comment}"
            yield from _lines(value, depth + 1, key, comments=comments, said=said)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{pad}{key}:{comment}"
            for one in value:
                first, *rest = _lines(one, depth + 2, key, comments=comments, said=said)
                yield f"{pad}  - {first.lstrip()}"
                yield from rest
        elif isinstance(value, list):
            yield f"{pad}{key}: [{', '.join(plain_text(one) for one in value)}]{comment}"
        else:
            yield f"{pad}{key}: {plain_text(value)}{comment}"


def plain_text(value: Any) -> str:
    """A scalar as it stands in a line, quoted where it must be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)


def _is_plain(value: str) -> bool:
    """Whether YAML 1.1 and 1.2 both read the bare text as this text, also inside brackets."""
    if not value or value != value.strip() or not value.isprintable():
        return False
    if value[0] in "-?:,[]{}#&*!|>'\"%@`" or any(mark in value for mark in (": ", " #", ",", "[", "]", "{", "}")):
        return False
    if value.endswith(":"):
        return False
    resolver = yaml.SafeLoader.yaml_implicit_resolvers
    patterns = [*resolver.get(value[0], []), *resolver.get(None, [])]
    return not any(pattern.match(value) for _, pattern in patterns)
