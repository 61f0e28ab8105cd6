"""The three kinds of trouble: a refusal, an outage, and bad input. Anything else that is raised is a bug."""

from typing import ClassVar


class Refusal(Exception):
    """An expected "no". Carries a stable `code` and the facts that explain it; knows nothing of HTTP."""

    code: ClassVar[str] = "refused"

    def __init__(self, message: str = "", **facts: object) -> None:
        super().__init__(message or self.code)
        self.facts = facts


class Outage(Exception):
    """Somebody we depend on did not answer: try again, or the outcome is unknown. Never a failure."""


class BadInput(Exception):
    """A file, an option or a field cannot be read. The message says where and what to do instead."""

    @property
    def message(self) -> str:
        return str(self)
