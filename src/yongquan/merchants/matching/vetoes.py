"""What forbids a merge, however much speaks for it. A wrong merge moves money; a missed one asks a person."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from yongquan.merchants.matching.blocking import Pairs
from yongquan.merchants.matching.characters import sound
from yongquan.merchants.matching.comparing import Comparison
from yongquan.merchants.matching.divisions import TODAY
from yongquan.merchants.matching.identifiers import is_landline
from yongquan.merchants.matching.levels import UNKNOWN, AddressLevel, DistanceLevel, KeyLevel, NameLevel
from yongquan.merchants.matching.table import Table

Flags = NDArray[np.bool_]
_OPPOSED = frozenset("东西南北中上下前后左右大小新老一二三四五六七八九十0123456789")


def vetoed(table: Table, pairs: Pairs, seen: Comparison) -> Flags:
    """Whether a pair must not be merged, for any of the reasons below."""
    level = seen.levels
    same_owner = (level["licence"] == KeyLevel.SAME) | (level["phone"] == KeyLevel.SAME)
    same_name = level["name"] >= NameLevel.SOUNDS_SAME
    same_door = level["address"] >= AddressLevel.SAME_NUMBER
    branch_differs, digits_differ = _differing_names(table, pairs)
    branch_excused = same_owner & same_name & (level["address"] == AddressLevel.SAME_UNIT)
    licence_differs = (level["licence"] == KeyLevel.DIFFERENT) & (
        table.licence_is_valid[pairs[0]] & table.licence_is_valid[pairs[1]]
    )
    licence_excused = (
        same_name
        & (level["phone"] == KeyLevel.SAME)
        & (level["person"] == KeyLevel.SAME)
        & (same_door | ~_knows(level["address"]))
    )
    return np.asarray(
        (branch_differs & ~branch_excused)
        | digits_differ
        | seen.unit_differs
        | _is_other_owner(seen)
        | (licence_differs & ~licence_excused)
        | _is_elsewhere(seen)
    )


def _knows(levels: NDArray[np.int8]) -> Flags:
    return np.asarray(levels != UNKNOWN)


def _is_other_owner(seen: Comparison) -> Flags:
    """Another phone and another person, and no licence that says otherwise: a successor, or a namesake."""
    level = seen.levels
    other = (level["phone"] == KeyLevel.DIFFERENT) & (level["person"] == KeyLevel.DIFFERENT)
    return np.asarray(other & (level["licence"] != KeyLevel.SAME))


def _is_elsewhere(seen: Comparison) -> Flags:
    """Two places: branches of one owner, or namesakes. Only the same door outweighs a wrong coordinate."""
    address, distance = seen.levels["address"], seen.levels["distance"]
    far = (distance == DistanceLevel.FAR) & (address < AddressLevel.SAME_NUMBER)
    all_keys = (seen.levels["licence"] == KeyLevel.SAME) & (seen.levels["phone"] == KeyLevel.SAME)
    alone = (address == UNKNOWN) & all_keys & (seen.levels["name"] >= NameLevel.SOUNDS_SAME)
    elsewhere = (address == AddressLevel.ELSEWHERE) & ~(distance >= DistanceLevel.AT)
    other_door = (address == AddressLevel.OTHER_NUMBER) & ~(distance >= DistanceLevel.NEAR) & (distance != UNKNOWN)
    other_district = seen.district_differs & ~(distance >= DistanceLevel.NEAR)
    return np.asarray((far & ~alone) | elsewhere | other_door | other_district)


def _differing_names(table: Table, pairs: Pairs) -> tuple[Flags, Flags]:
    one, other = pairs
    branch = table.branch.code
    asked = np.flatnonzero((branch[one] >= 0) & (branch[other] >= 0) & (branch[one] != branch[other]))
    branch_differs = np.zeros(len(one), dtype=np.bool_)
    for at in asked:
        branch_differs[at] = not _may_be_one_branch(table, int(one[at]), int(other[at]))
    digits = [table.names[i].digits != table.names[j].digits for i, j in zip(one, other, strict=True)]
    both = [bool(table.names[i].digits and table.names[j].digits) for i, j in zip(one, other, strict=True)]
    return branch_differs, np.array(digits, dtype=np.bool_) & np.array(both, dtype=np.bool_)


def _may_be_one_branch(table: Table, i: int, j: int) -> bool:
    """天一 and 天一广场, 天一 and 天衣, or a branch named by what the other's address says."""
    a, b = table.names[i].branch, table.names[j].branch
    if are_branches_alike(a, b):
        return True
    return _is_in(a, table.rows[j].address) or _is_in(b, table.rows[i].address)


