"""The desk's form for a notice, a service, an answer or a call: what was typed stays when a field is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from yongquan.flows.publish_to_merchants import Draft, draft_publication, rewrite_publication
from yongquan.flows.space_parties import BadField
from yongquan.institutions.views import parties
from yongquan.merchants.enrolment.conditions import CallConditions
from yongquan.merchants.enrolment.model import Call, CallPlan
from yongquan.merchants.enrolment.store import calls_of
from yongquan.merchants.grids.store import grids_in_force
from yongquan.merchants.publications.model import OPERATOR, Audience, Kind, Publication, Reach, Wording
from yongquan.merchants.publications.store import publication_of
from yongquan.merchants.questions.store import question_of
from yongquan.plumbing.clock import SHANGHAI, business_day
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.callable import CallableCampaign, coming_campaigns
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.space import space_words
from yongquan.web.words import INDUSTRIES

MANY = ("industries", "districts", "acquirers")
NUMBER_MAX = 1_000_000
Typed = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form that is open: what it is for, what was typed, and what is wrong with it."""

    kind: Kind
    typed: Typed
    publication_id: UUID | None = None
    fault: BadField | None = None


def make_space_form(desk: Desk) -> APIRouter:
    """`/console/space/new` and `/console/space/<id>/edit`."""
    routes = desk_routes()
    _add_new(routes, desk)
    _add_edit(routes, desk)
    return routes


