"""Runs a draw in a process of its own, and dies by kill -9 before or after the step it is told."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "stores"))

from city import SEALING

from yongquan.flows.draw_steps import STEPS, DrawDesk, Step
from yongquan.flows.run_draw import Draws
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import opened
from yongquan.plumbing.durable import Durable


def dying(when: str, name: str, step: Step) -> Step:
    async def run(desk: DrawDesk, draw_id: UUID) -> str:
        if when == f"before:{name}":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await step(desk, draw_id)
        if when == f"after:{name}":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return run


async def main(conninfo: str, draw_id: UUID, when: str) -> None:
    async with opened(conninfo) as database:
        clock = Clock()
        async with database.transaction() as connection:
            await clock.refresh(connection)
        durable = Durable(conninfo)
        draws = Draws(DrawDesk(database, clock, SEALING, 1), durable, [(n, dying(when, n, s)) for n, s in STEPS])
        state = await draws.run_draw(draw_id, patience_s=30)
        await durable.close()
        sys.stdout.write(f"{state.value}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], UUID(sys.argv[2]), sys.argv[3]))
