"""What risk answered, at the desk: a list with filters, and one verdict with everything it rests on."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from yongquan.flows.name_parties import BadValue, resolve_values
from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import names_of_stores
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity
from yongquan.risk.lists.treatment import treatment_of
from yongquan.risk.verdicts.record import Verdict
from yongquan.risk.verdicts.store import verdict_of
from yongquan.risk.verdicts.views import PAGE, SoughtVerdicts, count_verdicts, search_verdicts
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.language import speech_of
from yongquan.web.risk_words import ACTIONS, KINDS, PARTIES, STATES, RiskWords


def make_risk_verdicts(desk: Desk) -> APIRouter:
    """`/console/risk/verdicts`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/risk/verdicts")
    async def verdicts(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        action: str = "",
        state: str = "",
        kind: str = "",
        day: date | None = None,
        rule: Annotated[str, Query(max_length=64)] = "",
        party: str = "",
        value: Annotated[str, Query(max_length=128)] = "",
        before: datetime | None = None,
        before_id: UUID | None = None,
    ) -> Response:
        wanted = {"action": action, "state": state, "kind": kind, "day": day.isoformat() if day else "", "rule": rule}
        wanted |= {"party": party, "value": value}
        places = visitor.places
        async with door.database.transaction() as connection:
            values = await _values(desk, connection, party, value.strip())
            sought = SoughtVerdicts(
                action=action or None,
                state=state or None,
                kind=kind or None,
                day=day,
                rule=rule.strip() or None,
                party=party if values else None,
                values=values,
                places=places,
                before=(before, before_id) if before is not None and before_id is not None else None,
            )
            found = await search_verdicts(connection, sought, limit=PAGE + 1)
            counted = day or business_day(door.clock.now())
            counts = await count_verdicts(connection, counted, places=places)
        facts = {
            "verdicts": found[:PAGE],
            "last": found[PAGE - 1] if len(found) > PAGE else None,
            "counts": counts,
            "counted": counted,
            "wanted": wanted,
            "actions": ACTIONS,
            "states": STATES,
            "kinds": KINDS,
            "parties": PARTIES,
            "risk_words": RiskWords(speech_of(request)),
        }
        return desk.show(request, visitor, "risk_verdicts.html", facts)

    _add_one(routes, desk)
    return routes


def _add_one(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/risk/verdicts/{verdict}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], verdict: str) -> Response:
        verdict_id = known_id(verdict)
        async with door.database.transaction() as connection:
            found = await verdict_of(connection, cell_of(verdict_id, door.cells), verdict_id)
            shop = await _shop_of(connection, found)
        if found is None or not _may_see(visitor, found):
            raise Missing
        facts = {
            "verdict": found,
            "shop": shop,
            "treatment": treatment_of(found.listed),
            "risk_words": RiskWords(speech_of(request)),
        }
        return desk.show(request, visitor, "risk_verdict.html", facts)


async def _shop_of(connection: Connection, verdict: Verdict | None) -> str:
    store = verdict.event.parties.get(Entity.STORE) if verdict else None
    try:
        return (await names_of_stores(connection, [UUID(store)])).get(UUID(store), "") if store else ""
    except ValueError:  # an app may call its own shop anything
        return ""


async def _values(desk: Desk, connection: Connection, party: str, said: str) -> list[str]:
    if party not in PARTIES or not said:
        return []
    (found,) = await resolve_values(connection, [(Entity(party), said)], desk.door.sealing, cells=desk.door.cells)
    return [said] if isinstance(found, BadValue) else [said, found]


def _may_see(visitor: Visitor, verdict: Verdict) -> bool:
    places = visitor.places
    return places is None or verdict.event.facts.get("adcode") in places
