"""The course on the phone: what to know, the test, and until when it counts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.merchants.providers.course import LESSONS, PASS_SCORE, QUESTIONS
from yongquan.merchants.providers.model import Surveyor
from yongquan.merchants.providers.training import TooManyTests, exam_records, trained_until
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.fresh import fresh_id
from yongquan.web.surveyor.entrance import Entrance, known_id, phone_routes


def make_course(entrance: Entrance) -> APIRouter:
    """`/p/course`."""
    routes = phone_routes()
    door = entrance.door

    async def page(
        request: Request, who: Surveyor, *, error: str = "", given: dict[str, str] | None = None
    ) -> Response:
        today = business_day(door.clock.now())
        async with door.database.transaction() as connection:
            until = (await trained_until(connection, [who.surveyor_id], today)).get(who.surveyor_id)
            records = await exam_records(connection, [who.surveyor_id])
        facts = {
            "lessons": LESSONS,
            "questions": QUESTIONS,
            "pass_score": PASS_SCORE,
            "until": until,
            "records": records,
            "key": fresh_id().hex,
            "error": error,
            "given": given or {},
        }
        return entrance.show(request, who, "course.html", facts, status=422 if error else 200)

    @routes.get("/course")
    async def course(request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)]) -> Response:
        return await page(request, who)

    @routes.post("/course")
    async def test(request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)]) -> Response:
        form = await request.form()
        given = {name: str(value) for name, value in form.items()}
        test_id = known_id(given.get("key", ""))
        answers = [given.get(f"q{number}", "") for number in range(1, len(QUESTIONS) + 1)]
        if test_id is None or not all(answer.isdecimal() for answer in answers):
            return await page(request, who, error="unanswered", given=given)
        now = door.clock.now()
        try:
            await entrance.providers.take_test(who.surveyor_id, test_id, [int(a) for a in answers], now=now)
        except TooManyTests as refusal:
            return await page(request, who, error=refusal.code, given=given)
        return RedirectResponse("/p/course#result", status_code=303)

    return routes
