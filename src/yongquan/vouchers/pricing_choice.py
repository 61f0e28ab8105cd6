"""The subset of offers that leaves the least to pay: exact, by branch and bound.

Offers keep their order; each is taken or left out. Two ways to the same state keep the better one only:
adding the same offers to both never changes which of them wins a tie.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final

from yongquan.vouchers.pricing_discounts import Bill, FittedOffer, take
from yongquan.vouchers.pricing_model import PercentOff, Reason, TieredOff

NEVER: Final = datetime.max.replace(tzinfo=UTC)
CAUTION: Final = 1 - 1e-9  # keeps a bound computed in floating point on the safe side

# failures that stay, whatever other offers take before
STRUCTURAL: Final = (Reason.OUT_OF_SCOPE, Reason.BELOW_THRESHOLD, Reason.BELOW_MIN_QTY)

Tie = tuple[int, tuple[datetime, ...], tuple[str, ...]]


def best_subset(
    offers: Sequence[FittedOffer], bill: Bill, *, max_per_funder: Mapping[str, int]
) -> tuple[FittedOffer, ...]:
    """Choose the offers, in the order given, that leave the least to pay, each taking at least a fen.

    An exclusive offer is chosen alone. Ties: fewest, then earliest sorted expiries, then sorted ids.
    """
    search = _Search(offers, bill, max_per_funder)
    search.run()
    return search.chosen


class _Search:
    """One search; `chosen` is the best found so far."""

    def __init__(self, offers: Sequence[FittedOffer], bill: Bill, max_per_funder: Mapping[str, int]) -> None:
        self.bill = bill
        self.limits = {fitted.offer.funder: max_per_funder.get(fitted.offer.funder or "") for fitted in offers}
        self.limits[None] = None
        allowed = [fitted for fitted in offers if self.limits[fitted.offer.funder] != 0]
        self.exclusive = [fitted for fitted in allowed if fitted.offer.exclusive]
        bare = replace(bill, floor_fen=(0,) * len(bill.qty))
        plain = [fitted for fitted in allowed if not fitted.offer.exclusive]
        candidates = [(fitted, _most_fen(fitted, bill, bare)) for fitted in plain]
        self.offers = [fitted for fitted, most_fen in candidates if most_fen]
        self.bounds = _Bounds([pair for pair in candidates if pair[1]], bill)
        self.payable_fen = sum(bill.asked_fen)
        self.chosen: tuple[FittedOffer, ...] = ()
        self.tie: Tie = _tie(())
        self.seen: dict[tuple[int, tuple[int, ...], tuple[int, ...]], Tie] = {}

    def run(self) -> None:
        asked_fen = self.payable_fen
        for fitted in self.exclusive:
            taken = take(fitted, self.bill, self.bill.asked_fen)
            if not isinstance(taken, Reason):
                self._consider(asked_fen - sum(taken), (fitted,))
        self._visit(0, self.bill.asked_fen, payable_fen=asked_fen, chosen=())

    def _visit(self, k: int, left: tuple[int, ...], *, payable_fen: int, chosen: tuple[FittedOffer, ...]) -> None:
        if k == len(self.offers) or not self._can_win(k, payable_fen, chosen):
            return
        if chosen and self._was_reached_better(k, left, chosen):
            return
        fitted = self.offers[k]
        taken = take(fitted, self.bill, left) if self._is_within_limit(fitted, chosen) else Reason.NOT_BEST
        if not isinstance(taken, Reason):
            rest = list(left)
            for i, fen in zip(fitted.lines, taken, strict=True):
                rest[i] -= fen
            with_it, rest_fen = (*chosen, fitted), payable_fen - sum(taken)
            self._consider(rest_fen, with_it)
            self._visit(k + 1, tuple(rest), payable_fen=rest_fen, chosen=with_it)
        self._visit(k + 1, left, payable_fen=payable_fen, chosen=chosen)

    def _consider(self, payable_fen: int, chosen: tuple[FittedOffer, ...]) -> None:
        if payable_fen > self.payable_fen:
            return
        tie = _tie(chosen)
        if payable_fen < self.payable_fen or tie < self.tie:
            self.payable_fen, self.chosen, self.tie = payable_fen, chosen, tie

    def _can_win(self, k: int, payable_fen: int, chosen: tuple[FittedOffer, ...]) -> bool:
        least_fen = self.bounds.least_payable_fen(k, payable_fen)
        if least_fen != self.payable_fen:
            return least_fen < self.payable_fen
        further = self.bounds.fewest_for(k, payable_fen - self.payable_fen)
        count = len(chosen) + further
        if count != self.tie[0]:
            return count < self.tie[0]
        if not further:
            return False  # the state itself was considered when it was reached
        rest = self.offers[k:]
        expiries = sorted(_expiry(fitted) for fitted in rest)[:further]
        ids = sorted(fitted.offer.offer_id for fitted in rest)[:further]
        _, own_expiries, own_ids = _tie(chosen)
        hope = (count, tuple(sorted((*own_expiries, *expiries))), tuple(sorted((*own_ids, *ids))))
        return hope < self.tie

    def _was_reached_better(self, k: int, left: tuple[int, ...], chosen: tuple[FittedOffer, ...]) -> bool:
        tie = _tie(chosen)
        used = [self._used(funder, chosen) for funder, limit in self.limits.items() if limit is not None]
        state = (k, left, tuple(used))
        before = self.seen.get(state)
        if before is not None and before <= tie:
            return True
        self.seen[state] = tie
        return False

    def _is_within_limit(self, fitted: FittedOffer, chosen: tuple[FittedOffer, ...]) -> bool:
        limit = self.limits[fitted.offer.funder]
        return limit is None or self._used(fitted.offer.funder, chosen) < limit

    @staticmethod
    def _used(funder: str | None, chosen: tuple[FittedOffer, ...]) -> int:
        return sum([fitted.offer.funder == funder for fitted in chosen])


class _Bounds:
    """What the offers from a position on can take at most, whatever happens before them."""

    def __init__(self, candidates: Sequence[tuple[FittedOffer, int]], bill: Bill) -> None:
        touched = {i for fitted, _ in candidates for i in fitted.lines}
        pairs = list(enumerate(zip(bill.asked_fen, bill.floor_fen, strict=True)))
        self.lowest_fen = sum([min(asked, floor) if i in touched else asked for i, (asked, floor) in pairs])
        self.kept_part = [1.0]
        self.fixed_fen = [0]
        self.sums: list[list[int]] = [[0]]
        descending: list[int] = []
        for fitted, most_fen in reversed(candidates):
            rate = _open_rate(fitted, bill)
            self.kept_part.append(self.kept_part[-1] * (1 - rate))
            self.fixed_fen.append(self.fixed_fen[-1] + (0 if rate else most_fen))
            descending = sorted([*descending, most_fen], reverse=True)
            self.sums.append(list(accumulate(descending, initial=0)))
        self.kept_part.reverse()
        self.fixed_fen.reverse()
        self.sums.reverse()

    def least_payable_fen(self, k: int, payable_fen: int) -> int:
        """Bound from below what is payable after the offers from `k` on, in fen."""
        kept_fen, kept_part = payable_fen, self.kept_part[k]
        if kept_part != 1:
            kept_fen = int(payable_fen * kept_part * CAUTION) - 1
        return max(self.lowest_fen, kept_fen - self.fixed_fen[k], payable_fen - self.sums[k][-1])

    def fewest_for(self, k: int, wanted_fen: int) -> int:
        """Bound from below how many of the offers from `k` on it takes to take so much, in fen."""
        return next((n for n, sum_fen in enumerate(self.sums[k]) if sum_fen >= wanted_fen), len(self.sums[k]))


def _most_fen(fitted: FittedOffer, bill: Bill, without_floors: Bill) -> int:
    """Bound what an offer can take in any state: its discount on the untouched cart without floors.

    Without floors every deal takes no more when less is left, but for tiers that fall as they rise.
    """
    deal = fitted.offer.deal
    taken = take(fitted, without_floors, bill.asked_fen)
    most_fen = 0 if isinstance(taken, Reason) else sum(taken)
    if isinstance(deal, TieredOff) and taken not in STRUCTURAL:
        most_fen = max(off for _, off in deal.tiers)
    room_fen = sum([max(bill.asked_fen[i] - bill.floor_fen[i], 0) for i in fitted.lines])
    return min(most_fen, room_fen)


def _open_rate(fitted: FittedOffer, bill: Bill) -> float:
    """Return the part a percentage takes off where its cap does not already bound it, else 0."""
    deal, cap_fen = fitted.offer.deal, fitted.offer.cap_fen
    if not isinstance(deal, PercentOff):
        return 0.0
    base_fen = sum([bill.asked_fen[i] for i in fitted.lines])
    if cap_fen is not None and cap_fen * 10_000 < base_fen * deal.rate_bp:
        return 0.0
    return deal.rate_bp / 10_000


def _tie(chosen: tuple[FittedOffer, ...]) -> Tie:
    """Order equal payables: fewest offers, then sorted expiries (none is last), then sorted ids."""
    expiries = tuple(sorted([_expiry(fitted) for fitted in chosen]))
    return len(chosen), expiries, tuple(sorted([fitted.offer.offer_id for fitted in chosen]))


def _expiry(fitted: FittedOffer) -> datetime:
    return fitted.offer.expires_at or NEVER
