"""What an institution may call of the risk API, and how often; its sandbox is the same for all."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yongquan.kernel.errors import Refusal


class Scope(StrEnum):
    """What a call of the risk API does; an institution has one, two or all three."""

    VERIFY = "verify"
    REPORT = "report"
    WARNINGS = "warnings"


class ScopeMissing(Refusal):
    """The operator has not opened this part of the risk API to the institution."""

    code = "scope_missing"


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls a second and a (real) day, counted for one product of the institution."""

    product: str
    per_second: int
    per_day: int


@dataclass(frozen=True, slots=True)
class RiskTerms:
    """An institution's standing with the risk API."""

    institution: str
    scopes: frozenset[Scope]
    per_second: int
    per_day: int
    state: str

    @property
    def quota(self) -> Quota:
        return Quota("risk", self.per_second, self.per_day)


@dataclass(frozen=True, slots=True)
class RiskCaller:
    """Who signed a call of the risk API; `used` of the quota's day, this call among it."""

    institution: str
    is_test: bool
    quota: Quota
    used: int

    @property
    def mode(self) -> str:
        """`test` reads and writes nothing that is live."""
        return "test" if self.is_test else "live"


SANDBOX: Final = Quota("sandbox", 10, 10_000)
EVERYTHING: Final = frozenset(Scope)
