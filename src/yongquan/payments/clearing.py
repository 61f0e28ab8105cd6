"""Clearing, as arithmetic: shops' lines, funders' calls, net positions. Pure; amounts in fen.

The operator never holds shops' money: positions of all institutions and the operator's fees add up to zero, and what
an acquirer receives (its shops' trade and subsidy, less the issuers' and the network's fees) pays its shops.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.payments.fees import Rate


class DayState(StrEnum):
    """The life of a settlement day; each state leads to the next only."""

    OPEN = "open"
    CLOSING = "closing"
    DRAWN = "drawn"
    NETTED = "netted"
    CLEARED = "cleared"
    SETTLED = "settled"

    def reached(self, other: "DayState") -> bool:
        """Whether the day has come as far as `other`."""
        order = list(DayState)
        return order.index(self) >= order.index(other)


class FunderShort(Refusal):
    """A funder's prepaid money and its advancer's limit together do not cover what it owes."""

    code = "funder_short"


@dataclass(frozen=True, slots=True)
class Owed:
    """What a shop is owed: trade (citizens) and subsidy (funders), less the fee. Refunds count below zero."""

    trade_fen: int = 0
    subsidy_fen: int = 0
    fee_fen: int = 0

    def __add__(self, other: "Owed") -> "Owed":
        return Owed(
            self.trade_fen + other.trade_fen, self.subsidy_fen + other.subsidy_fen, self.fee_fen + other.fee_fen
        )

    def __sub__(self, other: "Owed") -> "Owed":
        return Owed(
            self.trade_fen - other.trade_fen, self.subsidy_fen - other.subsidy_fen, self.fee_fen - other.fee_fen
        )

    @property
    def gross_fen(self) -> int:
        """What the acquirer needs for this line: what it pays the shop and the fee it keeps."""
        return self.trade_fen + self.subsidy_fen

    @property
    def net_fen(self) -> int:
        """What the shop receives."""
        return self.gross_fen - self.fee_fen


NOTHING = Owed()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreDay:
    """A shop's movements of a day, and what earlier days left (never above zero in sum)."""

    acquirer: str
    store_id: UUID
    payments: int
    refunds: int
    own: Owed
    brought: Owed = field(default=NOTHING)
    minimum_fen: int = 0


@dataclass(frozen=True, slots=True)
class StoreLine:
    """The line to be paid, and what is carried to a later day."""

    of: StoreDay
    due: Owed
    carried: Owed
    hold: str = "none"
    same_day_fee_fen: int = 0  # part of the due fee


def draw_line(day: StoreDay, *, hold: str = "none") -> StoreLine:
    """Refunds beyond the day's trade are carried whole: no line is ever negative, nor is its fee.

    A payout below the shop's minimum is carried too, until there is enough or nothing was added for a week. `hold` is
    what its acquirer shall keep back.
    """
    total = day.own + day.brought
    due = Owed(total.trade_fen, total.subsidy_fen, max(total.fee_fen, 0))
    if total.net_fen < 0 or due.net_fen < 0:
        return StoreLine(day, NOTHING, total)
    if due.net_fen < day.minimum_fen and (day.payments or day.refunds or day.own != NOTHING):
        return StoreLine(day, NOTHING, total)
    return StoreLine(day, due, total - due, _kept_back(due, hold))


def draw_same_day(day: StoreDay, rate: Rate, *, hold: str = "none") -> StoreLine | None:
    """The line of a cut-off: the card part of what a shop took so far, less its fees and the same-day fee.

    `day.own` has no subsidy: funders are called at the day's close. None where there is nothing to be paid early: the
    takings are below zero or the shop's minimum after what it still owes, or all of its settlement is held.
    """
    if hold == "whole" or day.own.net_fen <= 0:
        return None
    fee_fen = rate.on(day.own.net_fen)
    line = draw_line(replace(day, own=day.own + Owed(fee_fen=fee_fen)), hold=hold)
    return replace(line, same_day_fee_fen=fee_fen) if line.due.net_fen > 0 else None


def _kept_back(due: Owed, hold: str) -> str:
    if hold == "none" or due.net_fen == 0 or (hold == "subsidy" and due.subsidy_fen <= 0):
        return "none"
    # Where the trade alone does not cover its fee, there is no part to be paid: all of the line is held.
    return "whole" if due.trade_fen < due.fee_fen else hold


@dataclass(frozen=True, slots=True)
class FunderTerms:
    """Where a funder's money is: its bank and prepaid balance, its advancer, limit and what is advanced already."""

    funder_id: str
    bank: str
    prepaid_fen: int
    advancer: str | None = None
    advance_limit_fen: int = 0
    advanced_fen: int = 0


