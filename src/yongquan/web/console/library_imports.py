"""Lists of shops at the desk: sent in, looked at under their mapping, taken in, their errors handed back."""

import asyncio
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from yongquan.flows.import_merchants import (
    FILE_MAX,
    add_source,
    faults_file,
    stage_list,
    staged_file,
    take_list_in,
)
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.library import store, views
from yongquan.merchants.library.apart import SMALL
from yongquan.merchants.library.mapping import COLUMNS, FAULT_WORDS, check_mapping, read_rows
from yongquan.merchants.library.model import Source, SourceKind
from yongquan.plumbing.clock import wall_now
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.library import library_of, require_library
from yongquan.web.console.library_words import KINDS, LibraryWords
from yongquan.web.language import speech_of
from yongquan.web.pages import SECURITY_HEADERS

TYPED = ("source", "name", "kind", "given_by", "basis")
PREVIEW, FAULTS_SHOWN = 10, 50
_log = structlog.get_logger()


def make_library_imports(desk: Desk) -> APIRouter:
    """`/console/library/imports`."""
    routes = desk_routes()
    _add_lists(routes, desk)
    _add_one(routes, desk)
    _add_running(routes, desk)
    return routes


def _add_lists(routes: APIRouter, desk: Desk) -> None:
    library = library_of(desk)

    @routes.get("/library/imports")
    async def imports(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        return await _show_imports(desk, request, visitor, "", dict.fromkeys(TYPED, ""))

    @routes.post("/library/imports")
    async def send(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        file: Annotated[UploadFile, File()],
        source: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        kind: Annotated[SourceKind, Form()] = SourceKind.OTHER,
        given_by: Annotated[str, Form()] = "",
        basis: Annotated[str, Form()] = "",
    ) -> Response:
        require_library(visitor)
        typed = {"source": source, "name": name, "kind": kind.value, "given_by": given_by, "basis": basis}
        content = await file.read(FILE_MAX + 1)
        actor = visitor.staff.actor
        try:
            code = source or await new_source(name.strip(), kind, given_by.strip(), basis.strip(), visitor)
            card = await stage_list(library, code, file.filename or "list.csv", content, actor=actor, now=wall_now())
        except BadInput as error:
            return await _show_imports(desk, request, visitor, str(error), typed, status=422)
        return RedirectResponse(f"{ROOT}/library/imports/{card.import_id}", status_code=303)

    async def new_source(name: str, kind: SourceKind, given_by: str, basis: str, visitor: Visitor) -> str:
        if kind is SourceKind.OWN:
            raise BadInput("our own stores come in by themselves")
        code = f"s{named_id('source', name).hex[:12]}"
        await add_source(library, Source(code, name, kind, given_by, basis), actor=visitor.staff.actor, now=wall_now())
        return code


async def _show_imports(
    desk: Desk, request: Request, visitor: Visitor, fault: str, typed: dict[str, str], *, status: int = 200
) -> Response:
    require_library(visitor)
    library = library_of(desk)
    async with library.database.transaction() as connection:
        cards = await views.import_cards(connection)
        sources = await store.sources(connection)
        names = await names_of(connection, {card.made_by for card in cards}, library.sealing)
    facts = {"cards": cards, "sources": sources, "actors": names, "kinds": [k for k in KINDS if k != "own"],
             "fault": fault, "typed": typed, "said": LibraryWords(speech_of(request))}  # fmt: skip
    return desk.show(request, visitor, "library_imports.html", facts, status=status)


def _add_one(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/library/imports/{import_}")
    async def one_import(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], import_: str
    ) -> Response:
        return await _show_import(desk, request, visitor, known_id(import_), None)

    @routes.post("/library/imports/{import_}/preview")
    async def preview(request: Request, visitor: Annotated[Visitor, Depends(desk.poster)], import_: str) -> Response:
        chosen = [str(one) for one in (await request.form()).getlist("column")]
        return await _show_import(desk, request, visitor, known_id(import_), chosen)


async def _show_import(
    desk: Desk, request: Request, visitor: Visitor, import_id: UUID, mapping: list[str] | None
) -> Response:
    require_library(visitor)
    card, file = await staged_file(library_of(desk), import_id)
    chosen, fault = list(mapping or card.mapping), ""
    try:
        read = await asyncio.to_thread(read_rows, file, check_mapping(file, chosen))
    except BadInput as error:
        read, fault = None, str(error)
    faults = read.faults if read else ()
    facts = {"card": card, "columns": COLUMNS, "mapping": chosen, "lines": file.lines[:PREVIEW],
             "faults": faults[:FAULTS_SHOWN], "fault_count": len(faults), "fault": fault,
             "bad_lines": read.bad_lines if read else 0, "good": len(read.rows) if read else 0,
             "said": LibraryWords(speech_of(request))}  # fmt: skip
    return desk.show(request, visitor, "library_import.html", facts, status=422 if fault else 200)


def _add_running(routes: APIRouter, desk: Desk) -> None:
    library = library_of(desk)
    running: set[asyncio.Task[object]] = set()

    async def take_in(import_id: UUID, mapping: list[str], actor: str) -> None:
        try:
            await take_list_in(library, import_id, mapping, actor=actor, now=wall_now())
        except (Refusal, BadInput) as refused:
            await _log.awarning("list not taken in", import_id=str(import_id), why=str(refused))

    @routes.post("/library/imports/{import_}/run")
    async def run(request: Request, visitor: Annotated[Visitor, Depends(desk.poster)], import_: str) -> Response:
        require_library(visitor)
        card, file = await staged_file(library, known_id(import_))
        chosen = [str(one) for one in (await request.form()).getlist("column")]
        check_mapping(file, chosen)
        work = take_in(card.import_id, chosen, visitor.staff.actor)
        if len(file.lines) < SMALL:
            await work
        elif card.state == "staged":
            task: asyncio.Task[object] = asyncio.create_task(work)
            running.add(task)
            task.add_done_callback(running.discard)
            await asyncio.sleep(1)  # the page that follows says that it runs
        else:
            work.close()
        return RedirectResponse(f"{ROOT}/library/imports/{card.import_id}", status_code=303)

    @routes.get("/library/imports/{import_}/errors")
    async def errors(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], import_: str) -> Response:
        require_library(visitor)
        card, file = await staged_file(library, known_id(import_))
        if not card.rows_bad:
            raise Missing
        said = LibraryWords(speech_of(request))
        content = await faults_file(library, card.import_id, {code: said.fault(code) for code in FAULT_WORDS})
        name = quote(f"errors-{file.name}")
        kind = "text/csv" if not file.name.lower().endswith(".xlsx") else "application/octet-stream"
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store",
                   "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}  # fmt: skip
        return Response(content, media_type=kind, headers=headers)
