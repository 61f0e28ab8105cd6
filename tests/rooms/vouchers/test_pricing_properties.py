"""What always holds of the calculator, against trying everything."""

from collections import Counter
from datetime import UTC, datetime
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from yongquan.vouchers.pricing import (
    AmountOff,
    BundlePrice,
    Cart,
    Choice,
    Exchange,
    Line,
    NthFree,
    Offer,
    PercentOff,
    PerUnitOff,
    Priced,
    Scope,
    TieredOff,
    price,
)

SMALL = st.integers(0, 400)
TAGS = st.frozensets(st.sampled_from("AB"))
LINES = st.builds(
    Line,
    sku=st.sampled_from("abc"),
    unit_fen=SMALL,
    qty=st.integers(0, 4),
    tags=TAGS,
    selected=st.sampled_from([True, True, True, False]),
    floor_fen=st.sampled_from([0, 0, 30, 120]),
)
DEALS = st.one_of(
    st.builds(AmountOff, SMALL),
    st.builds(PercentOff, st.integers(0, 10000)),
    st.builds(TieredOff, st.lists(st.tuples(SMALL, SMALL), max_size=3).map(tuple)),
    st.builds(PerUnitOff, SMALL),
    st.builds(BundlePrice, st.integers(1, 4), SMALL),
    st.builds(NthFree, st.integers(1, 4)),
    st.builds(Exchange),
)
INSTANTS = st.sampled_from([None, datetime(2022, 8, 1, tzinfo=UTC), datetime(2022, 9, 1, tzinfo=UTC)])


@st.composite
def offer_lists(draw: st.DrawFn) -> list[Offer]:
    return [
        Offer(
            f"o{9 - k}",
            draw(DEALS),
            priority=draw(st.integers(-1, 1)),
            exclusive=draw(st.sampled_from([False, False, False, True])),
            funder=draw(st.sampled_from([None, "government", "bank"])),
            threshold_fen=draw(st.sampled_from([0, 0, 100, 500])),
            min_qty=draw(st.sampled_from([0, 0, 2])),
            scope=draw(st.builds(Scope, tags=st.none() | TAGS, skus=st.none() | TAGS)),
            cap_fen=draw(st.none() | SMALL),
            expires_at=draw(INSTANTS),
        )
        for k in range(draw(st.integers(0, 6)))
    ]


CARTS = st.builds(Cart, st.lists(LINES, max_size=4).map(tuple))


@given(CARTS, offer_lists(), st.sampled_from(Choice))
@settings(max_examples=150, deadline=None)
def test_parts_add_up_and_no_line_goes_below_its_floor(goods: Cart, offers: list[Offer], choose: Choice) -> None:
    priced = price(goods, offers, choose=choose)

    asked = [line.unit_fen * line.qty * line.selected for line in goods.lines]
    assert priced.payable_fen == sum(asked) - priced.discount_fen
    assert sum(priced.lines_fen) == priced.discount_fen == sum(p.discount_fen for p in priced.applied)
    assert list(priced.lines_fen) == [sum(p.lines_fen[i] for p in priced.applied) for i in range(len(asked))]
    for line, fen, off in zip(goods.lines, asked, priced.lines_fen, strict=True):
        assert 0 <= off <= max(fen - line.floor_fen * line.qty, 0)


@given(CARTS, offer_lists(), st.sampled_from(Choice))
@settings(max_examples=150, deadline=None)
def test_every_offer_is_either_applied_or_rejected(goods: Cart, offers: list[Offer], choose: Choice) -> None:
    priced = price(goods, offers, choose=choose)

    applied = [part.offer_id for part in priced.applied]
    assert sorted([*applied, *priced.rejected]) == sorted(offer.offer_id for offer in offers)
    assert all(part.discount_fen > 0 for part in priced.applied)
    caps = {offer.offer_id: offer.cap_fen for offer in offers}
    assert all(part.discount_fen <= (caps[part.offer_id] or part.discount_fen) for part in priced.applied)


def best_by_trying_all(goods: Cart, offers: list[Offer], limits: dict[str, int]) -> Priced:
    """Try every subset, without any bound."""
    by_id = {offer.offer_id: offer for offer in offers}
    results = []
    for size in range(len(offers) + 1):
        for subset in combinations(offers, size):
            priced = price(goods, subset)
            ids = sorted(part.offer_id for part in priced.applied)
            counts = Counter(by_id[key].funder for key in ids)
            if all(counts[funder] <= limit for funder, limit in limits.items()):
                far = datetime(9999, 1, 1, tzinfo=UTC)
                expiries = sorted(by_id[key].expires_at or far for key in ids)
                results.append(((priced.payable_fen, len(ids), expiries, ids), priced))
    return min(results, key=lambda result: result[0])[1]


@given(CARTS, offer_lists(), st.dictionaries(st.sampled_from(["government", "bank"]), st.integers(0, 2)))
@settings(max_examples=250, deadline=None)
def test_best_is_what_trying_every_subset_finds(goods: Cart, offers: list[Offer], limits: dict[str, int]) -> None:
    priced = price(goods, offers, choose=Choice.BEST, max_per_funder=limits)

    expected = best_by_trying_all(goods, offers, limits)
    assert priced.payable_fen == expected.payable_fen
    assert priced.applied == expected.applied