def are_branches_alike(one: str, other: str) -> bool:
    """Whether two designators may mean one branch: one holds the other, they sound alike, or one slip apart."""
    short, long = sorted((_today(one), _today(other)), key=len)
    if short.isdigit() or long.isdigit():
        return short == long
    if short in long and len(short) >= 2:
        return not long.replace(short, "", 1).isdigit()
    a, b = sound(short), sound(long)
    if a == b:
        return True
    if len(a) != len(b) or len(a) < 3 or Levenshtein.distance(a, b, score_cutoff=1) > 1:
        return False
    return not any(sign in _OPPOSED for x, y in zip(short, long, strict=True) if x != y for sign in (x, y))


def _today(branch: str) -> str:
    return TODAY.get(branch.removesuffix("区"), branch)


def _is_in(branch: str, address: str) -> bool:
    return len(branch) >= 2 and branch not in TODAY and not branch.isdigit() and branch in address


def is_blind(table: Table, pairs: Pairs, seen: Comparison) -> Flags:
    """Neither row says where it is, and nothing they share stands in one place: another shop of the owner looks alike.

    A mobile phone, a licence and a person go wherever their owner goes; a landline and a branch stay.
    """
    placed = np.array([bool(address.text) for address in table.addresses], dtype=np.bool_) | ~np.isnan(table.lon)
    blind = ~placed[pairs[0]] & ~placed[pairs[1]] & ~seen.same_branch
    for at in np.flatnonzero(blind & (seen.levels["phone"] == KeyLevel.SAME)):
        shared = table.phones[pairs[0][at]] & table.phones[pairs[1][at]]
        blind[at] = not any(is_landline(number) for number in shared)
    return np.asarray(blind)


def is_disputed(seen: Comparison) -> Flags:
    """All that is known of the owners speaks against it: another phone, and no licence or person in common.

    A successor under the old name looks just like this; so does a shop with a new phone. A person can ask.
    """
    level = seen.levels
    owned = (level["licence"] >= KeyLevel.NEAR) | (level["person"] >= KeyLevel.NEAR)
    return np.asarray((level["phone"] == KeyLevel.DIFFERENT) & ~owned)


def has_both_kinds(levels: Sequence[NDArray[np.int8]]) -> Flags:
    """Gate: what has to agree at least, beside the sum of the evidence.

    A name that agrees with a place or an owner; or a rename: the owner's licence (or phone and person) at one place.
    """
    name, address, distance, licence, phone, person = levels
    place = (address >= AddressLevel.SAME_ROAD) | (distance >= DistanceLevel.AT)
    near = (address >= AddressLevel.SIMILAR) | (distance >= DistanceLevel.NEAR)
    owner = (licence >= KeyLevel.NEAR) | (phone >= KeyLevel.NEAR) | (person == KeyLevel.SAME)
    named = (name >= NameLevel.CLOSE) & (place | owner)
    half_named = (name >= NameLevel.SIMILAR) & near & ((licence == KeyLevel.SAME) | (phone == KeyLevel.SAME))
    renamed_door = (address >= AddressLevel.SAME_NUMBER) | (
        (distance >= DistanceLevel.AT) & (address != AddressLevel.ELSEWHERE)
    )
    same_person = (person == KeyLevel.SAME) & (phone == KeyLevel.SAME)
    renamed = renamed_door & ((licence == KeyLevel.SAME) | (same_person & (licence != KeyLevel.DIFFERENT)))
    nameless = (name == UNKNOWN) & place & owner
    return np.asarray(named | half_named | renamed | nameless)
