"""Netting a day: positions fixed, agreed with every institution, booked and paid through the central bank."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from yongquan import ledger
from yongquan.flows.day_desk import DayDesk, members_of, reached, to_network
from yongquan.flows.hold_merchant import book_recoveries
from yongquan.institutions.connectors.account_messages import OWN_FUNDS_ACCOUNT, NetSettlement
from yongquan.kernel.ids import named_id
from yongquan.payments import clearing_store as store
from yongquan.payments import payouts_store, same_day_store, settling_store
from yongquan.payments.clearing import DayState, Moved, positions, require_zero, share_call
from yongquan.payments.clearing_store import NETWORK
from yongquan.payments.holds import recovered_on
from yongquan.plumbing.db import Connection


async def net(desk: DayDesk, day: date) -> str:
    """Fix every institution's position: as issuer, as acquirer, for funders, and its fees."""
    async with desk.database.apart() as connection:
        if await reached(connection, day, DayState.NETTED):
            return ""
        moves = await store.moved_on(connection, day) + await payouts_store.sent_on(connection, day)
        # An acquirer that only pays out what was carried has a position too: its own funds bring the money in.
        moves += [Moved(0, acquirer) for acquirer in await settling_store.instructed_fen(connection, day)]
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
        require_zero(found.values())
        await store.write_positions(connection, day, found)
        await store.enter_state(connection, day, DayState.NETTED, now=desk.clock.now())
    return ""


async def agree(desk: DayDesk, day: date) -> str:
    """Fees and fronted refunds move at each institution; then its own total of the day must be ours."""
    async with desk.database.apart() as connection:
        if await reached(connection, day, DayState.CLEARED):
            return ""
        found = await store.positions_of(connection, day)
        instructed = await settling_store.instructed_fen(connection, day)
        to_come = await settling_store.instructed_fen(connection, day, at_close=True)
        recovered = await recovered_on(connection, day)
    trouble = await book_recoveries(desk, day)
    if trouble:
        return trouble
    for position in members_of(found.values()):
        # What it gives back to funders comes out of what it held, not out of its own funds.
        own_fen = position.own_funds_fen(instructed.get(position.institution, 0)) - recovered.get(
            position.institution, 0
        )
        if own_fen:
            transfer = to_network(f"fees-{day}-{position.institution}", day, OWN_FUNDS_ACCOUNT, own_fen)
            code = await desk.book(position.institution, transfer)
            if code != "booked":
                return f"{position.institution}, which answers {code} to the fees of the day"
        # Instructions of the close come later and will take the gross of their lines out of the total.
        gross_fen = to_come.get(position.institution, 0)
        trouble = await desk.compare(day, position, expected_fen=position.net_fen + gross_fen)
        if trouble:
            return trouble
    return ""


async def pay_nets(desk: DayDesk, day: date) -> str:
    """Book calls and positions in the ledger, and have each institution pay or be paid its position."""
    async with desk.database.apart() as connection:
        if await reached(connection, day, DayState.CLEARED):
            return ""
        found = await store.positions_of(connection, day)
        early = await same_day_store.netted_early(connection, day)
        await _book_calls(desk, connection, day)
        await _book_nets(desk, connection, day, {key: one.net_fen - early.get(key, 0) for key, one in found.items()})
    for position in members_of(found.values()):
        code = position.institution
        net_fen = position.net_fen - sum(fen for (_, payer), fen in early.items() if payer == code)
        async with desk.links.client(code) as member:
            await member.settle_net(NetSettlement(id=f"net-{day}-{code}", settlement_date=day, net_fen=net_fen))
    async with desk.database.apart() as connection:
        await store.enter_state(connection, day, DayState.CLEARED, now=desk.clock.now())
    return ""


async def _book_calls(desk: DayDesk, connection: Connection, day: date) -> None:
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
        await ledger.post(connection, transfers, cell=cell, now=desk.clock.now())


async def _book_nets(desk: DayDesk, connection: Connection, day: date, nets: Mapping[tuple[int, str], int]) -> None:
    for (cell, code), net_fen in nets.items():
        if code != NETWORK:
            transfers = ledger.payment_recipes.settle_net(
                event=named_id("net", day, cell, code), institution_id=code, net_fen=-net_fen
            )
            await ledger.post(connection, transfers, cell=cell, now=desk.clock.now())
