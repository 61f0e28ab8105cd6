"""Cases at the desk: the list, one case with its evidence and timeline, its steps, its packs."""

from datetime import datetime, timedelta
from importlib.resources import files
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from yongquan.flows.pack_case import PackDesk
from yongquan.flows.work_fraud_case import FILE_MAX, FRAUD_ROLES, CaseDesk, UnknownCase, sealed_as
from yongquan.merchants.views import facts_of_stores
from yongquan.payments.holds import holds_listed
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.risk.announcements.store import announcement_of
from yongquan.risk.cases import store
from yongquan.risk.cases.model import (
    SANCTIONS,
    Bureau,
    Case,
    CaseState,
    EvidenceKind,
    Outcome,
    Party,
    PartyKind,
    PartyRole,
)
from yongquan.risk.requests.store import approved_of_case
from yongquan.risk.tips.store import tips_of_case
from yongquan.risk.watching.store import alerts_of
from yongquan.staff.views import names_of
from yongquan.web import case_words
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.risk_watch import HOLD_DAYS, alert_desk, hold_wish
from yongquan.web.console.settle_words import SettleWords
from yongquan.web.language import speech_of

Step = Literal["take", "note", "agree", "send_back", "reopen"]


def make_risk_cases(desk: Desk) -> APIRouter:
    """`/console/risk/cases` and each case below it."""
    routes = desk_routes()
    _add_pages(routes, desk)
    _add_steps(routes, desk)
    _add_evidence(routes, desk)
    _add_packs(routes, desk)
    return routes


