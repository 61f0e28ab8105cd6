"""What the desk shows of a campaign's versions: the list, one with its differences, and its dry run."""

import difflib
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.change_campaign import CHECKER_ROLES, MAKER_ROLES
from yongquan.flows.dry_run_campaign import dry_run_campaign
from yongquan.payments.replaying import days_paid
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.vouchers.documents import CampaignDocument, read_document, write_document
from yongquan.vouchers.documents_diff import compare, judge
from yongquan.vouchers.documents_store import StoredCampaign, stored_campaign
from yongquan.vouchers.documents_versions import Version, VersionState, version_of, versions_of
from yongquan.vouchers.model import CampaignState
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes
from yongquan.web.language import Language, speech_of


def make_version_pages(desk: Desk) -> APIRouter:
    """`/console/documents/<code>`, a version below it, and its dry run."""
    routes = desk_routes()
    database = desk.door.database

    @routes.get("/documents/{code}")
    async def versions(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], code: str) -> Response:
        async with database.transaction() as connection:
            stored = await stored_campaign(connection, code)
            listed = await versions_of(connection, code)
            require_seen(visitor, stored, listed)
            actors = {v.author for v in listed} | {v.decided_by for v in listed if v.decided_by}
            names = await names_of(connection, actors, desk.door.sealing)
        place = stored.document.campaign.adcode if stored else listed[0].adcode
        facts = {
            "code": code,
            "stored": stored,
            "versions": listed,
            "actors": names,
            "may_write": visitor.staff.may_any(*MAKER_ROLES, adcode=place),
            "may_publish": stored is not None
            and stored.state is CampaignState.DRAFT
            and visitor.staff.may_any(*CHECKER_ROLES, adcode=place),
        }
        return desk.show(request, visitor, "document.html", facts)

    @routes.get("/documents/{code}/{number}")
    async def version_page(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], code: str, number: int
    ) -> Response:
        async with database.transaction() as connection:
            version = await _version(connection, visitor, code, number)
            stored = await stored_campaign(connection, code)
            listed = await versions_of(connection, code)
            names = await names_of(connection, {version.author, version.decided_by or ""}, desk.door.sealing)
            days = await days_paid(connection)
        after = read_document(version.document)
        before, old_text = _before(version, listed, stored)
        public = stored.public if stored and version.state is not VersionState.APPLIED else frozenset()
        now = desk.door.clock.now()
        differences = judge(before, after, public=public, now=now) if before else compare(None, after)
        facts = {
            "version": version,
            "document": after,
            "differences": differences,
            "patch": text_patch(old_text, version.document),
            "before": before,
            "actors": names,
            "days": days,
            "english": english_asked(request),
            "is_author": version.author == visitor.staff.actor,
            "may_write": visitor.staff.may_any(*MAKER_ROLES, adcode=version.adcode),
            "may_check": visitor.staff.may_any(*CHECKER_ROLES, adcode=version.adcode),
        }
        return desk.show(request, visitor, "document_version.html", facts)

    _add_dry_run(routes, desk)
    return routes


def _add_dry_run(routes: APIRouter, desk: Desk) -> None:
    database = desk.door.database

    @routes.get("/documents/{code}/{number}/dry-run")
    async def dry_run(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        *,
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


def require_seen(visitor: Visitor, stored: StoredCampaign | None, versions: list[Version]) -> None:
    if stored is None and not versions:
        raise Missing
    place = stored.document.campaign.adcode if stored else versions[0].adcode
    if not visitor.sees(place):
        raise Missing


def english_asked(request: Request) -> bool:
    return speech_of(request).language is Language.ENGLISH


async def _version(connection: Connection, visitor: Visitor, code: str, number: int) -> Version:
    version = await version_of(connection, code, number)
    if version is None or not visitor.sees(version.adcode):
        raise Missing
    return version


def _before(
    version: Version, versions: list[Version], stored: StoredCampaign | None
) -> tuple[CampaignDocument | None, str]:
    """What a version changes: what is in force now, or for one that is in force what was before it."""
    earlier = [v for v in versions if v.number < version.number and v.state is VersionState.APPLIED]
    if version.state is VersionState.APPLIED or stored is None:
        return (read_document(earlier[0].document), earlier[0].document) if earlier else (None, "")
    return stored.document, earlier[0].document if earlier else write_document(stored.document)


def text_patch(before: str, after: str) -> list[tuple[str, str]]:
    """A unified diff as (kind, line): `add`, `del`, `at` or empty."""
    kinds = {"+": "add", "-": "del", "@": "at"}
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [(kinds.get(line[:1], ""), line) for line in lines if not line.startswith(("+++", "---"))]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
