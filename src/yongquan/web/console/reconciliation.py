"""Reconciliation at the desk: the last run of each party's day, the cases, one case and what is done with it."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from yongquan.flows.read_merchant_file import as_day_file
from yongquan.flows.reconcile_file import reconcile_file
from yongquan.flows.work_case import CASE_ROLES, CaseStep, work_case
from yongquan.institutions.views import parties
from yongquan.kernel.errors import BadInput
from yongquan.merchants.views import StoreKind, facts_of_stores
from yongquan.payments.case_store import Case, CaseFilter, case_of, cases_listed, notes_of
from yongquan.payments.day_files import UnreadableDayFile
from yongquan.payments.reconciliation import DIFFERENCES, MOVED
from yongquan.payments.reconciliation_cases import CaseState, Owner, PartyKind
from yongquan.payments.reconciliation_store import Run, latest_runs
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.settle_words import SettleWords
from yongquan.web.language import speech_of

Step = Literal["assigned", "noted", "resolved"]
FILE_BYTES_MAX = 200_000_000


class Asked(BaseModel):
    """The filter as its form sends it; empty is any."""

    day: str = ""
    fate: str = ""
    owner: str = ""
    state: str = "open"
    done: str = ""


def make_reconciliation(desk: Desk) -> APIRouter:
    """`/console/reconciliation` and each case below it."""
    routes = desk_routes()
    _add_pages(routes, desk)
    _add_forms(routes, desk)
    return routes


def _add_pages(routes: APIRouter, desk: Desk) -> None:
    database = desk.door.database

    @routes.get("/reconciliation")
    async def listed(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        asked: Annotated[Asked, Query()],
    ) -> Response:
        _require_whole_city(visitor)
        wanted = CaseFilter(
            day=_day_or_none(asked.day), fate=asked.fate or None, owner=asked.owner or None, state=asked.state or None
        )
        async with database.transaction() as connection:
            cases, runs = await cases_listed(connection, wanted), await latest_runs(connection)
            facts: dict[str, object] = {
                "cases": cases,
                "runs": runs,
                "shops": await _shops(connection, _merchants(cases) | _merchants(runs)),
                "names": await parties(connection),
            }
        return desk.show(request, visitor, "reconciliation.html", facts | asked.model_dump() | _words(request, visitor))

    @routes.get("/reconciliation/{case}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], case: str, done: str = ""
    ) -> Response:
        _require_whole_city(visitor)
        async with database.transaction() as connection:
            found = await case_of(connection, known_id(case))
            if found is None:
                raise Missing
            notes = await notes_of(connection, found.case_id)
            actors = [note.actor for note in notes] + [f"staff:{found.assignee}"]
            is_shop = found.party_kind is PartyKind.MERCHANT
            facts = {
                "case": found,
                "shops": await _shops(connection, {found.party} if is_shop else set()),
                "notes": notes,
                "actors": await names_of(connection, actors, desk.door.sealing),
                "names": await parties(connection),
                "done": done,
            }
        return desk.show(request, visitor, "reconciliation_case.html", facts | _words(request, visitor))


def _add_forms(routes: APIRouter, desk: Desk) -> None:
    database = desk.door.database

    @routes.post("/reconciliation/files")
    async def send(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        file: UploadFile,
        store_id: Annotated[str, Form()] = "",
        day: Annotated[str, Form()] = "",
    ) -> Response:
        visitor.staff.require(*CASE_ROLES)
        content = await file.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise BadInput("the file is too large")
        try:
            if store_id.strip():
                content = await as_day_file(database, known_id(store_id.strip()), _day_of(day), content)
            report = await reconcile_file(database, content, actor=visitor.staff.actor, now=wall_now())
        except UnreadableDayFile as refused:
            words = {"settle_words": SettleWords(speech_of(request))}
            facts = {"faults": refused.faults, "file_name": file.filename or ""} | words
            return desk.show(request, visitor, "reconciliation_faults.html", facts, status=422)
        done = "imported" if report.is_new else "again"
        return RedirectResponse(f"{ROOT}/reconciliation?day={report.day}&state=&done={done}", status_code=303)

    @routes.post("/reconciliation/{case}")
    async def step(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        case: str,
        what: Annotated[Step, Form()],
        text: Annotated[str, Form()] = "",
    ) -> Response:
        case_id = known_id(case)
        await work_case(database, case_id, CaseStep(visitor.staff, what, text.strip()), now=wall_now())
        return RedirectResponse(f"{ROOT}/reconciliation/{case_id}?done={what}", status_code=303)


def _words(request: Request, visitor: Visitor) -> dict[str, object]:
    return {
        "settle_words": SettleWords(speech_of(request)),
        "may_work": visitor.staff.may_any(*CASE_ROLES),
        "fates": [fate.value for fate in DIFFERENCES],
        "owners": [owner.value for owner in Owner],
        "states": [state.value for state in CaseState],
        "moved": MOVED,
    }


def _merchants(rows: Sequence[Case] | Sequence[Run]) -> set[str]:
    return {row.party for row in rows if row.party_kind is PartyKind.MERCHANT}


async def _shops(connection: Connection, parties_: set[str]) -> dict[str, StoreKind]:
    found = await facts_of_stores(connection, [UUID(party) for party in sorted(parties_)])
    return {str(store_id): store for store_id, store in found.items()}


def _require_whole_city(visitor: Visitor) -> None:
    # Institutions and their files are the whole city's business.
    if visitor.places is not None:
        raise Missing


def _day_of(text: str) -> date:
    found = _day_or_none(text)
    if found is None:
        raise BadInput("a merchant's own file needs its day")
    return found


def _day_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput("a day is YYYY-MM-DD") from error