@dataclass(frozen=True, slots=True)
class FunderCall:
    """What the bank of the supervised account pays and what the advancer pays; below zero is given back."""

    supervised_fen: int
    advanced_fen: int


def plan_call(terms: FunderTerms, due_fen: int) -> FunderCall:
    """Prepaid money first, then the advancer up to its limit. What refunds give back lowers the advance first.

    Raises `FunderShort`.
    """
    if due_fen < 0:
        advanced_fen = -min(-due_fen, max(terms.advanced_fen, 0))
        return FunderCall(due_fen - advanced_fen, advanced_fen)
    supervised_fen = min(due_fen, max(terms.prepaid_fen, 0))
    return FunderCall(supervised_fen, advance_of(terms, due_fen - supervised_fen))


def advance_of(terms: FunderTerms, amount_fen: int) -> int:
    """The amount, if the advancer may pay it. Raises `FunderShort`."""
    left_fen = terms.advance_limit_fen - terms.advanced_fen if terms.advancer else 0
    if amount_fen > max(left_fen, 0):
        short_fen = amount_fen - max(left_fen, 0)
        raise FunderShort(
            f"{terms.funder_id} is short of {short_fen} fen", funder_id=terms.funder_id, short_fen=short_fen
        )
    return amount_fen


def share_call(due_by_cell: Mapping[int, int], call: FunderCall) -> dict[int, FunderCall]:
    """Divide a call among the cells in which the vouchers were redeemed, each cell getting what is due in it."""
    sign = 1 if call.supervised_fen + call.advanced_fen >= 0 else -1
    left_fen = sign * call.advanced_fen
    shared = {}
    for cell, due_fen in sorted(due_by_cell.items()):
        advanced_fen = min(max(sign * due_fen, 0), left_fen)
        left_fen -= advanced_fen
        shared[cell] = FunderCall(due_fen - sign * advanced_fen, sign * advanced_fen)
    return shared


@dataclass(frozen=True, slots=True)
class Moved:
    """What passed through an institution's clearing account in a cell: as issuer, acquirer, fees, calls, payouts."""

    cell: int
    institution: str
    charged_fen: int = 0
    acquired_fen: int = 0
    fees_fen: int = 0
    called_fen: int = 0
    sent_fen: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """What an institution owes the network (positive: it pays), in one cell or over all."""

    institution: str
    charged_fen: int
    acquired_fen: int
    called_fen: int
    fees_fen: int
    sent_fen: int = 0  # what its accounts paid out to others, less what they received

    @property
    def net_fen(self) -> int:
        return self.charged_fen - self.acquired_fen + self.called_fen + self.sent_fen - self.fees_fen

    def own_funds_fen(self, instructed_fen: int) -> int:
        """What it moves to the network out of its own money (negative: receives), beside cards and calls.

        An issuer earns its fee; an acquirer pays the issuers' and the network's fees and fronts refunds that are
        carried. `instructed_fen` is the gross of the lines its shops are paid.
        """
        return instructed_fen - self.acquired_fen - self.fees_fen


def positions(moves: Iterable[Moved]) -> dict[tuple[int, str], Position]:
    """The net position of every institution in every cell."""
    sums: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for m in moves:
        row = sums[m.cell, m.institution]
        for n, fen in enumerate((m.charged_fen, m.acquired_fen, m.called_fen, m.fees_fen, m.sent_fen)):
            row[n] += fen
    return {key: Position(key[1], *row) for key, row in sorted(sums.items())}


def require_zero(found: Iterable[Position]) -> None:
    """A bug, if positions do not cancel out: the operator would hold money."""
    sum_fen = sum(position.net_fen for position in found)
    if sum_fen:
        raise ValueError(f"the positions add up to {sum_fen} fen, not to zero")


def over_all_cells(rows: Iterable[Position]) -> list[Position]:
    """One position an institution, by its code."""
    summed = positions(
        Moved(0, p.institution, p.charged_fen, p.acquired_fen, p.fees_fen, p.called_fen, p.sent_fen) for p in rows
    )
    return list(summed.values())


def in_chunks(lines: Sequence[StoreLine], size: int) -> list[Sequence[StoreLine]]:
    """The lines of each acquirer in the order given, cut into instructions of at most `size` lines."""
    by_acquirer: defaultdict[str, list[StoreLine]] = defaultdict(list)
    for line in lines:
        by_acquirer[line.of.acquirer].append(line)
    return [
        of_one[start : start + size]
        for _, of_one in sorted(by_acquirer.items())
        for start in range(0, len(of_one), size)
    ]
