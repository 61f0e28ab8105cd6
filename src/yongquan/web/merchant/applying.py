"""A shop's application on the phone: a step a screen, kept as it is typed; the review; status, reasons, appeal."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from yongquan.citizens.store import phones_of
from yongquan.flows.onboard_merchant import Sheet, UnknownApplication
from yongquan.flows.publish_announcement import AnnouncementChanged
from yongquan.institutions.views import parties
from yongquan.kernel.errors import Outage
from yongquan.merchants.applications.model import (
    EDITABLE,
    FIELDS,
    MOVES,
    STEPS,
    ForbiddenMove,
    Incomplete,
    State,
    faults_of,
    steps_of,
)
from yongquan.merchants.applications.photos import UPLOAD_MAX, NotAPhoto
from yongquan.merchants.identity.model import NotACode, Record
from yongquan.merchants.matching.coordinates import gcj_to_wgs, wgs_to_gcj
from yongquan.risk.announcements.store import in_force
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.merchant.space import ROOT
from yongquan.web.merchant.space_words import MENDED_AT, SPACE_WORDS, SpaceWords
from yongquan.web.pages import SECURITY_HEADERS, render, said
from yongquan.web.sessions import Sessions
from yongquan.web.words import INDUSTRIES

PHOTOS = {"photo": ("licence", "licence_photo"), "letter": ("letter", "letter_photo")}
GCJ = "gcj02"
HERE = "/space/applications/{application_id}"


def make_applying(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/space/applications/<id>` and its steps."""
    routes = APIRouter()
    for make in (_make_status, _make_ends, _make_photos, _make_steps):  # the steps' address takes any name: last
        routes.include_router(make(door, sessions))
    return routes


