"""Writing a campaign's document at the desk: by form or text, from nothing, from what is there, or as a clone."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_campaign import MAKER_ROLES, Maker, Surroundings, check_text, write_version
from yongquan.institutions.store import all_funders
from yongquan.plumbing.db import Connection
from yongquan.vouchers.documents import BadDocument, read_document, write_document
from yongquan.vouchers.documents_clone import clone
from yongquan.vouchers.documents_diff import Difference, Unchangeable, compare
from yongquan.vouchers.documents_faults import Fault
from yongquan.vouchers.documents_store import stored_campaign
from yongquan.vouchers.documents_versions import VersionState, versions_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes
from yongquan.web.console.document_example import EXAMPLE
from yongquan.web.console.document_form import form_of, put_back, shares_text
from yongquan.web.console.document_pages import english_asked, require_seen
from yongquan.web.words import INDUSTRIES

PREFIX = "f:"
SHARES = "s:"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document on the desk: its text, what is wrong with it, and whether somebody asked."""

    text: str
    faults: tuple[Fault, ...] = ()
    refused: tuple[Difference, ...] = ()
    checked: bool = False


def make_documents(desk: Desk) -> APIRouter:
    """`/console/documents` and what is below it."""
    routes, database = desk_routes(), desk.door.database
    around = Surroundings(frozenset(d.adcode for d in desk.door.regions.divisions), INDUSTRIES)
    editor = partial(_show, desk)

    @routes.get("/documents/new")
    async def begin(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        require_maker(visitor)
        return await editor(request, visitor, "", Sheet(EXAMPLE))

    @routes.get("/documents/{code}/edit")
    async def edit(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], code: str) -> Response:
        require_maker(visitor)
        async with database.transaction() as connection:
            text = await present_text(connection, visitor, code)
        return await editor(request, visitor, code, Sheet(text))

    @routes.get("/documents/{code}/clone")
    async def copy(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        code: str,
        to: str = "",
        days: int = 7,
    ) -> Response:
        require_maker(visitor)
        async with database.transaction() as connection:
            document = read_document(await present_text(connection, visitor, code))
        c = document.campaign
        made = clone(document, code=to or f"{code}-2", name=c.name, name_en=c.name_en, days=max(-3660, min(3660, days)))
        return await editor(request, visitor, "", Sheet(write_document(made)))

    @routes.post("/documents")
    async def keep(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        text: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        do: Annotated[str, Form()] = "check",
    ) -> Response:
        require_maker(visitor)
        typed = await _typed(request, text, by_form=do.startswith("form"))
        try:
            async with database.transaction() as connection:
                if do.endswith("save"):
                    maker = Maker.of(visitor.staff)
                    version = await write_version(connection, maker, typed, around, now=desk.door.clock.now())
                    where = f"{ROOT}/documents/{version.code}/{version.number}"
                    return RedirectResponse(where, status_code=303)
                await check_text(connection, typed, around)
        except BadDocument as error:
            return await editor(request, visitor, code, Sheet(typed, error.faults, checked=True), status=422)
        except Unchangeable as error:
            refused = Sheet(typed, refused=tuple(error.differences), checked=True)
            return await editor(request, visitor, code, refused, status=409)
        return await editor(request, visitor, code, Sheet(typed, checked=True))

    _add_way_back(routes, desk)
    return routes


def _add_way_back(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/documents")
    async def back(_: Annotated[Visitor, Depends(desk.visitor)], code: str = "") -> Response:
        """Where a check's page is read again: the language was switched, or the address was kept."""
        where = f"{quote(code, safe='')}/edit" if code else "new"
        return RedirectResponse(f"{ROOT}/documents/{where}", status_code=303)


async def _show(
    desk: Desk, request: Request, visitor: Visitor, code: str, sheet: Sheet, *, status: int = 200
) -> Response:
    async with desk.door.database.transaction() as connection:
        funders = await all_funders(connection)
    facts = _facts(request, code, sheet) | {"funders": funders}
    return desk.show(request, visitor, "document_edit.html", facts, status=status)


def _facts(request: Request, code: str, sheet: Sheet) -> dict[str, object]:
    return {
        "code": code,
        "sheet": sheet,
        "groups": form_of(sheet.text),
        "prefix": PREFIX,
        "shares_prefix": SHARES,
        "lines": sheet.text.splitlines(),
        "english": english_asked(request),
    }


def require_maker(visitor: Visitor) -> None:
    """Pass whoever may write campaigns anywhere. Raises `Forbidden`."""
    if not any(grant.role in MAKER_ROLES for grant in visitor.staff.grants):
        visitor.staff.require(*MAKER_ROLES)


async def _typed(request: Request, text: str, *, by_form: bool) -> str:
    """The text that was sent, with the form's inputs put into it if those were meant."""
    typed = text.replace("\r\n", "\n")
    if not by_form:
        return typed
    filled = await request.form()
    values = {key.removeprefix(PREFIX): str(value) for key, value in filled.items() if key.startswith(PREFIX)}
    for path in {key.removeprefix(SHARES).rpartition(":")[0] for key in filled if key.startswith(SHARES)}:
        columns = [[str(one) for one in filled.getlist(f"{SHARES}{path}:{name}")] for name in ("funder", "share")]
        if len(columns[0]) == len(columns[1]):
            values[path] = shares_text(*columns)
    return put_back(typed, values)


async def present_text(connection: Connection, visitor: Visitor, code: str) -> str:
    """What to go on writing: the draft, else the text in force, else the campaign out of its tables."""
    stored = await stored_campaign(connection, code)
    versions = await versions_of(connection, code)
    require_seen(visitor, stored, versions)
    latest = versions[0] if versions else None
    if latest is not None and (latest.state is not VersionState.APPLIED or stored is None):
        return latest.document
    if stored is None:
        raise Missing
    if latest is not None and not compare(read_document(latest.document), stored.document):
        return latest.document
    return write_document(stored.document)
