"""A citizen signs up for a draw with ordered wishes, or withdraws; across all apps the earliest registration stands."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.announce_draw import KEY
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.draw_list import Pseudonyms
from yongquan.vouchers.draw_plan import DrawPlan, read_announcement
from yongquan.vouchers.draw_store import DrawRow

OWN_APP = "yongquan"
REGISTERED = frozenset({"registered", "again"})
_REGISTER = "select ord, outcome from flows.register_for_draw(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_WITHDRAW = "select vouchers.withdraw(%s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class SignUp:
    """One citizen's wishes, type ids with the most wanted first; `adcode` is where the citizen was found to be.

    `refused` is what the round's door says of this sign-up (code:reason), None if it lets it in.
    """

    citizen_id: UUID
    wishes: Sequence[UUID]
    adcode: str | None
    key: UUID
    body_hash: UUID
    platform: str = OWN_APP
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class SignUpOutcome:
    """What came of a sign-up: `code` is registered, again or a refusal's, `reason` a finer one or empty."""

    code: str
    reason: str = ""


async def register_for_draw(
    connection: Connection, draw: DrawRow, sign_ups: Sequence[SignUp], *, cells: int, now: datetime
) -> list[SignUpOutcome]:
    """Outcomes in order: registered, again, or a refusal; one item a citizen. Shares the draw's row.

    Refusals: not_open, closed, blocked, not_eligible, wrong_place, bad_wishes, already_registered, withdrawn,
    conflicting_request.
    """
    plan = read_announcement(draw.announcement)
    districts = {adcode: number for number, adcode in enumerate(plan.strata)}
    outcomes: dict[UUID, SignUpOutcome] = {}
    by_cell: dict[int, list[tuple[SignUp, bytes, int]]] = defaultdict(list)
    for one in sign_ups:
        wishes = numbers_of(plan, one.wishes)
        if wishes is None:
            outcomes[one.citizen_id] = SignUpOutcome("bad_wishes")
        elif one.adcode not in districts:
            reason = "no_location" if one.adcode is None else "outside_area"
            outcomes[one.citizen_id] = SignUpOutcome("wrong_place", reason)
        else:
            by_cell[cell_of(one.citizen_id, cells)].append((one, wishes, districts[one.adcode]))
    for cell, mine in sorted(by_cell.items()):
        outcomes |= await _register_in(connection, cell, draw.draw_id, mine, now=now)
    return [outcomes[one.citizen_id] for one in sign_ups]


async def withdraw_from_draw(
    connection: Connection,
    draw: DrawRow,
    citizen_id: UUID,
    *,
    key: UUID,
    platform: str | None = None,
    cells: int,
    now: datetime,
) -> str:
    """Take a registration back before the close; `platform` None takes one that came by any app.

    Answers withdrawn (also when this key did it before), closed or not_found. Who withdrew may sign up again with a
    new key. Shares the draw's row.
    """
    values = [cell_of(citizen_id, cells), now, draw.draw_id, citizen_id, platform, key]
    row = await (await connection.execute(_WITHDRAW, values)).fetchone()
    return str(row[0]) if row else "not_found"


def numbers_of(plan: DrawPlan, wishes: Sequence[UUID]) -> bytes | None:
    """The categories' numbers of some wishes; None if there are none, too many, one twice or an unknown one."""
    numbers = {category.code: number for number, category in enumerate(plan.categories)}
    codes = [str(wish) for wish in wishes]
    if not 1 <= len(codes) <= plan.wishes_max or len(set(codes)) < len(codes) or not numbers.keys() >= set(codes):
        return None
    return bytes(numbers[code] for code in codes)


def pseudonyms_of(draw: DrawRow, sealing: Sealing) -> Pseudonyms:
    """The names of the draw's registrants; needs the draw's sealed key."""
    return Pseudonyms(draw.draw_id, bytes.fromhex(sealing.open(draw.key_sealed, what=KEY)))


async def _register_in(
    connection: Connection, cell: int, draw_id: UUID, items: Sequence[tuple[SignUp, bytes, int]], *, now: datetime
) -> dict[UUID, SignUpOutcome]:
    ones = [one for one, _, _ in items]
    cursor = await connection.execute(
        _REGISTER,
        [
            *(cell, now, draw_id, [one.citizen_id for one in ones]),
            *([wishes for _, wishes, _ in items], [stratum for _, _, stratum in items]),
            *([one.platform for one in ones], [one.key for one in ones], [one.body_hash for one in ones]),
            [one.refused for one in ones],
        ],
    )
    return {ones[ord_ - 1].citizen_id: _outcome(told) for ord_, told in await cursor.fetchall()}


def _outcome(told: str) -> SignUpOutcome:
    code, _, reason = told.partition(":")
    return SignUpOutcome(code, reason)
