"""What institutions ask and report, and the shape of an answer. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import Refusal


class UnknownVerification(Refusal):
    """No such answer was given to this institution."""

    code = "not_found"


class UnknownReport(Refusal):
    """This institution made no such report."""

    code = "not_found"


class Scene(StrEnum):
    """What the asker is about to do."""

    ACCOUNT_OPENING = "account_opening"
    MERCHANT_APPLICATION = "merchant_application"
    TRANSFER = "transfer"


class Kind(StrEnum):
    """What somebody is known by. `account` is a card number, or a bank's code, a colon and an account number."""

    ACCOUNT = "account"
    PHONE = "phone"
    ID_NO = "id_no"
    LICENCE_NO = "licence_no"
    DEVICE = "device"


class About(StrEnum):
    """Which of the identifiers asked about a reason means."""

    ACCOUNT = "account"
    PAYER = "payer"
    PHONE = "phone"
    ID_NO = "id_no"
    LICENCE_NO = "licence_no"
    DEVICE = "device"
    TRANSFER = "transfer"

    @property
    def kind(self) -> Kind:
        """What such an identifier is; a payer is known by its account, and the transfer itself by its payee's."""
        return Kind.ACCOUNT if self in {About.PAYER, About.TRANSFER} else Kind(self.value)


class Level(StrEnum):
    """How bad it looks, from best to worst."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def severity(self) -> int:
        return list(Level).index(self)


class Advice(StrEnum):
    """What to do; the decision stays with the asker."""

    ACCEPT = "accept"
    CHECK = "check"  # by hand
    STEP_UP = "step_up"  # ask for one more proof of the person
    REFUSE = "refuse"


class ReportKind(StrEnum):
    """What an institution says somebody did."""

    FRAUD = "fraud"
    MULE = "mule"
    GAMBLING = "gambling"
    CASH_OUT = "cash_out"
    STOLEN_IDENTITY = "stolen_identity"
    FALSE_MERCHANT = "false_merchant"


class Evidence(StrEnum):
    """How well a report is founded: seen by rules or staff; proven by papers; found by police or a court."""

    SUSPECTED = "suspected"
    DOCUMENTED = "documented"
    OFFICIAL = "official"


class OwnFinding(StrEnum):
    """What the platform itself knows of a party; each is a reason of the same name."""

    BLOCKED = "blocked_here"
    LISTED_BLACK = "listed_black"
    LISTED_GREY = "listed_grey"
    LISTED_YELLOW = "listed_yellow"
    BARRED_MERCHANT = "barred_merchant"
    NEAR_BARRED = "near_barred_merchant"
    SHARED_MARKS = "shared_marks"


Identifiers = Mapping[About, str]
# How long an answer is good for: of the scene alone, so that it tells nothing of what it rests on.
VALID_FOR: Final[Mapping[Scene, timedelta]] = {
    Scene.ACCOUNT_OPENING: timedelta(days=1),
    Scene.MERCHANT_APPLICATION: timedelta(days=3),
    Scene.TRANSFER: timedelta(minutes=10),
}
REPORT_DAYS: Final = 730
REPORT_DAYS_MAX: Final = 1825
ASKING_WINDOW: Final = timedelta(hours=24)
# Of the asker's own earlier transfers, what a score looks back at.
HISTORY_DAYS: Final = timedelta(days=30)
HISTORY_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Told:
    """A report that stands, as deciding may know it: of which identifier, what, how founded, and by whom."""

    about: About
    kind: ReportKind
    evidence: Evidence
    institution: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an answer rests on. `askers` is how many other institutions asked about an identifier of late.

    `score` is the event model's for a transfer, 0 to 1, None without a model.
    """

    reports: tuple[Told, ...] = ()
    findings: frozenset[tuple[About, OwnFinding]] = frozenset()
    askers: Mapping[About, int] | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """One published reason (`risk.verification.reasons`) and the identifier it means."""

    code: str
    about: About


@dataclass(frozen=True, slots=True)
class Decision:
    """What the facts come to."""

    level: Level
    reasons: tuple[Reason, ...]
    advice: Advice


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was given."""

    verification_id: UUID
    scene: Scene
    decision: Decision
    asked_at: datetime
    valid_until: datetime
    is_test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an institution contributes; `note` is its own secret."""

    report_id: UUID
    institution: str
    mode: str
    subject_kind: Kind
    mark: bytes
    kind: ReportKind
    evidence: Evidence
    reference: str
    note: str
    reported_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None = None
    withdraw_reason: str = ""
    set_aside_at: datetime | None = None  # the person objected, and the platform found so

    def state(self, now: datetime) -> str:
        """standing, withdrawn, set_aside or expired."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        if self.set_aside_at is not None:
            return "set_aside"
        return "standing" if now < self.expires_at else "expired"
