"""What a compiled book says about an event."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from rule_books import NOON, book, event, rule

from yongquan.risk.events import Entity, EventKind
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.lists.model import Colour, ListEntry
from yongquan.risk.rules.judging import CompiledBook, answer_questions
from yongquan.risk.rules.model import ListQuestion
from yongquan.risk.verdicts.model import Action

BY_DEVICE = Feature(Measure.COUNT, Entity.DEVICE, EventKind.PAYMENT, "1h")
BY_CARD = Feature(Measure.COUNT, Entity.CARD, EventKind.PAYMENT, "1h")
MANY = rule("many", "count('payment', 'device', '1h') > 5", action="step_up")


def test_book_knows_what_it_reads() -> None:
    text = book(MANY, rule("listed", "tier('citizen', 'grey') > 1 || listed('store', 'black')", events="claim"))

    compiled = CompiledBook.of_text(text)

    asked = {ListQuestion(Entity.CITIZEN, Colour.GREY), ListQuestion(Entity.STORE, Colour.BLACK)}
    assert compiled.features == compiled.features_for(EventKind.PAYMENT) == {BY_DEVICE}
    assert compiled.list_questions == compiled.questions_for(EventKind.CLAIM) == asked
    assert not compiled.features_for(EventKind.CLAIM)


def test_strictest_rule_that_holds_is_the_action() -> None:
    compiled = CompiledBook.of_text(
        book(MANY, rule("large", "amount >= yuan(500)", action="delay"), rule("other", "hour < 6", action="refuse"))
    )

    said = compiled.judge(event(amount_fen=50_000), {BY_DEVICE: 6})

    assert [(one.rule_id, one.action) for one in said.fired] == [("many", Action.STEP_UP), ("large", Action.DELAY)]
    assert said.action is Action.DELAY
    assert said.version == compiled.book.digest


def test_fired_rule_shows_what_it_read() -> None:
    when = "count('payment',  'device', '1h') > 5 && facts.online && tier('store', 'grey') == 0"
    compiled = CompiledBook.of_text(book(rule("many", when)))

    (fired,) = compiled.judge(event(online=True), {BY_DEVICE: 9}).fired

    assert fired.reads == {
        "count('payment', 'device', '1h')": 9,
        "facts.online": True,
        "tier('store', 'grey')": 0,
    }


def test_rule_of_another_kind_of_event_is_silent() -> None:
    compiled = CompiledBook.of_text(book(MANY))

    said = compiled.judge(event(kind=EventKind.CLAIM), {BY_DEVICE: 9})

    assert (said.fired, said.failed, said.action) == ((), (), Action.ALLOW)


def test_party_the_event_lacks_was_never_seen() -> None:
    when = "count('payment', 'card', '1h') == 0 && gap('payment', 'card') == -1 && !known('card') && known('device')"
    compiled = CompiledBook.of_text(book(rule("unseen", when)))

    said = compiled.judge(event(), {})

    assert [one.rule_id for one in said.fired] == ["unseen"]


def test_rule_without_its_values_fails_alone_and_is_named() -> None:
    compiled = CompiledBook.of_text(
        book(
            rule("far", "facts.distance_m > 1000", action="refuse"),
            MANY,
            rule("ratio", "voucher / amount > 1", more="    shadow: true\n"),
            rule("day", "hour == 12"),
        )
    )

    said = compiled.judge(event(distance_m="far away"), {})

    assert [one.rule_id for one in said.fired] == ["day"]
    assert [(one.rule_id, one.is_shadow) for one in said.failed] == [("far", False), ("many", False), ("ratio", True)]
    assert said.failed[0].problem == "not known: facts.distance_m"
    assert "count('payment', 'device', '1h')" in said.failed[1].problem
    assert "zero" in said.failed[2].problem


def test_fact_may_be_asked_for_first() -> None:
    compiled = CompiledBook.of_text(book(rule("far", "has(facts.distance_m) && facts.distance_m > 1000")))

    assert not compiled.judge(event(), {}).failed
    assert compiled.judge(event(distance_m=2_000), {}).fired


def test_lists_answer_by_tier() -> None:
    compiled = CompiledBook.of_text(
        book(rule("black", "listed('citizen', 'black')", action="refuse"), rule("two", "tier('store', 'grey') >= 2"))
    )
    entries = [
        ListEntry(
            entry_id=UUID(int=number),
            colour=Colour.GREY,
            party=Entity.STORE,
            value="s1",
            tier=number,
            source="police",
            branch="",
            since=NOON,
            until=None,
        )
        for number in (1, 2)
    ]

    said = compiled.judge(event(), {}, answer_questions(entries))

    assert [one.rule_id for one in said.fired] == ["two"]


def test_shadow_rule_is_judged_and_never_acts() -> None:
    compiled = CompiledBook.of_text(book(rule("night", "hour == 12", action="refuse", more="    shadow: true\n")))

    said = compiled.judge(event(), {})

    assert (said.action, said.shadow_action) == (Action.ALLOW, Action.REFUSE)
    assert [one.rule_id for one in said.shadow] == ["night"]


def test_shadow_book_never_acts() -> None:
    compiled = CompiledBook.of_text(book(rule("noon", "hour == 12", action="refuse"), head="shadow: true"))

    said = compiled.judge(event(), {})

    assert (said.action, said.fired, len(said.shadow)) == (Action.ALLOW, (), 1)


def test_rule_speaks_from_its_first_day_until_before_its_last() -> None:
    dates = "    from: 2026-10-02\n    until: 2026-10-03\n"
    compiled = CompiledBook.of_text(book(rule("day", "amount == 0", more=dates)))
    begins = datetime(2026, 10, 1, 16, 0, tzinfo=UTC)  # midnight in Shanghai
    moments = [begins - timedelta(seconds=1), begins, begins + timedelta(hours=24, seconds=-1), begins + timedelta(1)]

    spoke = [bool(compiled.judge(event(at=at), {}).fired) for at in moments]

    assert spoke == [False, True, True, False]


def test_hour_and_weekday_are_shanghais() -> None:
    compiled = CompiledBook.of_text(book(rule("friday", "weekday == 5 && hour == 0")))

    said = compiled.judge(event(at=datetime(2026, 10, 1, 16, 30, tzinfo=UTC)), {})

    assert said.fired
