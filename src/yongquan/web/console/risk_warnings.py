"""Warnings that were published: what, to whom, and what each institution found."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from yongquan.institutions.apps_store import apps
from yongquan.risk.warnings.model import REASONS, WarningKind
from yongquan.risk.warnings.store import published, verdict_counts
from yongquan.web.console.desk import Desk, Visitor, desk_routes
from yongquan.web.console.risk_institutions import require_city
from yongquan.web.language import Language, speech_of

LISTED = 100
Kind = Literal["", "gambling_merchant", "relocated_terminal", "gang_cash_out"]
Said = Literal["", "unread", "seen", "confirmed", "false"]


def make_risk_warnings(desk: Desk) -> APIRouter:
    """`/console/risk/warnings`, for the whole city's staff."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/risk/warnings")
    async def warnings(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        kind: Kind = "",
        said: Said = "",
        institution: Annotated[str, Query(max_length=40)] = "",
    ) -> Response:
        require_city(visitor)
        async with door.database.transaction() as connection:
            found = await published(
                connection, door.sealing, kind=kind, institution=institution, verdict=said, limit=LISTED
            )
            counts = await verdict_counts(connection)
            names = {app.institution: app for app in await apps(connection)}
        place = 1 if speech_of(request).language is Language.ENGLISH else 0
        texts = {(one.value, code): text[place] for one, words in REASONS.items() for code, text in words.items()}
        facts = {"found": found, "counts": counts, "kinds": list(WarningKind), "names": names, "texts": texts}
        asked = {"kind": kind, "said": said, "institution": institution, "listed": LISTED}
        return desk.show(request, visitor, "risk_warnings.html", facts | asked)

    return routes
