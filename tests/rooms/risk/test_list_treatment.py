"""What each list and tier does to a payment and to campaigns."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.risk.events import Entity
from yongquan.risk.lists.files import read_entries
from yongquan.risk.lists.model import Colour, ListEntry
from yongquan.risk.lists.record import ENTRY_MOVES, EntryState, ForbiddenEntryMove, NewEntry, require_move
from yongquan.risk.lists.treatment import TREATMENTS, treatment_of
from yongquan.risk.verdicts.model import Action

NOON = datetime(2026, 10, 2, 4, 0, tzinfo=UTC)


def entry(colour: Colour, tier: int = 0) -> ListEntry:
    return ListEntry(
        entry_id=UUID(int=1),
        colour=colour,
        party=Entity.CITIZEN,
        value="c1",
        tier=tier,
        source="desk",
        branch="",
        since=NOON,
        until=None,
    )


@pytest.mark.parametrize(
    ("colour", "tier", "answers", "rights"),
    [
        (Colour.BLACK, 0, ("refuse", "refuse", "refuse", "refuse"), (False, False, False)),
        (Colour.YELLOW, 0, ("allow", "allow", "allow", "allow"), (False, False, False)),
        (Colour.GREY, 1, ("watch", "watch", "step_up", "watch"), (True, True, True)),
        (Colour.GREY, 2, ("watch", "step_up", "step_up", "refuse"), (True, True, False)),
        (Colour.GREY, 3, ("watch", "delay", "delay", "refuse"), (True, True, False)),
        (Colour.WHITE, 0, ("allow", "allow", "allow", "allow"), (True, True, True)),
    ],
)
def test_each_list_and_tier_has_its_own_treatment(
    colour: Colour, tier: int, answers: tuple[str, ...], rights: tuple[bool, ...]
) -> None:
    treatment = treatment_of([entry(colour, tier)])

    bills = ((90_000, 0), (10_000, 2_000), (60_000, 2_000), (50_000, 30_000))  # the whole, and the vouchers' part
    assert tuple(treatment.action_for(amount_fen=bill, voucher_fen=part) for bill, part in bills) == answers
    assert (treatment.may_use_vouchers, treatment.may_take_part, treatment.may_grab) == rights


def test_every_list_and_tier_is_treated() -> None:
    assert set(TREATMENTS) == {
        *((colour, 0) for colour in Colour if colour is not Colour.GREY),
        *((Colour.GREY, tier) for tier in (1, 2, 3)),
    }


def test_the_strictest_of_several_lists_counts_and_trust_ends_with_suspicion() -> None:
    both = treatment_of([entry(Colour.WHITE), entry(Colour.GREY, 2)])

    assert both.action_for(amount_fen=10_000, voucher_fen=1_000) is Action.STEP_UP
    assert not both.is_trusted
    assert treatment_of([entry(Colour.WHITE)]).is_trusted
    assert treatment_of([entry(Colour.GREY, 3)]).wait == timedelta(minutes=30)


@pytest.mark.parametrize("origin", list(EntryState))
def test_an_entry_moves_only_as_the_table_says(origin: EntryState) -> None:
    for to in EntryState:
        if to in ENTRY_MOVES[origin]:
            require_move(origin, to)
        else:
            with pytest.raises(ForbiddenEntryMove):
                require_move(origin, to)


def test_only_suspects_are_graded() -> None:
    facts = {"party": Entity.CITIZEN, "value": "c1", "source": "desk", "basis": "tip", "since": NOON}

    for colour, tier in ((Colour.GREY, 0), (Colour.BLACK, 1), (Colour.GREY, 4)):
        with pytest.raises(BadInput, match="tier"):
            NewEntry(colour=colour, tier=tier, **facts)


def test_a_files_bad_rows_are_named_by_line_and_field() -> None:
    raw = (
        b"colour,party,value,tier,source,branch,basis,since,until\n"
        b"grey,citizen,13900000001,2,desk,,tip 7,,2027-01-01T00:00:00+08:00\n"
        b"pink,citizen,13900000002,,desk,,tip,,\n"
        b"\n"
        b"grey,citizen,13900000003,,desk,,tip,,\n"
        b"black,store,x,,desk,33,tip,,\n"
        b"black,store,x,,desk,,tip,,2027-01-01\n"
    )

    file = read_entries(raw, now=NOON)

    assert [(row.line, row.new.tier, row.new.since) for row in file.rows] == [(2, 2, NOON)]
    assert [(fault.line, fault.field) for fault in file.faults] == [
        (3, "colour"),
        (5, "tier"),
        (6, "branch"),
        (7, "until"),
    ]
