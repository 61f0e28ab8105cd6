"""Tips from the public: the form, its receipt, and the status by receipt number; without an account, or with one.

Whoever is signed in as a citizen has the same pages below `/c`, and a list of their own tips.
"""

import time
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from yongquan.flows.take_tip import TipDesk, TipIncomplete
from yongquan.merchants.applications.photos import UPLOAD_MAX, NotAPhoto
from yongquan.plumbing.fresh import fresh_secret
from yongquan.plumbing.limits import RateLimit
from yongquan.risk.announcements.store import announcement_of, in_force
from yongquan.risk.tips.model import PHOTOS_MAX, NewTip
from yongquan.risk.tips.store import tips_of_citizen
from yongquan.web import case_words
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

_FIELDS = ("kind", "subject", "told", "contact", "key")
# A caller may send five tips at once, then one each ten minutes; receipts may be looked up more often.
_SENT_PER_S, _SENT_AT_ONCE = 1 / 600, 5
_LOOKED_PER_S, _LOOKED_AT_ONCE = 1 / 20, 20


class Limits:
    """How often one caller sends tips and looks receipts up, and all callers together send, in this process."""

    def __init__(self) -> None:
        self._sent = RateLimit(per_second=_SENT_PER_S, burst=_SENT_AT_ONCE)
        self._looked = RateLimit(per_second=_LOOKED_PER_S, burst=_LOOKED_AT_ONCE)
        self._all = RateLimit(per_second=2, burst=60)

    def may_send(self, caller: str) -> bool:
        now = time.monotonic()
        return self._sent.allows(caller, now) and self._all.allows("all", now)

    def may_look(self, caller: str) -> bool:
        return self._looked.allows(caller, time.monotonic())


def make_tips(door: Door) -> APIRouter:
    """`/tips` for everybody, and `/announcement`."""
    routes = APIRouter(include_in_schema=False)
    _add(routes, door, Limits(), root="", sessions=None)
    _add_announcement(routes, door)
    return routes


def make_citizen_tips(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/tips`: the same with the citizen's own list."""
    routes = APIRouter()
    _add(routes, door, Limits(), root="/c", sessions=sessions)
    return routes


def _add(routes: APIRouter, door: Door, limits: Limits, *, root: str, sessions: Sessions | None) -> None:
    desk = TipDesk(door.database, door.sealing)

    def page(
        request: Request, typed: Mapping[str, str], faults: Mapping[str, str], *, mine: object = (), status: int = 200
    ) -> Response:
        shown = {name: typed.get(name, "") for name in _FIELDS}
        # Nobody may guess the key of another's form: the receipt follows from it.
        shown["key"] = shown["key"] or fresh_secret().hex()[:32]
        facts = {"typed": shown, "faults": faults, "root": root, "mine": mine, "photos_max": PHOTOS_MAX}
        return render(request, "citizen/tips.html", facts | _words(request), status=status)

    def who(request: Request) -> UUID | None:
        return sessions.page(request) if sessions is not None else None

    @routes.get("/tips")
    async def form(request: Request, citizen: Annotated[UUID | None, Depends(who)]) -> Response:
        mine: list[object] = []
        if citizen is not None:
            async with door.database.transaction() as connection:
                mine = [*await tips_of_citizen(connection, citizen, door.sealing)]
        return page(request, {}, {}, mine=mine)

    @routes.post("/tips")
    async def send(request: Request, citizen: Annotated[UUID | None, Depends(who)]) -> Response:
        if not limits.may_look(_caller(request)):
            return page(request, {}, {"form": "too_often"}, status=429)  # before anything large is read
        typed, photos = await _read(request)
        tip = NewTip(kind=typed["kind"], subject=typed["subject"], told=typed["told"], contact=typed["contact"])
        if tip.faults():
            return page(request, typed, tip.faults(), status=422)
        if not limits.may_send(_caller(request)):
            return page(request, typed, {"form": "too_often"}, status=429)
        try:
            key = UUID(typed["key"])
            receipt = await desk.send(tip, photos, key=key, citizen_id=citizen, now=door.clock.now())
        except TipIncomplete as no:
            return page(request, typed, no.faults, status=422)
        except NotAPhoto as no:
            return page(request, typed, {"photos": no.why}, status=422)
        except ValueError:
            return page(request, {**typed, "key": ""}, {"form": "missing"}, status=422)
        return render(request, "citizen/tip_sent.html", {"receipt": receipt, "root": root} | _words(request))

    _add_status(routes, desk, limits, root=root)


def _add_status(routes: APIRouter, desk: TipDesk, limits: Limits, *, root: str) -> None:
    @routes.post("/tips/status")
    async def status(
        request: Request,
        receipt: Annotated[str, Form(max_length=40)] = "",
    ) -> Response:
        is_allowed = limits.may_look(_caller(request))
        tip = await desk.status(receipt) if is_allowed else None
        fault = "" if tip else "unknown" if is_allowed else "too_often"
        facts = {"tip": tip, "typed": receipt, "fault": fault, "root": root} | _words(request)
        return render(request, "citizen/tip_status.html", facts, status=200 if tip else 404 if is_allowed else 429)

    @routes.get("/tips/status")
    async def ask(request: Request) -> Response:
        facts = {"tip": None, "typed": "", "fault": "", "root": root} | _words(request)
        return render(request, "citizen/tip_status.html", facts)


def _add_announcement(routes: APIRouter, door: Door) -> None:
    @routes.get("/announcement")
    async def standing(request: Request) -> Response:
        async with door.database.transaction() as connection:
            found = await in_force(connection)
        return render(request, "citizen/announcement.html", {"one": found, "is_standing": True})

    @routes.get("/announcement/{version}")
    async def one(request: Request, version: int) -> Response:
        async with door.database.transaction() as connection:
            latest = await in_force(connection)
            found = await announcement_of(connection, version) if 0 < version < 10_000 else None
        if found is None or found.state != "published":
            return RedirectResponse("/announcement", status_code=303)
        is_standing = latest is not None and latest.version == version
        return render(request, "citizen/announcement.html", {"one": found, "is_standing": is_standing})


def _caller(request: Request) -> str:
    return request.client.host if request.client else ""


async def _read(request: Request) -> tuple[dict[str, str], list[bytes]]:
    async with request.form(max_files=PHOTOS_MAX + 1, max_part_size=UPLOAD_MAX + 1) as sent:
        typed = {name: str(sent.get(name, "")).strip() for name in _FIELDS}
        files = [file for file in sent.getlist("photos") if isinstance(file, UploadFile) and file.filename]
        photos = [await file.read(UPLOAD_MAX + 1) for file in files]
    return typed, photos


def _words(request: Request) -> dict[str, object]:
    return {"case_words": case_words.CaseWords(speech_of(request)), "lists": case_words}
