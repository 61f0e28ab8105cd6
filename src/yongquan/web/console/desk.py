"""Who sits at the desk: the staff session, its form token, what it may see, and how refusals look."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from yongquan.flows.look_as_auditor import seat_of
from yongquan.flows.statement_files import NoChineseFont
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.clock import wall_now
from yongquan.staff import Forbidden, Role, SignedOut, Staff
from yongquan.vouchers.board import RoundBoard, rounds_on_board
from yongquan.vouchers.documents_search import FoundRound, season_rounds
from yongquan.web.api.problems import PROBLEMS
from yongquan.web.console.words import DeskWords
from yongquan.web.door import Door
from yongquan.web.language import is_inside, speech_of
from yongquan.web.pages import NO_FACTS, render

COOKIE = "yq_staff"
ROOT = "/console"
KEPT_S_MIN = 2.0
# Counters that took t seconds to read are kept 20 t: watching them never costs more than a twentieth of a core.
KEPT_FACTOR = 20
_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A member of staff at the desk; `form_token` must come back with every form."""

    staff: Staff
    form_token: str

    @property
    def places(self) -> tuple[str, ...] | None:
        """The divisions this person sees, None for the whole city. Raises `Forbidden` without any role here."""
        bounds = [grant.adcode for grant in self.staff.grants if grant.institution is None]
        if not bounds:
            raise Forbidden
        return None if None in bounds else tuple(sorted(adcode for adcode in bounds if adcode))

    @property
    def may_audit(self) -> bool:
        """Whether the audit log, which is of the whole city, is open to this person."""
        return self.staff.may(Role.AUDITOR) or self.staff.may(Role.ADMIN)

    @property
    def is_seat(self) -> bool:
        """Whether this person has an auditor's seat and nothing else here."""
        return bool(self.staff.grants) and all(grant.institution is not None for grant in self.staff.grants)

    @property
    def holds_pool(self) -> bool:
        """Whether this person looks at the merchant pool for an institution."""
        return any(grant.role is Role.OPERATOR and grant.institution for grant in self.staff.grants)

    def sees(self, adcode: str | None) -> bool:
        """Whether a campaign or funder of this division (None: the city's own) is this person's business."""
        places = self.places
        return places is None or adcode in places


@dataclass(slots=True)
class Shared(Generic[_Kept]):
    """An answer that all who watch share for a moment, by key."""

    read: Callable[[Any], Awaitable[_Kept]]
    _kept: dict[object, tuple[float, _Kept]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, key: object) -> _Kept:
        """The answer for this key, read again when its moment is over."""
        async with self._turn:
            until, kept = self._kept.get(key, (0.0, None))
            started = time.monotonic()
            if kept is None or started >= until:
                kept = await self.read(key)
                ended = time.monotonic()
                self._kept = {k: v for k, v in self._kept.items() if v[0] > ended}
                self._kept[key] = (ended + max(KEPT_S_MIN, KEPT_FACTOR * (ended - started)), kept)
            return kept

    def forget(self) -> None:
        """Somebody changed something: read it all again."""
        self._kept.clear()


