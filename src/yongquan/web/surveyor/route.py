"""The day's route on the phone: in order as a list, and on a map."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.route_surveyor import RoutedDay, route_of
from yongquan.merchants.providers.model import Surveyor
from yongquan.web.language import speech_of
from yongquan.web.pages import said
from yongquan.web.surveyor.entrance import Entrance, phone_routes

ROUTE_WORDS = {"depot": "出发点", "failed": "地图暂时取不到，请看下面的列表"}


def make_route(entrance: Entrance) -> APIRouter:
    """`/p/route`."""
    routes = phone_routes()
    door = entrance.door

    @routes.get("/route")
    async def route(request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)]) -> Response:
        found = await route_of(door.database, who, now=door.clock.now())
        stops = [stop for stop in found.route.stops if stop.task_id in found.tasks]
        facts = {
            "routed": found,
            "stops": [(stop, found.tasks[stop.task_id]) for stop in stops],
            "left_out": [found.tasks[task_id] for task_id in found.route.left_out if task_id in found.tasks],
            "points": _points(found),
            "sentences": said(speech_of(request), ROUTE_WORDS),
            "clock": _clock,
        }
        return entrance.show(request, who, "route.html", facts)

    return routes


def _points(found: RoutedDay) -> dict[str, object]:
    """What the map draws: the depot, and the stops in order with their names."""
    tasks = [found.tasks[stop.task_id] for stop in found.route.stops if stop.task_id in found.tasks]
    return {
        "depot": list(found.depot),
        "stops": [{"lon": task.lon, "lat": task.lat, "name": task.store_name} for task in tasks],
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
