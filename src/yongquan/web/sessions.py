"""Who looks at a page: a bearer token in a cookie that scripts cannot read.

The API stays bearer-only, so that no other site can make a browser pay by sending its cookies along. A page's
script that calls the API asks `/c/token` or `/m/token` for a token of a few minutes: the cookie itself never reaches
a script, no page's HTML holds a credential that a cache could keep, and what a script could leak soon ends.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.tokens import Bearer, Holder, Tokens
from yongquan.web.api.wire import Refused

SCRIPT_TOKEN_LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one kind of holder, whose pages all begin with `root`.

    `is_framed`: the pages may stand in a frame of another site, where only a partitioned cookie is sent.
    """

    tokens: Tokens
    holder: Holder
    cookie: str
    root: str
    is_framed: bool = False

    def open(self, request: Request, answer: Response, token: str, *, lasts: timedelta) -> None:
        """Keep a token in the browser."""
        if self.is_framed and request.url.scheme == "https":
            limits = f"Max-Age={int(lasts.total_seconds())}; Path={self.root}"
            answer.headers.append(
                "set-cookie", f"{self.cookie}={token}; {limits}; HttpOnly; Secure; SameSite=None; Partitioned"
            )
            return
        answer.set_cookie(
            self.cookie,
            token,
            max_age=int(lasts.total_seconds()),
            path=self.root,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def take_over(self, request: Request, answer: Response, other: "Sessions") -> None:
        """Open a session of this kind for whoever is signed in by another, until that one ends."""
        bearer = other.bearer_of(request)
        if bearer is not None:
            ends = datetime.fromtimestamp(bearer.expires_at, UTC)
            token = self.tokens.issue(self.holder, UUID(hex=bearer.id_hex), expires_at=ends)
            self.open(request, answer, token, lasts=ends - wall_now())

    def close(self, answer: Response) -> None:
        """Forget it."""
        answer.delete_cookie(self.cookie, path=self.root)

    def read(self, token: str) -> Bearer | None:
        """The bearer of a token of this kind, None if it is no good."""
        bearer = self.tokens.read(token.encode(), now=wall_now().timestamp())
        return bearer if bearer is not None and bearer.holder is self.holder else None

    def bearer_of(self, request: Request) -> Bearer | None:
        """Who is signed in, if anybody is."""
        return self.read(request.cookies.get(self.cookie, ""))

    def seen(self, request: Request) -> UUID | None:
        """The holder's id, if anybody is signed in."""
        bearer = self.bearer_of(request)
        return UUID(hex=bearer.id_hex) if bearer else None

    def page(self, request: Request) -> UUID:
        """The holder's id; others are led to the sign-in page and back."""
        found = self.seen(request)
        if found is None:
            back = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
            raise HTTPException(303, headers={"Location": f"{self.root}/sign-in?back={back}"})
        return found

    def script(self, request: Request) -> UUID:
        """The holder's id, for calls of our own scripts. Raises `Refused`."""
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise Refused("forbidden", "this address answers its own pages only")
        found = self.seen(request)
        if found is None:
            raise Refused("unauthorized")
        return found

    def make_token_route(self) -> APIRouter:
        """`GET token`: a bearer token of five minutes for the scripts of our own pages."""
        routes = APIRouter(include_in_schema=False)

        @routes.get("/token")
        async def token(
            request: Request, who: Annotated[UUID, Depends(self.script)], answer: Response
        ) -> dict[str, object]:
            answer.headers["Cache-Control"] = "no-store"
            session = self.bearer_of(request)
            ends = int((wall_now() + SCRIPT_TOKEN_LASTS).timestamp())
            if session is not None:
                ends = min(ends, session.expires_at)
            token = self.tokens.issue(self.holder, who, expires_at=datetime.fromtimestamp(ends, UTC))
            return {"token": token, "lasts_s": max(0, ends - int(wall_now().timestamp()))}

        return routes
