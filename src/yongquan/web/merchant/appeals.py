"""A shop's appeal against a hold on its phone: what is held and why, its words and pictures, the answer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from yongquan.flows.appeal_hold import PHOTOS_MAX, STANDING, AppealDesk
from yongquan.flows.day_desk import DayDesk
from yongquan.flows.space_parties import BadField, NotInSpace
from yongquan.kernel.errors import Refusal
from yongquan.merchants.applications.photos import UPLOAD_MAX, NotAPhoto
from yongquan.payments.hold_appeals import appeals_of
from yongquan.payments.holds import hold_of
from yongquan.web.case_words import APPEAL_STATES, CaseWords
from yongquan.web.language import speech_of
from yongquan.web.merchant.store_pages import Space


def make_appeals(space: Space) -> APIRouter:
    """`/m/money/holds/<id>`."""
    routes = APIRouter()
    door, sessions = space.door, space.sessions
    desk = AppealDesk(DayDesk(door.database, door.clock, door.links, door.cells), door.sealing)

    async def page(
        request: Request,
        who: UUID,
        hold_id: UUID,
        *,
        fault: BadField | None = None,
        error: str = "",
        photo_fault: str = "",
        typed: dict[str, str] | None = None,
    ) -> Response:
        async with door.database.transaction() as connection:
            hold = await hold_of(connection, hold_id)
            appeals = (await appeals_of(connection, [hold_id])).get(hold_id, [])
        if hold is None or hold.store_id != who or hold.state.value in {"proposed", "refused"}:
            raise NotInSpace
        waits = any(one.state == "open" for one in appeals)
        facts = {
            "hold": hold,
            "appeals": appeals,
            "may_appeal": hold.state in STANDING and not waits,
            "photos_max": PHOTOS_MAX,
            "photo_fault": photo_fault,
            "case_words": CaseWords(speech_of(request)),
            "states": APPEAL_STATES,
        }
        return await space.show(request, who, "appeal.html", facts, fault=fault, error=error, typed=typed)

    @routes.get("/money/holds/{hold}")
    async def one(request: Request, who: Annotated[UUID, Depends(sessions.page)], hold: UUID) -> Response:
        return await page(request, who, hold)

    @routes.post("/money/holds/{hold}")
    async def send(request: Request, who: Annotated[UUID, Depends(sessions.page)], hold: UUID) -> Response:
        async with request.form(max_files=PHOTOS_MAX + 1, max_part_size=UPLOAD_MAX + 1) as sent:
            typed = {name: str(sent.get(name, "")).strip() for name in ("body", "key")}
            files = [file for file in sent.getlist("photos") if isinstance(file, UploadFile) and file.filename]
            photos = [await file.read(UPLOAD_MAX + 1) for file in files]
        try:
            key = UUID(typed["key"])
            await desk.appeal(who, hold, typed["body"], photos, key=key, now=door.clock.now())
        except BadField as fault:
            return await page(request, who, hold, fault=fault, typed=typed)
        except NotAPhoto as no:
            return await page(request, who, hold, photo_fault=no.why, typed=typed)
        except (Refusal, ValueError) as no:
            code = no.code if isinstance(no, Refusal) else "forbidden_move"
            return await page(request, who, hold, error=code, typed=typed)
        return RedirectResponse(f"/m/money/holds/{hold}", status_code=303)

    return routes
