"""What every step of clearing stands on: connections of its own, and signed calls to the members."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import structlog

from yongquan.institutions.connectors.account_messages import NETWORK_ACCOUNT, BookTransfer
from yongquan.institutions.links import Links
from yongquan.payments import clearing_store as store
from yongquan.payments.clearing import DayState, Position, over_all_cells
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DayDesk:
    """The desk at which a day is cleared. A step may run in any event loop: see `Database.apart`."""

    database: Database
    clock: Clock
    links: Links
    cells: int

    async def book(self, institution: str, transfer: BookTransfer) -> str:
        """Have one book transfer done; the answer is the institution's code."""
        async with self.links.client(institution) as member:
            (result,) = await member.transfer([transfer])
        return result.code

    async def compare(self, day: date, position: Position, *, expected_fen: int) -> str:
        """ "" if the institution's total of the day is the one expected, else what to wait for."""
        async with self.links.client(position.institution) as member:
            told = await member.totals(day)
        if told.net_fen == expected_fen:
            return ""
        log.warning(
            "totals_differ", institution=position.institution, day=str(day), ours=expected_fen, theirs=told.net_fen
        )
        return f"{position.institution}, whose total is {told.net_fen} fen against {expected_fen} here"


Step: TypeAlias = Callable[[DayDesk, date], Awaitable[str]]
"""A step answers "" when it is done, else what it waits for. It may be repeated after a crash at any point."""


def to_network(id_: str, day: date, source: str, amount_fen: int) -> BookTransfer:
    """An amount from an account to the network's clearing side; below zero the other way."""
    there, here = (source, NETWORK_ACCOUNT) if amount_fen > 0 else (NETWORK_ACCOUNT, source)
    return BookTransfer(
        id=id_, from_account=there, to_account=here, amount_fen=abs(amount_fen), settlement_date=day, purpose=id_
    )


def members_of(positions: Iterable[Position]) -> list[Position]:
    """One position an institution over all cells; the operator's own fees left out."""
    return [position for position in over_all_cells(positions) if position.institution != store.NETWORK]


async def reached(connection: Connection, day: date, state: DayState) -> bool:
    """Whether the day has come this far; locks it until the commit."""
    found = await store.day_of(connection, day, lock=True)
    return found is not None and found.state.reached(state)
