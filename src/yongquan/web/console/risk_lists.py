"""Lists of parties at the desk: who is on them, adding, deciding, appeals, release, files in and out."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from yongquan.flows.list_party import LIST_ROLES, ListedHere
from yongquan.flows.name_parties import BadValue, resolve_values
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.risk.events import Entity
from yongquan.risk.lists.files import faults_csv, write_entries
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import TEXT_MAX, EntryRecord, NewEntry
from yongquan.risk.lists.store import record_of
from yongquan.risk.lists.views import PAGE, Sought, count_entries, search_entries
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.language import speech_of
from yongquan.web.risk_words import COLOURS, ENTRY_STATES, PARTIES, RiskWords, local_moment

HOME = f"{ROOT}/risk/lists"
FILE_MAX = 16 * 1024 * 1024
EXPORT_MAX = 100_000
CSV = "text/csv; charset=utf-8"


def make_risk_lists(desk: Desk) -> APIRouter:
    """`/console/risk/lists`."""
    routes = desk_routes()
    for make in (_add_search, _add_files, _add_form, _add_acts):
        make(routes, desk)
    return routes


def _add_search(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/risk/lists")
    async def listed(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        colour: str = "",
        party: str = "",
        state: str = "",
        value: str = "",
        done: str = "",
        page: Annotated[int, Query(ge=0, le=10_000)] = 0,
    ) -> Response:
        wanted = {"colour": colour, "party": party, "state": state, "value": value}
        async with door.database.transaction() as connection:
            sought = await _sought(desk, connection, visitor, wanted)
            found = await search_entries(connection, sought, limit=PAGE + 1, offset=page * PAGE)
            facts = {
                "entries": found[:PAGE],
                "older": page + 1 if len(found) > PAGE else None,
                "counts": await count_entries(connection),
            }
        return _page(
            desk, request, visitor, {**facts, "wanted": wanted, "page": page, "done": done, "typed": defaultdict(str)}
        )


def _add_files(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/risk/lists/export.csv")
    async def export(
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        colour: str = "",
        party: str = "",
        state: str = "",
        value: str = "",
    ) -> Response:
        may_open = visitor.staff.may_any(*LIST_ROLES)
        async with door.database.transaction() as connection:
            wanted = {"colour": colour, "party": party, "state": state, "value": value}
            sought = await _sought(desk, connection, visitor, wanted)
            found = await search_entries(connection, sought, limit=EXPORT_MAX)
            audit = AuditEntry(
                actor=visitor.staff.actor,
                action="list_entry.exported",
                subject="list_book:export",
                after={"rows": len(found), "masked": not may_open},
            )
            await append(connection, audit, now=door.clock.now())
        headers = {"Content-Disposition": 'attachment; filename="risk-lists.csv"'}
        return Response(write_entries(found, masked=not may_open), media_type=CSV, headers=headers)

    @routes.post("/risk/lists/import")
    async def take_in(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        file: Annotated[UploadFile, File()],
        answer: Annotated[Literal["page", "csv"], Form()] = "page",
    ) -> Response:
        raw = await file.read(FILE_MAX + 1)
        if not raw or len(raw) > FILE_MAX:
            raise BadInput("give a file of at most 16 MiB")
        try:
            made = await door.lists.take_in(visitor.staff, raw, name=(file.filename or "file.csv")[-80:])
        except BadInput as fault:
            return await _again(desk, request, visitor, {"unreadable": fault.message})
        if answer == "csv":
            headers = {"Content-Disposition": 'attachment; filename="left-out.csv"'}
            return Response(faults_csv(made.faults), media_type=CSV, headers=headers)
        return await _again(desk, request, visitor, {"imported": made}, status=200)

    @routes.get("/risk/lists/import")
    @routes.get("/risk/lists/new")
    async def back() -> Response:  # the language switch comes back to a form's path
        return RedirectResponse(HOME, status_code=303)


def _add_form(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/risk/lists/new")
    async def add(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        colour: Annotated[Colour, Form()],
        party: Annotated[Entity, Form()],
        key: Annotated[str, Form(min_length=1, max_length=64)],
        value: Annotated[str, Form()] = "",
        tier: Annotated[int, Form(ge=0, le=3)] = 0,
        source: Annotated[str, Form()] = "",
        basis: Annotated[str, Form()] = "",
        branch: Annotated[str, Form()] = "",
        until: Annotated[str, Form()] = "",
    ) -> Response:
        typed = {"colour": colour.value, "party": party.value, "value": value, "tier": str(tier), "source": source}
        typed |= {"basis": basis, "branch": branch, "until": until, "key": key}
        try:
            new = NewEntry(
                colour=colour,
                party=party,
                value=value.strip(),
                tier=tier if colour is Colour.GREY else 0,
                source=source.strip(),
                basis=basis.strip(),
                branch=branch,
                since=door.clock.now(),
                until=_until(until),
            )
            entry_id = await door.lists.add(visitor.staff, new, key=key)
        except BadInput as fault:
            field, _, why = fault.message.partition(": ")
            return await _again(desk, request, visitor, {"typed": typed, "fault": (field, why)})
        except ListedHere:
            return await _again(desk, request, visitor, {"typed": typed, "fault": ("value", "listed_already")})
        return RedirectResponse(f"{HOME}/{entry_id}?done=listed", status_code=303)


def _add_acts(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/risk/lists/{entry}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], entry: str, done: str = ""
    ) -> Response:
        return await _entry_page(desk, request, visitor, known_id(entry), {"done": done})

    @routes.post("/risk/lists/{entry}")
    async def act(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        entry: str,
        act: Annotated[Literal["approve", "refuse", "appeal", "uphold", "release"], Form()],
        text: Annotated[str, Form()] = "",
    ) -> Response:
        entry_id, staff, said = known_id(entry), visitor.staff, text.strip()
        if act in {"appeal", "uphold", "release"} and not 1 <= len(said) <= TEXT_MAX:
            return await _entry_page(desk, request, visitor, entry_id, {"fault": act, "said": text}, status=422)
        match act:
            case "approve" | "refuse":
                await door.lists.decide(staff, entry_id, approve=act == "approve")
            case "appeal":
                await door.lists.appeal(staff, entry_id, text=said)
            case "uphold":
                await door.lists.uphold(staff, entry_id, reason=said)
            case "release":
                await door.lists.release(staff, entry_id, reason=said)
        return RedirectResponse(f"{HOME}/{entry_id}?done={act}", status_code=303)


async def _entry_page(
    desk: Desk, request: Request, visitor: Visitor, entry_id: UUID, more: dict[str, object], *, status: int = 200
) -> Response:
    door = desk.door
    async with door.database.transaction() as connection:
        record = await record_of(connection, entry_id)
        if record is None or not _may_see(visitor, record):
            raise Missing
        acts = await audit_page(connection, subject=f"list_entry:{entry_id}")
        actors = {a for a in (record.proposed_by, record.decided_by, record.released_by) if a}
        names = await names_of(connection, actors | {act.actor for act in acts}, door.sealing)
    facts = {
        "record": record,
        "acts": acts,
        "actors": names,
        "may_act": visitor.staff.may_any(*LIST_ROLES, adcode=record.entry.branch or None),
        "is_own": record.proposed_by == visitor.staff.actor,
        "done": "",
        "fault": "",
        "said": "",
        "risk_words": RiskWords(speech_of(request)),
    }
    return desk.show(request, visitor, "risk_list_entry.html", facts | more, status=status)


async def _again(
    desk: Desk, request: Request, visitor: Visitor, more: dict[str, object], *, status: int = 422
) -> Response:
    """The page with what was typed and what is wrong with it."""
    wanted = {"colour": "", "party": "", "state": "", "value": ""}
    async with desk.door.database.transaction() as connection:
        found = await search_entries(connection, await _sought(desk, connection, visitor, wanted))
        counts = await count_entries(connection)
    facts = {
        "entries": found,
        "older": None,
        "counts": counts,
        "wanted": wanted,
        "page": 0,
        "done": "",
        "typed": defaultdict(str),
    }
    return _page(desk, request, visitor, facts | more, status=status)


def _page(desk: Desk, request: Request, visitor: Visitor, facts: dict[str, object], *, status: int = 200) -> Response:
    places = visitor.places
    more: dict[str, object] = {
        "fault": ("", ""),
        "unreadable": "",
        "imported": None,
        "may_add": visitor.staff.may_any(*LIST_ROLES) or any(g.role in LIST_ROLES for g in visitor.staff.grants),
        "branches": None if places is None else sorted(place for place in places if place),
        "fresh_key": fresh_id().hex,
        "colours": COLOURS,
        "parties": PARTIES,
        "states": ENTRY_STATES,
        "risk_words": RiskWords(speech_of(request)),
    }
    return desk.show(request, visitor, "risk_lists.html", more | facts, status=status)


async def _sought(desk: Desk, connection: Connection, visitor: Visitor, wanted: dict[str, str]) -> Sought:
    """What a person looks for, within what may be seen: headquarters' entries, and the own branches'."""
    places = visitor.places
    values = await _values(desk, connection, wanted["value"].strip()) if wanted["value"].strip() else None
    return Sought(
        colour=wanted["colour"] or None,
        party=wanted["party"] or None,
        state=wanted["state"] or None,
        values=values,
        branches=None if places is None else ("", *(place for place in places if place)),
    )


async def _values(desk: Desk, connection: Connection, said: str) -> tuple[str, ...]:
    """Every value that somebody may mean: a phone, a card number, an id."""
    asked: Sequence[tuple[Entity, str]] = [(party, said) for party in Entity]
    found = await resolve_values(connection, asked, desk.door.sealing, cells=desk.door.cells)
    return (said, *(value for value in found if not isinstance(value, BadValue)))


def _may_see(visitor: Visitor, record: EntryRecord) -> bool:
    places = visitor.places
    return places is None or record.entry.branch == "" or record.entry.branch in places


def _until(text: str) -> datetime | None:
    try:
        return local_moment(text)
    except ValueError as error:
        raise BadInput("until: write a day and a time") from error
