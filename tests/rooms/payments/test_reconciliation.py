"""Two sides of a day: every row has one fate, and nothing disappears."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yongquan.payments.day_files import STATES, UnreadableDayFile, read_day_file, write_day_file
from yongquan.payments.reconciliation import DIFFERENCES, Count, Fate, reconcile
from yongquan.payments.reconciliation_cases import Action, Owner, PartyKind, cases_of

DAY = date(2022, 2, 15)
NOON = datetime(2022, 2, 15, 4, tzinfo=UTC)
Row = tuple[str, str, str, int, datetime]


def side(*rows: Row) -> pl.DataFrame:
    schema = {
        "line": pl.Int64,
        "key": pl.String,
        "kind": pl.String,
        "state": pl.String,
        "amount_fen": pl.Int64,
        "at": pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame([(n, *row) for n, row in enumerate(rows, 3)], schema=schema, orient="row")


def paid(key: str, fen: int = 100, *, state: str = "succeeded", after_s: int = 0, kind: str = "purchase") -> Row:
    return key, kind, state, fen, NOON + timedelta(seconds=after_s)


rows = st.lists(
    st.builds(
        paid,
        st.sampled_from("abcdefgh"),
        st.sampled_from((100, 200)),
        state=st.sampled_from(STATES),
        after_s=st.sampled_from((0, 200, 400, 5_000)),
        kind=st.sampled_from(("purchase", "refund")),
    ),
    max_size=14,
)


@settings(max_examples=150, deadline=None)
@given(rows, rows)
def test_no_row_and_no_fen_disappears(left: list[Row], right: list[Row]) -> None:
    ours, theirs = side(*left), side(*right)

    found = reconcile(ours, theirs)

    assert sum(found.ours.values(), Count()) == Count(len(left), sum(row[3] for row in left))
    assert sum(found.theirs.values(), Count()) == Count(len(right), sum(row[3] for row in right))
    for fate in (Fate.MATCHED, Fate.NEAR, Fate.AMOUNT, Fate.STATE):
        assert found.ours.get(fate, Count()).rows == found.theirs.get(fate, Count()).rows
    # What both sides agree on is the same money on both.
    moved = [side_.filter(pl.col("state") == "succeeded")["amount_fen"].sum() for side_ in (ours, theirs)]
    gaps = found.differences.select(
        pl.when(pl.col("our_state") == "succeeded").then(pl.col("our_amount_fen")).otherwise(0).sum()
        - pl.when(pl.col("their_state") == "succeeded").then(pl.col("their_amount_fen")).otherwise(0).sum()
    ).item()
    assert moved[0] - moved[1] == gaps
    ids = [case.case_id for case in cases_of(found, party="p", party_kind=PartyKind.ISSUER, day=DAY)]
    assert len(ids) == len(set(ids)) == found.differences.height


@settings(max_examples=60, deadline=None)
@given(rows)
def test_a_side_agrees_with_itself(left: list[Row]) -> None:
    found = reconcile(side(*left), side(*left))

    assert set(found.differences["fate"]) <= {Fate.DUPLICATE}
    assert found.ours == found.theirs


@pytest.mark.parametrize(
    ("ours", "theirs", "fate"),
    [
        ([], [paid("a")], Fate.LONG),
        ([paid("a")], [], Fate.SHORT),
        ([paid("a")], [paid("a", 99)], Fate.AMOUNT),
        ([paid("a")], [paid("a", state="reversed")], Fate.STATE),
        ([paid("a", state="unknown")], [paid("a")], Fate.STATE),
        ([paid("a")], [paid("a"), paid("a")], Fate.DUPLICATE),
        ([paid("a")], [paid("b", after_s=301)], Fate.SHORT),
        ([paid("a", kind="refund")], [paid("a")], Fate.SHORT),
    ],
)
def test_each_difference_has_its_name(ours: list[Row], theirs: list[Row], fate: Fate) -> None:
    found = reconcile(side(*ours), side(*theirs))

    assert fate in set(found.differences["fate"])


@pytest.mark.parametrize(
    ("ours", "theirs", "fate"),
    [
        ([paid("a")], [paid("a", after_s=9_000)], Fate.MATCHED),
        ([paid("a")], [paid("b", after_s=300)], Fate.NEAR),
        ([paid("a", state="failed")], [paid("a", 5, state="reversed")], Fate.MATCHED),
        ([paid("a", state="failed")], [], Fate.IDLE),
    ],
)
def test_what_agrees_is_no_difference(ours: list[Row], theirs: list[Row], fate: Fate) -> None:
    found = reconcile(side(*ours), side(*theirs))

    assert found.differences.is_empty()
    assert found.ours[fate].rows == 1


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "handling"),
    [
        (PartyKind.ISSUER, [], [paid("a")], (Owner.ISSUER, Action.ASK)),
        (PartyKind.ISSUER, [paid("a", after_s=42_600)], [], (Owner.ISSUER, Action.WAIT)),
        (PartyKind.ISSUER, [paid("a", state="unknown")], [], (Owner.US, Action.ASK)),
        (PartyKind.ISSUER, [paid("a", state="failed")], [paid("a")], (Owner.US, Action.REFUND)),
        (PartyKind.ISSUER, [paid("a")], [paid("a", state="reversed")], (Owner.ISSUER, Action.CORRECT)),
        (PartyKind.ISSUER, [paid("a")], [paid("a", 1)], (Owner.ISSUER, Action.CORRECT)),
        (PartyKind.ISSUER, [paid("a"), paid("a")], [paid("a")], (Owner.US, Action.CORRECT)),
        (PartyKind.MERCHANT, [], [paid("a")], (Owner.MERCHANT, Action.CORRECT)),
        (PartyKind.MERCHANT, [paid("a")], [], (Owner.MERCHANT, Action.ASK)),
        (PartyKind.MERCHANT, [paid("a")], [paid("a", state="failed")], (Owner.MERCHANT, Action.REFUND)),
        (PartyKind.MERCHANT, [paid("a", state="failed")], [paid("a")], (Owner.MERCHANT, Action.CORRECT)),
        (PartyKind.MERCHANT, [paid("a")], [paid("a"), paid("a")], (Owner.MERCHANT, Action.CORRECT)),
    ],
)
def test_each_difference_has_an_owner_and_an_action(
    kind: PartyKind, ours: list[Row], theirs: list[Row], handling: tuple[Owner, Action]
) -> None:
    found = reconcile(side(*ours), side(*theirs))

    (case,) = cases_of(found, party="p", party_kind=kind, day=DAY)

    assert (case.owner, case.action) == handling
    assert case.difference.fate in DIFFERENCES


def test_a_file_says_what_was_written() -> None:
    given_rows = side(paid("a"), paid("b/1", 7, state="failed", kind="refund"))

    read = read_day_file(write_day_file("bank", DAY, given_rows))

    assert (read.party, read.day) == ("bank", DAY)
    assert read.rows.equals(given_rows)
    assert read_day_file(write_day_file("bank", DAY, given_rows.clear())).rows.is_empty()


def test_a_file_in_gbk_with_its_own_offset_is_read() -> None:
    head = "#day-file,1,shop,2022-02-15,1,5\r\nkey,kind,state,amount_fen,at\r\n"
    text = f"{head}订单1,purchase,succeeded,5,2022-02-15T12:00:00+08:00\r\n"

    read = read_day_file(text.encode("gbk"))

    assert read.encoding == "gb18030"
    assert read.rows.row(0)[1:] == ("订单1", "purchase", "succeeded", 5, NOON)


@pytest.mark.parametrize(
    ("body", "line", "field"),
    [
        ("a,purchase,succeeded,1x,2022-02-15T12:00:00Z", 3, "amount_fen"),
        ("a,purchase,succeeded,-1,2022-02-15T12:00:00Z", 3, "amount_fen"),
        ("a,purchase,succeeded,1,2022-02-15T12:00:00Z\nb,purchase,succeeded,1,yesterday", 4, "at"),
        ("a,sale,succeeded,1,2022-02-15T12:00:00Z", 3, "kind"),
        ("a,purchase,fine,1,2022-02-15T12:00:00Z", 3, "state"),
        (",purchase,succeeded,1,2022-02-15T12:00:00Z", 3, "key"),
        ("a,purchase,succeeded,1,2022-02-15T12:00:00Z,more", 3, "line"),
        ("a,purchase,succeeded,2,2022-02-15T12:00:00Z", 1, "sum_fen"),
        ("", 1, "rows"),
    ],
)
def test_a_fault_is_told_by_line_and_field(body: str, line: int, field: str) -> None:
    content = f"#day-file,1,p,2022-02-15,1,1\nkey,kind,state,amount_fen,at\n{body}\n".encode()

    with pytest.raises(UnreadableDayFile) as refused:
        read_day_file(content)

    assert (refused.value.faults[0].line, refused.value.faults[0].field) == (line, field)


def test_a_file_that_is_no_day_file_is_refused() -> None:
    for content in (
        b"",
        b"\xff\xfe\x00",
        b"#day-file,1,p,2022-02-31,0,0\nkey,kind,state,amount_fen,at\n",
        b"#day-file,1,p,2022-02-15,0,0\nkey\n",
    ):
        with pytest.raises(UnreadableDayFile):
            read_day_file(content)
