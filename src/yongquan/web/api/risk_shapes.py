"""Bodies of the risk API."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from yongquan.flows.report_party import NewReport
from yongquan.risk.verification.model import (
    REPORT_DAYS,
    REPORT_DAYS_MAX,
    About,
    Advice,
    Evidence,
    Kind,
    Level,
    ReportKind,
    Scene,
)
from yongquan.risk.warnings.model import SubjectKind, Verdict, WarningKind, WarningLevel

AMOUNT_FEN_MAX = 10**13
# A card or wallet number, or a bank's code, a colon and an account number.
AccountNo = Annotated[str, Field(pattern=r"^([a-z][a-z0-9-]{1,31}:)?[0-9]{8,28}$")]
PhoneNo = Annotated[str, Field(pattern=r"^1[3-9][0-9]{9}$")]
IdNo = Annotated[str, Field(pattern=r"^[0-9]{17}[0-9Xx]$")]
LicenceNo = Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
DeviceId = Annotated[str, Field(pattern=r"^[0-9A-Za-z._:-]{4,64}$")]
# A line of text that begins and ends with something.
Line = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$", max_length=200)]
Note = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=500)]


class OpeningQuestion(BaseModel):
    """Somebody opens an account; `account` is one that is bound to it."""

    scene: Literal["account_opening"]
    id_no: IdNo
    phone: PhoneNo
    account: AccountNo | None = None
    device: DeviceId | None = None

    @property
    def scene_(self) -> Scene:
        return Scene(self.scene)


class MerchantQuestion(BaseModel):
    """A shop applies to be a merchant; `account` is where it will be settled."""

    scene: Literal["merchant_application"]
    licence_no: LicenceNo
    representative_id_no: IdNo | None = None
    phone: PhoneNo | None = None
    account: AccountNo | None = None

    @property
    def scene_(self) -> Scene:
        return Scene(self.scene)


class TransferQuestion(BaseModel):
    """A transfer is under way. Reasons about `account` mean the payee's."""

    scene: Literal["transfer"]
    payer_account: AccountNo
    payee_account: AccountNo
    amount_fen: int = Field(ge=1, le=AMOUNT_FEN_MAX)
    payer_phone: PhoneNo | None = None
    device: DeviceId | None = None

    @property
    def scene_(self) -> Scene:
        return Scene(self.scene)


QuestionRequest = OpeningQuestion | MerchantQuestion | TransferQuestion


class ReasonOut(BaseModel):
    """A reason of the published list, and which identifier of the question it means."""

    code: str
    about: About
    text: str
    text_en: str


class VerificationOut(BaseModel):
    """The answer; the decision stays with the asker."""

    verification_id: str
    scene: Scene
    level: Level
    reasons: list[ReasonOut]
    advice: Advice
    asked_at: datetime
    valid_until: datetime
    sandbox: bool


class _Subject(BaseModel):
    """Whom a report is about."""


class AccountSubject(_Subject):
    """A card or an account."""

    kind: Literal["account"]
    value: AccountNo


class PhoneSubject(_Subject):
    """A mobile number."""

    kind: Literal["phone"]
    value: PhoneNo


class PersonSubject(_Subject):
    """A person by the identity number."""

    kind: Literal["id_no"]
    value: IdNo


class MerchantSubject(_Subject):
    """A merchant by its licence."""

    kind: Literal["licence_no"]
    value: LicenceNo


class DeviceSubject(_Subject):
    """A device by the name it has for itself."""

    kind: Literal["device"]
    value: DeviceId


Subject = Annotated[
    AccountSubject | PhoneSubject | PersonSubject | MerchantSubject | DeviceSubject, Field(discriminator="kind")
]


class ReportRequest(BaseModel):
    """A bad party. `reference` is the institution's own number for it; `note` is told to nobody else, ever."""

    subject: Subject
    kind: ReportKind
    evidence: Evidence
    reference: Line
    note: Note | None = None
    days: int = Field(default=REPORT_DAYS, ge=1, le=REPORT_DAYS_MAX)

    @property
    def report(self) -> NewReport:
        """The same as the flow knows it."""
        return NewReport(
            subject_kind=Kind(self.subject.kind),
            value=self.subject.value,
            kind=self.kind,
            evidence=self.evidence,
            reference=self.reference,
            note=self.note or "",
            days=self.days,
        )


class ReportOut(BaseModel):
    """A report as it stands; the identifier is kept by a keyed hash and cannot be read back."""

    report_id: str
    subject_kind: Kind
    kind: ReportKind
    evidence: Evidence
    reference: str
    state: Literal["standing", "withdrawn", "set_aside", "expired"]
    reported_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None
    withdraw_reason: str


class OwnReport(ReportOut):
    """A report with its note, for its maker."""

    note: str


class ReportsOut(BaseModel):
    """A page of one's own reports; ask again with `after` = the last one's id."""

    reports: list[OwnReport]


class WithdrawalRequest(BaseModel):
    """Why a report is taken back."""

    reason: Line


class WarningReason(BaseModel):
    """A reason of the published list of the warning's kind."""

    code: str
    text: str
    text_en: str


class WarningOut(BaseModel):
    """A warning; `facts` are of this institution's own merchants, terminals and accounts."""

    warning_id: str
    kind: WarningKind
    subject_kind: SubjectKind
    subject_value: str
    level: WarningLevel
    reasons: list[WarningReason]
    facts: dict[str, bool | int | str | list[str]]
    published_at: datetime
    verdict: Verdict | None
    answered_at: datetime | None


class WarningsOut(BaseModel):
    """A page of warnings; ask again with `after` = `next`."""

    warnings: list[WarningOut]
    next: str


class FeedbackRequest(BaseModel):
    """What the institution found; the note is read by the operator."""

    verdict: Literal["seen", "confirmed", "false"]
    note: Note | None = None
