"""`/console/surveys`: records of visits, what asks for a second look, their photos, and the decision."""

import csv
import io
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.survey_shops import SEALED_AS, SurveyDesk
from yongquan.kernel.errors import Refusal
from yongquan.merchants.surveys.model import SurveyState, SurveyStep
from yongquan.merchants.surveys.store import (
    Survey,
    photo_of,
    photos_of,
    picture_of,
    survey_counts,
    survey_of,
    surveys_listed,
)
from yongquan.web import field_words
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id, show_picture

NEW_SHOPS_MAX = 10_000
_COLUMNS = ("id", "name", "address", "phone", "category", "lon", "lat")


def make_surveys(desk: Desk) -> APIRouter:
    """The pages."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/surveys")
    async def listed(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        state: Literal["receiving", "submitted", "returned", "accepted"] = "submitted",
    ) -> Response:
        async with door.database.transaction() as connection:
            counts = await survey_counts(connection, places=visitor.places)
            rows = await surveys_listed(connection, states=[SurveyState(state)], places=visitor.places)
        facts = {"rows": rows, "counts": counts, "state": state, "field_words": field_words}
        return desk.show(request, visitor, "surveys.html", facts)

    @routes.get("/surveys/new-shops.csv")
    async def new_shops(visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with door.database.transaction() as connection:
            rows = await surveys_listed(
                connection,
                states=[SurveyState.ACCEPTED],
                only_new_shops=True,
                places=visitor.places,
                limit=NEW_SHOPS_MAX,
            )
        headers = {"Content-Disposition": 'attachment; filename="new-shops.csv"'}
        return Response(_as_list(rows), media_type="text/csv; charset=utf-8", headers=headers)

    _add_one(routes, desk)
    return routes


def _add_one(routes: APIRouter, desk: Desk) -> None:
    door = desk.door
    surveys = SurveyDesk(door.database, door.sealing)

    async def page(request: Request, visitor: Visitor, survey: str, *, error: str = "", reason: str = "") -> Response:
        found = await _seen(desk, visitor, survey)
        async with door.database.transaction() as connection:
            photos = await photos_of(connection, found.photos)
            others = {photo.photo_id: await photo_of(connection, photo.same_as) for photo in photos if photo.same_as}
        facts = {
            "survey": found,
            "photos": photos,
            "others": others,
            "field_words": field_words,
            "error": error,
            "reason": reason,
        }
        return desk.show(request, visitor, "survey.html", facts, status=422 if error else 200)

    @routes.get("/surveys/{survey}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], survey: str) -> Response:
        return await page(request, visitor, survey)

    @routes.get("/surveys/{survey}/photos/{photo}")
    async def picture(visitor: Annotated[Visitor, Depends(desk.visitor)], survey: str, photo: str) -> Response:
        found = await _seen(desk, visitor, survey)
        async with door.database.transaction() as connection:
            known = await photo_of(connection, known_id(photo))
            sealed = await picture_of(connection, known.photo_id) if known else None
        if known is None or known.survey_id != found.survey_id or sealed is None:
            raise Missing
        content = door.sealing.open_bytes(sealed, what=SEALED_AS)
        return show_picture(content)

    @routes.post("/surveys/{survey}/decision")
    async def decide(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        survey: str,
        step: Annotated[Literal["accept", "return"], Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            await surveys.decide(visitor.staff, known_id(survey), SurveyStep(step), reason, now=door.clock.now())
        except Refusal as refusal:
            if refusal.code not in {"note_missing", "forbidden_move"}:
                raise
            return await page(request, visitor, survey, error=refusal.code, reason=reason)
        return RedirectResponse(f"{ROOT}/surveys/{survey}", status_code=303)


async def _seen(desk: Desk, visitor: Visitor, survey: str) -> Survey:
    """A record of a division that this person sees. Raises `Missing`."""
    async with desk.door.database.transaction() as connection:
        found = await survey_of(connection, known_id(survey))
    if found is None or not (found.grid_code is None or visitor.sees(found.grid_code[:6])):
        raise Missing
    return found


def _as_list(rows: list[Survey]) -> bytes:
    """New shops in the columns that `yongquan merchants dedupe` and imports read."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(_COLUMNS)
    for row in rows:
        said = row.answers
        values = [said["name"], said["address"], said["phone"], said["industry"]]
        lines.writerow([row.survey_id, *map(_plain, values), row.lon or "", row.lat or ""])
    return written.getvalue().encode("utf-8-sig")


def _plain(text: str) -> str:
    # A spreadsheet would take it for a formula.
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
