"""Chances of a draw with queues: read from it, and enough to undo that people with more wishes win more."""

import numpy as np

from yongquan.vouchers.effect_chances import chances_of
from yongquan.vouchers.effect_estimating import effect_of
from yongquan.vouchers.effect_model import Registrant, experiment_of

EXTRA_FEN = 5_000
DRAWS = 150


def queued(rng: np.random.Generator, districts: list[str], wishes: list[tuple[str, ...]]) -> list[set[str]]:
    """Winners as a draw makes them: 24 places a category and district, first wishes first, a lot a wish."""
    won: list[set[str]] = [set() for _ in wishes]
    queues: dict[tuple[str, str], list[tuple[int, float, int]]] = {}
    for n, (district, wanted) in enumerate(zip(districts, wishes, strict=True)):
        for turn, wish in enumerate(wanted):
            queues.setdefault((district, wish), []).append((turn, float(rng.random()), n))
    for (_, wish), queue in queues.items():
        for _, _, n in sorted(queue)[:24]:
            won[n].add(wish)
    return won


def test_chances_are_those_of_missing_every_queue() -> None:
    wishes = [("a",), ("a", "b"), ("a", "b"), ("a",), ("b",)]

    chances = chances_of(["x"] * 5, wishes, [{"a"}, {"b"}, set(), {"a"}, set()])

    # a is won by 2 of 4 first wishes, b by 1 of 2 second ones and by nobody's first.
    assert [c.chance for c in chances] == [0.5, 0.75, 0.75, 0.5, 0.0]
    assert [c.stratum for c in chances] == ["x/2", "x/3", "x/3", "x/2", "x/0"]


def test_people_with_more_wishes_do_not_bias_the_estimate() -> None:
    rng = np.random.default_rng(11)
    people = 240
    districts = ["east" if n % 3 else "west" for n in range(people)]
    wishes: list[tuple[str, ...]] = [("a", "b", "c") if n % 2 else ("a",) for n in range(people)]
    # Who wishes for more spends more anyway.
    usual = [float(rng.lognormal(9, 0.5)) * len(w) ** 2 for w in wishes]
    covered, raw = 0, []

    for _ in range(DRAWS):
        won = queued(rng, districts, wishes)
        chances = chances_of(districts, wishes, won)
        spent = [round(fen + (EXTRA_FEN if got else 0)) for fen, got in zip(usual, won, strict=True)]
        rows = [
            Registrant(str(n), bool(won[n]), c.stratum, str(n), "", "", spent[n], bool(won[n]), chance=c.chance)
            for n, c in enumerate(chances)
        ]
        covered += effect_of(experiment_of(rows)).itt.covers(EXTRA_FEN)
        raw.append(np.mean([r.spent_fen for r in rows if r.won]) - np.mean([r.spent_fen for r in rows if not r.won]))

    assert np.mean(raw) > 2 * EXTRA_FEN
    assert covered >= 0.95 * DRAWS - 3.5 * (DRAWS * 0.95 * 0.05) ** 0.5
