"""A rewritten program says what CEL says of the rule as it is written, with functions called back."""

import random
from collections.abc import Mapping
from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_books import PARTIES, book, event, rule

from yongquan.risk.events import Entity, RiskEvent
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.rules.checking import variable_of
from yongquan.risk.rules.judging import CompiledBook
from yongquan.risk.rules.model import ListQuestion

NUMBERS = [
    "amount",
    "voucher",
    "hour",
    "facts.distance_m",
    "facts.vouchers",
    "count('payment', 'device', '1h')",
    "count('claim', 'card', '10m')",
    "sum('payment', 'store', 'voucher', '24h')",
    "distinct('payment', 'device', 'citizen', '24h')",
    "gap('payment', 'citizen')",
    "gap('payment', 'card')",
    "tier('store', 'grey')",
    "yuan(2)",
    "0",
    "3",
]
FLAGS = [
    "facts.online",
    "has(facts.distance_m)",
    "listed('citizen', 'black')",
    "known('card')",
    "kind == 'payment'",
    "facts.channel.startsWith('a')",
    "kind in ['claim', 'payment']",
]

numbers = st.recursive(
    st.sampled_from(NUMBERS),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner),
    max_leaves=4,
)
comparisons = st.builds("{} {} {}".format, numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers)
conditions = st.recursive(
    st.sampled_from(FLAGS) | comparisons,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("{} || {}".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "online": st.booleans(),
        "distance_m": st.integers(0, 5),
        "vouchers": st.integers(0, 3),
        "channel": st.sampled_from(["app", "web"]),
    },
)


def values_of(compiled: CompiledBook, chance: random.Random) -> dict[Feature, int]:
    """Some values, and some that did not come."""
    return {one: chance.randint(0, 4) for one in sorted(compiled.features, key=variable_of) if chance.random() < 0.8}


def called_back(
    when: str, judged: RiskEvent, values: Mapping[Feature, int], listed: Mapping[ListQuestion, int]
) -> bool | None:
    """What the condition comes to with functions in Python; None if CEL cannot say."""

    def ask(measure: Measure, kind: str, party: str, *more: str) -> int:
        if party not in judged.parties:
            return -1 if measure is Measure.GAP else 0
        wanted = (measure, kind, party, *more)
        return next(
            value
            for one, value in values.items()
            if wanted == (one.measure, one.kind, one.party, *([one.of] if one.of else []), one.window)
        )

    context = cel.Context(
        variables={
            "kind": str(judged.kind),
            "amount": judged.amount_fen,
            "voucher": judged.voucher_fen,
            "hour": 12,
            "facts": dict(judged.facts),
        }
    )
    functions: dict[str, Any] = {
        "count": lambda kind, party, window: ask(Measure.COUNT, kind, party, window),
        "sum": lambda kind, party, of, window: ask(Measure.SUM, kind, party, of, window),
        "distinct": lambda kind, party, of, window: ask(Measure.DISTINCT, kind, party, of, window),
        "gap": lambda kind, party: ask(Measure.GAP, kind, party, "30d"),
        "tier": lambda party, colour: listed.get((party, colour), 0),  # type: ignore[call-overload]
        "listed": lambda party, colour: listed.get((party, colour), 0) > 0,  # type: ignore[call-overload]
        "known": lambda party: party in judged.parties,
        "yuan": lambda number: number * 100,
    }
    for name, function in functions.items():
        context.add_function(name, function)
    try:
        return cel.compile(when).execute(context) is True
    except (KeyError, TypeError, ValueError, RuntimeError, ArithmeticError):
        return None


@settings(max_examples=150, deadline=None)
@given(
    when=conditions,
    known=facts,
    seed=st.integers(0, 10_000),
    is_grey=st.booleans(),
    has_card=st.booleans(),
    amounts=st.tuples(st.integers(0, 300), st.integers(0, 3)),
)
def test_rewritten_rule_says_what_cel_says(
    *, when: str, known: dict[str, Any], seed: int, is_grey: bool, has_card: bool, amounts: tuple[int, int]
) -> None:
    text = book(rule("one", f"{when} || amount < 0"))
    compiled = CompiledBook.of_text(text)
    parties = {**PARTIES, Entity.CARD: "k1"} if has_card else PARTIES
    judged = event(parties=parties, amount_fen=amounts[0], voucher_fen=amounts[1], **known)
    values = values_of(compiled, random.Random(seed))
    listed = {one: 2 for one in compiled.list_questions if is_grey}

    said = compiled.judge(judged, values, listed)

    expected = called_back(f"{when} || amount < 0", judged, values, listed)
    assert bool(said.fired) is (expected is True)
    assert bool(said.failed) is (expected is None)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("amount - -1 == 8", True),
        ("amount == 7 == true", True),
        ("amount - 2 - 2 == 3 && amount * 2 % 3 == 2", True),
        ("amount > 3 ? voucher == 1 : voucher == 2", False),
        ("0x07 == amount // the bill", True),
        ("kind.matches('^pay') && !kind.contains(\"q\")", True),
        ("kind != 'it\\'s'", True),
    ],
)
def test_written_precedence_is_cels(when: str, holds: bool) -> None:
    compiled = CompiledBook.of_text(book(rule("one", when)))

    said = compiled.judge(event(amount_fen=7), {})

    assert (bool(said.fired), said.failed) == (holds, ())
