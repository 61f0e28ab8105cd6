"""The static check of rule books: every fault is told with its line, its rule and what to do."""

import pytest
from rule_books import book, rule

from yongquan.risk.rules.faults import Fault, RuleFaults
from yongquan.risk.rules.reading import first_book, read_book
from yongquan.risk.rules.syntax import DEEPEST
from yongquan.risk.verdicts.model import Action


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(RuleFaults) as caught:
        read_book(text)
    return caught.value.faults


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("amont > 5", "unknown_name"),
        ("count('payment', 'device') > 5", "arity"),
        ("count('payment', 'device', '2h') > 5", "bad_argument"),
        ("count('payment', 'phone', '1h') > 5", "bad_argument"),
        ("count('payment', facts.channel, '1h') > 5", "not_literal"),
        ("sum('payment', 'card', 'tips', '24h') > 5", "bad_argument"),
        ("distinct('payment', 'card', 'card', '24h') > 5", "no_past"),
        ("amount > '5'", "types"),
        ("kind == 5", "types"),
        ("facts.online > facts.new_device", "types"),
        ("amount", "not_condition"),
        ("amount + 1", "not_condition"),
        ("!amount", "type"),
        ("amount && true", "type"),
        ("facts.online ? 1 : amount == 2", "types"),
        ("kind + 'x' == 'y'", "type"),
        ("kind in 'payment'", "type"),
        ("kind in ['payment', 1]", "mixed_list"),
        ("kind in [1]", "types"),
        ("facts.weather == 1", "unknown_fact"),
        ("amount.online", "facts_only"),
        ("has(amount)", "has_fact"),
        ("size(kind) > 1", "unknown_function"),
        ("kind.size() > 1", "unknown_method"),
        ("kind.matches('[')", "pattern"),
        ("yuan(amount) > 1", "not_literal"),
        ("amount > 1.5", "number"),
        ("amount > 99999999999999999999", "number"),
        ("amount > ", "expected"),
        ("(amount > 1", "expected"),
        ("amount > 1)", "expected"),
        ("kind == 'payment", "string_open"),
        (r"kind == '\q'", "escape"),
        ("amount @ 1", "token"),
        ("true", "constant"),
        ("(" * (DEEPEST + 1) + "amount > 1" + ")" * (DEEPEST + 1), "too_deep"),
        ("!" * (DEEPEST + 1) + "facts.online", "too_deep"),
        ("f_count_payment_device_1h > 5", "unknown_name"),
        ("[1] == [1]", "type"),
    ],
)
def test_faulty_condition_is_told(when: str, code: str) -> None:
    (fault,) = faults_of(book(rule("first", when)))

    assert (fault.rule_id, fault.code, fault.line) == ("first", code, 11)
    assert fault.chinese
    assert fault.english


def test_fault_names_the_column_of_the_condition() -> None:
    text = book(rule("first", "amount > 1 &&\n        kind == 5"))

    (fault,) = faults_of(text)

    assert (fault.line, fault.column) == (12, 17)
    assert text.split("\n")[11][16:] == "5"


def test_fault_names_the_column_of_a_plain_condition() -> None:
    text = book(rule("first", "amount > 1")).replace("|\n      amount > 1", "amount > 'x'")

    (fault,) = faults_of(text)

    assert text.split("\n")[fault.line - 1][fault.column - 1 :] == "'x'"


def test_all_faults_are_told_at_once() -> None:
    text = book(rule("first", "nope > 1", action="shout"), rule("first", "amount > 1", events="holiday"))

    told = [(fault.rule_id, fault.code) for fault in faults_of(text)]

    assert told == [("first", "unknown_name"), ("first", "not_one_of"), ("first", "same_id"), ("first", "not_one_of")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("severity: 2", "severity: 9"), "not_severity"),
        (("owner: desk", "owner: ''"), "empty"),
        (("    owner: desk\n", ""), "missing"),
        (("owner: desk", "boss: desk"), "unknown_key"),
        (("id: first", "id: First one"), "not_id"),
        (("severity: 2", "severity: 2\n    from: soon"), "not_day"),
        (("severity: 2", "severity: 2\n    from: 2026-10-02\n    until: 2026-10-02"), "ends_first"),
        (("severity: 2", "severity: 2\n    shadow: yes"), "not_bool"),
        (("severity: 2", "severity: 2\n    severity: 3"), "twice"),
        (("[payment]", "payment"), "not_list"),
        (("rules:", "rule:"), "unknown_key"),
        (("title: 规则", "title: [规则]"), "not_text"),
        (("rules:", "facts: {amount_x: money}\nrules:"), "not_one_of"),
        (("reason: 理由", "reason: &a 理由\n    reason_en: *a"), "alias"),
        (("  - id: first", " \t- id: first"), "syntax"),
    ],
)
def test_faulty_field_is_told(change: tuple[str, str], code: str) -> None:
    text = book(rule("first", "amount > 1"))

    codes = [fault.code for fault in faults_of(text.replace(*change, 1))]

    assert code in codes


def test_declared_facts_have_types() -> None:
    text = book(rule("first", "facts.rain > 3"), head="facts: {rain: int}")

    found = read_book(text)

    assert found.rules[0].checked.facts == {"rain"}
    assert [fault.code for fault in faults_of(text.replace("rain: int", "rain: str"))] == ["types"]


def test_shipped_book_is_whole_and_conservative() -> None:
    found = read_book(first_book())

    assert len(found.rules) >= 18
    assert all(rule.reason and rule.reason_en and rule.title_en for rule in found.rules)
    assert sum(rule.action in {Action.DELAY, Action.REFUSE} for rule in found.rules) <= 5