def _add_pages(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/risk/cases")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], state: str = "") -> Response:
        wanted = state if state in set(CaseState) else None
        async with door.database.transaction() as connection:
            cases = await store.cases_listed(connection, state=wanted, places=visitor.places)
            counts = await store.case_counts(connection, places=visitor.places)
            actors = await names_of(connection, [f"staff:{case.assignee}" for case in cases], door.sealing)
        facts = {"cases": cases, "counts": counts, "state": wanted or "", "actors": actors}
        return desk.show(request, visitor, "risk_cases.html", facts | words_of(request, visitor))

    @routes.post("/risk/cases")
    async def begin(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        title: Annotated[str, Form()],
        store_id: Annotated[str, Form()] = "",
    ) -> Response:
        parties = (
            [Party(PartyKind.STORE, str(known_id(store_id.strip())), PartyRole.SUSPECT)] if store_id.strip() else []
        )
        case_id = await _cases(desk).open(
            visitor.staff, title.strip(), case_id=fresh_id(), parties=parties, now=door.clock.now()
        )
        return RedirectResponse(f"{ROOT}/risk/cases/{case_id}", status_code=303)

    @routes.get("/risk/cases/{case}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], case: str, done: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            found = await _seen(connection, visitor, case)
            facts = await _facts(connection, desk, found)
        by_default = (door.clock.now() + timedelta(days=HOLD_DAYS)).astimezone(SHANGHAI)
        facts |= {"done": done, "deadline": f"{by_default:%Y-%m-%dT%H:%M}"}
        return desk.show(request, visitor, "risk_case.html", facts | words_of(request, visitor))

    @routes.get("/risk/cases/{case}/files/{file}")
    async def content(visitor: Annotated[Visitor, Depends(desk.visitor)], case: str, file: str) -> Response:
        async with door.database.transaction() as connection:
            found = await _seen(connection, visitor, case)
            kept = await store.sealed_file(connection, found.case_id, known_id(file))
        if kept is None:
            raise Missing
        opened = door.sealing.open_bytes(kept[1], what=sealed_as(found.case_id))
        return _download(opened, kept[2], kept[0])


def _add_steps(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/risk/cases/{case}")
    async def step(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        case: str,
        what: Annotated[Step, Form()],
        text: Annotated[str, Form()] = "",
    ) -> Response:
        cases, case_id, staff, now = _cases(desk), known_id(case), visitor.staff, door.clock.now()
        text = text.strip()
        if what == "take":
            await cases.take(staff, case_id, now=now)
        elif what == "note":
            await cases.note(staff, case_id, text, now=now)
        elif what == "reopen":
            await cases.reopen(staff, case_id, text, now=now)
        else:
            await cases.decide(staff, case_id, approve=what == "agree", text=text, now=now)
        return RedirectResponse(f"{ROOT}/risk/cases/{case_id}?done={what}", status_code=303)

    @routes.post("/risk/cases/{case}/conclusion")
    async def conclude(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        case: str,
        outcome: Annotated[Outcome, Form()],
        basis: Annotated[str, Form()],
    ) -> Response:
        case_id = known_id(case)
        await _cases(desk).conclude(visitor.staff, case_id, outcome, basis.strip(), now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/cases/{case_id}?done=concluded", status_code=303)

    @routes.post("/risk/cases/{case}/hold")
    async def hold(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        *,
        case: str,
        store_id: Annotated[UUID, Form()],
        scope: Annotated[str, Form()],
        notice: Annotated[str, Form()],
        deadline: Annotated[datetime, Form()],
    ) -> Response:
        case_id, wish = known_id(case), hold_wish(scope, notice, deadline)
        await alert_desk(desk).hold_for_case(visitor.staff, case_id, store_id, wish, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/cases/{case_id}?done=hold", status_code=303)


def _add_evidence(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/risk/cases/{case}/parties")
    async def name(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        *,
        case: str,
        kind: Annotated[PartyKind, Form()],
        value: Annotated[str, Form()],
        role: Annotated[PartyRole, Form()],
    ) -> Response:
        case_id, party = known_id(case), Party(kind, value.strip(), role)
        await _cases(desk).name_party(visitor.staff, case_id, party, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/cases/{case_id}?done=party", status_code=303)

    @routes.post("/risk/cases/{case}/files")
    async def add(visitor: Annotated[Visitor, Depends(desk.poster)], case: str, file: UploadFile) -> Response:
        content = await file.read(FILE_MAX + 1)
        case_id = known_id(case)
        await _cases(desk).add_file(visitor.staff, case_id, file.filename or "", content, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/cases/{case_id}?done=file", status_code=303)


def _add_packs(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/risk/cases/{case}/packs")
    async def pack(
        visitor: Annotated[Visitor, Depends(desk.poster)], case: str, bureau: Annotated[Bureau, Form()]
    ) -> Response:
        template = (files("yongquan.web") / "papers/case.typ").read_text(encoding="utf-8")
        packs = PackDesk(door.database, door.sealing, door.cells, template, case_words.EVENTS)
        made = await packs.pack(visitor.staff, known_id(case), bureau, now=door.clock.now())
        return _download(made.content, made.name, "application/zip")


def words_of(request: Request, visitor: Visitor) -> dict[str, object]:
    """What the pages of cases, tips and requests say, and whether this person works on them."""
    speech = speech_of(request)
    may_work = any(grant.role in FRAUD_ROLES and grant.institution is None for grant in visitor.staff.grants)
    words = case_words.CaseWords(speech)
    return {"case_words": words, "lists": case_words, "settle_words": SettleWords(speech), "may_work": may_work}


async def _facts(connection: Connection, desk: Desk, case: Case) -> dict[str, object]:
    sealing = desk.door.sealing
    parties = await store.parties_of(connection, case.case_id)
    evidence = await store.evidence_of(connection, case.case_id)
    alerts = await alerts_of(connection, [UUID(e.ref) for e in evidence if e.kind is EvidenceKind.ALERT])
    stores = [UUID(party.value) for party in parties if party.kind is PartyKind.STORE]
    holds = [hold for one in stores for hold in await holds_listed(connection, store_id=one)]
    timeline = await store.timeline_of(connection, case.case_id)
    packs = await store.packs_of(connection, case.case_id)
    actors = [event.actor for event in timeline] + [pack.made_by for pack in packs]
    actors += [actor for actor in (f"staff:{case.assignee}", case.proposed_by, case.decided_by) if actor]
    return {
        "case": case,
        "parties": parties,
        "evidence": [one for one in evidence if one.kind is EvidenceKind.FILE],
        "alerts": alerts,
        "shops": {str(id_): shop for id_, shop in (await facts_of_stores(connection, stores)).items()},
        "holds": holds,
        "tips": await tips_of_case(connection, case.case_id, sealing),
        "timeline": timeline,
        "packs": packs,
        "requests": await approved_of_case(connection, case.case_id, sealing),
        "cited": await announcement_of(connection, case.announcement) if case.announcement else None,
        "actors": await names_of(connection, actors, sealing),
        "sanctions": SANCTIONS,
    }


async def _seen(connection: Connection, visitor: Visitor, case: str) -> Case:
    found = await store.case_of(connection, known_id(case))
    if found is None or not visitor.sees(found.adcode):
        raise UnknownCase
    return found


def _cases(desk: Desk) -> CaseDesk:
    return CaseDesk(desk.door.database, desk.door.sealing)


def _download(content: bytes, name: str, media_type: str) -> Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)
