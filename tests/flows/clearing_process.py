"""Clears a day in a process of its own, and dies by kill -9 before or after the step it is told."""

import asyncio
import os
import signal
import sys
from datetime import date
from pathlib import Path

from clearing_world import settings_of

from yongquan import app
from yongquan.flows.clear_day import STEPS, Clearing
from yongquan.flows.day_desk import DayDesk, Step
from yongquan.plumbing.durable import Durable


def dying(when: str, name: str, step: Step) -> Step:
    async def run(desk: DayDesk, day: date) -> str:
        if when == f"before:{name}":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await step(desk, day)
        if when == f"after:{name}":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return run


async def main(folder: Path, conninfo: str, day: date, when: str) -> None:
    async with app.running(settings_of(folder, conninfo), conninfo, cells=1) as platform:
        durable = Durable(conninfo)
        clearing = Clearing(platform.clearing.desk, durable, [(n, dying(when, n, s)) for n, s in STEPS])
        report = await clearing.clear_day(day, patience_s=30)
        await durable.close()
        sys.stdout.write(f"{report.state.value}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], date.fromisoformat(sys.argv[3]), sys.argv[4]))
