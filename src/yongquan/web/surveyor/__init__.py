"""The pages of those who visit shops for a provider, on their phones."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from yongquan.web.door import Door
from yongquan.web.surveyor.binding import make_binding
from yongquan.web.surveyor.course import make_course
from yongquan.web.surveyor.entrance import Entrance
from yongquan.web.surveyor.route import make_route
from yongquan.web.surveyor.sign_in import make_sign_in
from yongquan.web.surveyor.survey import make_survey
from yongquan.web.surveyor.tasks import make_tasks
from yongquan.web.surveyor.team import make_team

__all__ = ["make_surveyor"]


def make_surveyor(door: Door) -> APIRouter:
    """Every page below `/p`."""
    entrance = Entrance(door)
    routes = APIRouter(prefix="/p", include_in_schema=False)
    for make in (make_sign_in, make_tasks, make_survey, make_route, make_binding, make_course, make_team):
        routes.include_router(make(entrance))

    @routes.get("")
    @routes.get("/")
    async def front() -> RedirectResponse:
        return RedirectResponse("/p/tasks", status_code=303)

    return routes
