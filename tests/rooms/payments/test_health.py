"""A line's breaker: it opens on silence, rests, tries one message at a time, and closes again."""

from yongquan.payments.health import JUDGED_FROM, PROBES, REST_S, SLOW_S, Breaker, LineState


def used(*, good: int = 0, bad: int = 0) -> Breaker:
    breaker = Breaker()
    for _ in range(good):
        breaker.note(answered=True, took_s=0.01, at=0)
    for _ in range(bad):
        breaker.note(answered=False, took_s=5, at=0)
    return breaker


def test_a_few_bad_messages_are_not_judged() -> None:
    breaker = used(bad=JUDGED_FROM - 1)

    assert breaker.state is LineState.CLOSED
    assert breaker.admits(0)


def test_a_line_with_more_than_half_unanswered_is_not_used() -> None:
    breaker = used(good=JUDGED_FROM, bad=JUDGED_FROM + 1)

    assert breaker.state is LineState.OPEN
    assert not breaker.admits(REST_S - 0.1)


def test_slow_answers_count_as_bad_ones() -> None:
    breaker = Breaker()

    for _ in range(JUDGED_FROM):
        breaker.note(answered=True, took_s=SLOW_S, at=0)

    assert breaker.state is LineState.OPEN


def test_a_rested_line_takes_one_probe_at_a_time_and_closes_after_good_ones() -> None:
    breaker = used(bad=JUDGED_FROM)

    for _ in range(PROBES):
        assert breaker.admits(REST_S)
        assert not breaker.admits(REST_S)
        assert breaker.state is LineState.HALF_OPEN
        breaker.note(answered=True, took_s=0.01, at=REST_S)

    assert breaker.state is LineState.CLOSED


def test_a_bad_probe_lets_the_line_rest_again() -> None:
    breaker = used(bad=JUDGED_FROM)
    breaker.admits(REST_S)

    breaker.note(answered=False, took_s=5, at=REST_S)

    assert breaker.state is LineState.OPEN
    assert not breaker.admits(2 * REST_S - 0.1)
    assert breaker.opened == 2
