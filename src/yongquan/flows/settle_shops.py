"""Settling a cleared day: acquirers are instructed to pay the shops, and their reports are matched line by line."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import structlog

from yongquan.flows.day_desk import DayDesk, members_of, reached
from yongquan.institutions.connectors.account_messages import (
    Hold,
    LineReport,
    SettlementInstruction,
    SettlementLine,
)
from yongquan.payments import clearing_store, settling_store
from yongquan.payments.clearing import DayState, Owed
from yongquan.payments.settling_store import Answer

log = structlog.get_logger(__name__)


async def instruct(desk: DayDesk, day: date) -> str:
    """Hand every acquirer the lines of its shops."""
    return await instruct_lines(desk, day, cut_no=0)


async def instruct_lines(desk: DayDesk, day: date, *, cut_no: int) -> str:
    """Hand over the lines of the close (0) or of a cut-off."""
    async with desk.database.apart() as connection:
        waiting = await settling_store.instructions_in(connection, day, "planned", cut_no=cut_no)
    for instruction_id, acquirer in waiting:
        async with desk.database.apart() as connection:
            lines = await settling_store.lines_of(connection, instruction_id)
        async with desk.links.client(acquirer) as client:
            await client.instruct_settlement(instruction_of(instruction_id, day, lines))
        async with desk.database.apart() as connection:
            await settling_store.mark_instructed(connection, instruction_id)
    return ""


async def match(desk: DayDesk, day: date) -> str:
    """Fetch the reports and hold each line against what we asked for."""
    return await match_lines(desk, day, cut_no=0)


async def match_lines(desk: DayDesk, day: date, *, cut_no: int) -> str:
    """Match the lines of the close (0) or of a cut-off."""
    async with desk.database.apart() as connection:
        waiting = await settling_store.instructions_in(connection, day, "instructed", cut_no=cut_no)
    for instruction_id, acquirer in waiting:
        async with desk.links.client(acquirer) as client:
            report = await client.settlement_report(instruction_id)
        async with desk.database.apart() as connection:
            states = Counter(
                await settling_store.match(
                    connection, instruction_id, [answer_of(line) for line in report.lines], now=desk.clock.now()
                )
            )
        if states["returned"] or states["disputed"]:
            log.warning("lines_not_paid", instruction=instruction_id, acquirer=acquirer, **states)
    return ""


async def compare(desk: DayDesk, day: date) -> str:
    """Every institution's total of the day is our position now; with that the day is settled."""
    async with desk.database.apart() as connection:
        if await reached(connection, day, DayState.SETTLED):
            return ""
        found = await clearing_store.positions_of(connection, day)
    for position in members_of(found.values()):
        trouble = await desk.compare(day, position, expected_fen=position.net_fen)
        if trouble:
            return trouble
    async with desk.database.apart() as connection:
        await clearing_store.enter_state(connection, day, DayState.SETTLED, now=desk.clock.now())
    return ""


def instruction_of(
    instruction_id: str, day: date, lines: Sequence[tuple[UUID, Owed, str]], *, expected_funds_fen: int | None = None
) -> SettlementInstruction:
    """An instruction for some lines; unless told otherwise their gross is brought in."""
    gross_fen = sum(owed.gross_fen for _, owed, _ in lines)
    return SettlementInstruction(
        instruction_id=instruction_id,
        settlement_date=day,
        expected_funds_fen=gross_fen if expected_funds_fen is None else expected_funds_fen,
        lines=[
            SettlementLine(
                line_id=str(store_id),
                shop_id=str(store_id),
                trade_fen=owed.trade_fen,
                subsidy_fen=owed.subsidy_fen,
                fee_fen=owed.fee_fen,
                hold=Hold(hold),
            )
            for store_id, owed, hold in lines
        ],
    )


def answer_of(line: LineReport) -> Answer:
    """A report's line as matching wants it."""
    return Answer(UUID(line.shop_id), line.state, line.paid_fen, line.held_fen, line.reason)
