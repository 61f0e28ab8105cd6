"""Same-day settlement: at a cut-off, what shops on it took so far is netted, and their acquirers pay it at once.

draw -> pay nets -> instruct -> match. Only the card part is paid early; subsidies are called at the day's close. Each
step asks the cut-off's state, and what it sends is named after day and cut-off, so anybody goes on where it stopped.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime

import structlog

from yongquan import ledger
from yongquan.flows.day_desk import DayDesk, members_of
from yongquan.flows.settle_shops import instruct_lines, match_lines
from yongquan.institutions.connectors.account_messages import NetSettlement
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import named_id
from yongquan.payments import same_day_store as store
from yongquan.payments import settling_store
from yongquan.payments.clearing import StoreLine, draw_same_day, in_chunks, positions, require_zero
from yongquan.payments.clearing_store import NETWORK
from yongquan.payments.fee_versions import FeeSchedule
from yongquan.payments.holds import active_scopes
from yongquan.payments.same_day_offers import offers, plain_offer
from yongquan.plumbing.clock import SHANGHAI, business_day
from yongquan.plumbing.db import Connection

LINES_A_CALL = 10_000
CutStep = Callable[[DayDesk, date, int], Awaitable[str]]

log = structlog.get_logger(__name__)


async def settle_what_is_due(desk: DayDesk) -> None:
    """Draw today's cut-offs whose time has come, and go on with every one that is not settled."""
    now = desk.clock.now()
    async with desk.database.apart() as connection:
        due = await store.due_cuts(connection, business_day(now), _minute_of(now))
    for cut_no in due:
        await cut_off(desk, business_day(now), cut_no)
    async with desk.database.apart() as connection:
        waiting = await store.unsettled_cuts(connection)
    for day, cut_no in waiting:
        await go_on(desk, day, cut_no)


async def cut_off(desk: DayDesk, day: date, cut_no: int) -> str:
    """Draw a cut-off of an open day, if nobody has, and settle it; "" or what it waits for."""
    await draw(desk, day, cut_no)
    return await go_on(desk, day, cut_no)


async def go_on(desk: DayDesk, day: date, cut_no: int) -> str:
    """Take a drawn cut-off as far as it goes; "" once it is settled, else what it waits for. May be repeated."""
    try:
        for _, step in STEPS:
            await step(desk, day, cut_no)
    except (Outage, Refusal) as trouble:
        waits_for = f"{type(trouble).__name__}: {trouble}"
        log.info("cut_off_waits", day=str(day), cut_no=cut_no, waiting_for=waits_for)
        async with desk.database.apart() as connection:
            await store.say_waiting(connection, day, cut_no, waits_for)
        return waits_for
    return ""


async def draw(desk: DayDesk, day: date, cut_no: int) -> bool:
    """Fix each shop's line and every institution's position of a cut-off, once; False if it is drawn or too late."""
    now = desk.clock.now()
    async with desk.database.apart() as connection:
        if not await store.begin_cut(connection, day, cut_no, now=now):
            return False
        lines = await _lines(connection, day, cut_no, now)
        await settling_store.write_lines(
            connection,
            day,
            instructions={
                f"same-{day}-{cut_no}-{chunk[0].of.acquirer}-{n}": chunk
                for n, chunk in enumerate(in_chunks(lines, LINES_A_CALL))
            },
            unpaid=[],
            now=now,
            cut_no=cut_no,
        )
        found = positions(await store.moved_at(connection, day, cut_no))
        require_zero(found.values())
        await store.write_positions(connection, day, cut_no, found)
        if not lines:
            await store.enter(connection, day, cut_no, "settled")
    return True


async def pay_nets(desk: DayDesk, day: date, cut_no: int) -> str:
    """Book the positions in the ledger, and have each institution pay or be paid its own."""
    async with desk.database.apart() as connection:
        if await store.state_of(connection, day, cut_no) != "drawn":
            return ""
        found = await store.positions_at(connection, day, cut_no)
        for (cell, code), position in found.items():
            if code != NETWORK:
                event = named_id("net", day, cut_no, cell, code)
                chain = ledger.payment_recipes.settle_net(event=event, institution_id=code, net_fen=-position.net_fen)
                await ledger.post(connection, chain, cell=cell, now=desk.clock.now())
    for position in members_of(found.values()):
        id_ = f"net-{day}-{cut_no}-{position.institution}"
        async with desk.links.client(position.institution) as member:
            await member.settle_net(NetSettlement(id=id_, settlement_date=day, net_fen=position.net_fen))
    async with desk.database.apart() as connection:
        await store.enter(connection, day, cut_no, "netted")
    return ""


async def instruct(desk: DayDesk, day: date, cut_no: int) -> str:
    """Hand every acquirer the cut-off's lines."""
    return await instruct_lines(desk, day, cut_no=cut_no)


async def match(desk: DayDesk, day: date, cut_no: int) -> str:
    """Match the acquirers' reports; with that the cut-off is settled."""
    await match_lines(desk, day, cut_no=cut_no)
    async with desk.database.apart() as connection:
        await store.enter(connection, day, cut_no, "settled")
    return ""


STEPS: Sequence[tuple[str, CutStep]] = (("pay_nets", pay_nets), ("instruct", instruct), ("match", match))


async def _lines(connection: Connection, day: date, cut_no: int, now: datetime) -> list[StoreLine]:
    fees = FeeSchedule()
    await fees.refresh(connection)
    shops = await store.take_items(connection, day, cut_no)
    held = await active_scopes(connection, sorted({shop.acquirer for shop in shops}), now)
    set_, plain = await offers(connection), plain_offer(fees.at(now).same_day)
    drawn = []
    for shop in shops:
        offer, hold = set_.get(shop.acquirer, plain), held.get(shop.store_id, "none")
        line = draw_same_day(shop, offer.rate, hold=hold) if offer.takes(cut_no) else None
        drawn.append((shop, line))
    await store.let_go(connection, day, cut_no, [shop for shop, line in drawn if line is None])
    await store.bring(connection, day, cut_no, [shop for shop, line in drawn if line is not None])
    return [line for _, line in drawn if line is not None]


def _minute_of(now: datetime) -> int:
    local = now.astimezone(SHANGHAI)
    return local.hour * 60 + local.minute
