"""The graph of parties: days add up."""

from hypothesis import given, settings
from hypothesis import strategies as st

from yongquan.risk.findings import Party
from yongquan.risk.graph.graph import Graph, Tie

ties = st.builds(
    lambda a, b, weight, first, more: Tie(Party("citizen", a), Party("device", b), weight, first, first + more),
    st.sampled_from("abcd"),
    st.sampled_from("xyz"),
    st.integers(1, 5),
    st.integers(0, 100),
    st.integers(0, 20),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ties, max_size=8), max_size=5))
def test_day_by_day_is_the_same_as_from_scratch(days: list[list[Tie]]) -> None:
    grown = Graph()
    for day in days:
        grown.add(Graph(day))

    whole = Graph(tie for day in days for tie in day)

    assert sorted(grown) == sorted(whole)


def test_parties_that_never_met_are_in_different_components() -> None:
    one = Tie(Party("citizen", "a"), Party("device", "x"), 1, 0, 0)
    two = Tie(Party("citizen", "b"), Party("device", "x"), 1, 0, 0)
    three = Tie(Party("citizen", "c"), Party("device", "y"), 1, 0, 0)

    found = Graph([one, two, three]).components()

    assert [len(group) for group in found] == [3, 2]


def test_only_ties_with_both_ends_inside_are_among() -> None:
    inside = Tie(Party("citizen", "a"), Party("device", "x"), 1, 0, 0)
    outside = Tie(Party("citizen", "a"), Party("device", "y"), 1, 0, 0)

    assert Graph([inside, outside]).among({inside.one, inside.other}) == [inside]
