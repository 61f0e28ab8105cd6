"""A payout's steps: which movement is next, what a bank's answer makes of it; and files of payouts."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.payments.payout_files import RowDone, read_file, write_report
from yongquan.payments.payouts import (
    PAYOUT_MOVES,
    After,
    Payout,
    PayoutState,
    Stage,
    after,
    bank_of,
    movement_of,
    payout_of_movement,
)

PAYOUT = Payout(
    cell=0,
    payout_id=UUID(int=7),
    payer="store:1",
    payout_no="P-1",
    body_hash=UUID(int=8),
    turn=2,
    payer_bank="donggang",
    payer_account="shop-1",
    payee_bank="yuehu",
    payee_account="6299020000000018",
    payee_name="市民",
    amount_fen=100,
    purpose="",
    funder_id=None,
    state=PayoutState.PROCESSING,
    stage=Stage.DEBIT,
    reason="",
    settlement_date=date(2022, 2, 15),
    returned_on=None,
    facts={},
    asked_at=datetime(2022, 2, 15, tzinfo=UTC),
    ended_at=None,
)
ARRIVED = replace(PAYOUT, state=PayoutState.SUCCEEDED, returned_on=date(2022, 2, 16), reason="dormant")


@pytest.mark.parametrize(
    ("payout", "code", "to"),
    [
        (PAYOUT, "booked", After(Stage.CREDIT, PayoutState.PROCESSING, "")),
        (PAYOUT, "insufficient_funds", After(Stage.DONE, PayoutState.FAILED, "payer_insufficient_funds")),
        (replace(PAYOUT, stage=Stage.CREDIT), "booked", After(Stage.DONE, PayoutState.SUCCEEDED, "")),
        (
            replace(PAYOUT, stage=Stage.CREDIT),
            "name_differs",
            After(Stage.GIVE_BACK, PayoutState.PROCESSING, "name_differs"),
        ),
        (
            replace(PAYOUT, stage=Stage.GIVE_BACK, reason="name_differs"),
            "booked",
            After(Stage.DONE, PayoutState.FAILED, "name_differs"),
        ),
        (
            replace(PAYOUT, stage=Stage.GIVE_BACK, reason="x"),
            "unknown_account",
            After(Stage.GIVE_BACK, PayoutState.PROCESSING, "x"),
        ),
        (replace(ARRIVED, stage=Stage.TAKE_BACK), "booked", After(Stage.GIVE_BACK, PayoutState.SUCCEEDED, "dormant")),
        (
            replace(ARRIVED, stage=Stage.TAKE_BACK),
            "insufficient_funds",
            After(Stage.DONE, PayoutState.SUCCEEDED, "return_refused"),
        ),
        (replace(ARRIVED, stage=Stage.GIVE_BACK), "booked", After(Stage.DONE, PayoutState.RETURNED, "dormant")),
    ],
)
def test_every_answer_of_a_bank_leads_where_the_table_allows(payout: Payout, code: str, to: After) -> None:
    found = after(payout, code)

    assert found == to
    assert to.state is payout.state or to.state in PAYOUT_MOVES[payout.state]


def test_a_movement_is_named_by_payout_turn_and_stage_and_undoes_what_it_brings_back() -> None:
    name = f"{UUID(int=7).hex}-2"
    credit = movement_of(replace(PAYOUT, stage=Stage.CREDIT))
    taken = movement_of(replace(ARRIVED, stage=Stage.TAKE_BACK))
    given = movement_of(replace(ARRIVED, stage=Stage.GIVE_BACK))

    assert (movement_of(PAYOUT).id, credit.id, credit.name) == (f"{name}-d", f"{name}-c", "市民")
    assert (taken.side, taken.undoes, taken.settlement_date) == ("debit", f"{name}-c", date(2022, 2, 16))
    assert (given.side, given.undoes, given.account) == ("credit", f"{name}-d", "shop-1")
    assert [bank_of(replace(PAYOUT, stage=stage)) for stage in (Stage.DEBIT, Stage.CREDIT)] == ["donggang", "yuehu"]
    assert payout_of_movement(credit.id) == (UUID(int=7), 2)
    assert payout_of_movement("somebody-else") is None


def test_a_file_is_read_in_both_encodings_and_names_every_fault() -> None:
    lines = ["付款编号,收款账号,收款户名,金额", 'A,6299020000000018,市民,"1,234.5"', ",629902,市民,1"]
    text = "\n".join([*lines, "B,629902,,1", "C,629902,市民,1.234"])

    for encoding in ("utf-8-sig", "gb18030"):
        rows = read_file(text.encode(encoding))
        assert [row.error for row in rows] == ["", "bad_payout_no", "bad_name", "bad_amount"]
        assert rows[0].wish.amount_fen == 123_450


@pytest.mark.parametrize(
    "content", [b"", b"payout_no,name\n1,2\n", b"payout_no,account,name,amount\n", b"\xff\xff\xff"]
)
def test_a_file_that_cannot_be_read_says_why(content: bytes) -> None:
    with pytest.raises(BadInput):
        read_file(content)


def test_a_report_masks_accounts_and_hands_spreadsheets_no_formula() -> None:
    report = write_report([RowDone(1, "=1+1", "0018", 123_450, "failed", "name_differs")])

    assert report.splitlines()[1] == "1,'=1+1,****0018,1234.50,failed,name_differs"
