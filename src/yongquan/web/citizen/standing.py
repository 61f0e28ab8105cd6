"""What stands against a citizen's account in general words, an objection to it, and what became of it."""

import time
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from yongquan.flows.object_to_risk import ObjectionDesk
from yongquan.merchants.applications.photos import UPLOAD_MAX, NotAPhoto
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.limits import RateLimit
from yongquan.risk.objections.model import PHOTOS_MAX, NothingHeld, ObjectionIncomplete, ObjectionOpen
from yongquan.web import objection_words
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.objection_words import ObjectionWords
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

PAGE = "/c/standing"
# A citizen may send five forms at once, then one each ten minutes.
_SENT_PER_S, _SENT_AT_ONCE = 1 / 600, 5


def make_standing(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/standing`."""
    routes = APIRouter()
    desk, limit = ObjectionDesk(door.lists), RateLimit(per_second=_SENT_PER_S, burst=_SENT_AT_ONCE)

    async def page(
        request: Request, who: UUID, typed: Mapping[str, str], faults: Mapping[str, str], *, status: int = 200
    ) -> Response:
        against, sent = await desk.standing(who, now=door.clock.now())
        facts: dict[str, object] = {
            "held": against.held,
            "objections": sent,
            "waits": any(one.state == "open" for one in sent),
            "typed": {"reason": typed.get("reason", ""), "key": typed.get("key") or str(fresh_id())},
            "faults": faults,
            "photos_max": PHOTOS_MAX,
            "said": ObjectionWords(speech_of(request)),
            "lists": objection_words,
        }
        return render(request, "citizen/standing.html", facts, status=status)

    @routes.get("/standing")
    async def standing(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await page(request, who, {}, {})

    @routes.post("/standing")
    async def send(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        if not limit.allows(str(who), time.monotonic()):
            return await page(request, who, {}, {"form": "too_often"}, status=429)
        typed, photos = await _read(request)
        try:
            await desk.object(who, typed["reason"], photos, key=UUID(typed["key"]), now=door.clock.now())
        except ObjectionIncomplete as no:
            return await page(request, who, typed, no.faults, status=422)
        except NotAPhoto as no:
            return await page(request, who, typed, {"photos": no.why}, status=422)
        except (NothingHeld, ObjectionOpen) as no:
            return await page(request, who, typed, {"form": no.code}, status=409)
        except ValueError:
            return await page(request, who, {**typed, "key": ""}, {"form": "missing"}, status=422)
        return RedirectResponse(PAGE, status_code=303)

    return routes


async def _read(request: Request) -> tuple[dict[str, str], list[bytes]]:
    async with request.form(max_files=PHOTOS_MAX + 1, max_part_size=UPLOAD_MAX + 1) as sent:
        typed = {name: str(sent.get(name, "")).replace("\r\n", "\n").strip() for name in ("reason", "key")}
        files = [file for file in sent.getlist("photos") if isinstance(file, UploadFile) and file.filename]
        return typed, [await file.read(UPLOAD_MAX + 1) for file in files]
