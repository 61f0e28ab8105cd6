"""Find one's way in a season: rounds by words and filters, and a month of openings."""

import time
from calendar import Calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from yongquan.institutions.views import parties
from yongquan.plumbing.clock import business_day, day_start
from yongquan.vouchers.documents_search import FoundRound, Wanted, find
from yongquan.vouchers.documents_versions import VersionState, latest_versions
from yongquan.web.console.desk import Desk, Visitor, desk_routes
from yongquan.web.words import INDUSTRIES

SHOWN = 60
PHASES_ASKED = ("draft", "coming", "open", "paused", "ended")
DAYS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of the address, as typed."""

    q: str = ""
    funder: str = ""
    industry: str = ""
    phase: str = ""
    since: str = ""
    until: str = ""

    @property
    def wanted(self) -> Wanted:
        """What they mean; a day that cannot be read is no bound."""
        until = _day(self.until)
        return Wanted(
            self.q,
            self.funder,
            self.industry,
            self.phase,
            day_start(since) if (since := _day(self.since)) else None,
            day_start(until + timedelta(days=1)) if until else None,
        )


def make_season(desk: Desk) -> APIRouter:
    """`/console/season` and its calendar."""
    routes = desk_routes()
    database = desk.door.database

    _add_calendar(routes, desk)

    @routes.get("/season")
    async def season(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        asked: Annotated[Asked, Depends(_asked)],
    ) -> Response:
        started = time.perf_counter()
        listed = await desk.season.get(visitor.places)
        found = find(listed, asked.wanted, now=desk.door.clock.now())
        took_ms = round((time.perf_counter() - started) * 1000)
        async with database.transaction() as connection:
            versions = await latest_versions(connection, places=visitor.places)
            names = await parties(connection)
        facts = {
            "asked": asked,
            "found": found[:SHOWN],
            "many": len(found),
            "types_found": sum(len(r.types) for r in found),
            "all_rounds": len(listed),
            "all_types": sum(len(r.types) for r in listed),
            "took_ms": took_ms,
            "versions": [v for v in versions if v.state is not VersionState.APPLIED] if asked == Asked() else [],
            "names": names,
            "funders": sorted({r.funder_id for r in listed}),
            "industries": INDUSTRIES,
            "phases": PHASES_ASKED,
        }
        return desk.show(request, visitor, "season.html", facts)

    return routes


def _add_calendar(routes: APIRouter, desk: Desk) -> None:
    database = desk.door.database

    @routes.get("/season/calendar")
    async def calendar(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        month: str = "",
        funder: str = "",
    ) -> Response:
        listed = await desk.season.get(visitor.places)
        first = _day(f"{month}-01") or _first_month(listed, desk.door.clock.now())
        by_day: dict[date, list[FoundRound]] = defaultdict(list)
        for one in find(listed, Wanted(funder=funder), now=desk.door.clock.now()):
            by_day[business_day(one.opens_at)].append(one)
        async with database.transaction() as connection:
            names = await parties(connection)
        facts = {
            "weeks": Calendar().monthdatescalendar(first.year, first.month),
            "first": first,
            "before": (first - timedelta(days=1)).strftime("%Y-%m"),
            "after": (first + timedelta(days=32)).strftime("%Y-%m"),
            "by_day": by_day,
            "most": DAYS_SHOWN,
            "funder": funder,
            "funders": sorted({r.funder_id for r in listed}),
            "names": names,
        }
        return desk.show(request, visitor, "calendar.html", facts)


def _asked(
    q: Annotated[str, Query(max_length=80)] = "",
    *,
    funder: str = "",
    industry: str = "",
    phase: str = "",
    since: str = "",
    until: str = "",
) -> Asked:
    return Asked(q.strip(), funder, industry, phase, since, until)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _first_month(rounds: list[FoundRound], now: datetime) -> date:
    """This month, or that of the next opening if there is none in it, or of the last."""
    today = business_day(now)
    opens = [business_day(r.opens_at) for r in rounds] or [today]
    coming = [day for day in opens if day >= today.replace(day=1)]
    return min(coming, default=max(opens, default=today)).replace(day=1)
