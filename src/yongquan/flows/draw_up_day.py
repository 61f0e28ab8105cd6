"""Drawing up a day: closed, every payment ended, each shop's line and each funder's call fixed, the calls paid."""

from datetime import date

from yongquan import ledger
from yongquan.flows import settle_same_day
from yongquan.flows.day_desk import DayDesk, reached, to_network
from yongquan.institutions.connectors.account_messages import OWN_FUNDS_ACCOUNT
from yongquan.institutions.store import Funder, all_funders
from yongquan.payments import clearing_store as store
from yongquan.payments import payouts_store, same_day_store, settling_store
from yongquan.payments.clearing import (
    NOTHING,
    DayState,
    FunderTerms,
    advance_of,
    draw_line,
    in_chunks,
    plan_call,
)
from yongquan.payments.clearing_store import Call
from yongquan.payments.cut_offs_store import keep_cut_offs
from yongquan.payments.holds import active_scopes
from yongquan.payments.shop_statement import clock_time
from yongquan.plumbing.db import Connection

LINES_A_CALL = 10_000


async def close(desk: DayDesk, day: date) -> str:
    """No payment joins the day any more; those under way join the next one."""
    async with desk.database.apart() as connection:
        await store.close_day(connection, day, now=desk.clock.now())
    async with desk.database.apart() as connection:
        await store.wait_for_stamped(connection, day)
    return ""


async def wait_for_ends(desk: DayDesk, day: date) -> str:
    """Every payment and refund of the day must have ended; others ask their issuers meanwhile, and tell the cut-off."""
    async with desk.database.apart() as connection:
        payments, refunds = await store.count_open(connection, day)
        payouts = await payouts_store.count_unfinished(connection, day)
        cuts = await same_day_store.unsettled_cuts(connection, day=day)
    for _, cut_no in cuts:
        waits_for = await settle_same_day.go_on(desk, day, cut_no)
        if waits_for:
            return f"the cut-off at {clock_time(cut_no)}: {waits_for}"
    if payouts:
        return f"{payouts} payouts that have not ended"
    if payments or refunds:
        return f"{payments} payments and {refunds} refunds that have not ended"
    # Only now: an issuer that heard of it refuses purchases that are still under way with the day's stamp.
    issuers = [member.code for member in desk.links.registry.issuers] if desk.links.registry else []
    async with desk.database.apart() as connection:
        await keep_cut_offs(connection, issuers, closed=day, now=desk.clock.now())
    return ""


async def draw_up(desk: DayDesk, day: date) -> str:
    """Fix each shop's line and whom each funder's share is called from. Raises `FunderShort`."""
    async with desk.database.apart() as connection:
        if await reached(connection, day, DayState.DRAWN):
            return ""
        days = await settling_store.store_days(connection, day)
        held = await active_scopes(connection, sorted({one.acquirer for one in days}), desk.clock.now())
        lines = [draw_line(one, hold=held.get(one.store_id, "none")) for one in days]
        paid = in_chunks([line for line in lines if line.due != NOTHING], LINES_A_CALL)
        await settling_store.write_lines(
            connection,
            day,
            instructions={f"settle-{day}-{chunk[0].of.acquirer}-{n}": chunk for n, chunk in enumerate(paid)},
            unpaid=[line for line in lines if line.due == NOTHING],
            now=desk.clock.now(),
        )
        await _plan_calls(desk, connection, day)
        await store.enter_state(connection, day, DayState.DRAWN, now=desk.clock.now())
    return ""


async def call_funders(desk: DayDesk, day: date) -> str:
    """Supervised accounts pay first; what the bank will not pay, the advancer does, up to its limit."""
    async with desk.database.apart() as connection:
        calls = await store.calls_of(connection, day)
        accounts = {funder.funder_id: funder.account_no for funder in await all_funders(connection)}
    for call in calls:
        if call.state == "planned":
            source = accounts[call.funder_id] if call.source == "supervised" else OWN_FUNDS_ACCOUNT
            transfer = to_network(f"call-{day}-{call.funder_id}-{call.source}", day, source, call.amount_fen)
            code = await desk.book(call.institution, transfer)
            if code == "booked":
                async with desk.database.apart() as connection:
                    await store.end_call(connection, day, call, state="paid")
            elif code == "insufficient_funds" and call.source == "supervised":
                await _advance_instead(desk, day, call)
                return await call_funders(desk, day)
            else:
                return f"{call.institution}, which answers {code} to the call for {call.funder_id}"
    return ""


async def _plan_calls(desk: DayDesk, connection: Connection, day: date) -> None:
    dues = await store.write_dues(connection, day)
    funders = {funder.funder_id: funder for funder in await all_funders(connection)}
    for funder_id, by_cell in dues.items():
        funder = funders[funder_id]
        call = plan_call(await _terms(desk, connection, funder), sum(by_cell.values()))
        planned = [Call(funder_id, "supervised", funder.bank, call.supervised_fen)]
        if funder.advancer:
            planned.append(Call(funder_id, "advanced", funder.advancer, call.advanced_fen))
        await store.add_calls(connection, day, planned)


async def _advance_instead(desk: DayDesk, day: date, call: Call) -> None:
    async with desk.database.apart() as connection:
        funder = next(f for f in await all_funders(connection) if f.funder_id == call.funder_id)
        terms = await _terms(desk, connection, funder)
        planned_fen = sum(
            c.amount_fen
            for c in await store.calls_of(connection, day)
            if c.funder_id == call.funder_id and c.source == "advanced"
        )
        advance_of(terms, planned_fen + call.amount_fen)
        await store.end_call(connection, day, call, state="refused")
        await store.add_calls(
            connection, day, [Call(call.funder_id, "advanced", funder.advancer or "", call.amount_fen)]
        )


async def _terms(desk: DayDesk, connection: Connection, funder: Funder) -> FunderTerms:
    supervised = ledger.account_id(funder.funder_id, ledger.Kind.SUPERVISED)
    advanced = ledger.account_id(funder.funder_id, ledger.Kind.ADVANCED)
    prepaid_fen = advanced_fen = 0
    for cell in range(desk.cells):
        balances = await ledger.balances_of(connection, [supervised, advanced], cell=cell)
        prepaid_fen -= balances[supervised].credit_fen if supervised in balances else 0
        advanced_fen += balances[advanced].credit_fen if advanced in balances else 0
    return FunderTerms(
        funder.funder_id, funder.bank, prepaid_fen, funder.advancer, funder.advance_limit_fen, advanced_fen
    )
