"""Who met whom: new counterparties, devices and places, and money that passes through."""

from collections.abc import Iterator

import numpy as np

from yongquan.risk.model.events import DAY_US, HOUR_US, Column, Events, Flags, Ints
from yongquan.risk.model.habits import POINT
from yongquan.risk.model.timeline import Clock, Past, Timeline, joined, past_in, past_of


def of_parties(events: Events, payer: Past, payee: Past) -> Iterator[Column]:
    """How many different counterparties each side has met, and how many of them lately for the first time."""
    pair = joined(events.payer, events.payee)
    yield from _new_ones("payer", "payees", payer, pair)
    yield from _new_ones("payee", "payers", payee, pair)


def of_things(events: Events, clock: Clock, payer: Past, payee: Past) -> Iterator[Column]:
    """Devices and places: new to the payer, shared by many, away from the last one."""
    for name, things in (("device", events.device), ("location", events.location)):
        if things is None:
            continue
        pair = joined(events.payer, things)
        yield from _new_ones("payer", f"{name}s", payer, pair, unless=things < 0)
        own = past_of(clock, pair)
        yield f"{name}.times_by_payer", np.where(things < 0, np.nan, own.count)
        yield f"{name}.share_of_payer", np.where(things < 0, np.nan, own.count / (payer.count + 1.0))
        yield from _new_ones(name, "payers", past_of(clock, things), pair, unless=things < 0)
        changed = (payer.back(things, 1) != things) & (payer.count > 0) & (things >= 0)
        yield f"{name}.changed", np.where(things < 0, np.nan, changed)
        yield f"payer.{name}_changes_1d", payer.total(changed.astype(np.int64), payer.since(DAY_US)) * 1.0
        theirs = past_of(clock, joined(events.payee, things))
        yield f"{name}.share_of_payee", np.where(things < 0, np.nan, theirs.count / (payee.count + 1.0))


def of_flow(events: Events, clock: Clock, log_fen: Ints) -> Iterator[Column]:
    """Money that a payer has just received, and what a payee has been paying out: mules pass it on."""
    received, paid = Timeline(clock, events.payee), Timeline(clock, events.payer)
    for name, timeline, keys in (("payer.in", received, events.payer), ("payee.out", paid, events.payee)):
        flow = past_in(timeline, clock, keys, clock.tick)
        last = flow.back(clock.at_us, 1)
        yield f"{name}_gap", np.log1p((clock.at_us - last) / 1e6)
        for window, us in (("1h", HOUR_US), ("1d", DAY_US), ("30d", 30 * DAY_US)):
            since = flow.since(us)
            yield f"{name}_count_{window}", (flow.end - since) * 1.0
            if window != "1h":
                total = flow.total(events.amount_fen, since)
                yield f"{name}_against_{window}", np.where(total > 0, log_fen / POINT - np.log1p(total), np.nan)
        yield f"{name}_like_last", np.abs(log_fen - flow.back(log_fen, 1)) / POINT
    back = past_in(
        Timeline(clock, joined_pair(events.payee, events.payer, events)),
        clock,
        joined_pair(events.payer, events.payee, events),
        clock.tick,
    )
    yield "pair.returned", np.minimum(back.count, 100) * 1.0


def joined_pair(first: Ints, second: Ints, events: Events) -> Ints:
    """A key of two parties in this order, the same whichever column each stands in."""
    width = int(max(events.payer.max(initial=0), events.payee.max(initial=0))) + 1
    both = np.concatenate([first * width + second, second * width + first])
    _, codes = np.unique(both, return_inverse=True)
    return codes[: len(first)].astype(np.int64)


def _new_ones(name: str, what: str, past: Past, pair: Ints, unless: Flags | None = None) -> Iterator[Column]:
    """Counterparties met so far, and those met for the first time within a day, a week, a month."""
    met = past_of(past.clock, pair)
    is_new = ((met.count == 0) & (pair >= 0)).astype(np.int64)
    unknown = np.zeros(len(pair), bool) if unless is None else unless
    yield f"{name}.{what}", np.where(unknown, np.nan, np.minimum(past.total(is_new), 1_000))
    yield f"{name}.{what}_per_event", np.where(past.count > 0, past.total(is_new) / np.maximum(past.count, 1), np.nan)
    for window, us in (("1h", HOUR_US), ("1d", DAY_US), ("7d", 7 * DAY_US)):
        yield f"{name}.new_{what}_{window}", past.total(is_new, past.since(us)) * 1.0
