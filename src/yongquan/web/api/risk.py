"""`/v1/risk`: the standard risk API of institutions, each call signed (docs/risk-api.md)."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response

from yongquan.flows.verify_party import Asked
from yongquan.institutions.apps import SignedRequest
from yongquan.institutions.risk_terms import RiskCaller, Scope
from yongquan.plumbing.clock import wall_now
from yongquan.risk.verification.model import About
from yongquan.risk.warnings.model import Verdict
from yongquan.web.api.institutions import CURSOR
from yongquan.web.api.quota_headers import left_headers
from yongquan.web.api.risk_shapes import (
    FeedbackRequest,
    QuestionRequest,
    ReportOut,
    ReportRequest,
    ReportsOut,
    TransferQuestion,
    VerificationOut,
    WarningOut,
    WarningsOut,
    WithdrawalRequest,
)
from yongquan.web.door import Door

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Signer = Callable[..., Awaitable[RiskCaller]]
# A field of a question and which identifier it is in an answer's reasons.
_ABOUT: Mapping[str, About] = {
    "id_no": About.ID_NO,
    "representative_id_no": About.ID_NO,
    "phone": About.PHONE,
    "payer_phone": About.PHONE,
    "account": About.ACCOUNT,
    "payee_account": About.ACCOUNT,
    "payer_account": About.PAYER,
    "licence_no": About.LICENCE_NO,
    "device": About.DEVICE,
}


def make_risk_api(door: Door) -> APIRouter:
    """The routes of the risk API."""
    routes = APIRouter(prefix="/v1/risk", tags=["risk"])
    _add_verifications(routes, door, _signer(door, Scope.VERIFY))
    _add_reports(routes, door, _signer(door, Scope.REPORT))
    _add_warnings(routes, door, _signer(door, Scope.WARNINGS))
    return routes


def _signer(door: Door, scope: Scope) -> Signer:
    async def signer(request: Request, response: Response) -> RiskCaller:
        """Who signed, with what is left of the day in the answer's headers."""
        signed = SignedRequest(request.method, str(request.url), dict(request.headers), await request.body())
        now = wall_now()
        caller = await door.callers.identify_for_risk(signed, scope, now=now, monotonic_s=time.monotonic())
        response.headers.update(left_headers(caller, now=now))
        return caller

    return signer


def _add_verifications(routes: APIRouter, door: Door, signer: Signer) -> None:
    Who = Annotated[RiskCaller, Depends(signer)]  # noqa: N806 - a type

    @routes.post("/verifications", status_code=201)
    async def verify(
        who: Who, wanted: Annotated[QuestionRequest, Body(discriminator="scene")], key: Key
    ) -> VerificationOut:
        """Whether a party is bad, in one of three scenes; the same key again brings the same answer."""
        return VerificationOut.model_validate(await door.verifying.verify(who, _asked(wanted), key=key))

    @routes.get("/verifications/{verification_id}")
    async def answer(who: Who, verification_id: UUID) -> VerificationOut:
        """An answer again, for the institution that asked."""
        return VerificationOut.model_validate(await door.verifying.answer_of(who, verification_id))


def _add_reports(routes: APIRouter, door: Door, signer: Signer) -> None:
    Who = Annotated[RiskCaller, Depends(signer)]  # noqa: N806 - a type

    @routes.post("/reports", status_code=201)
    async def report(who: Who, wanted: ReportRequest, key: Key) -> ReportOut:
        """Report a bad party; what others read of it is the reason of its kind, never who reported."""
        return ReportOut.model_validate(await door.reporting.report(who, wanted.report, key=key))

    @routes.get("/reports")
    async def own(who: Who, after: UUID | None = None) -> ReportsOut:
        """This institution's own reports, the oldest first, a hundred a page, each with its note."""
        found = await door.reporting.own(who, after=after)
        return ReportsOut.model_validate({"reports": found})

    @routes.post("/reports/{report_id}/withdrawal")
    async def withdraw(who: Who, report_id: UUID, wanted: WithdrawalRequest) -> ReportOut:
        """A report stands no longer, from the next answer on."""
        return ReportOut.model_validate(await door.reporting.withdraw(who, report_id, wanted.reason))


def _add_warnings(routes: APIRouter, door: Door, signer: Signer) -> None:
    Who = Annotated[RiskCaller, Depends(signer)]  # noqa: N806 - a type

    @routes.get("/warnings")
    async def warnings(who: Who, after: Annotated[str, Query(pattern=CURSOR)] = "") -> WarningsOut:
        """Warnings of this institution's own merchants, terminals and accounts: begin with no `after`."""
        found, cursor = await door.warnings.after(who, after)
        return WarningsOut.model_validate({"warnings": found, "next": cursor})

    @routes.put("/warnings/{warning_id}/feedback")
    async def feedback(who: Who, warning_id: UUID, wanted: FeedbackRequest) -> WarningOut:
        """What this institution found: seen, confirmed or false; a later word replaces it."""
        said = await door.warnings.answer(who, warning_id, Verdict(wanted.verdict), note=wanted.note or "")
        return WarningOut.model_validate(said)


def _asked(wanted: QuestionRequest) -> Asked:
    fields: dict[str, Any] = wanted.model_dump(exclude_none=True)
    identifiers = {about: fields[name] for name, about in _ABOUT.items() if name in fields}
    amount_fen = wanted.amount_fen if isinstance(wanted, TransferQuestion) else None
    return Asked(wanted.scene_, identifiers, amount_fen)
