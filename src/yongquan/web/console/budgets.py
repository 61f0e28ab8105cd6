"""A campaign's budget by type and funder: what is left, when it runs out, moved between types, issued again."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.choose_leftover import choose_leftover
from yongquan.flows.funds import budget_owner
from yongquan.flows.move_budget import MOVING_ROLES, Move, move_budget
from yongquan.institutions.views import parties
from yongquan.kernel.errors import BadInput
from yongquan.kernel.money import share_out
from yongquan.ledger import Kind, account_id, statements
from yongquan.payments.funding_store import paid_of_types
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.board import campaigns_on_board
from yongquan.vouchers.budget_board import BudgetRow, budget_of, pace_of
from yongquan.vouchers.forecast import RunsOut, runs_out
from yongquan.vouchers.funding_store import funders_of_campaigns, shares_of
from yongquan.vouchers.sharing import FunderShare
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id


@dataclass(frozen=True, slots=True)
class FunderLine:
    """One funder's part of a type, in fen; what was redeemed is what it paid, the rest its part of face values."""

    funder_id: str
    share_bp: int
    reserved_fen: int
    claimed_fen: int
    redeemed_fen: int
    expired_fen: int
    back_fen: int


@dataclass(frozen=True, slots=True)
class TypeLines:
    """A type with its forecast and its funders' parts."""

    row: BudgetRow
    forecast: RunsOut
    lines: tuple[FunderLine, ...]


def make_budgets(desk: Desk) -> APIRouter:
    """`/console/campaigns/<id>/budget` and what changes it."""
    routes = desk_routes()
    database = desk.door.database

    @routes.get("/campaigns/{campaign}/budget")
    async def budget(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], campaign: str, done: str = ""
    ) -> Response:
        campaign_id = known_id(campaign)
        async with database.transaction() as connection:
            listed = await campaigns_on_board(connection, places=visitor.places)
            found = next((c for c in listed if c.campaign_id == campaign_id), None)
            if found is None:
                raise Missing
            rows = await budget_of(connection, campaign_id)
            ids = [row.type_id for row in rows]
            shares, paid = await shares_of(connection, ids), await paid_of_types(connection, ids)
            pace = await pace_of(connection, campaign_id, today=business_day(desk.door.clock.now()))
            names = await parties(connection)
            funders = (await funders_of_campaigns(connection)).get(campaign_id, [found.funder_id])
            left = {
                f: await statements.credit_of(
                    connection, account_id(budget_owner(campaign_id, f, lead=found.funder_id), Kind.BUDGET)
                )
                for f in funders
            }
        whole = (FunderShare(found.funder_id, 10_000),)
        types = [
            TypeLines(
                row,
                runs_out(row.left, pace.get(row.type_id, [])),
                _lines(row, shares.get(row.type_id, whole), {f: paid.get((row.type_id, f), 0) for f in funders}),
            )
            for row in rows
        ]
        facts = {
            "campaign": found,
            "types": types,
            "rounds": {row.round_id: row for row in rows},
            "left": left,
            "names": names,
            "move_id": fresh_id(),
            "may_move": visitor.staff.may_any(*MOVING_ROLES, adcode=found.adcode),
            "done": done if done in {"moved", "leftover"} else "",
        }
        return desk.show(request, visitor, "budget.html", facts)

    _add_forms(routes, desk)
    return routes


def _add_forms(routes: APIRouter, desk: Desk) -> None:
    database = desk.door.database

    @routes.post("/campaigns/{campaign}/budget/moves")
    async def move(
        *,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        campaign: str,
        move_id: Annotated[str, Form()],
        source: Annotated[str, Form()],
        target: Annotated[str, Form()],
        pieces: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        if not pieces.strip().isdecimal():
            raise BadInput("pieces: a whole number")
        wanted = Move(
            move_id=known_id(move_id),
            campaign_id=known_id(campaign),
            source=known_id(source),
            target=known_id(target),
            pieces=int(pieces),
            reason=reason.strip(),
        )
        await move_budget(database, visitor.staff, wanted, now=desk.door.clock.now(), audited_at=wall_now())
        desk.rounds.forget()
        return RedirectResponse(f"{ROOT}/campaigns/{wanted.campaign_id}/budget?done=moved", status_code=303)

    @routes.post("/campaigns/{campaign}/budget/leftover")
    async def leftover(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        campaign: str,
        round_: Annotated[str, Form(alias="round")],
        to: Annotated[Literal["budget", "next_round"], Form()],
    ) -> Response:
        campaign_id = known_id(campaign)
        await choose_leftover(database, visitor.staff, campaign_id, known_id(round_), to=to, now=wall_now())
        return RedirectResponse(f"{ROOT}/campaigns/{campaign_id}/budget?done=leftover", status_code=303)


def _lines(row: BudgetRow, shares: tuple[FunderShare, ...], paid: dict[str, int]) -> tuple[FunderLine, ...]:
    weights = [share.share_bp for share in shares]
    reserved, claimed, expired, back = [
        share_out(fen, weights) for fen in (row.reserved_fen, row.claimed_fen, row.expired_fen, row.back_fen)
    ]
    return tuple(
        FunderLine(s.funder_id, s.share_bp, reserved[n], claimed[n], paid.get(s.funder_id, 0), expired[n], back[n])
        for n, s in enumerate(shares)
    )
