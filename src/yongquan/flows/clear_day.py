"""Clearing a day: closed, drawn up, funders called, netted, agreed with everybody, paid through the central bank.

Each step may be repeated after a crash at any point: what it does is named after the day, and it asks the day's state
first. A step answers "" when it is done, else what it waits for; it never guesses.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

import structlog

from yongquan import ledger
from yongquan.institutions.connectors.account_messages import (
    NETWORK_ACCOUNT,
    OWN_FUNDS_ACCOUNT,
    BookTransfer,
    NetSettlement,
)
from yongquan.institutions.links import Links
from yongquan.institutions.store import Funder, all_funders
from yongquan.kernel.ids import named_id
from yongquan.payments import clearing_store as store
from yongquan.payments import settling_store
from yongquan.payments.clearing import (
    NOTHING,
    DayState,
    FunderShort,
    FunderTerms,
    Moved,
    Position,
    advance_of,
    draw_line,
    in_chunks,
    over_all_cells,
    plan_call,
    positions,
    share_call,
)
from yongquan.payments.clearing_store import NETWORK, Call
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database

LINES_A_CALL = 10_000

log = structlog.get_logger(__name__)
Step = Callable[[date], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class DayDesk:
    """The steps of clearing one day, in the order of `steps`.

    Every step opens connections of its own, so that it may run in any event loop.
    """

    database: Database
    clock: Clock
    links: Links
    cells: int

    @property
    def steps(self) -> Sequence[tuple[str, Step]]:
        return (
            ("close", self.close),
            ("wait_for_ends", self.wait_for_ends),
            ("draw_up", self.draw_up),
            ("call_funders", self.call_funders),
            ("net", self.net),
            ("agree", self.agree),
            ("pay_nets", self.pay_nets),
        )

    async def close(self, day: date) -> str:
        """No payment joins the day any more; those under way join the next one."""
        async with self.transaction() as connection:
            await store.close_day(connection, day, now=self.clock.now())
        return ""

    async def wait_for_ends(self, day: date) -> str:
        """Every payment and refund of the day must have ended; others ask their issuers meanwhile."""
        async with self.transaction() as connection:
            payments, refunds = await store.count_open(connection, day)
        return f"{payments} payments and {refunds} refunds that have not ended" if payments or refunds else ""

    async def draw_up(self, day: date) -> str:
        """Fix each shop's line and whom each funder's share is called from. Raises `FunderShort`."""
        async with self.transaction() as connection:
            if await _reached(connection, day, DayState.DRAWN):
                return ""
            lines = [draw_line(one) for one in await settling_store.store_days(connection, day)]
            paid = in_chunks([line for line in lines if line.due != NOTHING], LINES_A_CALL)
            await settling_store.write_lines(
                connection,
                day,
                instructions={f"settle-{day}-{chunk[0].of.acquirer}-{n}": chunk for n, chunk in enumerate(paid)},
                unpaid=[line for line in lines if line.due == NOTHING],
                now=self.clock.now(),
            )
            await self._plan_calls(connection, day)
            await store.enter_state(connection, day, DayState.DRAWN, now=self.clock.now())
        return ""

    async def call_funders(self, day: date) -> str:
        """Supervised accounts pay first; what the bank will not pay, the advancer does, up to its limit."""
        async with self.transaction() as connection:
            calls = await store.calls_of(connection, day)
            accounts = {funder.funder_id: funder.account_no for funder in await all_funders(connection)}
        for call in calls:
            if call.state == "planned":
                source = accounts[call.funder_id] if call.source == "supervised" else OWN_FUNDS_ACCOUNT
                transfer = _to_network(f"call-{day}-{call.funder_id}-{call.source}", day, source, call.amount_fen)
                code = await self._book(call.institution, transfer)
                if code == "booked":
                    async with self.transaction() as connection:
                        await store.end_call(connection, day, call, state="paid")
                elif code == "insufficient_funds" and call.source == "supervised":
                    await self._advance_instead(day, call)
                    return f"the advancer of {call.funder_id}, whose account is short"
                else:
                    return f"{call.institution}, which answers {code} to the call for {call.funder_id}"
        return ""

    async def net(self, day: date) -> str:
        """Fix every institution's position: as issuer, as acquirer, for funders, and its fees."""
        async with self.transaction() as connection:
            if await _reached(connection, day, DayState.NETTED):
                return ""
            moves = await store.moved_on(connection, day)
            calls = await store.calls_of(connection, day)
            dues = await store.dues_of(connection, day)
            for funder_id, due_by_cell in dues.items():
                shared = share_call(due_by_cell, store.paid_by_source(calls, funder_id))
                payers = {call.source: call.institution for call in calls if call.funder_id == funder_id}
                for cell, part in shared.items():
                    for source, fen in (("supervised", part.supervised_fen), ("advanced", part.advanced_fen)):
                        if fen:
                            moves.append(Moved(cell, payers[source], called_fen=fen))
            found = positions(moves)
            _require_zero(found.values())
            await store.write_positions(connection, day, found)
            await store.enter_state(connection, day, DayState.NETTED, now=self.clock.now())
        return ""

    async def agree(self, day: date) -> str:
        """Fees and fronted refunds move at each institution; then its own total of the day must be ours."""
        async with self.transaction() as connection:
            found = await store.positions_of(connection, day)
            instructed = await settling_store.instructed_fen(connection, day)
        for position in _members(found):
            gross_fen = instructed.get(position.institution, 0)
            own_fen = position.own_funds_fen(gross_fen)
            if own_fen:
                transfer = _to_network(f"fees-{day}-{position.institution}", day, OWN_FUNDS_ACCOUNT, own_fen)
                code = await self._book(position.institution, transfer)
                if code != "booked":
                    return f"{position.institution}, which answers {code} to the fees of the day"
            # Instructions come later and will take the gross of their lines out of the total.
            trouble = await self._compare(day, position, expected_fen=position.net_fen + gross_fen)
            if trouble:
                return trouble
        return ""

    async def pay_nets(self, day: date) -> str:
        """Book calls and positions in the ledger, and have each institution pay or be paid its position."""
        async with self.transaction() as connection:
            if await _reached(connection, day, DayState.CLEARED):
                return ""
            found = await store.positions_of(connection, day)
            await self._book_calls(connection, day)
            await self._book_nets(connection, day, found)
        for position in _members(found):
            async with self.links.client(position.institution) as member:
                await member.settle_net(
                    NetSettlement(
                        id=f"net-{day}-{position.institution}", settlement_date=day, net_fen=position.net_fen
                    )
                )
        async with self.transaction() as connection:
            await store.enter_state(connection, day, DayState.CLEARED, now=self.clock.now())
        return ""

    async def compare_all(self, day: date) -> str:
        """Whether every institution's total of the day is our position, once shops are instructed."""
        async with self.transaction() as connection:
            found = await store.positions_of(connection, day)
        for position in _members(found):
            trouble = await self._compare(day, position, expected_fen=position.net_fen)
            if trouble:
                return trouble
        return ""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection of its own in a transaction."""
        connection = await self.database.connect()
        try:
            async with connection.transaction():
                yield connection
        finally:
            await connection.close()

    async def _plan_calls(self, connection: Connection, day: date) -> None:
        dues = await store.write_dues(connection, day)
        funders = {funder.funder_id: funder for funder in await all_funders(connection)}
        for funder_id, by_cell in dues.items():
            funder = funders[funder_id]
            call = plan_call(await self._terms(connection, funder), sum(by_cell.values()))
            planned = [Call(funder_id, "supervised", funder.bank, call.supervised_fen)]
            if funder.advancer:
                planned.append(Call(funder_id, "advanced", funder.advancer, call.advanced_fen))
            await store.add_calls(connection, day, planned)

    async def _advance_instead(self, day: date, call: Call) -> None:
        async with self.transaction() as connection:
            funder = next(f for f in await all_funders(connection) if f.funder_id == call.funder_id)
            terms = await self._terms(connection, funder)
            planned_fen = sum(
                c.amount_fen
                for c in await store.calls_of(connection, day)
                if c.funder_id == call.funder_id and c.source == "advanced"
            )
            if funder.advancer is None:
                raise FunderShort(funder_id=funder.funder_id, short_fen=call.amount_fen)
            advance_of(terms, planned_fen + call.amount_fen)
            await store.end_call(connection, day, call, state="refused")
            await store.add_calls(connection, day, [Call(call.funder_id, "advanced", funder.advancer, call.amount_fen)])

    async def _terms(self, connection: Connection, funder: Funder) -> FunderTerms:
        supervised = ledger.account_id(funder.funder_id, ledger.Kind.SUPERVISED)
        advanced = ledger.account_id(funder.funder_id, ledger.Kind.ADVANCED)
        prepaid_fen = advanced_fen = 0
        for cell in range(self.cells):
            balances = await ledger.balances_of(connection, [supervised, advanced], cell=cell)
            prepaid_fen -= balances[supervised].credit_fen if supervised in balances else 0
            advanced_fen += balances[advanced].credit_fen if advanced in balances else 0
        return FunderTerms(
            funder.funder_id, funder.bank, prepaid_fen, funder.advancer, funder.advance_limit_fen, advanced_fen
        )

    async def _book_calls(self, connection: Connection, day: date) -> None:
        calls = await store.calls_of(connection, day)
        payers = {(call.funder_id, call.source): call.institution for call in calls}
        by_cell: defaultdict[int, list[ledger.Transfer]] = defaultdict(list)
        for funder_id, due_by_cell in (await store.dues_of(connection, day)).items():
            shared = share_call(due_by_cell, store.paid_by_source(calls, funder_id))
            for cell, part in shared.items():
                for source, fen in (("supervised", part.supervised_fen), ("advanced", part.advanced_fen)):
                    recipe = ledger.payment_recipes.call_subsidy if fen > 0 else ledger.payment_recipes.return_subsidy
                    if fen:
                        by_cell[cell] += recipe(
                            event=named_id("call", day, cell, funder_id, source),
                            funder_id=funder_id,
                            payer_id=payers[funder_id, source],
                            amount_fen=abs(fen),
                            advanced=source == "advanced",
                        )
        for cell, transfers in by_cell.items():
            await ledger.post(connection, transfers, cell=cell, now=self.clock.now())

    async def _book_nets(
        self, connection: Connection, day: date, found: Mapping[tuple[int, str], Position]
    ) -> None:
        for (cell, code), position in found.items():
            if code != NETWORK:
                transfers = ledger.payment_recipes.settle_net(
                    event=named_id("net", day, cell, code), institution_id=code, net_fen=-position.net_fen
                )
                await ledger.post(connection, transfers, cell=cell, now=self.clock.now())

    async def _book(self, institution: str, transfer: BookTransfer) -> str:
        async with self.links.client(institution) as member:
            (result,) = await member.transfer([transfer])
        return result.code

    async def _compare(self, day: date, position: Position, *, expected_fen: int) -> str:
        async with self.links.client(position.institution) as member:
            told = await member.totals(day)
        if told.net_fen == expected_fen:
            return ""
        log.warning(
            "totals_differ", institution=position.institution, day=str(day), ours=expected_fen, theirs=told.net_fen
        )
        return f"{position.institution}, whose total is {told.net_fen} fen against {expected_fen} here"


def _to_network(id_: str, day: date, source: str, amount_fen: int) -> BookTransfer:
    there, here = (source, NETWORK_ACCOUNT) if amount_fen > 0 else (NETWORK_ACCOUNT, source)
    return BookTransfer(
        id=id_, from_account=there, to_account=here, amount_fen=abs(amount_fen), settlement_date=day, purpose=id_
    )


def _members(found: Mapping[tuple[int, str], Position]) -> list[Position]:
    return [position for position in over_all_cells(found.values()) if position.institution != NETWORK]


async def _reached(connection: Connection, day: date, state: DayState) -> bool:
    found = await store.day_of(connection, day, lock=True)
    return found is not None and found.state.reached(state)


def _require_zero(found: Iterable[Position]) -> None:
    sum_fen = sum(position.net_fen for position in found)
    if sum_fen:
        raise ValueError(f"the positions of the day add up to {sum_fen} fen, not to zero")
