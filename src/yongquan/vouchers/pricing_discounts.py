"""What one offer takes from a cart of which earlier offers may have taken something already."""

from collections.abc import Sequence
from dataclasses import dataclass

from yongquan.kernel.money import BASIS_POINTS, share_out
from yongquan.vouchers.pricing_model import (
    AmountOff,
    BundlePrice,
    Cart,
    Exchange,
    NthFree,
    Offer,
    PercentOff,
    PerUnitOff,
    Reason,
    TieredOff,
)


@dataclass(frozen=True, slots=True)
class Bill:
    """A cart laid out for calculation: one entry a line; a line that is not selected has nothing."""

    qty: tuple[int, ...]
    floor_fen: tuple[int, ...]
    asked_fen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FittedOffer:
    """An offer with the positions of the lines in its scope and the units they hold."""

    offer: Offer
    lines: tuple[int, ...]
    units: int
    units_needed: int


def lay_out(cart: Cart) -> Bill:
    """Lay out a cart; a line's floor is its `floor_fen` times its quantity."""
    qty = tuple([line.qty if line.selected else 0 for line in cart.lines])
    return Bill(
        qty=qty,
        floor_fen=tuple([line.floor_fen * units for line, units in zip(cart.lines, qty, strict=True)]),
        asked_fen=tuple([line.unit_fen * units for line, units in zip(cart.lines, qty, strict=True)]),
    )


def fit(offer: Offer, cart: Cart) -> FittedOffer:
    """Find the selected lines an offer is for."""
    lines = tuple([i for i, line in enumerate(cart.lines) if line.selected and offer.scope.covers(line)])
    return FittedOffer(
        offer=offer,
        lines=lines,
        units=sum([cart.lines[i].qty for i in lines]),
        units_needed=max(offer.min_qty, _group_size(offer)),
    )


def take(fitted: FittedOffer, bill: Bill, left: Sequence[int]) -> list[int] | Reason:
    """Say what the offer takes from each line in its scope, given what is left of every line, in fen.

    The answer is in the order of `fitted.lines` and comes to at least a fen; else it is the reason.
    """
    if not fitted.lines:
        return Reason.OUT_OF_SCOPE
    base_fen = sum([left[i] for i in fitted.lines])
    wanted_fen = _wanted_fen(fitted.offer, base_fen)
    if base_fen < fitted.offer.threshold_fen or wanted_fen is None:
        return Reason.BELOW_THRESHOLD
    if fitted.units < fitted.units_needed:
        return Reason.BELOW_MIN_QTY

    taken = _taken(fitted, bill, left, wanted_fen=wanted_fen)
    return taken if any(taken) else Reason.NOTHING_LEFT


def spread(total_fen: int, *, weights: Sequence[int], rooms: Sequence[int]) -> list[int]:
    """Share an amount in proportion to weights by largest remainder; what a room refuses moves to others.

    Gives less than the total only when the lines of positive weight have no more room.
    """
    if len(weights) == 1:
        return [min(total_fen, rooms[0])]
    given = [0] * len(weights)
    unfilled = [i for i, weight in enumerate(weights) if weight]
    rest = min(total_fen, sum([rooms[i] for i in unfilled]))
    while rest:
        shares = share_out(rest, [weights[i] for i in unfilled])
        for i, share in zip(unfilled, shares, strict=True):
            accepted = min(share, rooms[i] - given[i])
            given[i] += accepted
            rest -= accepted
        unfilled = [i for i in unfilled if given[i] < rooms[i]]
    return given


def _group_size(offer: Offer) -> int:
    match offer.deal:
        case BundlePrice(qty=size) | NthFree(n=size):
            return size
        case Exchange():
            return 1
        case _:
            return 0


def _wanted_fen(offer: Offer, base_fen: int) -> int | None:
    """Compute what a discount on the whole scope wants; None if no tier is reached, 0 for other deals."""
    match offer.deal:
        case AmountOff(amount_fen=wanted):
            return wanted
        case PercentOff(rate_bp=rate):
            return base_fen * rate // BASIS_POINTS
        case TieredOff(tiers=tiers):
            reached = [tier for tier in tiers if tier[0] <= base_fen]
            return max(reached)[1] if reached else None
        case _:
            return 0


