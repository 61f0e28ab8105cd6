"""What each list does to an event. Pure; the table is published in docs/risk-lists.md."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from yongquan.risk.lists.model import Colour, ListEntry
from yongquan.risk.verdicts.model import Action, strictest


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """How somebody on lists is treated; the least of several treatments is `NOBODY`'s.

    `always` is answered to every event. A payment with vouchers is answered by `with_vouchers`, and by a step-up if
    its bill is above `step_up_above_fen`; vouchers' part above `cap_fen` is refused. `wait` is how long a delay lasts.
    """

    always: Action = Action.ALLOW
    with_vouchers: Action = Action.ALLOW
    step_up_above_fen: int | None = None
    cap_fen: int | None = None
    wait: timedelta = timedelta()
    may_use_vouchers: bool = True
    may_take_part: bool = True  # in campaigns at all: claims, draws, gifts
    may_grab: bool = True
    is_trusted: bool = False  # white: what rules ask for is lowered to watching, unless they refuse

    def action_for(self, *, amount_fen: int, voucher_fen: int) -> Action:
        """The answer to a payment of this bill, of which vouchers pay a part."""
        actions = [self.always]
        if voucher_fen:
            actions.append(self.with_vouchers)
            if self.step_up_above_fen is not None and amount_fen > self.step_up_above_fen:
                actions.append(Action.STEP_UP)
            if self.cap_fen is not None and voucher_fen > self.cap_fen:
                actions.append(Action.REFUSE)
        return strictest(actions)


NOBODY: Final = Treatment()
TREATMENTS: Final[Mapping[tuple[Colour, int], Treatment]] = {
    (Colour.BLACK, 0): Treatment(always=Action.REFUSE, may_use_vouchers=False, may_take_part=False, may_grab=False),
    (Colour.YELLOW, 0): Treatment(may_use_vouchers=False, may_take_part=False, may_grab=False),
    (Colour.GREY, 1): Treatment(always=Action.WATCH, step_up_above_fen=50_000),
    (Colour.GREY, 2): Treatment(
        always=Action.WATCH, with_vouchers=Action.STEP_UP, cap_fen=20_000, may_grab=False
    ),
    (Colour.GREY, 3): Treatment(
        always=Action.WATCH,
        with_vouchers=Action.DELAY,
        cap_fen=5_000,
        wait=timedelta(minutes=30),
        may_grab=False,
    ),
    (Colour.WHITE, 0): Treatment(is_trusted=True),
}  # fmt: skip


def treatment_of(entries: Iterable[ListEntry]) -> Treatment:
    """The strictest in each respect of all lists that a party or an event's parties are on."""
    found = [TREATMENTS[entry.colour, entry.tier] for entry in entries]
    if not found:
        return NOBODY
    return Treatment(
        always=strictest(t.always for t in found),
        with_vouchers=strictest(t.with_vouchers for t in found),
        step_up_above_fen=_least(t.step_up_above_fen for t in found),
        cap_fen=_least(t.cap_fen for t in found),
        wait=max(t.wait for t in found),
        may_use_vouchers=all(t.may_use_vouchers for t in found),
        may_take_part=all(t.may_take_part for t in found),
        may_grab=all(t.may_grab for t in found),
        # One who is trusted and suspected at once is suspected.
        is_trusted=all(t.is_trusted for t in found),
    )


def _least(values: Iterable[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)
