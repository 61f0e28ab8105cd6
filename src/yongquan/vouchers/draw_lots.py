"""Who wins: a lot for each wish out of the seed, places shared out by district, first wishes first. Pure.

Every registrant of one district with the same wishes has the same chance: what the effect of vouchers is read from.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yongquan.vouchers.draw_list import NO_WISH, PSEUDONYM_BYTES, RegistrantList
from yongquan.vouchers.draw_plan import DrawPlan, share_out


@dataclass(frozen=True, slots=True)
class Drawn:
    """The outcome, a row a record and a column a wish: the lot, the place in its queue (from 1), and whether it won.

    A queue is the wishes for one category in one district; `quotas` are its places. No wish has place 0.
    """

    lots: NDArray[np.uint64]
    places: NDArray[np.int64]
    won: NDArray[np.bool_]
    quotas: list[list[int]]


def seed_of(secret: bytes, list_hash: bytes, beacon_value: str) -> bytes:
    """SHA-256 of the secret, the list's hash and the beacon as it was published: nobody alone can choose it."""
    return hashlib.sha256(secret + list_hash + beacon_value.encode()).digest()


def quotas_of(plan: DrawPlan, listed: RegistrantList) -> list[list[int]]:
    """Places by category and district: as planned, else by how many registrants of the district wish for it."""
    if plan.quotas is not None:
        return [list(row) for row in plan.quotas]
    table = listed.table
    strata = table[:, PSEUDONYM_BYTES].astype(np.int64)
    counts = np.zeros((len(plan.categories), len(plan.strata)), np.int64)
    for wishes in table[:, PSEUDONYM_BYTES + 1 :].T:
        wished = wishes != NO_WISH
        np.add.at(counts, (wishes[wished].astype(np.int64), strata[wished]), 1)
    return [share_out(c.places, [int(n) for n in row]) for c, row in zip(plan.categories, counts, strict=True)]


def lots_of(seed: bytes, listed: RegistrantList) -> NDArray[np.uint64]:
    """A lot for each of four wishes: SHA-256 of seed and pseudonym, read as four big-endian numbers of 64 bits."""
    records, width = listed.records, listed.width
    keyed = hashlib.sha256(seed)
    digests = []
    for n in range(0, len(records), width):
        one = keyed.copy()
        one.update(records[n : n + PSEUDONYM_BYTES])
        digests.append(one.digest())
    return np.frombuffer(b"".join(digests), ">u8").reshape(-1, 4).astype(np.uint64)


def draw(plan: DrawPlan, listed: RegistrantList, seed: bytes) -> Drawn:
    """Draw. Records must be in order and name known districts and categories."""
    wishes = listed.table[:, PSEUDONYM_BYTES + 1 :]
    strata = listed.table[:, PSEUDONYM_BYTES].astype(np.int64)
    all_lots = lots_of(seed, listed)[:, : plan.wishes_max]
    quotas = quotas_of(plan, listed)
    # All wishes in one array, wish by wish, so that equal lots keep the order of the list.
    turn, record = np.nonzero((wishes != NO_WISH).T)
    category = wishes[record, turn].astype(np.int64)
    lot = all_lots[record, turn]
    queue = category * len(plan.strata) + strata[record]
    order = np.lexsort((lot, queue * plan.wishes_max + turn))
    place = np.empty(len(order), np.int64)
    place[order] = _places(queue[order])
    won = place <= np.array(quotas, np.int64).reshape(-1)[queue] if len(queue) else np.zeros(0, np.bool_)
    _give_left_over(plan, won, category=category, turn=turn, lot=lot)
    outcome = Drawn(all_lots, np.zeros(wishes.shape, np.int64), np.zeros(wishes.shape, np.bool_), quotas)
    outcome.places[record, turn] = place
    outcome.won[record, turn] = won
    return outcome


def winners_of(listed: RegistrantList, drawn: Drawn) -> bytes:
    """The winners' list: a pseudonym and a category's number for each voucher, in order of records, then wishes."""
    record, turn = np.nonzero(drawn.won)
    table = listed.table
    entries = np.empty((len(record), PSEUDONYM_BYTES + 1), np.uint8)
    entries[:, :PSEUDONYM_BYTES] = table[record, :PSEUDONYM_BYTES]
    entries[:, PSEUDONYM_BYTES] = table[record, PSEUDONYM_BYTES + 1 + turn]
    return entries.tobytes()


def cutoffs_of(plan: DrawPlan, listed: RegistrantList, drawn: Drawn) -> list[list[int]]:
    """The last winning place of each queue, by category and district; 0 where nobody won."""
    last = np.zeros((len(plan.categories), len(plan.strata)), np.int64)
    record, turn = np.nonzero(drawn.won)
    table = listed.table
    where = (table[record, PSEUDONYM_BYTES + 1 + turn].astype(np.int64), table[record, PSEUDONYM_BYTES].astype(int))
    np.maximum.at(last, where, drawn.places[record, turn])
    return [[int(n) for n in row] for row in last]


def _places(queues: NDArray[np.int64]) -> NDArray[np.int64]:
    """1, 2, 3 .. within each run of equal numbers."""
    count = np.arange(len(queues), dtype=np.int64)
    starts = np.concatenate(([True], queues[1:] != queues[:-1])) if len(queues) else np.zeros(0, np.bool_)
    return count - np.maximum.accumulate(np.where(starts, count, 0)) + 1


def _give_left_over(
    plan: DrawPlan,
    won: NDArray[np.bool_],
    *,
    category: NDArray[np.int64],
    turn: NDArray[np.int64],
    lot: NDArray[np.uint64],
) -> None:
    """Places that a district could not fill go to the other districts' best losers of that category."""
    for number, left in enumerate(_left_over(plan, category[won])):
        if left > 0:
            losers = np.nonzero((category == number) & ~won)[0]
            won[losers[np.lexsort((lot[losers], turn[losers]))][:left]] = True


def _left_over(plan: DrawPlan, given: NDArray[np.int64]) -> Sequence[int]:
    taken = np.bincount(given, minlength=len(plan.categories))
    return [c.places - int(n) for c, n in zip(plan.categories, taken, strict=True)]
