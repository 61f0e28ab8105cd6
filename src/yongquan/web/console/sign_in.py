"""Staff sign in with login, password and one-time code; the sandbox shows the demo logins'."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.plumbing.clock import wall_now
from yongquan.staff import LockedOut, SignInRefused
from yongquan.staff.service import SESSION_LASTS
from yongquan.web.console.desk import COOKIE, ROOT, Desk, Visitor, desk_routes, inside, require_own_form


def make_sign_in(desk: Desk) -> APIRouter:
    """`/console/sign-in` and `/console/sign-out`."""
    routes = desk_routes()
    authenticator = desk.door.authenticator

    async def page(
        request: Request, back: str, *, login: str = "", error: str = "", until: datetime | None = None
    ) -> Response:
        demo = await authenticator.show(now=wall_now()) if authenticator else []
        facts = {"back": back, "login": login, "error": error, "until": until, "demo": demo}
        status = {"": 200, "locked_out": 429}.get(error, 401)
        return desk.show(request, None, "sign_in.html", facts, status=status)

    @routes.get("/sign-in")
    async def ask(request: Request, back: str = f"{ROOT}/overview") -> Response:
        return await page(request, inside(back))

    @routes.post("/sign-in")
    async def enter(
        request: Request,
        login: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        back: Annotated[str, Form()] = f"{ROOT}/overview",
    ) -> Response:
        require_own_form(request)
        try:
            token = await desk.staff.sign_in(login=login, password=password, code="".join(code.split()), now=wall_now())
        except SignInRefused:
            return await page(request, inside(back), login=login, error="sign_in_refused")
        except LockedOut as locked:
            until = datetime.fromisoformat(str(locked.facts["until"]))
            return await page(request, inside(back), login=login, error="locked_out", until=until)
        answer = RedirectResponse(inside(back), status_code=303)
        answer.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_LASTS.total_seconds()),
            path=ROOT,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post("/sign-out")
    async def leave(request: Request, _: Annotated[Visitor, Depends(desk.guest_poster)]) -> Response:
        await desk.staff.sign_out(request.cookies[COOKIE])
        answer = RedirectResponse(f"{ROOT}/sign-in", status_code=303)
        answer.delete_cookie(COOKIE, path=ROOT)
        return answer

    return routes
