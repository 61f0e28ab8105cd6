"""New rows against groups that are known, and what the evidence of few columns cannot bear."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from yongquan.merchants.matching.addresses import parse_address
from yongquan.merchants.matching.blocking import candidate_pairs
from yongquan.merchants.matching.identifiers import phones_in
from yongquan.merchants.matching.matcher import Known, dedupe, extend
from yongquan.merchants.matching.reading import Row
from yongquan.merchants.matching.sifting import worth_comparing
from yongquan.merchants.matching.table import build_table
from yongquan.simulation.merchant_lists import MerchantLists, overlapping_lists

SHOP = Row("a", "潮间带海鲜馆", "宁波市鄞州区百丈路123号", "13800138001")


@pytest.fixture(scope="module")
def lists() -> MerchantLists:
    return overlapping_lists(seed=6, shops=700)


def pairs(labels: Iterable[object]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(labels).values())


def clusters_of(lists: MerchantLists, *rows: Row) -> list[int]:
    own = [replace(row, id=f"own-{at}") for at, row in enumerate(rows)]
    return dedupe([*own, *lists.rows[:500]]).clusters[: len(own)]


def test_lists_that_come_one_after_another_find_what_they_find_together(lists: MerchantLists) -> None:
    groups: list[int] = []
    rows: list[Row] = []
    truth: list[int] = []
    for source in range(4):
        own = [at for at, of in enumerate(lists.sources) if of == source]
        rows += [lists.rows[at] for at in own]
        truth += [lists.truth[at] for at in own]
        groups = extend(rows, Known([*groups, *[-1] * len(own)])).clusters

    together = dedupe(rows).clusters
    right = [pairs(zip(labels, truth, strict=True)) for labels in (groups, together)]
    assert right[0] >= 0.97 * right[1]
    assert pairs(groups) - right[0] <= pairs(together) - right[1] + 5


def test_known_groups_stay_together_and_those_told_apart_stay_apart(lists: MerchantLists) -> None:
    other = replace(SHOP, id="b", name="潮間帶海鮮館")
    far = replace(SHOP, id="c", name="云来服装店", address="宁波市海曙区中山东路8号", phone="13900139000")
    fresh = replace(SHOP, id="d")
    rows = [SHOP, other, far, *lists.rows[:300], fresh]
    known = [0, 1, 0, *range(2, 302), -1]

    found = extend(rows, Known(known, frozenset({(0, 1)})))

    assert found.clusters[0] == found.clusters[2]
    assert found.clusters[0] != found.clusters[1]


def test_a_tie_says_why_a_new_row_is_not_alone(lists: MerchantLists) -> None:
    rows = [SHOP, *lists.rows[:300], replace(SHOP, id="b")]

    found = extend(rows, Known([*range(301), -1]))

    (tie,) = [tie for tie in found.ties if 301 in (tie.one, tie.other)]
    assert {tie.one, tie.other} == {0, 301}
    assert {"name:same", "address:same_number", "phone:same"} <= set(tie.reasons)
    assert tie.score > 0.96


def test_only_pairs_with_a_new_row_are_looked_at(lists: MerchantLists) -> None:
    table = build_table(lists.rows)
    fresh = np.arange(len(table)) % 7 == 0

    every, some = candidate_pairs(table), candidate_pairs(table, fresh)

    wanted = fresh[every[0]] | fresh[every[1]]
    assert [part.tolist() for part in some] == [part[wanted].tolist() for part in every]


def test_what_is_sifted_out_has_neither_a_similar_name_nor_an_owner_in_common(lists: MerchantLists) -> None:
    table = build_table(lists.rows)
    every = candidate_pairs(table)

    kept = worth_comparing(table, every)

    left = set(zip(*(part.tolist() for part in every), strict=True)) - set(
        zip(*(part.tolist() for part in kept), strict=True)
    )
    assert 0 < len(left) < len(every[0])
    assert not [one for one in left if table.sounds[one[0]] == table.sounds[one[1]]]
    assert not [one for one in left if table.licences[one[0]] and table.licences[one[0]] == table.licences[one[1]]]


@pytest.mark.parametrize(
    ("phone", "together"), [("13800138001", False), ("0574-87654321", True), ("4008001234", False)]
)
def test_without_any_place_only_what_stands_in_one_joins(lists: MerchantLists, phone: str, together: bool) -> None:
    placeless = replace(SHOP, address="", phone=phone)

    first, second = clusters_of(lists, placeless, replace(placeless, name="潮間帶海鮮館"))

    assert (first == second) is together


def test_another_phone_and_nothing_else_of_the_owner_is_for_a_person(lists: MerchantLists) -> None:
    first, second = clusters_of(lists, SHOP, replace(SHOP, phone="13911112222"))

    assert first != second


def test_latin_addresses_are_read_for_number_and_street() -> None:
    one, other = (parse_address(text) for text in ("435 S. La Cienega Blv., Los Angeles", "435 s la cienega blvd"))

    assert (one.road, one.numbers) == (other.road, other.numbers) == ("SLACIENEGABLVD", frozenset({"435"}))
    assert phones_in("310/246-1501") == phones_in("310-246-1501")
