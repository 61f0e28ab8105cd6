"""The demo city is the same for the same seed, stands on real ground, and is invented where it must be."""

import dataclasses
import hashlib
import re
from collections import Counter
from datetime import date

import pytest
from stdnum.cn import uscc

from yongquan.simulation.brands import BRANDS, TRADES
from yongquan.simulation.city import City, build_city
from yongquan.simulation.city_people import BANKS, WALLETS
from yongquan.simulation.city_shops import ACQUIRERS, Shop
from yongquan.simulation.industries import INDUSTRIES, industry
from yongquan.simulation.people import COUNTED_ON

SCALE = 0.02


@pytest.fixture(scope="module")
def city() -> City:
    return build_city(seed=2022, scale=SCALE)


@pytest.fixture(scope="module")
def shops(city: City) -> list[Shop]:
    return list(city.shops)


def fingerprint(city: City) -> str:
    rows = hashlib.sha256()
    for row in (*city.shops, *city.citizens):
        rows.update(repr(row).encode())
    return rows.hexdigest()


def test_same_seed_and_scale_give_the_same_rows(city: City) -> None:
    small = build_city(seed=5, scale=0.002)

    assert fingerprint(small) == fingerprint(build_city(seed=5, scale=0.002))
    assert fingerprint(small) != fingerprint(build_city(seed=6, scale=0.002))


def test_rows_are_the_same_on_every_machine() -> None:
    small = build_city(seed=1, scale=0.001)

    assert fingerprint(small) == "8ac15a38fc0422529a80481108383b69cee521e6c38b931390e774be605ff85f"


def test_a_citizen_depends_on_seed_and_number_only(city: City) -> None:
    smaller = build_city(seed=2022, scale=SCALE / 4)

    assert [smaller.citizens.row(n) for n in range(0, 1500, 7)] == [city.citizens.row(n) for n in range(0, 1500, 7)]


def test_scale_sets_how_many_shops_and_citizens_there_are(city: City) -> None:
    assert (len(city.shops), len(city.citizens)) == (1800, 6000)
    assert len(build_city(seed=1, scale=0.00001).citizens) == 3


@pytest.mark.parametrize("scale", [0, -1, 11])
def test_a_scale_out_of_range_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        build_city(seed=1, scale=scale)


def test_the_city_has_ten_divisions_each_with_shops_and_citizens(city: City, shops: list[Shop]) -> None:
    codes = [division.adcode for division in city.divisions]

    assert len(codes) == 10
    assert codes == sorted({shop.adcode for shop in shops})
    assert codes == sorted({citizen.adcode for citizen in city.citizens})


def test_places_are_located_in_their_division_and_the_sea_in_none(city: City) -> None:
    assert city.locate(121.5497, 29.8699) == "330203"
    assert city.locate(123.5, 29.9) is None


def test_shops_and_homes_lie_in_their_division(city: City, shops: list[Shop]) -> None:
    people = list(city.citizens)[:1500]

    assert sum(city.locate(shop.lon, shop.lat) == shop.adcode for shop in shops) >= 0.999 * len(shops)
    assert sum(city.locate(each.lon, each.lat) == each.adcode for each in people) >= 0.999 * len(people)


def test_every_community_lies_in_its_division(city: City) -> None:
    assert len(city.communities) == 3042
    assert all(city.locate(each.lon, each.lat) == each.adcode for each in city.communities)


def test_twelve_industries_all_have_shops_single_names_and_chains(shops: list[Shop]) -> None:
    codes = {each.code for each in INDUSTRIES}

    assert len(codes) == 12
    assert {shop.industry.code for shop in shops} == codes == set(TRADES)
    assert {brand.industry for brand in BRANDS} == codes
    assert sum(each.share for each in INDUSTRIES) == 10_000
    assert industry("dining").name == "餐饮"
    with pytest.raises(KeyError):
        industry("mining")


def test_chains_have_many_stores_and_most_shops_stand_alone(shops: list[Shop]) -> None:
    stores = Counter(shop.brand.code for shop in shops if shop.brand)

    assert len({brand.name for brand in BRANDS}) == len(BRANDS) >= 60
    assert max(stores.values()) >= 20
    assert 0.6 < 1 - sum(stores.values()) / len(shops) < 0.9


def test_a_chain_has_no_two_stores_of_one_name(shops: list[Shop]) -> None:
    names = Counter(shop.name for shop in shops if shop.brand)
    doubled = sum(count - 1 for count in names.values())

    assert doubled <= 0.01 * len(names)  # neighbouring communities may share a name


def test_licence_codes_are_valid_unique_and_marked_as_generated(shops: list[Shop]) -> None:
    codes = [shop.credit_code for shop in shops]

    assert all(uscc.is_valid(code) for code in codes)
    assert len(set(codes)) == len(codes)
    assert all(code[8:10] == "YQ" and code[2:8] == shop.adcode for code, shop in zip(codes, shops, strict=True))


def test_phones_are_mobile_numbers_and_nobody_shares_one(city: City, shops: list[Shop]) -> None:
    phones = [each.phone for each in (*city.citizens, *shops)]

    assert all(re.fullmatch(r"1[3-9]\d{9}", phone) for phone in phones)
    assert len(set(phones)) == len(phones)


def test_shops_are_served_by_the_two_acquirers_and_few_are_in_hardship(shops: list[Shop]) -> None:
    assert {shop.acquirer for shop in shops} == set(ACQUIRERS)
    assert 0.015 < sum(shop.in_hardship for shop in shops) / len(shops) < 0.045
    assert {shop.terminals for shop in shops} == {1, 2, 3, 4}


def test_addresses_name_division_and_township(city: City, shops: list[Shop]) -> None:
    townships = {(each.adcode, each.township) for each in city.communities}

    for shop in shops:
        start = f"浙江省宁波市{city.regions.division(shop.adcode).name}"
        own = tuple(start + name for adcode, name in townships if adcode == shop.adcode)
        assert shop.address.startswith(own)


def test_citizens_hold_one_to_three_cards_at_different_banks(city: City) -> None:
    for citizen in city.citizens:
        banks = [card.bank for card in citizen.cards]
        assert 1 <= len(banks) <= 3
        assert len(set(banks)) == len(banks)
        assert set(banks) <= set(BANKS)
        assert set(citizen.wallets) <= set(WALLETS)


def test_larger_banks_have_more_first_cards(city: City) -> None:
    first = Counter(citizen.cards[0].bank for citizen in city.citizens)

    assert [bank for bank, _ in first.most_common()] == list(BANKS)


def test_ages_run_from_fifteen_to_ninety_with_most_in_the_middle(city: City) -> None:
    years = [(COUNTED_ON - citizen.born_on).days / 365.25 for citizen in city.citizens]

    assert min(years) >= 14.99
    assert max(years) < 90
    assert 0.01 < sum(year < 18 for year in years) / len(years) < 0.05
    assert 0.5 < sum(25 <= year < 60 for year in years) / len(years) < 0.75


def test_rows_hold_plain_values_only(city: City) -> None:
    for row in (city.shops.row(3), city.citizens.row(3)):
        for value in dataclasses.asdict(row).values():
            assert type(value).__module__ in {"builtins", date.__module__}
