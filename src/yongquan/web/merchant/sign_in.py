"""A till signs in with its store's token, pasted or behind the `#` of a link (which no server log sees)."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.plumbing.clock import wall_now
from yongquan.web.language import is_inside
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions


def make_sign_in(sessions: Sessions) -> APIRouter:
    """`/m/sign-in` and `/m/sign-out`."""
    routes = APIRouter()

    @routes.get("/sign-in")
    async def ask(request: Request, back: str = "/m/till") -> Response:
        return render(request, "merchant/sign_in.html", back=back, wrong=False)

    @routes.post("/sign-in")
    async def enter(
        request: Request, token: Annotated[str, Form()], back: Annotated[str, Form()] = "/m/till"
    ) -> Response:
        given = token.strip()
        bearer = sessions.read(given) if given.isascii() else None
        if bearer is None:
            return render(request, "merchant/sign_in.html", status=422, back=back, wrong=True)
        answer = RedirectResponse(back if is_inside(back) else "/m/till", status_code=303)
        sessions.open(request, answer, given, lasts=timedelta(seconds=bearer.expires_at - int(wall_now().timestamp())))
        return answer

    @routes.post("/sign-out")
    async def leave() -> Response:
        answer = RedirectResponse("/m/sign-in", status_code=303)
        sessions.close(answer)
        return answer

    return routes