class Desk:
    """What every page of the console needs of a running platform."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.staff = door.staff
        self.rounds: Shared[list[RoundBoard]] = Shared(self._read_rounds)
        self.season: Shared[list[FoundRound]] = Shared(self._read_season)

    def forget(self) -> None:
        """Campaigns changed: whoever looks next reads them again."""
        self.rounds.forget()
        self.season.forget()

    async def visitor(self, request: Request) -> Visitor:
        """Who is signed in. Raises `SignedOut`, and `Forbidden` for staff without a role here."""
        token = request.cookies.get(COOKIE, "")
        if not token or not token.isascii():
            raise SignedOut
        visitor = Visitor(await self.staff.staff_of_session(token, now=wall_now()), form_token(token))
        if visitor.is_seat:
            raise SeatOnly(page="pool" if visitor.holds_pool else "seat")
        _ = visitor.places
        return visitor

    async def guest(self, request: Request) -> Visitor:
        """Who is signed in, an institution's people among them: a page that asks itself whose business it is."""
        token = request.cookies.get(COOKIE, "")
        if not token or not token.isascii():
            raise SignedOut
        return Visitor(await self.staff.staff_of_session(token, now=wall_now()), form_token(token))

    async def guest_poster(self, request: Request, form_token: Annotated[str, Form()] = "") -> Visitor:
        """Who sent a form of this session, an institution's people among them."""
        return _own_form(request, await self.guest(request), form_token)

    async def auditor(self, request: Request) -> Visitor:
        """Who sits in an auditor's seat. Raises `SignedOut`, and `Forbidden` for everybody else."""
        token = request.cookies.get(COOKIE, "")
        if not token or not token.isascii():
            raise SignedOut
        visitor = Visitor(await self.staff.staff_of_session(token, now=wall_now()), form_token(token))
        seat_of(visitor.staff)
        return visitor

    async def poster(self, request: Request, form_token: Annotated[str, Form()] = "") -> Visitor:
        """Who sent a form of this session. Raises `Forbidden` for a form that came from elsewhere."""
        return _own_form(request, await self.visitor(request), form_token)

    def show(
        self,
        request: Request,
        visitor: Visitor | None,
        template: str,
        facts: Mapping[str, object] = NO_FACTS,
        *,
        status: int = 200,
    ) -> Response:
        """A page of the console."""
        said = speech_of(request)
        more = {
            "visitor": visitor,
            "desk_words": DeskWords(said),
            "division": self.door.regions.division,
            "divisions": self.door.regions.divisions,
            "now": self.door.clock.now(),
        }
        return render(request, f"console/{template}", facts, status=status, **more)

    async def _read_season(self, places: object) -> list[FoundRound]:
        bounds = places if isinstance(places, tuple) else None
        async with self.door.database.transaction() as connection:
            return await season_rounds(connection, places=bounds)

    async def _read_rounds(self, places: object) -> list[RoundBoard]:
        bounds = places if isinstance(places, tuple) else None
        async with self.door.database.transaction() as connection:
            return await rounds_on_board(connection, places=bounds)


class DeskRoute(APIRoute):
    """Refusals become pages that a person can read; whoever is signed out is led to the sign-in and back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except SignedOut:
                return _to_sign_in(request)
            except SeatOnly as seat:
                if request.method == "GET":
                    return RedirectResponse(f"{ROOT}/{seat.facts['page']}", status_code=303)
                return _refused(request, "forbidden", 403)
            except Refusal as refusal:
                return _refused(request, refusal.code, PROBLEMS[refusal.code].status, facts=refusal.facts)
            except NoChineseFont:
                return _refused(request, "no_chinese_font", 503)
            except BadInput:
                return _refused(request, "bad_request", 422)

        return handler


def desk_routes() -> APIRouter:
    """A router whose refusals are pages."""
    return APIRouter(route_class=DeskRoute)


def form_token(session_token: str) -> str:
    """The token that forms of a session carry: nobody can make it without the cookie."""
    return hmac.new(session_token.encode(), b"console form", hashlib.sha256).hexdigest()


def require_own_form(request: Request) -> None:
    """Pass a form that one of our own pages sent. Raises `Forbidden`."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("this form came from another site")


def _own_form(request: Request, visitor: Visitor, form_token: str) -> Visitor:
    require_own_form(request)
    if not hmac.compare_digest(form_token.encode(), visitor.form_token.encode()):
        raise Forbidden("this form is not of this session: load the page again")
    return visitor


def inside(back: str) -> str:
    """Where to go on to after a sign-in: a page of the console."""
    return back if is_inside(back) and back.startswith(f"{ROOT}/") else f"{ROOT}/overview"


def show_picture(content: bytes) -> Response:
    """A JPEG for this visitor alone: no cache keeps it."""
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


def known_id(text: str) -> UUID:
    """An id out of an address. Raises `Missing`."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Missing from error


class SeatOnly(Refusal):
    """An auditor's seat opens its own pages only."""

    code = "forbidden"


class Missing(Refusal):
    """There is no such thing, or not for this person."""

    code = "not_found"


def _to_sign_in(request: Request) -> Response:
    back = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": f"{ROOT}/sign-in"})
    return RedirectResponse(f"{ROOT}/sign-in?back={back}", status_code=303)


def _refused(request: Request, code: str, status: int, *, facts: Mapping[str, object] = NO_FACTS) -> Response:
    short = {"funder": facts.get("funder_id"), "short_fen": facts.get("short_fen")} if code == "funds_short" else None
    known = {"visitor": None, "desk_words": DeskWords(speech_of(request)), "code": code, "short": short}
    return render(request, "console/refused.html", known, status=status)
