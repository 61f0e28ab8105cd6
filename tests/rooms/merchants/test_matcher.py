"""The matcher: what it joins, what it must never join, and what must hold for any list."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yongquan.kernel.credit_codes import credit_code
from yongquan.merchants.matching.coordinates import gcj_to_bd, metres_between, wgs_to_gcj
from yongquan.merchants.matching.matcher import dedupe, link
from yongquan.merchants.matching.reading import Row
from yongquan.merchants.matching.vetoes import are_branches_alike
from yongquan.simulation.merchant_lists import MerchantLists, overlapping_lists

SHOP = Row(
    "a", "潮间带海鲜馆", "宁波市鄞州区百丈路123号", "13800138001", credit_code(1, adcode="330212", is_company=False)
)
SAME = [
    replace(SHOP, name="宁波市鄞州区潮间带海鲜馆（个体工商户）", phone=""),
    replace(SHOP, name="潮間帶海鮮館", licence=""),
    replace(SHOP, name="潮间代海鲜馆", licence=""),
    replace(SHOP, address="浙江省宁波市江东区百丈路一百二十三号", licence=""),
    replace(SHOP, address="", licence=""),
    replace(SHOP, phone="", licence=""),
    replace(SHOP, name="渔火十里", phone=""),  # renamed: licence and door stay
]
OTHER = [
    replace(SHOP, name="潮间带海鲜馆(城西店)", address="宁波市海曙区中山西路9号"),
    replace(SHOP, address="宁波市慈溪市三北大街9号", phone="", licence=""),
    replace(SHOP, licence=credit_code(2, adcode="330212", is_company=False), phone="13911112222"),
    replace(SHOP, name="潮间带水果店", phone="13911112222", licence=""),
    replace(SHOP, name="云来服装店", phone="", licence=""),
    replace(SHOP, phone="13911112222", licence="", legal_representative="王芳"),
]


@pytest.fixture(scope="module")
def lists() -> MerchantLists:
    return overlapping_lists(seed=5, shops=1500)


def among(lists: MerchantLists, *rows: Row) -> list[int]:
    """The clusters of some rows in a city of other shops."""
    own = [replace(row, id=f"own-{at}") for at, row in enumerate(rows)]
    return dedupe([*own, *lists.rows[:800]]).clusters[: len(own)]


@pytest.mark.parametrize("row", SAME, ids=range(len(SAME)))
def test_one_shop_in_two_writings_is_one(lists: MerchantLists, row: Row) -> None:
    first, second = among(lists, SHOP, row)

    assert first == second


@pytest.mark.parametrize("row", OTHER, ids=range(len(OTHER)))
def test_another_shop_stays_apart(lists: MerchantLists, row: Row) -> None:
    first, second = among(lists, replace(SHOP, legal_representative="陈平"), row)

    assert first != second


def test_stalls_of_one_market_stay_apart(lists: MerchantLists) -> None:
    stalls = [
        replace(SHOP, address=f"宁波市鄞州区瑞旺轻纺市场{stall}")
        for stall in ("1层12号", "1层13号", "2层12号", "1F-12")
    ]

    clusters = among(lists, *stalls)

    assert clusters[0] == clusters[3]
    assert len({*clusters}) == 3


def test_branches_of_one_licence_stay_apart(lists: MerchantLists) -> None:
    east = replace(SHOP, name="米朵早餐(江东店)", address="宁波市鄞州区中山东路8号")
    west = replace(SHOP, name="米朵早餐(城西店)", address="宁波市海曙区中山西路8号")
    bare_west = replace(west, name="米朵早餐")

    clusters = among(lists, east, west, bare_west)

    assert clusters[0] != clusters[1] == clusters[2]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("天一", "天一广场", True),
        ("天一", "天衣", True),
        ("江东", "鄞州", True),
        ("城西", "城东", False),
        ("1", "2", False),
        ("城西", "江北", False),
    ],
)
def test_branch_designators(one: str, other: str, alike: bool) -> None:
    assert are_branches_alike(one, other) is alike


def test_lists_in_other_coordinate_systems_meet(lists: MerchantLists) -> None:
    import numpy as np

    gcj = wgs_to_gcj(np.array([121.55]), np.array([29.87]))
    baidu = gcj_to_bd(*gcj)

    assert 400 < metres_between((np.array([121.55]), np.array([29.87])), gcj)[0] < 700
    assert 900 < metres_between(gcj, baidu)[0] + 200 < 1600
    assert dedupe(lists.rows).coordinate_shifts >= 2


def test_precision_and_recall_on_a_small_world(lists: MerchantLists) -> None:
    found, true = pairs_of(dedupe(lists.rows).clusters), pairs_of(lists.truth)

    assert len(found & true) >= 0.99 * len(found)
    assert len(found & true) >= 0.93 * len(true)


@settings(max_examples=4, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(die: random.Random) -> None:
    rows = overlapping_lists(seed=6, shops=250).rows
    shuffled = rows[:]
    die.shuffle(shuffled)

    assert partition(rows) == partition(shuffled)


def test_a_list_matches_itself_row_by_row(lists: MerchantLists) -> None:
    rows = [row for row, source in zip(lists.rows, lists.sources, strict=True) if source == 0]

    links, _ = link(rows, rows)

    on_itself = {one.left for one in links if one.left == one.right}
    assert len(on_itself) >= 0.97 * len(rows)
    assert len(links) <= 1.05 * len(rows)


def test_scores_are_probabilities(lists: MerchantLists) -> None:
    ours, theirs = ([at for at, source in enumerate(lists.sources) if source == wanted] for wanted in (0, 1))

    links, _ = link([lists.rows[at] for at in ours], [lists.rows[at] for at in theirs])

    wrong = sum(lists.truth[ours[one.left]] != lists.truth[theirs[one.right]] for one in links)
    assert all(0.9 < one.score <= 1 for one in links)
    assert wrong <= 3 * sum(1 - one.score for one in links) + 3


@pytest.mark.parametrize(
    "rows", [[], [Row("1")], [Row("1"), Row("2")], [Row("1", name="阿芳面馆"), Row("2", name="阿芳面馆")]]
)
def test_lists_that_say_little_join_nothing(rows: list[Row]) -> None:
    assert dedupe(rows).clusters == list(range(len(rows)))


def partition(rows: Sequence[Row]) -> set[frozenset[str]]:
    groups: dict[int, set[str]] = defaultdict(set)
    for row, number in zip(rows, dedupe(rows).clusters, strict=True):
        groups[number].add(row.id)
    return {frozenset(group) for group in groups.values()}


def pairs_of(labels: Sequence[int]) -> set[tuple[int, int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for at, label in enumerate(labels):
        groups[label].append(at)
    return {(a, b) for group in groups.values() for place, a in enumerate(group) for b in group[place + 1 :]}
