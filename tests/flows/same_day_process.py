"""Settles a cut-off in a process of its own, and dies by kill -9 before or after the step it is told."""

import asyncio
import os
import signal
import sys
from datetime import date
from pathlib import Path

from clearing_world import settings_of

from yongquan import app
from yongquan.flows import settle_same_day
from yongquan.flows.day_desk import DayDesk
from yongquan.flows.settle_same_day import STEPS, CutStep, cut_off


def dying(when: str, name: str, step: CutStep) -> CutStep:
    async def run(desk: DayDesk, day: date, cut_no: int) -> str:
        if when == f"before:{name}":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await step(desk, day, cut_no)
        if when == f"after:{name}":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return run


async def main(folder: Path, conninfo: str, day: date, cut_no: int, when: str) -> None:
    settle_same_day.STEPS = [(name, dying(when, name, step)) for name, step in STEPS]
    async with app.running(settings_of(folder, conninfo), conninfo, cells=1) as platform:
        waits_for = await cut_off(platform.clearing.desk, day, cut_no)
        sys.stdout.write(f"settled{waits_for}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], date.fromisoformat(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
