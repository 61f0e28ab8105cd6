"""Compare pairs of rows, a column at a time: the level of agreement and how surprising it is (nats)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein, Levenshtein
from rapidfuzz.process import cpdist

from yongquan.merchants.matching.blocking import CELL_DEGREES, Pairs
from yongquan.merchants.matching.coordinates import metres_between, readings_of
from yongquan.merchants.matching.divisions import are_apart
from yongquan.merchants.matching.levels import UNKNOWN, DistanceLevel, KeyLevel, Levels, NameLevel, Nats
from yongquan.merchants.matching.places import Shift, compare_addresses
from yongquan.merchants.matching.table import Column, Table

Flags = NDArray[np.bool_]
WORKERS = 2
FEW_NAMES = 500  # in a short list 面馆 looks rarer than it is
AT_M, NEAR_M, AROUND_M = 60.0, 250.0, 1500.0


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """Of each pair: levels and surprises by feature, and what a veto or a gate asks."""

    levels: dict[str, Levels]
    surprises: dict[str, Nats]
    metres: Nats
    unit_differs: Flags
    district_differs: Flags
    same_branch: Flags

    def __len__(self) -> int:
        return len(self.metres)


def compare(table: Table, pairs: Pairs, shifts: Sequence[Shift]) -> Comparison:
    """Compare the pairs; `shifts` are the differences between coordinate systems that the lists show."""
    one, other = pairs
    metres = _distances(table, pairs, shifts)
    addresses = compare_addresses(table, pairs, metres)
    name_levels, name_surprise = _compare_names(table, pairs)
    levels = {
        "name": name_levels,
        "address": addresses.levels,
        "distance": _distance_levels(metres),
        "licence": _licence_levels(table, pairs),
        "phone": _phone_levels(table, pairs),
        "person": _person_levels(table, pairs),
    }
    surprises = {
        "name": name_surprise,
        "address": addresses.surprise,
        "distance": _distance_surprise(table, pairs, metres),
        "licence": _rarity(table, table.licence.count, pairs),
        "phone": _rarity(table, table.phone_count, pairs),
        "person": _rarity(table, table.person.count, pairs),
    }
    apart = [
        are_apart(table.addresses[a].district, table.addresses[b].district) for a, b in zip(one, other, strict=True)
    ]
    return Comparison(
        levels, surprises, metres, addresses.unit_differs, np.array(apart, dtype=np.bool_), _same_branch(table, pairs)
    )


def _rarity(table: Table, count: NDArray[np.int32], pairs: Pairs) -> Nats:
    """How surprising it is to share a value that so many rows have."""
    return np.log(table.population / np.maximum(np.maximum(count[pairs[0]], count[pairs[1]]), 1))


def _compare_names(table: Table, pairs: Pairs) -> tuple[Levels, Nats]:
    one, other = pairs
    sounds = np.array(table.sounds, dtype=object)
    a, b = sounds[one], sounds[other]
    lengths = np.array([len(text) for text in table.sounds], dtype=np.int64)
    short, long = np.minimum(lengths[one], lengths[other]), np.maximum(lengths[one], lengths[other])
    edits = cpdist(a, b, scorer=DamerauLevenshtein.distance, workers=WORKERS, dtype=np.int32)
    kinship = 1 - edits / np.maximum(long, 1)
    shared = _rarest_shared(table, pairs)
    level = np.where(shared > 0, NameLevel.TOUCHING, NameLevel.DIFFERENT)
    level[kinship >= 0.6] = NameLevel.SIMILAR
    swapped_or_longer = (edits == 1) & (short >= 3) & ((short != long) | _same_letters(table, pairs))
    level[(kinship >= 0.78) | swapped_or_longer] = NameLevel.CLOSE
    level[(short >= 2) & (edits == long - short) & (long <= 2.5 * short) & (edits > 0)] = NameLevel.CONTAINED
    same_stem = (table.stem.code[one] == table.stem.code[other]) & (short >= 2)
    level[same_stem] = NameLevel.CONTAINED
    same_sound = (table.name_sound.code[one] == table.name_sound.code[other]) & (short > 0)
    level[same_sound] = NameLevel.SOUNDS_SAME
    level[(table.name.code[one] == table.name.code[other]) & (short > 0)] = NameLevel.SAME
    level[short == 0] = UNKNOWN
    surprise = np.log(max(len(table), FEW_NAMES) / np.maximum(shared, 1)) * (shared > 0)
    surprise = np.where(same_stem, np.maximum(surprise, _rarity(table, table.stem.count, pairs)), surprise)
    surprise = np.where(same_sound, _rarity(table, table.name_sound.count, pairs), surprise)
    branched = _same_branch(table, pairs)
    return level.astype(np.int8), np.where(branched, _rarity(table, table.named_branch.count, pairs), surprise)


def _same_branch(table: Table, pairs: Pairs) -> Flags:
    code = table.named_branch.code
    return np.asarray((code[pairs[0]] == code[pairs[1]]) & (code[pairs[0]] >= 0))


def _same_letters(table: Table, pairs: Pairs) -> Flags:
    letters = Column.of("".join(sorted(text)) for text in table.sounds).code
    return np.asarray(letters[pairs[0]] == letters[pairs[1]])


def _rarest_shared(table: Table, pairs: Pairs) -> NDArray[np.int64]:
    """How many rows have the rarest pair of syllables that both names hold; 0 if they share none."""
    best = np.full(len(pairs[0]), 2**31, dtype=np.int64)
    for mine in range(table.grams.shape[1]):
        gram, count = table.grams[pairs[0], mine], table.gram_counts[pairs[0], mine]
        for theirs in range(table.grams.shape[1]):
            hit = (gram == table.grams[pairs[1], theirs]) & (gram >= 0)
            best[hit] = np.minimum(best[hit], count[hit])
    best[best == 2**31] = 0
    return best


def _distances(table: Table, pairs: Pairs, shifts: Sequence[Shift]) -> Nats:
    readings = readings_of(table.lon, table.lat)
    at = [[(lon[rows], lat[rows]) for lon, lat in readings] for rows in pairs]
    metres = metres_between(at[0][0], at[1][0])
    for first, second in shifts:
        metres = np.fmin(metres, metres_between(at[0][first], at[1][second]))
    return metres


def _distance_levels(metres: Nats) -> Levels:
    level = np.full(len(metres), DistanceLevel.FAR, dtype=np.int8)
    for limit_m, name in ((AROUND_M, DistanceLevel.AROUND), (NEAR_M, DistanceLevel.NEAR), (AT_M, DistanceLevel.AT)):
        level[metres <= limit_m] = name
    level[np.isnan(metres)] = UNKNOWN
    return level


def _distance_surprise(table: Table, pairs: Pairs, metres: Nats) -> Nats:
    """From how densely shops stand around: few in a village, hundreds in a market street."""
    known = ~np.isnan(table.lon)
    cells = [
        (round(x / CELL_DEGREES), round(y / CELL_DEGREES)) if k else ()
        for x, y, k in zip(table.lon, table.lat, known, strict=True)
    ]
    density = np.maximum(Column.of(cells).count, 1)  # rows in about a square kilometre
    reach_km = np.where(metres <= AT_M, AT_M, NEAR_M) / 1000
    expected = np.maximum(density[pairs[0]], density[pairs[1]]) * np.pi * reach_km**2
    return np.log(table.population / np.maximum(expected, 1.0))


def _licence_levels(table: Table, pairs: Pairs) -> Levels:
    """A licence one sign off is near only if one of the two cannot be right."""
    one, other = pairs
    texts = np.array(table.licences, dtype=object)
    lengths = np.array([len(text) for text in table.licences])
    edits = cpdist(
        texts[one], texts[other], scorer=Levenshtein.distance, workers=WORKERS, dtype=np.int32, score_cutoff=2
    )
    both_right = table.licence_is_valid[one] & table.licence_is_valid[other]
    level = np.where((edits <= 2) & ~both_right, KeyLevel.NEAR, KeyLevel.DIFFERENT)
    level[table.licence.code[one] == table.licence.code[other]] = KeyLevel.SAME
    unlike = (lengths[one] >= 17) != (lengths[other] >= 17)  # a registration number says nothing of a credit code
    level[(lengths[one] == 0) | (lengths[other] == 0) | (unlike & (edits > 2))] = UNKNOWN
    return level.astype(np.int8)


def _phone_levels(table: Table, pairs: Pairs) -> Levels:
    one, other = pairs
    level = np.full(len(one), UNKNOWN, dtype=np.int8)
    same = (table.phone.code[one] == table.phone.code[other]) & (table.phone.code[one] >= 0)
    level[same] = KeyLevel.SAME
    has_both = (table.phone.code[one] >= 0) & (table.phone.code[other] >= 0) & ~same
    for at in np.flatnonzero(has_both):
        level[at] = _phone_level(table.phones[one[at]], table.phones[other[at]])
    return level


def _phone_level(one: frozenset[str], other: frozenset[str]) -> int:
    if one & other:
        return KeyLevel.SAME
    for a in one:
        for b in other:
            if a[:2] == b[:2] and len(a) == len(b) >= 7 and DamerauLevenshtein.distance(a, b, score_cutoff=1) <= 1:
                return KeyLevel.NEAR
    same_kind = {len(a) == 11 for a in one} & {len(b) == 11 for b in other}
    return KeyLevel.DIFFERENT if same_kind else UNKNOWN


def _person_levels(table: Table, pairs: Pairs) -> Levels:
    one, other = pairs
    texts = np.array(table.persons, dtype=object)
    alike = cpdist(texts[one], texts[other], scorer=fuzz.ratio, workers=WORKERS, dtype=np.float32)
    level = np.where(alike >= 66, KeyLevel.NEAR, KeyLevel.DIFFERENT)
    level[table.person.code[one] == table.person.code[other]] = KeyLevel.SAME
    level[(table.person.code[one] < 0) | (table.person.code[other] < 0)] = UNKNOWN
    return level.astype(np.int8)