def _make_status(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter(prefix=HERE)

    @routes.get("")
    async def status(request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID) -> Response:
        try:
            sheet = await door.onboarding.sheet(who, application_id)
        except UnknownApplication:
            return render(request, "merchant/space_missing.html", status=404)
        return _status(request, sheet)

    @routes.get("/review")
    async def review(request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID) -> Response:
        try:
            sheet = await door.onboarding.sheet(who, application_id)
        except UnknownApplication:
            return render(request, "merchant/space_missing.html", status=404)
        if sheet.application.state not in EDITABLE:
            return RedirectResponse(f"{ROOT}/applications/{application_id}", status_code=303)
        return await _review(door, request, who, sheet)

    @routes.post("/review")
    async def send(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        application_id: UUID,
        announcement: Annotated[int, Form()] = 0,
    ) -> Response:
        try:
            await door.onboarding.submit(who, application_id, accepts=announcement, now=door.clock.now())
        except UnknownApplication:
            return render(request, "merchant/space_missing.html", status=404)
        except (Incomplete, ForbiddenMove, AnnouncementChanged) as no:
            sheet = await door.onboarding.sheet(who, application_id)
            return await _review(door, request, who, sheet, no=no)
        await door.merchant_checks.check(application_id)
        return RedirectResponse(f"{ROOT}/applications/{application_id}", status_code=303)

    return routes


def _make_ends(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter(prefix=HERE)

    @routes.post("/withdraw")
    async def withdraw(who: Annotated[UUID, Depends(sessions.page)], application_id: UUID) -> Response:
        await door.onboarding.withdraw(who, application_id, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/applications/{application_id}", status_code=303)

    @routes.post("/appeal")
    async def appeal(request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID) -> Response:
        text = str((await request.form()).get("appeal", ""))
        try:
            await door.onboarding.appeal(who, application_id, text, now=door.clock.now())
        except Incomplete:
            return _status(request, await door.onboarding.sheet(who, application_id), appeal=text)
        return RedirectResponse(f"{ROOT}/applications/{application_id}", status_code=303)

    @routes.post("/field")
    async def keep_field(
        request: Request, who: Annotated[UUID, Depends(sessions.script)], application_id: UUID
    ) -> Response:
        sent = await request.form()
        typed = {name: str(text) for name, text in sent.items() if name in FIELDS}
        await door.onboarding.save(who, application_id, typed, now=door.clock.now())
        return Response(status_code=204)

    return routes


def _make_photos(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter(prefix=HERE)

    @routes.get("/photos/{photo_id}")
    async def photo(who: Annotated[UUID, Depends(sessions.page)], application_id: UUID, photo_id: UUID) -> Response:
        media_type, content = await door.onboarding.photo(who, application_id, photo_id)
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store"}
        return Response(content, media_type=media_type, headers=headers)

    return routes


def _make_steps(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter(prefix=HERE)

    @routes.get("/{step}")
    async def ask(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID, step: str
    ) -> Response:
        if step not in STEPS:
            return render(request, "merchant/space_missing.html", status=404)
        try:
            sheet = await door.onboarding.sheet(who, application_id)
        except UnknownApplication:
            return render(request, "merchant/space_missing.html", status=404)
        if sheet.application.state not in EDITABLE:
            return RedirectResponse(f"{ROOT}/applications/{application_id}", status_code=303)
        return await _step(door, request, who, sheet, step)

    @routes.post("/{step}")
    async def keep(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID, step: str
    ) -> Response:
        if step not in STEPS:
            return render(request, "merchant/space_missing.html", status=404)
        now = door.clock.now()
        try:
            typed, upload = await _read(request, step)
            fields = await door.onboarding.save(who, application_id, typed, now=now)
            if upload:
                kind, name = PHOTOS[step]
                photo_id = await door.onboarding.keep_photo(who, application_id, kind, upload, now=now)
                fields = {**fields, name: str(photo_id)}
        except NotAPhoto as no:
            sheet = await door.onboarding.sheet(who, application_id)
            return await _step(door, request, who, sheet, step, faults={PHOTOS[step][1]: no.why})
        except UnknownApplication:
            return render(request, "merchant/space_missing.html", status=404)
        sheet = await door.onboarding.sheet(who, application_id)
        faults = faults_of(fields, [step])
        if "look" in request.query_params:
            return await _look(door, request, who, sheet)
        if faults:
            return await _step(door, request, who, sheet, step, faults=faults)
        return RedirectResponse(f"{ROOT}/applications/{application_id}/{_after(fields, step)}", status_code=303)

    return routes


async def _read(request: Request, step: str) -> tuple[dict[str, str], bytes]:
    async with request.form(max_files=2, max_part_size=UPLOAD_MAX + 1) as sent:
        typed = {name: part for name in STEPS[step] if isinstance(part := sent.get(name), str)}
        file = sent.get(PHOTOS[step][1]) if step in PHOTOS else None
        upload = await file.read(UPLOAD_MAX + 1) if isinstance(file, UploadFile) else b""
        is_shifted = sent.get("system") == GCJ
    if is_shifted and "lon" in typed:
        typed |= _unshifted(typed["lon"], typed.get("lat", ""))
    return typed, upload


def _unshifted(lon: str, lat: str) -> dict[str, str]:
    """A place of GCJ-02 in WGS-84; what is no number stays as it was typed."""
    try:
        there = gcj_to_wgs(np.array(float(lon)), np.array(float(lat)))
    except ValueError:
        return {"lon": lon, "lat": lat}
    return {"lon": f"{float(there[0]):.6f}", "lat": f"{float(there[1]):.6f}"}


def _shifted(fields: Mapping[str, str]) -> str:
    """The place as Chinese map services have it, empty where there is none."""
    try:
        there = wgs_to_gcj(np.array(float(fields.get("lon", ""))), np.array(float(fields.get("lat", ""))))
    except ValueError:
        return ""
    return f"{float(there[0]):.6f}, {float(there[1]):.6f}"


def _after(fields: Mapping[str, str], step: str) -> str:
    steps = steps_of(fields)
    later = steps[steps.index(step) + 1 :] if step in steps else ()
    return later[0] if later else "review"


async def _look(door: Door, request: Request, who: UUID, sheet: Sheet) -> Response:
    record: Record | None = None
    try:
        record = await door.onboarding.look_up(sheet.fields.get("licence_no", ""))
        looked = "found" if record else "unknown"
    except NotACode:
        return await _step(door, request, who, sheet, "licence", faults={"licence_no": "malformed"})
    except Outage:
        looked = "silent"
    return await _step(door, request, who, sheet, "licence", record=record, looked=looked)


async def _step(
    door: Door,
    request: Request,
    who: UUID,
    sheet: Sheet,
    step: str,
    *,
    faults: Mapping[str, str] | None = None,
    record: Record | None = None,
    looked: str = "",
) -> Response:
    facts = await _facts(door, request, who, sheet)
    steps = steps_of(sheet.fields)
    facts |= {
        "step": step,
        "number": steps.index(step) + 1 if step in steps else len(steps),
        "before": steps[steps.index(step) - 1] if step in steps and steps.index(step) else "",
        "faults": faults or {},
        "record": record,
        "looked": looked,
        "shifted": _shifted(sheet.fields),
        "sentences": said(speech_of(request), SPACE_WORDS),
    }
    return render(request, f"merchant/apply_{step}.html", facts, status=422 if faults else 200)


async def _review(
    door: Door,
    request: Request,
    who: UUID,
    sheet: Sheet,
    *,
    no: Incomplete | ForbiddenMove | AnnouncementChanged | None = None,
) -> Response:
    facts = await _facts(door, request, who, sheet)
    async with door.database.transaction() as connection:
        facts |= {"announcement": await in_force(connection), "has_new": isinstance(no, AnnouncementChanged)}
    facts |= {"faults": faults_of(sheet.fields), "is_unchanged": isinstance(no, ForbiddenMove)}
    facts["shifted"] = _shifted(sheet.fields)
    return render(request, "merchant/apply_review.html", facts, status=422 if no else 200)


async def _facts(door: Door, request: Request, who: UUID, sheet: Sheet) -> dict[str, Any]:
    async with door.database.transaction() as connection:
        names = await parties(connection)
        phones = await phones_of(connection, [who], door.sealing, cells=door.cells)
    acquirers = door.links.registry.acquirers if door.links.registry else ()
    return {
        "one": sheet.application,
        "fields": _Blank(sheet.fields),
        "steps": steps_of(sheet.fields),
        "phone": phones.get(who, ""),
        "acquirers": acquirers,
        "names": names,
        "industries": INDUSTRIES,
        "space_words": SpaceWords(speech_of(request)),
        "division": door.regions.division,
        "root": f"{ROOT}/applications/{sheet.application.application_id}",
    }


def _status(request: Request, sheet: Sheet, *, appeal: str | None = None) -> Response:
    last = sheet.decisions[-1] if sheet.decisions else None
    facts = {
        "one": sheet.application,
        "decisions": sheet.decisions,
        "last": last,
        "fields": _Blank(sheet.fields),
        "mend_at": MENDED_AT.get(last.reason, "review") if last else "review",
        "may_withdraw": State.WITHDRAWN in MOVES[sheet.application.state],
        "appeal": appeal or "",
        "appeal_wrong": appeal is not None,
        "space_words": SpaceWords(speech_of(request)),
        "root": f"{ROOT}/applications/{sheet.application.application_id}",
    }
    return render(request, "merchant/apply_status.html", facts, status=422 if appeal is not None else 200)


class _Blank(dict[str, str]):
    """What was typed; what was not is empty."""

    def __missing__(self, name: str) -> str:
        return ""