def _taken(fitted: FittedOffer, bill: Bill, left: Sequence[int], *, wanted_fen: int) -> list[int]:
    cap_fen = fitted.offer.cap_fen
    values = [left[i] for i in fitted.lines]
    rooms = [max(left[i] - bill.floor_fen[i], 0) for i in fitted.lines]
    qty = [bill.qty[i] for i in fitted.lines]
    match fitted.offer.deal:
        case PerUnitOff(amount_fen=amount):
            taken = [min(amount * units, room) for units, room in zip(qty, rooms, strict=True)]
        case NthFree(n=n):
            taken = _free_each_nth(n, values=values, qty=qty, rooms=rooms)
        case BundlePrice() as bundle:
            taken = _sell_in_bundles(bundle, values=values, qty=qty, rooms=rooms)
        case Exchange():
            price_fen, dearest, _ = _units_dearest_first(values, qty)[0]
            taken = [0] * len(values)
            taken[dearest] = min(price_fen, rooms[dearest])
        case _:
            capped_fen = wanted_fen if cap_fen is None else min(wanted_fen, cap_fen)
            return spread(capped_fen, weights=values, rooms=rooms)
    if cap_fen is not None and sum(taken) > cap_fen:
        return spread(cap_fen, weights=taken, rooms=taken)
    return taken


def _units_dearest_first(values: list[int], qty: list[int]) -> list[tuple[int, int, int]]:
    """List (unit price, line, units), dearest first, ties in line order; prices round down to a fen."""
    runs = [(value // units, i, units) for i, (value, units) in enumerate(zip(values, qty, strict=True)) if units]
    return sorted(runs, key=lambda run: -run[0])


def _free_each_nth(n: int, *, values: list[int], qty: list[int], rooms: list[int]) -> list[int]:
    taken = [0] * len(values)
    passed = 0
    for price_fen, i, units in _units_dearest_first(values, qty):
        freed = (passed + units) // n - passed // n
        taken[i] = min(price_fen * freed, rooms[i])
        passed += units
    return taken


def _sell_in_bundles(bundle: BundlePrice, *, values: list[int], qty: list[int], rooms: list[int]) -> list[int]:
    """Share each bundle's saving over the units in it, by price; no unit gets less than free.

    A run of equal groups on one line is done at once, so a large quantity costs nothing.
    """
    taken = [0] * len(values)
    runs = _units_dearest_first(values, qty)
    begun: list[tuple[int, int]] = []  # (line, value) of the units of a group that spans lines
    missing = bundle.qty
    for price_fen, i, run_units in runs:
        joined = min(missing, run_units) if begun else 0
        if joined:
            begun.append((i, joined * price_fen))
            missing -= joined
            if missing == 0:
                _save_on_group(begun, bundle.price_fen, taken=taken, rooms=rooms)
                begun, missing = [], bundle.qty
        groups, rest = divmod(run_units - joined, bundle.qty)
        saved_fen = groups * max(bundle.qty * price_fen - bundle.price_fen, 0)
        taken[i] += min(saved_fen, rooms[i] - taken[i])
        if rest:
            begun, missing = [(i, rest * price_fen)], bundle.qty - rest
    return taken


def _save_on_group(begun: list[tuple[int, int]], price_fen: int, *, taken: list[int], rooms: list[int]) -> None:
    values = [value for _, value in begun]
    saved_fen = max(sum(values) - price_fen, 0)
    unit_rooms = [min(value, rooms[i] - taken[i]) for i, value in begun]
    in_line_order = sorted(range(len(begun)), key=lambda k: begun[k][0])
    shares = spread(
        saved_fen,
        weights=[values[k] for k in in_line_order],
        rooms=[unit_rooms[k] for k in in_line_order],
    )
    for k, share in zip(in_line_order, shares, strict=True):
        taken[begun[k][0]] += share
