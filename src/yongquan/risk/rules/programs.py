"""The CEL library behind a thin door: programs compiled once, one context prepared for each event.

Known of `cel` 0.10 (found by trying): it has no type check of its own; `==` between types is false, `<` raises;
`&&` and `||` pass over an error of either side if the other decides; a variable that is not there is an error of that
program alone.
"""

from collections.abc import Mapping
from functools import lru_cache

import cel

from yongquan.risk.rules.model import Value


class NotCel(Exception):
    """The library cannot read the text."""


class EvaluationFailed(Exception):
    """One program came to no answer: a value is not there, a division by zero, a number too large."""


class Program:
    """A condition, compiled. Evaluates any number of times, each against its own context."""

    __slots__ = ("_program",)

    def __init__(self, text: str) -> None:
        self._program = _compile(text)

    def holds(self, context: "Context") -> bool:
        """What the condition comes to. Raises `EvaluationFailed`."""
        try:
            return self._program.execute(context) is True
        except (KeyError, TypeError, ValueError, RuntimeError, ArithmeticError) as error:
            raise EvaluationFailed(str(error).partition(". ")[0]) from error


Context = cel.Context


@lru_cache(maxsize=4_096)
def _compile(text: str) -> cel.Program:
    # Checking and running share one program, and so do two versions of a book where they agree.
    try:
        return cel.compile(text)
    except ValueError as error:
        raise NotCel(str(error).splitlines()[0]) from error


def prepare(values: Mapping[str, Value]) -> Context:
    """A context of these variables, for every program of one event."""
    return Context(variables=dict(values))


def pattern_problem(pattern: str) -> str:
    """What is wrong with a regular expression, as the library's engine reads them; empty if nothing is."""
    try:
        cel.compile("''.matches(p)").execute(prepare({"p": pattern}))
    except (RuntimeError, ValueError) as error:
        return str(error).splitlines()[-1].partition(". ")[0]
    return ""
