"""`/console/risk/gangs` and `/console/risk/terminals`: what the daily search found, why, and a gang as a drawing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.merchants.views import facts_of_stores
from yongquan.plumbing.db import Connection
from yongquan.risk.findings import Party
from yongquan.risk.graph.drawing import places_of
from yongquan.risk.graph.graph import Tie
from yongquan.risk.graph.store import StoredFinding, days_with_findings, finding_of, findings_listed, last_search
from yongquan.risk.search import AT_SHOPS, GANGS
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.finding_words import FINDING_KINDS, PARTY_KINDS, SOURCES
from yongquan.web.language import Speech, speech_of

SHOWN_OF_ID = 8


def make_gangs(desk: Desk) -> APIRouter:
    """The pages; gangs cross divisions, so they are for those who see the whole city."""
    routes = desk_routes()
    database = desk.door.database

    @routes.get("/risk/gangs")
    async def gangs(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], day: str = "") -> Response:
        _require_whole_city(visitor)
        wanted = _day_or_none(day)
        async with database.transaction() as connection:
            days = await days_with_findings(connection, GANGS)
            rows = await findings_listed(connection, GANGS, day=wanted)
            names = await _names(connection, rows)
            searched = await last_search(connection)
        facts = {"rows": rows, "days": days, "day": wanted, "names": names, "searched": searched}
        return desk.show(request, visitor, "gangs.html", facts | _words())

    @routes.get("/risk/gangs/{finding}")
    async def gang(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], finding: str) -> Response:
        _require_whole_city(visitor)
        async with database.transaction() as connection:
            found = await finding_of(connection, known_id(finding))
            if found is None:
                raise Missing
            names = await _names(connection, [found])
        said = speech_of(request)
        facts = {"row": found, "names": names, "drawing": drawing_of(found, names, said), "shown": _shown}
        return desk.show(request, visitor, "gang.html", facts | _words())

    @routes.get("/risk/terminals")
    async def terminals(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], day: str = ""
    ) -> Response:
        _require_whole_city(visitor)
        wanted = _day_or_none(day)
        async with database.transaction() as connection:
            days = await days_with_findings(connection, AT_SHOPS)
            rows = await findings_listed(connection, AT_SHOPS, day=wanted)
            names = await _names(connection, rows)
            searched = await last_search(connection)
        facts = {"rows": rows, "days": days, "day": wanted, "names": names, "searched": searched}
        return desk.show(request, visitor, "terminals.html", facts | _words())

    return routes


def drawing_of(found: StoredFinding, names: Mapping[str, str], said: Speech) -> str:
    """What the page's script draws: places and names of the parties by kind, and the lines between them."""
    parties = sorted({*found.finding.parties, *_ends(found.ties)})
    place = dict(zip(parties, places_of(parties, found.ties), strict=True))
    kinds = sorted({party.kind for party in parties})
    return json.dumps(
        {
            "kinds": [
                {
                    "name": said.say(PARTY_KINDS.get(kind, kind)),
                    "nodes": [[*place[p], _shown(p, names)] for p in parties if p.kind == kind],
                }
                for kind in kinds
            ],
            "links": [[*place[tie.one], *place[tie.other]] for tie in found.ties],
        },
        ensure_ascii=False,
    )


def _ends(ties: Iterable[Tie]) -> Iterable[Party]:
    return (party for tie in ties for party in (tie.one, tie.other))


def _shown(party: Party, names: Mapping[str, str]) -> str:
    """A shop by its name, everything else by the end of its value: enough to compare, too little to look up."""
    return names.get(party.value) or f"…{party.value[-SHOWN_OF_ID:]}"


async def _names(connection: Connection, rows: Sequence[StoredFinding]) -> dict[str, str]:
    parties = {party for row in rows for party in (*row.finding.parties, *_ends(row.ties))}
    stores = sorted(party.value for party in parties if party.kind == "store")
    known = await facts_of_stores(connection, [store for value in stores if (store := _id_or_none(value))])
    return {str(store): facts.name for store, facts in known.items()}


def _id_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Missing from error


def _words() -> dict[str, object]:
    return {"finding_kinds": FINDING_KINDS, "party_kinds": PARTY_KINDS, "sources": SOURCES, "shown": _shown}


def _require_whole_city(visitor: Visitor) -> None:
    if visitor.places is not None:
        raise Missing
