"""Conditions as trees: the part of CEL that rules may use, with where each piece stands. Pure.

Precedence as in the specification of CEL: `?:`, `||`, `&&`, then all comparisons and `in`, `+ -`, `* / %`, `! -`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

DEEPEST: Final = 40
INT_MAX: Final = 2**63 - 1
_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*)|(?P<number>(?:0x[0-9a-fA-F]+|[0-9]+)[0-9a-zA-Z_.]*)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<quote>['\"])|(?P<op>\|\||&&|==|!=|<=|>=|[<>!+\-*/%?:()\[\],.])"
)
_WHOLE = re.compile(r"0x[0-9a-fA-F]+|[0-9]+")
_ESCAPES: Final = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t"}
_COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=", "in")


class SyntaxFault(Exception):
    """A condition that cannot be read, from this character on."""

    def __init__(self, offset: int, code: str, **facts: object) -> None:
        super().__init__(code)
        self.offset, self.code, self.facts = offset, code, facts


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # number, name, text, op, end
    text: str
    start: int
    end: int
    value: int | str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A whole number, a text, true or false."""

    value: int | str | bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name alone."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Member:
    """`target.name`."""

    target: "Node"
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`, or `target.name(arguments)`."""

    name: str
    target: "Node | None"
    arguments: tuple["Node", ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator and its one to three operands (`?:` has three)."""

    op: str
    operands: tuple["Node", ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Listing:
    """`[one, another]`."""

    values: tuple["Node", ...]
    start: int
    end: int


Node: TypeAlias = Literal | Name | Member | Call | Operation | Listing


def parse(source: str) -> Node:
    """The tree of a condition. Raises `SyntaxFault`."""
    return _Parser(_tokens(source)).whole()


def _tokens(source: str) -> list[Token]:
    tokens, at = [], 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise SyntaxFault(at, "token", text=source[at])
        kind, text = str(found.lastgroup), found.group()
        if kind == "quote":
            token = _text(source, at)
        elif kind == "number":
            token = _number(text, at)
        else:
            token = Token(kind, text, at, found.end())
        at = token.end
        if kind != "space":
            tokens.append(token)
    return [*tokens, Token("end", "", at, at)]


def _number(text: str, at: int) -> Token:
    if not _WHOLE.fullmatch(text) or len(text) > 20:
        raise SyntaxFault(at, "number", text=text[:24])
    value = int(text, 16) if text.startswith("0x") else int(text)
    if value > INT_MAX:
        raise SyntaxFault(at, "number", text=text)
    return Token("number", text, at, at + len(text), value)


def _text(source: str, start: int) -> Token:
    quote, at, value = source[start], start + 1, ""
    if source.startswith(quote * 3, start):
        raise SyntaxFault(start, "token", text=quote * 3)
    while at < len(source) and source[at] not in {quote, "\n", "\r"}:
        if source[at] != "\\":
            value, at = value + source[at], at + 1
            continue
        escaped = source[at + 1 : at + 2]
        if escaped not in _ESCAPES:
            raise SyntaxFault(at, "escape", text=source[at : at + 2])
        value, at = value + _ESCAPES[escaped], at + 2
    if at >= len(source) or source[at] != quote:
        raise SyntaxFault(start, "string_open")
    return Token("text", source[start : at + 1], start, at + 1, value)


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0

    def whole(self) -> Node:
        node = self._ternary()
        if self._next.kind != "end":
            raise self._unexpected("&&")
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> Token | None:
        token = self._next
        if token.kind in {"op", "name"} and token.text in texts:
            self._at += 1
            return token
        return None

    def _need(self, text: str) -> Token:
        token = self._take(text)
        if token is None:
            raise self._unexpected(text)
        return token

    def _unexpected(self, wanted: str) -> SyntaxFault:
        return SyntaxFault(self._next.start, "expected", wanted=wanted, text=self._next.text or "the end")

    def _ternary(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise SyntaxFault(self._next.start, "too_deep")
        node = self._chain(("||",), self._and)
        if self._take("?"):
            yes = self._chain(("||",), self._and)
            self._need(":")
            no = self._ternary()
            node = Operation("?:", (node, yes, no), node.start, no.end)
        self._depth -= 1
        return node

    def _and(self) -> Node:
        return self._chain(("&&",), self._comparison)

    def _comparison(self) -> Node:
        return self._chain(_COMPARISONS, self._sum)

    def _sum(self) -> Node:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._chain(("*", "/", "%"), self._unary)

    def _chain(self, ops: tuple[str, ...], part: Callable[[], Node]) -> Node:
        node, links = part(), 0
        while token := self._take(*ops):
            links += 1
            if links > DEEPEST:
                raise SyntaxFault(token.start, "too_deep")
            right = part()
            node = Operation(token.text, (node, right), node.start, right.end)
        return node

    def _unary(self) -> Node:
        token, links = self._next, 0
        signs = []
        while sign := self._take("!", "-"):
            signs.append(sign)
            links += 1
            if links > DEEPEST:
                raise SyntaxFault(token.start, "too_deep")
        node = self._member()
        for sign in reversed(signs):
            node = Operation(sign.text, (node,), sign.start, node.end)
        return node

    def _member(self) -> Node:
        node = self._primary()
        while self._take("."):
            name = self._next
            if name.kind != "name":
                raise self._unexpected("a name")
            self._at += 1
            if self._take("("):
                arguments, end = self._arguments(")")
                node = Call(name.text, node, arguments, node.start, end)
            else:
                node = Member(node, name.text, node.start, name.end)
        return node

    def _primary(self) -> Node:
        token = self._next
        if token.kind in {"number", "text"}:
            self._at += 1
            return Literal(token.value, token.start, token.end)
        if self._take("("):
            node = self._ternary()
            self._need(")")
            return node
        if self._take("["):
            values, end = self._arguments("]")
            return Listing(values, token.start, end)
        if token.kind != "name" or token.text == "in":
            raise self._unexpected("a value")
        self._at += 1
        if token.text in {"true", "false"}:
            return Literal(token.text == "true", token.start, token.end)
        if self._take("("):
            arguments, end = self._arguments(")")
            return Call(token.text, None, arguments, token.start, end)
        return Name(token.text, token.start, token.end)

    def _arguments(self, close: str) -> tuple[tuple[Node, ...], int]:
        arguments: list[Node] = []
        while (end := self._take(close)) is None:
            if arguments:
                self._need(",")
            arguments.append(self._ternary())
        return tuple(arguments), end.end
