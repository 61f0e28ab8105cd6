"""A warning, to whom it is told, and what each said of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id

Fact = str | int | bool | list[str]


class UnknownWarning(Refusal):
    """This institution was told no such warning."""

    code = "not_found"


class WarningKind(StrEnum):
    """The three scenes of early warning."""

    GAMBLING = "gambling_merchant"
    RELOCATED = "relocated_terminal"
    GANG = "gang_cash_out"


class SubjectKind(StrEnum):
    """What is warned of: a store by its id, a terminal by `store id/terminal number`, a gang by its number."""

    STORE = "store"
    TERMINAL = "terminal"
    GANG = "gang"


class WarningLevel(StrEnum):
    """How sure the warning is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Verdict(StrEnum):
    """What an institution says of a warning: read, found true, found false. It may say another word later."""

    SEEN = "seen"
    CONFIRMED = "confirmed"
    FALSE = "false"


# The closed list of reasons, by kind, in Chinese and English.
REASONS: Final[Mapping[WarningKind, Mapping[str, tuple[str, str]]]] = {
    WarningKind.GAMBLING: {
        "night": ("夜间收款占比过高", "too much of its trade is at night"),
        "round": ("金额多为整数", "most amounts are round"),
        "repeated": ("金额反复相同", "the same few amounts come again and again"),
        "churn": ("付款人多只来一次", "most payers come once and never again"),
        "out": ("收款后快速转出", "money leaves soon after it comes"),
    },
    WarningKind.RELOCATED: {
        "position": ("终端位置远离登记门店", "the terminal's position is far from its store"),
        "homes": ("付款人多来自另一区县", "its payers live in another division"),
        "network": ("交易来自从未用过的网络", "it calls over networks never used before"),
    },
    WarningKind.GANG: {
        "density": ("成员彼此往来异常密集", "its members meet each other unusually often"),
        "closed": ("消费集中在少数门店", "their trade is shut in a few shops"),
        "phones": ("成员共用手机", "members share phones"),
        "together": ("付款时间高度集中", "they pay within the same minutes"),
        "back": ("资金回到成员手里", "the money comes back to members"),
        "same": ("金额集中在少数几个数", "their amounts are a few numbers"),
    },
}
FACTS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWarning:
    """A warning to publish, once for its `key` (the same finding of the same day has the same key).

    `told` are the institutions concerned, each with facts of its own merchants, terminals or accounts; no other
    institution reads them. `subject`, `level` and `reasons` are read by all who are told.
    """

    key: str
    kind: WarningKind
    subject_kind: SubjectKind
    subject: str
    level: WarningLevel
    reasons: tuple[str, ...]
    told: Mapping[str, Mapping[str, Fact]]
    by: str = "system:risk"

    def __post_init__(self) -> None:
        unknown = set(self.reasons) - REASONS[self.kind].keys()
        if unknown or not self.reasons:
            raise BadInput(f"reasons of {self.kind.value}: {', '.join(REASONS[self.kind])}; not {sorted(unknown)}")
        if not self.told:
            raise BadInput("a warning concerns one institution at least")
        if any(len(facts) > FACTS_MAX for facts in self.told.values()):
            raise BadInput(f"a warning tells {FACTS_MAX} facts at most")

    @property
    def warning_id(self) -> UUID:
        return named_id("warning", self.kind.value, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A warning as one institution reads it."""

    warning_id: UUID
    kind: WarningKind
    subject_kind: SubjectKind
    subject: str
    level: WarningLevel
    reasons: tuple[str, ...]
    facts: Mapping[str, Fact]
    published_at: datetime
    verdict: Verdict | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One institution's part of a warning, for the operator's desk."""

    institution: str
    facts: Mapping[str, Fact]
    verdict: Verdict | None
    note: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Published:
    """A warning with everybody who was told, for the operator's desk."""

    warned: Warned
    by: str
    shares: tuple[Share, ...] = field(default=())


def document_of(warned: Warned) -> dict[str, object]:
    """A warning as an institution reads it, by pull or by callback."""
    words = REASONS[warned.kind]
    return {
        "warning_id": str(warned.warning_id),
        "kind": warned.kind.value,
        "subject_kind": warned.subject_kind.value,
        "subject_value": warned.subject,
        "level": warned.level.value,
        "reasons": [{"code": code, "text": words[code][0], "text_en": words[code][1]} for code in warned.reasons],
        "facts": dict(warned.facts),
        "published_at": warned.published_at.isoformat(),
        "verdict": None if warned.verdict is None else warned.verdict.value,
        "answered_at": None if warned.answered_at is None else warned.answered_at.isoformat(),
    }
