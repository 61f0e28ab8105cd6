"""Risk's rule book at the desk: what judges now, the versions, a version against it, writing one, deciding it."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_rule_book import RULE_BOOK_ROLES, decide_book, propose_book
from yongquan.flows.try_rule_book import DAYS, PAYMENTS_MAX, try_rule_book
from yongquan.kernel.errors import BadInput
from yongquan.merchants.views import names_of_stores
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection
from yongquan.risk.events import EventKind
from yongquan.risk.rules.comparing import compare_books
from yongquan.risk.rules.faults import RuleFaults
from yongquan.risk.rules.judging import CompiledBook
from yongquan.risk.rules.reading import BOOK_MAX, first_book, read_book
from yongquan.risk.rules.store import BookVersion, InForce, book_version, book_versions, books_in_force
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes
from yongquan.web.console.document_pages import english_asked, text_patch

PAGE = f"{ROOT}/risk/rules"
SHIPPED = 0  # the version number of the book that the product brings


def make_risk_rules(desk: Desk) -> APIRouter:
    """`/console/risk/rules` and what is below it."""
    routes = desk_routes()
    database = desk.door.database
    _add_editor(routes, desk)

    @routes.get("/risk/rules")
    async def books(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], done: str = "") -> Response:
        _require_whole(visitor)
        async with database.transaction() as connection:
            versions = await book_versions(connection)
            in_force = await books_in_force(connection)
            actors = [v.proposed_by for v in versions] + [v.decided_by for v in versions if v.decided_by]
            names = await names_of(connection, actors, desk.door.sealing)
            live = await document_of(connection, in_force.live or SHIPPED)
        facts = {"versions": versions, "actors": names, "book": read_book(live), "done": done}
        return desk.show(request, visitor, "risk_rules.html", {**facts, **_common(request, visitor, in_force)})

    @routes.get("/risk/rules/{number}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], number: int) -> Response:
        _require_whole(visitor)
        async with database.transaction() as connection:
            in_force = await books_in_force(connection)
            document = await document_of(connection, number)
            version = await book_version(connection, number)
            names = await names_of(connection, _actors(version), desk.door.sealing)
            before = await document_of(connection, in_force.live or SHIPPED)
        facts = {
            "number": number,
            "version": version,
            "book": read_book(document),
            "document": document,
            "actors": names,
            "changes": compare_books(read_book(before), read_book(document)),
            "patch": text_patch(before, document),
        }
        return desk.show(request, visitor, "risk_rules_one.html", {**facts, **_common(request, visitor, in_force)})

    _add_trial(routes, desk)

    @routes.post("/risk/rules/{number}")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)], number: int, approve: Annotated[bool, Form()]
    ) -> Response:
        await decide_book(database, visitor.staff, number, approve=approve, real_now=wall_now())
        return RedirectResponse(f"{PAGE}?done={'approved' if approve else 'refused'}", status_code=303)

    return routes


def _add_editor(routes: APIRouter, desk: Desk) -> None:
    database = desk.door.database

    @routes.get("/risk/rules/edit")
    async def edit(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], number: int | None = None
    ) -> Response:
        _require_whole(visitor)
        visitor.staff.require(*RULE_BOOK_ROLES)
        async with database.transaction() as connection:
            in_force = await books_in_force(connection)
            wanted = number if number is not None else in_force.live or SHIPPED
            document = await document_of(connection, wanted)
        return _editor(desk, request, visitor, {"document": document})

    @routes.post("/risk/rules/edit")
    async def write(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        document: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        do: Annotated[str, Form()] = "check",
    ) -> Response:
        _require_whole(visitor)
        visitor.staff.require(*RULE_BOOK_ROLES)
        kept = {"document": document.replace("\r\n", "\n"), "reason": reason}
        try:
            book = read_book(document)
            if do == "propose":
                real_now = wall_now()
                number = await propose_book(database, visitor.staff, document, reason=reason.strip(), real_now=real_now)
                return RedirectResponse(f"{PAGE}/{number}", status_code=303)
        except RuleFaults as error:
            return _editor(desk, request, visitor, {**kept, "faults": error.faults}, status=422)
        except BadInput:
            return _editor(desk, request, visitor, {**kept, "lacks_reason": True}, status=422)
        async with database.transaction() as connection:
            in_force = await books_in_force(connection)
            before = await document_of(connection, in_force.live or SHIPPED)
        changes = compare_books(read_book(before), book)
        return _editor(desk, request, visitor, {**kept, "checked": book, "changes": changes})


def _add_trial(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/risk/rules/{number}/trial")
    async def trial(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], number: int, days: int = 7
    ) -> Response:
        _require_whole(visitor)
        if days not in DAYS:
            raise Missing
        async with desk.door.database.transaction() as connection:
            book = CompiledBook.of_text(await document_of(connection, number))
            tried = await try_rule_book(connection, book, days=days, now=desk.door.clock.now())
            shops = [UUID(shop["payee_id"]) for shop in tried.found["by_payee"]]
            names = await names_of_stores(connection, shops)
        facts = {
            "number": number,
            "days": days,
            "choices": DAYS,
            "most": PAYMENTS_MAX,
            "tried": tried,
            "names": {str(store_id): name for store_id, name in names.items()},
            "rules": {rule.rule_id: rule for rule in book.book.rules},
            "unread": [rule for rule in book.book.rules if EventKind.PAYMENT not in rule.events],
            "english": english_asked(request),
        }
        return desk.show(request, visitor, "risk_rules_trial.html", facts)


def _editor(
    desk: Desk, request: Request, visitor: Visitor, facts: Mapping[str, object], *, status: int = 200
) -> Response:
    document = str(facts["document"])
    more: dict[str, object] = {
        "lines": document.split("\n"),
        "faults": (),
        "reason": "",
        "lacks_reason": False,
        "checked": None,
        "changes": (),
        "most": BOOK_MAX,
        "english": english_asked(request),
    }
    return desk.show(request, visitor, "risk_rules_edit.html", {**more, **facts}, status=status)


async def document_of(connection: Connection, number: int) -> str:
    """The text of a version; 0 is the book the product brings. Raises `Missing`."""
    if number == SHIPPED:
        return first_book()
    version = await book_version(connection, number)
    if version is None:
        raise Missing
    return version.document


def _common(request: Request, visitor: Visitor, in_force: InForce) -> dict[str, object]:
    return {
        "in_force": in_force,
        "live_number": in_force.live or SHIPPED,
        "may_work": visitor.staff.may_any(*RULE_BOOK_ROLES),
        "english": english_asked(request),
    }


def _actors(version: BookVersion | None) -> list[str]:
    return [] if version is None else [version.proposed_by, *([version.decided_by] if version.decided_by else [])]


def _require_whole(visitor: Visitor) -> None:
    # One book judges the whole city: it is no business of an office of one district.
    if visitor.places is not None:
        raise Missing
