"""Compute a published draw again and name the first thing that is different. Pure; `docs/draw.md` has the steps."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from yongquan.vouchers.draw_file import ENTRY_BYTES, DrawFile, decoded
from yongquan.vouchers.draw_list import NO_WISH, PSEUDONYM_BYTES, RegistrantList, tree_of
from yongquan.vouchers.draw_lots import draw, seed_of, winners_of
from yongquan.vouchers.draw_plan import DrawPlan, commitment_to, read_announcement


@dataclass(frozen=True, slots=True)
class Published:
    """What a verifier wrote down before the draw, in hex; None is not compared."""

    commitment: str | None = None
    list_hash: str | None = None
    beacon: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out: the winners' hash, and the first difference or None."""

    winners_hash: str
    winners: int
    registrants: int
    difference: str | None


def verify(file: DrawFile, *, published: Published = Published()) -> Verdict:
    """Compute the draw of a file that was read without faults."""
    plan = read_announcement(file.announcement)
    listed = RegistrantList(
        decoded(file.registrants.records, field="list.records"), PSEUDONYM_BYTES + 1 + plan.wishes_max
    )
    difference = next(_differences(file, plan, listed, published), None)
    return Verdict(file.winners.hash, file.winners.count, listed.count, difference)


def _differences(file: DrawFile, plan: DrawPlan, listed: RegistrantList, published: Published) -> Iterator[str]:
    secret = bytes.fromhex(file.secret)
    yield from _unlike("commitment", file.commitment, published.commitment, "was published as")
    yield from _unlike("list.hash", file.registrants.hash, published.list_hash, "was published as")
    yield from _unlike("beacon", file.beacon, published.beacon, "was published as")
    yield from _unlike("commitment", file.commitment, commitment_to(file.announcement, secret).hex())
    yield from _unlike("list.count", file.registrants.count, listed.count)
    yield from _list_faults(plan, listed)
    yield from _unlike("list.hash", file.registrants.hash, tree_of(listed).root.hex())
    seed = seed_of(secret, bytes.fromhex(file.registrants.hash), file.beacon)
    yield from _unlike("seed", file.seed, seed.hex())
    drawn = draw(plan, listed, seed)
    yield from _quota_differences(plan, file.quotas, drawn.quotas)
    entries = decoded(file.winners.entries, field="winners.entries")
    yield from _winner_differences(plan, entries, winners_of(listed, drawn))
    yield from _unlike("winners.count", file.winners.count, len(entries) // ENTRY_BYTES)
    yield from _unlike("winners.hash", file.winners.hash, hashlib.sha256(entries).hexdigest())


def _unlike(field: str, told: object, computed: object, verb: str = "computes to") -> Iterator[str]:
    if computed is not None and told != computed:
        yield f"{field}: the file says {told}, it {verb} {computed}"


def _list_faults(plan: DrawPlan, listed: RegistrantList) -> Iterator[str]:
    table = listed.table
    names = table[:, :PSEUDONYM_BYTES].copy().view(">u8").astype(np.uint64).reshape(-1, 2)
    high, low = names[:, 0], names[:, 1]
    after = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
    yield from _first(~after, lambda n: f"list.records: record {n + 1} does not come after record {n}")
    strange = table[:, PSEUDONYM_BYTES] >= len(plan.strata)
    yield from _first(strange, lambda n: f"list.records: record {n} names an unknown district")
    wishes = table[:, PSEUDONYM_BYTES + 1 :]
    unknown = ((wishes >= len(plan.categories)) & (wishes != NO_WISH)).any(axis=1) | (wishes[:, 0] == NO_WISH)
    for n in range(1, plan.wishes_max):
        said = wishes[:, n] != NO_WISH
        unknown |= said & (wishes[:, n - 1] == NO_WISH)
        unknown |= said & (wishes[:, :n] == wishes[:, n : n + 1]).any(axis=1)
    yield from _first(unknown, lambda n: f"list.records: record {n} has wishes that the rules do not allow")


def _first(faulty: "np.ndarray[tuple[int], np.dtype[np.bool_]]", say: Callable[[int], str]) -> Iterator[str]:
    if faulty.any():
        yield say(int(np.argmax(faulty)))


def _quota_differences(plan: DrawPlan, told: list[list[int]], computed: list[list[int]]) -> Iterator[str]:
    if [len(row) for row in told] != [len(row) for row in computed]:
        yield "quotas: not a row a category and a number a district"
        return
    for category, told_row, row in zip(plan.categories, told, computed, strict=True):
        for district, places, right in zip(plan.strata, told_row, row, strict=True):
            yield from _unlike(f"quotas: {category.code} in {district}", places, right)


def _winner_differences(plan: DrawPlan, told: bytes, computed: bytes) -> Iterator[str]:
    if told == computed:
        return
    for n in range(0, max(len(told), len(computed)), ENTRY_BYTES):
        one, other = told[n : n + ENTRY_BYTES], computed[n : n + ENTRY_BYTES]
        if one != other:
            yield f"winners: entry {n // ENTRY_BYTES}: the file says {_named(plan, one)}, it computes to " + _named(
                plan, other
            )
            return


def _named(plan: DrawPlan, entry: bytes) -> str:
    if not entry:
        return "nothing"
    code = entry[PSEUDONYM_BYTES]
    category = plan.categories[code].code if code < len(plan.categories) else f"category {code}"
    return f"{entry[:PSEUDONYM_BYTES].hex()} with {category}"
