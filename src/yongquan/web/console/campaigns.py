"""Campaigns: their rules, rounds and money, and who steered them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL
from yongquan.flows.steer_campaign import STEERING_ROLES
from yongquan.institutions.views import parties
from yongquan.ledger import Kind
from yongquan.plumbing.audit_pages import audit_page
from yongquan.staff.views import names_of
from yongquan.vouchers.board import CampaignBoard, RoundBoard, campaigns_on_board, terms_of
from yongquan.vouchers.freezing import frozen_of_campaign
from yongquan.vouchers.model import CAMPAIGN_MOVES, ROUND_MOVES, CampaignState, RoundState
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.language import speech_of
from yongquan.web.terms_words import TermsWords, places_and_shops


@dataclass(frozen=True, slots=True)
class CampaignMoney:
    """Where a campaign's money stands, in fen; face values but for `redeemed_fen`."""

    reserved_fen: int
    claimed_fen: int
    redeemed_fen: int
    expired_fen: int
    recycled_fen: int
    left_fen: int


class Told(BaseModel):
    """What was done a moment ago: a step, or how many vouchers became void, frozen or thawed."""

    done: Literal["", "paused", "stopped", "published", "ended"] = ""
    voided: int = -1
    frozen: int = -1
    thawed: int = -1


def make_campaigns(desk: Desk) -> APIRouter:
    """`/console/campaigns` and what is below it."""
    routes = desk_routes()
    database = desk.door.database

    @routes.get("/campaigns")
    async def campaigns(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with database.transaction() as connection:
            listed = await campaigns_on_board(connection, places=visitor.places)
            names = await parties(connection)
        rounds = await desk.rounds.get(visitor.places)
        of = {c.campaign_id: [r for r in rounds if r.campaign_id == c.campaign_id] for c in listed}
        facts = {"campaigns": listed, "rounds_of": of, "money_of": _sum_up, "names": names}
        return desk.show(request, visitor, "campaigns.html", facts)

    @routes.get("/campaigns/{campaign}")
    async def campaign(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        campaign: str,
        told: Annotated[Told, Query()],
    ) -> Response:
        campaign_id = known_id(campaign)
        async with database.transaction() as connection:
            found = _find(await campaigns_on_board(connection, places=visitor.places), campaign_id)
            terms = await terms_of(connection, campaign_id)
            names = await parties(connection)
            frozen = await frozen_of_campaign(connection, campaign_id)
            known = {**names, **await places_and_shops(connection)}
            history = await audit_page(connection, subject=f"campaign:{campaign_id}")
            for round_id in terms:
                history += await audit_page(connection, subject=f"round:{round_id}")
            people = {row.actor for row in history} | {row.actor for row in frozen}
            actors = await names_of(connection, people, desk.door.sealing)
            budget = ledger.account_id(campaign_id, Kind.BUDGET)
            balances = await ledger.balances_of(connection, [budget], cell=HOME_CELL)
        rounds = [r for r in await desk.rounds.get(visitor.places) if r.campaign_id == campaign_id]
        now = desk.door.clock.now()
        words = TermsWords(speech_of(request), desk.door.regions.division, known)
        facts = {
            "campaign": found,
            "rounds": rounds,
            "terms": {round_id: words.claiming(of) for round_id, of in terms.items()},
            "names": names,
            "money": _sum_up(rounds, left_fen=balances[budget].credit_fen if budget in balances else 0),
            "history": sorted(history, key=lambda row: -row.seq)[:20],
            "actors": actors,
            "round_names": {f"round:{r.round_id}": r for r in rounds},
            "may_steer": visitor.staff.may_any(*STEERING_ROLES, adcode=found.adcode),
            "campaign_moves": _in_order(CAMPAIGN_MOVES[CampaignState(found.state)], found.phase(now)),
            "round_moves": {r.round_id: _in_order(ROUND_MOVES[RoundState(r.state)], r.phase(now)) for r in rounds},
            "frozen": frozen,
            "told": told,
        }
        return desk.show(request, visitor, "campaign.html", facts)

    return routes


def _find(listed: list[CampaignBoard], campaign_id: UUID) -> CampaignBoard:
    for campaign in listed:
        if campaign.campaign_id == campaign_id:
            return campaign
    raise Missing


def _in_order(moves: Iterable[str], phase: str) -> list[str]:
    """The moves a person is offered: none of a draft, only the end once the time is over, the end last."""
    offered = {"draft": (), "ended": ("ended",)}.get(phase, ("paused", "published", "stopped", "ended"))
    return [move for move in offered if move in set(moves)]


def _sum_up(rounds: list[RoundBoard], left_fen: int = 0) -> CampaignMoney:
    out = [r for r in rounds if r.state != RoundState.DRAFT]
    return CampaignMoney(
        reserved_fen=sum(r.reserved_fen for r in out),
        claimed_fen=sum(r.claimed_fen for r in out),
        redeemed_fen=sum(r.redeemed_fen for r in out),
        expired_fen=sum(r.expired_fen for r in out),
        recycled_fen=sum(r.recycled_fen + r.unsold_fen for r in out),
        left_fen=left_fen,
    )
