"""Pay out of inputs and a formula. Pure: the same in, the same out.

Units become amounts line by line; the city's cap cuts the sum, the floor lifts it; what fake shops earned goes off. A
statement is never below nothing: what is left to take back is owed, and goes off a later month. What was earned is
shared among the shops by what each brought in, to the fen, so that a shop that turns out fake can be taken out again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from yongquan.kernel.money import share_out
from yongquan.merchants.contribution.model import Formula, Inputs, Measure, NewShop, PayLine, ShopInput

MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class LinePay:
    """A line: units seen, units paid after caps, and its amount."""

    measure: Measure
    name: str
    name_en: str
    units: int
    paid_units: int
    each_fen: int
    fen: int


@dataclass(frozen=True, slots=True)
class ClawLine:
    """A fake shop: what it had earned, and the fine."""

    store_id: UUID
    back_fen: int
    fine_fen: int


@dataclass(frozen=True, slots=True)
class ShopPay:
    """A shop's units in the order of `Measure`, and its part of what was earned."""

    store_id: UUID
    units: tuple[int, ...]
    earned_fen: int


@dataclass(frozen=True, slots=True)
class Pay:
    """A month's pay: lines - cut + floor = earned + floor; less claws and what was owed = total, or owed again."""

    lines: tuple[LinePay, ...]
    cut_fen: int
    earned_fen: int
    floor_fen: int
    claws: tuple[ClawLine, ...]
    owed_before_fen: int
    total_fen: int
    owed_fen: int
    shops: tuple[ShopPay, ...]

    @property
    def gross_fen(self) -> int:
        """The sum of the lines."""
        return sum(line.fen for line in self.lines)

    @property
    def clawed_fen(self) -> int:
        """What fake shops take off."""
        return sum(claw.back_fen + claw.fine_fen for claw in self.claws)


def pay_of(inputs: Inputs, formula: Formula) -> Pay:
    """What a provider is paid for a month."""
    units = [units_of(shop, formula.new_shop) for shop in inputs.shops]
    lines, weights = [], [0] * len(units)
    for line in formula.lines:
        place = list(Measure).index(line.measure)
        seen = [one[place] for one in units]
        paid = _line(line, seen)
        lines.append(paid)
        parts = share_out(paid.fen, [_capped(n, line.cap_units_a_shop) for n in seen])
        weights = [sum(pair) for pair in zip(weights, parts, strict=True)]
    gross = sum(line.fen for line in lines)
    earned = gross if formula.cap_fen is None else min(gross, formula.cap_fen)
    floor = max(formula.floor_fen - earned, 0) if inputs.shops else 0
    claws = _claws(inputs, formula)
    due = earned + floor - sum(claw.back_fen + claw.fine_fen for claw in claws) - inputs.owed_fen
    shares = share_out(earned, weights) if earned else [0] * len(units)
    return Pay(
        lines=tuple(lines),
        cut_fen=gross - earned,
        earned_fen=earned,
        floor_fen=floor,
        claws=tuple(claws),
        owed_before_fen=inputs.owed_fen,
        total_fen=max(due, 0),
        owed_fen=max(-due, 0),
        shops=tuple(
            ShopPay(shop.store_id, one, fen) for shop, one, fen in zip(inputs.shops, units, shares, strict=True)
        ),
    )


def units_of(shop: ShopInput, new: NewShop) -> tuple[int, ...]:
    """A shop's units in the order of `Measure`."""
    is_active = shop.payments >= new.payments_min and shop.payers >= new.payers_min
    return (int(shop.is_new and is_active), shop.payments, shop.vouchers, shop.payers, shop.inspections)


def _line(line: PayLine, seen: Sequence[int]) -> LinePay:
    paid = _capped(sum(_capped(n, line.cap_units_a_shop) for n in seen), line.cap_units)
    fen = _capped(paid * line.each_fen, line.cap_fen)
    return LinePay(line.measure, line.name, line.name_en, sum(seen), paid, line.each_fen, fen)


def _claws(inputs: Inputs, formula: Formula) -> list[ClawLine]:
    reach = _months(inputs.month) - formula.clawback.months
    claws = []
    for fake in inputs.fakes:
        back = sum(fen for month, fen in fake.earned if _months(month) >= reach)
        fine = formula.clawback.fine_fen if fake.is_held else 0
        if back or fine:
            claws.append(ClawLine(fake.store_id, back, fine))
    return claws


def _months(day: date) -> int:
    return day.year * MONTHS_A_YEAR + day.month


def _capped(number: int, cap: int | None) -> int:
    return number if cap is None else min(number, cap)
