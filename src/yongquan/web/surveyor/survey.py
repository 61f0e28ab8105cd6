"""`/p/survey`: the page that records visits without a network, what it takes along, and where it sends records to."""

import hashlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Meta

from yongquan.flows.survey_shops import Receipt, SurveyDesk
from yongquan.kernel.errors import BadInput
from yongquan.merchants.near import Fitting, stores_near
from yongquan.merchants.providers.model import Surveyor
from yongquan.merchants.surveys.model import (
    PART_BYTES_MAX,
    PHOTO_BYTES_MAX,
    PHOTOS_MAX,
    PhotoClaim,
    Position,
    SurveyState,
    Visit,
)
from yongquan.merchants.surveys.store import Survey, surveys_listed
from yongquan.merchants.tasks.model import IN_HAND, Task, TaskKind, TaskState
from yongquan.merchants.tasks.store import TaskFilter, tasks_of
from yongquan.merchants.views import StoreRow, stores_named
from yongquan.plumbing.clock import wall_now
from yongquan.web.api.wire import Refused
from yongquan.web.field_words import PHOTO_KINDS, SHOP_STATUSES, SURVEY_STATES
from yongquan.web.language import speech_of
from yongquan.web.pages import said
from yongquan.web.surveyor.entrance import Entrance, phone_routes
from yongquan.web.words import INDUSTRIES

VISITS = (TaskKind.FIRST_VISIT, TaskKind.INSPECTION, TaskKind.REVISIT)
OPEN_TASKS = (*IN_HAND, TaskState.ASSIGNED)
Text = Annotated[str, Meta(max_length=200)]


class AnswersWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What was found; `name` .. `phone` only of a shop that nobody knew."""

    status: Literal["open", "paused", "closed", "moved", "not_found"]
    sign_name: Text = ""
    code_shown: bool | None = None
    terminal_no: Text = ""
    trained: bool | None = None
    note: Annotated[str, Meta(max_length=1000)] = ""
    name: Text = ""
    industry: Text = ""
    address: Text = ""
    phone: Annotated[str, Meta(max_length=20)] = ""


class PositionWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """WGS-84 degrees, and metres."""

    lon: Annotated[float, Meta(ge=-180, le=180)]
    lat: Annotated[float, Meta(ge=-90, le=90)]
    accuracy_m: Annotated[float, Meta(ge=0)]


class PhotoWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A photo that is to come."""

    photo_id: UUID
    kind: Literal["front", "inside", "licence", "terminal"]
    size: Annotated[int, Meta(ge=1, le=PHOTO_BYTES_MAX)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class VisitWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One revision of a record."""

    revision: Annotated[int, Meta(ge=1)]
    answers: AnswersWire
    captured_at: datetime
    photos: Annotated[list[PhotoWire], Meta(max_length=PHOTOS_MAX)]
    task_id: UUID | None = None
    store_id: UUID | None = None
    position: PositionWire | None = None


def make_survey(entrance: Entrance) -> APIRouter:
    """The page, its worker, and its calls."""
    routes = phone_routes()
    routes.include_router(_calls(entrance))

    @routes.get("/survey")
    async def survey(request: Request) -> Response:
        # The page itself is nobody's: it is kept on the phone, and opens without a network.
        words = said(speech_of(request), _SAID)
        facts = {"words": words, "industries": INDUSTRIES, "statuses": SHOP_STATUSES, "works_offline": True}
        answer = entrance.show(request, None, "survey.html", facts)
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    @routes.get("/survey/worker.js")
    async def worker() -> Response:
        script = files("yongquan.web").joinpath("static/surveyor/worker.js").read_bytes()
        headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/p/survey"}
        return Response(script, media_type="text/javascript", headers=headers)

    return routes


def _calls(entrance: Entrance) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    door = entrance.door
    desk = SurveyDesk(door.database, door.sealing)

    async def who(request: Request) -> Surveyor:
        return await entrance.providers.at_work(entrance.sessions.script(request), now=door.clock.now())

    @routes.get("/survey/pack")
    async def pack(
        person: Annotated[Surveyor, Depends(who)], lon: float | None = None, lat: float | None = None
    ) -> Response:
        async with door.database.transaction() as connection:
            mine = TaskFilter(surveyor_id=person.surveyor_id, states=OPEN_TASKS)
            tasks = [task for task in await tasks_of(connection, mine) if task.kind in VISITS]
            sent = await surveys_listed(connection, surveyor_id=person.surveyor_id, limit=50)
            at = (lon, lat) if lon is not None and lat is not None else _first_place(tasks)
            shops: Sequence[StoreRow] = ()
            if at is not None:
                shops = await stores_near(connection, lon=at[0], lat=at[1], fitting=Fitting())
        return _json(
            {
                "surveyor_id": person.surveyor_id,
                "made_at": wall_now(),
                "tasks": [_task_row(task) for task in tasks],
                "shops": [_shop_row(shop) for shop in shops],
                "sent": [_sent_row(survey) for survey in sent],
            }
        )

    @routes.get("/survey/shops", dependencies=[Depends(who)])
    async def find(q: Annotated[str, Query(min_length=1, max_length=40)]) -> Response:
        async with door.database.transaction() as connection:
            return _json({"shops": [_shop_row(shop) for shop in await stores_named(connection, q.strip())]})

    @routes.put("/survey/visits/{survey_id}")
    async def put(person: Annotated[Surveyor, Depends(who)], survey_id: UUID, request: Request) -> Response:
        visit = _visit(survey_id, await request.body())
        return _json(_receipt(await desk.take(person.surveyor_id, visit, now=door.clock.now())))

    _add_photos(routes, entrance, who)
    return routes


def _add_photos(routes: APIRouter, entrance: Entrance, who: Callable[[Request], Coroutine[Any, Any, Surveyor]]) -> None:
    door = entrance.door
    desk = SurveyDesk(door.database, door.sealing)

    @routes.get("/survey/photos/{photo_id}")
    async def photo(person: Annotated[Surveyor, Depends(who)], photo_id: UUID) -> Response:
        found = await desk.photo(person.surveyor_id, photo_id)
        return _json({"photo_id": found.photo_id, "received": found.received, "size": found.size})

    @routes.patch("/survey/photos/{photo_id}")
    async def part(
        request: Request,
        person: Annotated[Surveyor, Depends(who)],
        photo_id: UUID,
        at_byte: Annotated[int, Query(ge=0)],
    ) -> Response:
        content = await request.body()
        if not 0 < len(content) <= PART_BYTES_MAX:
            raise Refused("bad_request", f"send 1 to {PART_BYTES_MAX} bytes at a time")
        receipt = await desk.add_part(
            person.surveyor_id, photo_id, at_byte=at_byte, content=content, now=door.clock.now()
        )
        return _json(_receipt(receipt))


def _visit(survey_id: UUID, body: bytes) -> Visit:
    try:
        wire = msgspec.json.decode(body, type=VisitWire)
    except msgspec.DecodeError as fault:
        raise BadInput(str(fault)) from fault
    if wire.captured_at.tzinfo is None:
        raise BadInput("captured_at: name the offset from UTC")
    if wire.store_id is None and not (wire.answers.name.strip() and wire.answers.address.strip()):
        raise BadInput("answers: a shop that nobody knew needs a name and an address")
    if len({photo.photo_id for photo in wire.photos}) != len(wire.photos):
        raise BadInput("photos: an id is there twice")
    at = wire.position
    return Visit(
        survey_id=survey_id,
        revision=wire.revision,
        task_id=wire.task_id,
        store_id=wire.store_id,
        answers=msgspec.to_builtins(wire.answers),
        position=Position(at.lon, at.lat, at.accuracy_m) if at else None,
        photos=[PhotoClaim(one.photo_id, one.kind, one.size, bytes.fromhex(one.sha256)) for one in wire.photos],
        captured_at=wire.captured_at,
        body_hash=hashlib.sha256(msgspec.json.encode(wire)).digest(),
    )


def _first_place(tasks: Sequence[Task]) -> tuple[float, float] | None:
    return next(((task.lon, task.lat) for task in tasks if task.lon is not None and task.lat is not None), None)


def _task_row(task: Task) -> dict[str, object]:
    return {
        "task_id": task.task_id,
        "kind": task.kind,
        "state": task.state,
        "due_day": task.due_day,
        "note": task.note,
        "store_id": task.store_id,
        "name": task.store_name,
        "address": task.address,
        "lon": task.lon,
        "lat": task.lat,
    }


def _shop_row(shop: StoreRow) -> dict[str, object]:
    return {
        "store_id": shop.store_id,
        "name": shop.name,
        "address": shop.address,
        "industry": shop.industry,
        "lon": shop.lon,
        "lat": shop.lat,
    }


def _sent_row(survey: Survey) -> dict[str, object]:
    row: dict[str, object] = {
        "survey_id": survey.survey_id,
        "state": survey.state,
        "revision": survey.revision,
        "reason": survey.reason,
        "name": survey.store_name or survey.answers.get("name", ""),
        "captured_at": survey.captured_at,
    }
    if survey.state is SurveyState.RETURNED:
        row |= {"answers": survey.answers, "task_id": survey.task_id, "store_id": survey.store_id}
    return row


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {
        "survey_id": receipt.survey.survey_id,
        "revision": receipt.survey.revision,
        "state": receipt.survey.state,
        "photos": [
            {"photo_id": photo.photo_id, "received": photo.received, "size": photo.size} for photo in receipt.photos
        ],
    }


def _json(document: object) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json", headers={"Cache-Control": "no-store"})


_SAID = {
    "unsent": "还有 %d 条没有发出",
    "all_sent": "全部已发出",
    "sending": "正在发送",
    "offline": "没有网络，已存在手机里，有网后自动发送",
    "sign_in": "登录已过期，请重新登录；记录都还在手机里",
    "saved": "已存在手机里",
    "refused": "没有被接受：",
    "no_position": "还没有定位",
    "position": "误差约 %d 米",
    "position_failed": "定位失败，可以在室外再试，也可以不带定位提交",
    "photo_failed": "这张照片读不出来，请重拍",
    "need_front": "营业中的门店请拍门头照片",
    "need_name": "新门店请填名称和地址",
    "no_room": "手机空间不足，请清理后再试",
    "remove": "删除这张照片",
    **PHOTO_KINDS,
    **SURVEY_STATES,
    "queued": "等待发送",
    "edit": "修改后再发",
    "discard": "放弃这条",
    "sure": "确定放弃？这条记录会从手机里删除。",
}