def _add_new(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/space/new")
    async def new(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        kind: Kind = Kind.NOTICE,
        question: UUID | None = None,
    ) -> Response:
        typed: dict[str, str] = {"key": fresh_id().hex, "publisher": OPERATOR, "needs_licence": "yes"}
        if question is not None:
            async with door.database.transaction() as connection:
                asked = await question_of(connection, question)
            if asked is None or not visitor.sees(asked.adcode):
                raise Missing
            typed |= {"question": str(question), "title": asked.body[:80], "body": asked.answer or ""}
        return await _show(desk, request, visitor, Sheet(kind, typed))

    @routes.post("/space/new")
    async def write(request: Request, visitor: Annotated[Visitor, Depends(desk.poster)]) -> Response:
        typed = _typed(await request.form())
        kind = _kind(typed)
        try:
            draft = await _draft(desk, visitor, kind, typed)
            made = await draft_publication(
                door.database, visitor.staff, draft, key=_one(typed, "key"), now=door.clock.now()
            )
        except BadField as fault:
            return await _show(desk, request, visitor, Sheet(kind, typed, fault=fault))
        return RedirectResponse(f"{ROOT}/space/{made}", status_code=303)


def _add_edit(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/space/{publication}/edit")
    async def edit(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], publication: str) -> Response:
        async with door.database.transaction() as connection:
            found = await publication_of(connection, known_id(publication))
            calls = await calls_of(connection, [known_id(publication)])
        if found is None or not visitor.sees(found.adcode):
            raise Missing
        typed = _put_back(found, calls.get(found.publication_id))
        return await _show(desk, request, visitor, Sheet(found.kind, typed, found.publication_id))

    @routes.post("/space/{publication}/edit")
    async def rewrite(
        request: Request, visitor: Annotated[Visitor, Depends(desk.poster)], publication: str
    ) -> Response:
        id_, typed = known_id(publication), _typed(await request.form())
        kind = _kind(typed)
        try:
            draft = await _draft(desk, visitor, kind, typed)
            await rewrite_publication(door.database, visitor.staff, id_, draft, now=door.clock.now())
        except BadField as fault:
            return await _show(desk, request, visitor, Sheet(kind, typed, id_, fault))
        return RedirectResponse(f"{ROOT}/space/{id_}", status_code=303)


async def _show(desk: Desk, request: Request, visitor: Visitor, sheet: Sheet) -> Response:
    door = desk.door
    async with door.database.transaction() as connection:
        words = await space_words(desk, connection, request)
        grids = await grids_in_force(connection, business_day(door.clock.now()))
        campaigns = await _campaigns(desk, connection, visitor) if sheet.kind is Kind.CALL else ()
        known = await parties(connection)
    places = visitor.places
    facts = {
        "sheet": sheet,
        "typed": {"audience": Audience.ALL.value, **dict.fromkeys(_FIELDS, ""), **sheet.typed},
        "faults": {sheet.fault.field: words.fault(sheet.fault.why)} if sheet.fault else {},
        "space_words": words,
        "audiences": [a for a in Audience if sheet.kind is Kind.NOTICE or a is not Audience.STORE],
        "industries": list(INDUSTRIES),
        "grids": [code for code in grids if places is None or code.split("-", maxsplit=1)[0] in places],
        "institutions": list(known.values()),
        "campaigns": campaigns,
    }
    return desk.show(request, visitor, "space_form.html", facts, status=422 if sheet.fault else 200)


async def _campaigns(desk: Desk, connection: Connection, visitor: Visitor) -> Sequence[CallableCampaign]:
    return await coming_campaigns(connection, places=visitor.places, now=desk.door.clock.now())


async def _draft(desk: Desk, visitor: Visitor, kind: Kind, typed: Typed) -> Draft:
    """What was typed as a draft. Raises `BadField`."""
    wording = Wording(*(_one(typed, name) for name in ("title", "body", "title_en", "body_en")))
    audience = _one(typed, "audience")
    if audience not in set(Audience):
        raise BadField("audience", "missing")
    value = _one(typed, f"for_{audience}").strip()
    if (audience == Audience.ALL) != (not value):
        raise BadField("audience", "missing")
    question = _one(typed, "question")
    async with desk.door.database.transaction() as connection:
        known = await parties(connection)
        campaigns = await _campaigns(desk, connection, visitor) if kind is Kind.CALL else ()
    publisher = _one(typed, "publisher")
    plan = _plan(typed, campaigns) if kind is Kind.CALL else None
    return Draft(
        kind,
        wording,
        Reach(Audience(audience), value),
        publisher if publisher in known else OPERATOR,
        known_id(question) if question and kind is Kind.ANSWER else None,
        plan,
    )


def _plan(typed: Typed, campaigns: Sequence[CallableCampaign]) -> CallPlan:
    chosen = next((one for one in campaigns if str(one.campaign_id) == _one(typed, "campaign")), None)
    if chosen is None:
        raise BadField("campaign", "missing")
    conditions = CallConditions(
        industries=_many(typed, "industries"),
        districts=_many(typed, "districts"),
        acquirers=_many(typed, "acquirers"),
        needs_licence=bool(_one(typed, "needs_licence")),
        relief_only=bool(_one(typed, "relief_only")),
        registered_days_min=_number(typed, "registered_days_min") or 0,
        payments_min=_number(typed, "payments_min") or 0,
    )
    return CallPlan(
        chosen.campaign_id,
        _one(typed, "group_code").strip() or f"call-{chosen.code}",
        _moment(typed, "opens_at"),
        _moment(typed, "closes_at"),
        chosen.starts_at,
        _number(typed, "places") or None,
        conditions,
    )


_FIELDS = (
    *("key", "title", "body", "title_en", "body_en", "for_industry", "for_district", "for_grid", "for_store"),
    *("publisher", "question", "campaign", "group_code", "opens_at", "closes_at", "places", *MANY),
    *("needs_licence", "relief_only", "registered_days_min", "payments_min"),
)


def _typed(form: FormData) -> Typed:
    lists: dict[str, Sequence[str]] = {name: [str(v)[:64] for v in form.getlist(name)] for name in MANY}
    return lists | {
        name: str(form.get(name, ""))[:5_000] for name in (*_FIELDS, "audience", "kind") if name not in MANY
    }


def _put_back(found: Publication, call: Call | None) -> Typed:
    typed: dict[str, str | Sequence[str]] = {
        "title": found.name,
        "title_en": found.name_en,
        "body": found.body,
        "body_en": found.body_en,
        "publisher": found.publisher,
        "audience": found.reach.audience.value,
        f"for_{found.reach.audience}": found.reach.value,
        "question": str(found.question_id or ""),
    }
    if call is None:
        return typed
    plan, asked = call.plan, call.plan.conditions
    return typed | {
        "campaign": str(plan.campaign_id),
        "group_code": plan.group_code,
        "opens_at": _local(plan.opens_at),
        "closes_at": _local(plan.closes_at),
        "places": str(plan.places or ""),
        "industries": asked.industries,
        "districts": asked.districts,
        "acquirers": asked.acquirers,
        "needs_licence": "yes" if asked.needs_licence else "",
        "relief_only": "yes" if asked.relief_only else "",
        "registered_days_min": str(asked.registered_days_min or ""),
        "payments_min": str(asked.payments_min or ""),
    }


def _kind(typed: Typed) -> Kind:
    kind = _one(typed, "kind")
    return Kind(kind) if kind in set(Kind) else Kind.NOTICE


def _one(typed: Typed, name: str) -> str:
    value = typed.get(name, "")
    return value if isinstance(value, str) else ""


def _many(typed: Typed, name: str) -> tuple[str, ...]:
    value = typed.get(name, ())
    return () if isinstance(value, str) else tuple(value)


def _number(typed: Typed, name: str) -> int | None:
    text = _one(typed, name).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= NUMBER_MAX):
        raise BadField(name, "not_a_number")
    return int(text)


def _moment(typed: Typed, name: str) -> datetime:
    try:
        return datetime.fromisoformat(_one(typed, name)).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise BadField(name, "not_a_time") from error


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
