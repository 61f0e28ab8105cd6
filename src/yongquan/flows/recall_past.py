"""Facts of an event that lie in its citizen's past, read for a whole wave and only where a rule in force asks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import h3

from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.last_store import LastSteps, read_last

if TYPE_CHECKING:
    from yongquan.flows.judge_event import Asked

NEW_DEVICE, MOVED, SPOT = "new_device", "moved_m", "spot"


async def recall(
    connection: Connection, cell: int, wave: Sequence["Asked"], *, facts_of: Callable[[EventKind], frozenset[str]]
) -> list["Asked"]:
    """The wave with `new_device` and `moved_m`, where a rule reads them and device or place are known: one call."""
    devices = [NEW_DEVICE in facts_of(one.event.kind) and Entity.DEVICE in one.event.parties for one in wave]
    moves = [MOVED in facts_of(one.event.kind) and SPOT in one.event.facts for one in wave]
    places = [n for n, asks in enumerate(zip(devices, moves, strict=True)) if any(asks)]
    if not places:
        return list(wave)
    last = await read_last(
        connection,
        cell,
        [wave[n].event for n in places],
        devices=[devices[n] for n in places],
        moves=[moves[n] for n in places],
    )
    recalled = list(wave)
    for n, steps in zip(places, last, strict=True):
        facts = _facts(wave[n].event, steps, is_device_asked=devices[n])
        recalled[n] = replace(wave[n], event=replace(wave[n].event, facts={**wave[n].event.facts, **facts}))
    return recalled


def _facts(event: RiskEvent, steps: LastSteps, *, is_device_asked: bool) -> dict[str, bool | int]:
    facts: dict[str, bool | int] = {NEW_DEVICE: not steps.knows_device} if is_device_asked else {}
    spot = event.facts.get(SPOT)
    if steps.spot is not None and isinstance(spot, str):
        facts[MOVED] = metres(h3.cell_to_latlng(steps.spot), h3.cell_to_latlng(spot))
    return facts


def metres(one: tuple[float, float], other: tuple[float, float]) -> int:
    """How far apart two places are as the crow flies; each is latitude and longitude."""
    return int(h3.great_circle_distance(one, other, unit="m"))
