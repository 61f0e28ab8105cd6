"""Change single values in the text of a document; all else stays as somebody wrote it, comments too. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from yongquan.vouchers.documents_yaml import Marked, Path, path_name, plain_text, read_yaml, write_yaml


def put_value(text: str, name: str, value: Any) -> str:
    """The text with the value of a path (`rounds[0].caps.per_day`) set; None takes the key away, also its empty group.

    A value is a scalar, a list of scalars, or a list of small mappings. A group that is missing is made, one deep.
    """
    marked = read_yaml(text)
    path = next((p for p in marked.at if path_name(p) == name), None)
    if path is not None:
        return _drop(text, marked, path) if value is None else _replace(text, marked, path, value)
    return text if value is None else _add(text, marked, name, value)


def put_part(text: str, path: Path, values: Mapping[str, Any]) -> str | None:
    """The text with the item of a list written anew in its lines; None where it does not stand in lines of its own."""
    marked = read_yaml(text)
    if any(path[:n] in marked.flow for n in range(len(path) + 1)):
        return None
    start, end = marked.spans[path][0], _end(text, marked, path)
    written = _in_lines(values, marked.at[path][1] - 1)
    # A comment beside the last line goes with what it was said of.
    rest = text.find("\n", end)
    return text[:start] + written + (text[rest:] if rest >= 0 else "\n")


def add_part(text: str, path: Path, values: Mapping[str, Any]) -> str | None:
    """The text with one more item behind the last of a list; None where the list does not stand in lines.

    A list of the document's own that is missing is begun at the end.
    """
    marked = read_yaml(text)
    if len(path) == 1 and path not in marked.at and () not in marked.flow:
        return f"{text.rstrip()}\n{path[0]}:\n  - {_in_lines(values, 4)}\n"
    items = _children(marked, path)
    if not items or any(path[:n] in marked.flow for n in range(len(path) + 1)):
        return None
    column = marked.at[items[-1]][1] - 1
    dash = text.rfind("-", 0, marked.spans[items[-1]][0]) - text.rfind("\n", 0, marked.spans[items[-1]][0]) - 1
    rest = text.find("\n", _end(text, marked, items[-1]))
    head, tail = (text, "") if rest < 0 else (text[:rest], text[rest + 1 :])
    gap = " " * (column - dash - 1)
    return f"{head}\n{' ' * dash}-{gap}{_in_lines(values, column)}\n{tail}"


def _in_lines(values: Mapping[str, Any], column: int) -> str:
    """A group in lines that stand at a column, the first without what is before it."""
    lines = write_yaml(values, comments={}, head="").rstrip("\n").split("\n")
    return ("\n" + " " * column).join(lines)


def _replace(text: str, marked: Marked, path: Path, value: Any) -> str:
    start, end = marked.spans[path][0], _end(text, marked, path)
    before = text[:start].rstrip()
    if not isinstance(value, list) or "\n" not in text[len(before) : start]:
        return text[:start] + _inline(value) + text[end:]
    # A list that stood in lines below its key comes up to the key, or stays below the comment beside that.
    if before.endswith(":"):
        return f"{before} {_inline(value)}{text[end:]}"
    pad = " " * (marked.key_at[path][1] + 1)
    return f"{before}\n{pad}{_inline(value)}{text[end:]}"


def _add(text: str, marked: Marked, name: str, value: Any) -> str:
    """A key that was not there: into its group if that has one, else as a group of its own under its part."""
    group, _, key = name.rpartition(".")
    around = next((p for p in marked.at if path_name(p) == group), None)
    if around is not None:
        return _insert(text, marked, around, key, _inline(value))
    above, _, own = group.rpartition(".")
    part = next((p for p in marked.at if path_name(p) == above), ())
    return _insert(text, marked, part, own, f"{{{key}: {_inline(value)}}}")


def _insert(text: str, marked: Marked, group: Path, key: str, written: str) -> str:
    start, end = marked.spans[group]
    if group in marked.flow:
        rest = text[start + 1 : end]
        return f"{text[: start + 1]}{key}: {written}{', ' if rest.strip() != '}' else ''}{text[start + 1 :]}"
    column = marked.at[group][1] - 1
    return f"{text[:start]}{key}: {written}\n{' ' * column}{text[start:]}"


def _drop(text: str, marked: Marked, path: Path) -> str:
    parent = path[:-1]
    if len(_children(marked, parent)) == 1 and parent and isinstance(parent[-1], str):
        return _drop(text, marked, parent)
    key, end = _index(text, marked.key_at[path]), _end(text, marked, path)
    if parent in marked.flow:
        rest = text[end:].lstrip()
        if rest.startswith(","):
            return text[:key] + rest[1:].lstrip()
        return text[:key].rstrip().removesuffix(",") + text[end:]
    line = text.rfind("\n", 0, key) + 1
    below = text.find("\n", end) + 1 or len(text)
    if not text[line:key].strip():
        return text[:line] + text[below:]
    # The first key of an item ("- key: .."): the next one takes its place.
    return text[:key] + text[below:].lstrip(" ")


def _end(text: str, marked: Marked, path: Path) -> int:
    """Where a value ends: a group in lines where its last scalar does, before any comment that follows."""
    inner = [] if path in marked.flow else _children(marked, path)
    if inner:
        return max(_end(text, marked, child) for child in inner)
    start, end = marked.spans[path]
    return start + len(text[start:end].rstrip())


def _children(marked: Marked, path: Path) -> list[Path]:
    return [p for p in marked.at if len(p) == len(path) + 1 and p[: len(path)] == path]


def _index(text: str, place: tuple[int, int]) -> int:
    start = 0
    for _ in range(place[0] - 1):
        start = text.index("\n", start) + 1
    return start + place[1] - 1


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    return plain_text(value)
