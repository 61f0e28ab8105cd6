"""Campaigns as documents: their versions and differences, writing one by form or text, and the checker's decision."""

import difflib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_campaign import (
    CHECKER_ROLES,
    MAKER_ROLES,
    Maker,
    Surroundings,
    approve_version,
    check_text,
    return_version,
    submit_version,
    write_version,
)
from yongquan.flows.dry_run_campaign import dry_run_campaign
from yongquan.flows.publish_campaign import publish_campaign
from yongquan.kernel.errors import BadInput
from yongquan.payments.replaying import days_paid
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.vouchers.documents import BadDocument, CampaignDocument, read_document, write_document
from yongquan.vouchers.documents_clone import clone
from yongquan.vouchers.documents_diff import Difference, Unchangeable, compare, judge
from yongquan.vouchers.documents_faults import Fault
from yongquan.vouchers.documents_store import StoredCampaign, stored_campaign
from yongquan.vouchers.documents_versions import Version, VersionState, version_of, versions_of
from yongquan.vouchers.model import CampaignState
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes
from yongquan.web.console.document_example import EXAMPLE
from yongquan.web.console.document_form import form_of, put_back
from yongquan.web.language import Language, speech_of
from yongquan.web.words import INDUSTRIES

FORM_FIELDS_MOST = 20_000
PREFIX = "f:"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document on the desk: its text, what is wrong with it, and whether somebody asked."""

    text: str
    faults: tuple[Fault, ...] = ()
    refused: tuple[Difference, ...] = ()
    checked: bool = False


def make_documents(desk: Desk) -> APIRouter:
    """`/console/documents` and what is below it."""
    routes = desk_routes()
    database = desk.door.database
    around = Surroundings(frozenset(d.adcode for d in desk.door.regions.divisions), INDUSTRIES)

    def editor(request: Request, visitor: Visitor, code: str, sheet: Sheet, status: int = 200) -> Response:
        lines = sheet.text.splitlines()
        facts = {
            "code": code,
            "sheet": sheet,
            "groups": form_of(sheet.text),
            "prefix": PREFIX,
            "lines": lines,
            "english": _english(request),
        }
        return desk.show(request, visitor, "document_edit.html", facts, status=status)

    @routes.get("/documents/new")
    async def begin(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        _require_maker(visitor)
        return editor(request, visitor, "", Sheet(EXAMPLE))

    @routes.get("/documents/{code}")
    async def versions(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], code: str) -> Response:
        async with database.transaction() as connection:
            stored = await stored_campaign(connection, code)
            listed = await versions_of(connection, code)
            _require_seen(visitor, stored, listed)
            actors = {v.author for v in listed} | {v.decided_by for v in listed if v.decided_by}
            names = await names_of(connection, actors, desk.door.sealing)
        place = stored.document.campaign.adcode if stored else listed[0].adcode
        facts = {
            "code": code,
            "stored": stored,
            "versions": listed,
            "actors": names,
            "may_write": any(visitor.staff.may(role, adcode=place) for role in MAKER_ROLES),
            "may_publish": stored is not None
            and stored.state is CampaignState.DRAFT
            and any(visitor.staff.may(role, adcode=place) for role in CHECKER_ROLES),
        }
        return desk.show(request, visitor, "document.html", facts)

    @routes.get("/documents/{code}/edit")
    async def edit(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], code: str) -> Response:
        _require_maker(visitor)
        async with database.transaction() as connection:
            return editor(request, visitor, code, Sheet(await _present_text(connection, visitor, code)))

    @routes.get("/documents/{code}/clone")
    async def copy(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        code: str,
        to: str = "",
        days: int = 7,
    ) -> Response:
        _require_maker(visitor)
        async with database.transaction() as connection:
            document = read_document(await _present_text(connection, visitor, code))
        c = document.campaign
        made = clone(document, code=to or f"{code}-2", name=c.name, name_en=c.name_en, days=max(-3660, min(3660, days)))
        return editor(request, visitor, "", Sheet(write_document(made)))

    @routes.post("/documents")
    async def keep(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        text: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        do: Annotated[str, Form()] = "check",
    ) -> Response:
        _require_maker(visitor)
        typed = text.replace("\r\n", "\n")
        if do.startswith("form"):
            filled = await request.form(max_fields=FORM_FIELDS_MOST)
            values = {key.removeprefix(PREFIX): str(value) for key, value in filled.items() if key.startswith(PREFIX)}
            typed = put_back(typed, values)
        try:
            async with database.transaction() as connection:
                if do.endswith("save"):
                    maker = Maker.of(visitor.staff)
                    version = await write_version(connection, maker, typed, around, now=desk.door.clock.now())
                    where = f"{ROOT}/documents/{version.code}/{version.number}"
                    return RedirectResponse(where, status_code=303)
                await check_text(connection, typed, around)
        except BadDocument as error:
            return editor(request, visitor, code, Sheet(typed, error.faults, checked=True), 422)
        except Unchangeable as error:
            return editor(request, visitor, code, Sheet(typed, refused=tuple(error.differences), checked=True), 409)
        return editor(request, visitor, code, Sheet(typed, checked=True))

    @routes.get("/documents/{code}/{number}")
    async def version_page(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], code: str, number: int
    ) -> Response:
        now = desk.door.clock.now()
        async with database.transaction() as connection:
            version = await _version(connection, visitor, code, number)
            stored = await stored_campaign(connection, code)
            listed = await versions_of(connection, code)
            names = await names_of(connection, {version.author, version.decided_by or ""}, desk.door.sealing)
            days = await days_paid(connection)
        after = read_document(version.document)
        before, old_text = _before(version, listed, stored)
        public = stored.public if stored and version.state is not VersionState.APPLIED else frozenset()
        differences = judge(before, after, public=public, now=now) if before else compare(None, after)
        facts = {
            "version": version,
            "document": after,
            "differences": differences,
            "patch": _patch(old_text, version.document),
            "before": before,
            "actors": names,
            "days": days,
            "english": _english(request),
            "is_author": version.author == visitor.staff.actor,
            "may_write": any(visitor.staff.may(role, adcode=version.adcode) for role in MAKER_ROLES),
            "may_check": any(visitor.staff.may(role, adcode=version.adcode) for role in CHECKER_ROLES),
        }
        return desk.show(request, visitor, "document_version.html", facts)

    @routes.post("/documents/{code}/{number}/submit")
    async def submit(
        visitor: Annotated[Visitor, Depends(desk.poster)], code: str, number: int, apply_at: Annotated[str, Form()] = ""
    ) -> Response:
        at = _moment(apply_at)
        async with database.transaction() as connection:
            maker = Maker.of(visitor.staff)
            await submit_version(connection, maker, code, number, apply_at=at, now=desk.door.clock.now())
        return _back(code, number)

    @routes.post("/documents/{code}/{number}/approve")
    async def approve(visitor: Annotated[Visitor, Depends(desk.poster)], code: str, number: int) -> Response:
        now = desk.door.clock.now()
        async with database.transaction() as connection:
            await approve_version(connection, visitor.staff, code, number, cells=desk.door.cells, now=now)
        desk.rounds.forget()
        return _back(code, number)

    @routes.post("/documents/{code}/{number}/return")
    async def send_back(
        visitor: Annotated[Visitor, Depends(desk.poster)], code: str, number: int, reason: Annotated[str, Form()] = ""
    ) -> Response:
        now = desk.door.clock.now()
        await return_version(database, visitor.staff, code, number, reason=reason.strip(), now=now)
        return _back(code, number)

    @routes.post("/documents/{code}/publish")
    async def publish(visitor: Annotated[Visitor, Depends(desk.poster)], code: str) -> Response:
        await publish_campaign(database, visitor.staff, code, cells=desk.door.cells, now=desk.door.clock.now())
        desk.rounds.forget()
        return RedirectResponse(f"{ROOT}/documents/{code}", status_code=303)

    @routes.get("/documents/{code}/{number}/dry-run")
    async def dry_run(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        code: str,
        number: int,
        day: str = "",
        seed: str = "1",
    ) -> Response:
        async with database.transaction() as connection:
            version = await _version(connection, visitor, code, number)
            days = await days_paid(connection)
            wanted = _date(day) or (days[0][0] if days else None)
            document = read_document(version.document)
            report = await dry_run_campaign(connection, document, wanted, seed=seed[:40]) if wanted else None
        facts = {"version": version, "days": days, "day": wanted, "seed": seed, "report": report, "document": document}
        return desk.show(request, visitor, "document_dry_run.html", facts)

    return routes


def _require_maker(visitor: Visitor) -> None:
    """Pass whoever may write campaigns anywhere. Raises `Forbidden`."""
    if not any(grant.role in MAKER_ROLES for grant in visitor.staff.grants):
        visitor.staff.require(*MAKER_ROLES)


def _require_seen(visitor: Visitor, stored: StoredCampaign | None, versions: list[Version]) -> None:
    if stored is None and not versions:
        raise Missing
    place = stored.document.campaign.adcode if stored else versions[0].adcode
    if not visitor.sees(place):
        raise Missing


async def _version(connection: Connection, visitor: Visitor, code: str, number: int) -> Version:
    version = await version_of(connection, code, number)
    if version is None or not visitor.sees(version.adcode):
        raise Missing
    return version


async def _present_text(connection: Connection, visitor: Visitor, code: str) -> str:
    """What to go on writing: the draft, else the text in force, else the campaign out of its tables."""
    stored = await stored_campaign(connection, code)
    versions = await versions_of(connection, code)
    _require_seen(visitor, stored, versions)
    latest = versions[0] if versions else None
    if latest is not None and (latest.state is not VersionState.APPLIED or stored is None):
        return latest.document
    if stored is None:
        raise Missing
    if latest is not None and not compare(read_document(latest.document), stored.document):
        return latest.document
    return write_document(stored.document)


def _before(
    version: Version, versions: list[Version], stored: StoredCampaign | None
) -> tuple[CampaignDocument | None, str]:
    """What a version changes: what is in force now, or for one that is in force what was before it."""
    earlier = [v for v in versions if v.number < version.number and v.state is VersionState.APPLIED]
    if version.state is VersionState.APPLIED or stored is None:
        return (read_document(earlier[0].document), earlier[0].document) if earlier else (None, "")
    return stored.document, earlier[0].document if earlier else write_document(stored.document)


def _patch(before: str, after: str) -> list[tuple[str, str]]:
    """A unified diff as (kind, line): `add`, `del`, `at` or empty."""
    kinds = {"+": "add", "-": "del", "@": "at"}
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [(kinds.get(line[:1], ""), line) for line in lines if not line.startswith(("+++", "---"))]


def _english(request: Request) -> bool:
    return speech_of(request).language is Language.ENGLISH


def _moment(text: str) -> datetime | None:
    """A datetime-local input, Shanghai time. Raises `BadInput`."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise BadInput(f"apply_at: {text} is no time") from error


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _back(code: str, number: int) -> Response:
    return RedirectResponse(f"{ROOT}/documents/{code}/{number}", status_code=303)
