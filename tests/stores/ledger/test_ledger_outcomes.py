"""Each outcome code by a case of its own, through `ledger replay`."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from yongquan.ledger import AccountOutcome, TransferOutcome, replay_lines

Row: TypeAlias = dict[str, object]
Line: TypeAlias = dict[str, object]

ID_MAX = 2**128 - 1
MOST = 2**63 - 1
POST = ["post_pending_transfer"]
VOID = ["void_pending_transfer"]


def account(id_: int, *flags: str, ledger: int = 1, code: int = 1) -> Row:
    return {"id": id_, "ledger": ledger, "code": code, "flags": list(flags)}


def move(id_: int, *flags: str, debit: int = 1, credit: int = 2, amount: int = 10, **more: object) -> Row:
    row = {"id": id_, "debit_account_id": debit, "credit_account_id": credit, "amount": amount, "ledger": 1, "code": 1}
    return {**row, "flags": list(flags), **more}


def resolve(id_: int, flags: list[str], *, of: int, amount: int = 0, **more: object) -> Row:
    return {"id": id_, "pending_id": of, "amount": amount, "flags": flags, **more}


BOOK: Line = {
    "accounts": [
        account(1),
        account(2),
        account(3, "debits_must_not_exceed_credits"),
        account(4, "credits_must_not_exceed_debits"),
        account(5, ledger=2),
        account(6, ledger=2),
        account(7),
        account(8),
    ]
}
PENDING: Line = {"transfers": [move(100, "pending")]}
ONE: Line = {"transfers": [move(100)]}
C, F = "created", "linked_event_failed"

ACCOUNT_CASES: list[tuple[list[Row], list[str]]] = [
    ([account(9)], [C]),
    ([account(9, "linked"), account(0), account(10)], [F, "id_must_not_be_zero", C]),
    ([account(9, "linked"), account(10, "linked")], [F, "linked_event_chain_open"]),
    ([account(0, "linked")], ["linked_event_chain_open"]),
    ([account(0, ledger=0)], ["id_must_not_be_zero"]),
    ([account(ID_MAX)], ["id_must_not_be_int_max"]),
    ([account(1, "debits_must_not_exceed_credits", ledger=9)], ["exists_with_different_flags"]),
    ([account(1, ledger=0, code=0)], ["exists_with_different_ledger"]),
    ([account(1, code=0)], ["exists_with_different_code"]),
    ([account(1)], ["exists"]),
    ([account(9, "debits_must_not_exceed_credits", "credits_must_not_exceed_debits", ledger=0)],
     ["flags_are_mutually_exclusive"]),
    ([account(9, ledger=0, code=0)], ["ledger_must_not_be_zero"]),
    ([account(9, code=0)], ["code_must_not_be_zero"]),
    ([account(9, "linked"), account(9)], [F, "exists_with_different_flags"]),
    ([account(9, "linked"), account(0), account(9)], [F, "id_must_not_be_zero", C]),
]  # fmt: skip

TRANSFER_CASES: list[tuple[list[Line], list[Row], list[str]]] = [
    ([], [move(1)], [C]),
    ([], [move(1, amount=0)], [C]),
    ([], [move(1, "linked"), move(2, "linked", debit=1, credit=1), move(3)], [F, "accounts_must_be_different", F]),
    ([], [move(1, "linked"), move(2, "linked")], [F, "linked_event_chain_open"]),
    ([], [move(0, "linked"), move(2, "linked")], ["id_must_not_be_zero", "linked_event_chain_open"]),
    ([], [move(1, "linked"), move(2), move(3, "linked"), move(4, code=0)], [C, C, F, "code_must_not_be_zero"]),
    ([], [move(0, ledger=0)], ["id_must_not_be_zero"]),
    ([], [move(ID_MAX)], ["id_must_not_be_int_max"]),
    ([ONE], [move(100, "pending", amount=11)], ["exists_with_different_flags"]),
    ([ONE], [move(100, pending_id=3, timeout=1)], ["exists_with_different_pending_id"]),
    ([ONE], [move(100, timeout=1, debit=7)], ["exists_with_different_timeout"]),
    ([ONE], [move(100, debit=0, credit=7)], ["exists_with_different_debit_account_id"]),
    ([ONE], [move(100, credit=7, amount=1)], ["exists_with_different_credit_account_id"]),
    ([ONE], [move(100, amount=11, ledger=2)], ["exists_with_different_amount"]),
    ([ONE], [move(100, ledger=0, code=0)], ["exists_with_different_ledger"]),
    ([ONE], [move(100, code=0)], ["exists_with_different_code"]),
    ([ONE], [move(100)], ["exists"]),
    ([{"transfers": [move(9, debit=99)]}], [move(9)], ["id_already_failed"]),
    ([{"transfers": [move(8, "linked"), move(9, debit=99)]}], [move(8), move(9)], [C, "id_already_failed"]),
    ([{"transfers": [move(9, code=0)]}], [move(9)], [C]),
    ([{"transfers": [move(9, debit=99)]}], [resolve(10, POST, of=9)], ["pending_transfer_not_found"]),
    ([PENDING], [resolve(1, ["pending", *POST], of=0)], ["flags_are_mutually_exclusive"]),
    ([PENDING], [resolve(1, ["balancing_debit", *VOID], of=0)], ["flags_are_mutually_exclusive"]),
    ([PENDING], [resolve(1, POST + VOID, of=100)], ["flags_are_mutually_exclusive"]),
    ([], [move(1, debit=0, credit=0)], ["debit_account_id_must_not_be_zero"]),
    ([], [move(1, debit=ID_MAX, credit=0)], ["debit_account_id_must_not_be_int_max"]),
    ([], [move(1, credit=0, pending_id=1)], ["credit_account_id_must_not_be_zero"]),
    ([], [move(1, credit=ID_MAX)], ["credit_account_id_must_not_be_int_max"]),
    ([], [move(1, debit=99, credit=99, pending_id=1)], ["accounts_must_be_different"]),
    ([], [move(1, pending_id=1, timeout=1)], ["pending_id_must_be_zero"]),
    ([], [resolve(1, POST, of=0, timeout=1)], ["pending_id_must_not_be_zero"]),
    ([], [resolve(1, VOID, of=ID_MAX)], ["pending_id_must_not_be_int_max"]),
    ([], [resolve(1, VOID, of=1)], ["pending_id_must_be_different"]),
    ([], [move(1, timeout=1, ledger=0)], ["timeout_reserved_for_pending_transfer"]),
    ([], [resolve(1, POST, of=99, timeout=1)], ["timeout_reserved_for_pending_transfer"]),
    ([], [move(1, ledger=0, code=0)], ["ledger_must_not_be_zero"]),
    ([], [move(1, code=0, debit=99)], ["code_must_not_be_zero"]),
    ([], [move(1, debit=98, credit=99)], ["debit_account_not_found"]),
    ([], [move(1, credit=99, ledger=2)], ["credit_account_not_found"]),
    ([], [move(1, credit=5, ledger=3)], ["accounts_must_have_the_same_ledger"]),
    ([], [move(1, ledger=2)], ["transfer_must_have_the_same_ledger_as_accounts"]),
    ([], [resolve(1, POST, of=99)], ["pending_transfer_not_found"]),
    ([ONE], [resolve(1, POST, of=100, debit_account_id=7)], ["pending_transfer_not_pending"]),
    ([PENDING], [resolve(1, POST, of=100, debit_account_id=2, credit_account_id=1)],
     ["pending_transfer_has_different_debit_account_id"]),
    ([PENDING], [resolve(1, POST, of=100, credit_account_id=7, ledger=2)],
     ["pending_transfer_has_different_credit_account_id"]),
    ([PENDING], [resolve(1, POST, of=100, ledger=2, code=2)], ["pending_transfer_has_different_ledger"]),
    ([PENDING], [resolve(1, POST, of=100, code=2, amount=11)], ["pending_transfer_has_different_code"]),
    ([PENDING], [resolve(1, POST, of=100, amount=11)], ["exceeds_pending_transfer_amount"]),
    ([PENDING], [resolve(1, VOID, of=100, amount=MOST)], ["exceeds_pending_transfer_amount"]),
    ([PENDING], [resolve(1, VOID, of=100, amount=9)], ["pending_transfer_has_different_amount"]),
    ([PENDING], [resolve(1, POST, of=100, amount=MOST), resolve(2, VOID, of=100)],
     [C, "pending_transfer_already_posted"]),
    ([PENDING], [resolve(1, VOID, of=100), resolve(2, POST, of=100)], [C, "pending_transfer_already_voided"]),
    ([PENDING], [resolve(1, VOID, of=100), resolve(2, POST, of=100, amount=11)],
     [C, "exceeds_pending_transfer_amount"]),
    ([PENDING], [resolve(1, POST, of=100, amount=4), resolve(1, POST, of=100, amount=4, debit_account_id=1)],
     [C, "exists"]),
    ([PENDING], [resolve(1, POST, of=100, amount=4), resolve(1, POST, of=100, amount=MOST)],
     [C, "exists_with_different_amount"]),
    ([PENDING], [resolve(1, POST, of=100, amount=10), resolve(1, POST, of=100, amount=MOST)], [C, "exists"]),
    ([PENDING], [resolve(1, VOID, of=100), resolve(1, VOID, of=100, amount=10, ledger=1, code=1)], [C, "exists"]),
    ([PENDING], [resolve(1, VOID, of=100), resolve(1, VOID, of=100, ledger=2)], [C, "exists_with_different_ledger"]),
    ([PENDING], [resolve(1, [*VOID, "linked"], of=100), move(0), resolve(2, POST, of=100, amount=MOST)],
     [F, "id_must_not_be_zero", C]),
    ([{"transfers": [move(100, "pending", timeout=5)]}, {"advance_seconds": 5}], [resolve(1, POST, of=100)],
     ["pending_transfer_expired"]),
    ([{"transfers": [move(100, "pending", timeout=5)]}, {"advance_seconds": 4}], [resolve(1, POST, of=100)], [C]),
    ([{"transfers": [move(99, "pending", amount=MOST)]}], [move(1, "pending", amount=1)], ["overflows_debits_pending"]),
    ([{"transfers": [move(99, "pending", amount=MOST)]}], [move(1, "pending", debit=7, amount=1)],
     ["overflows_credits_pending"]),
    ([{"transfers": [move(99, amount=MOST)]}], [move(1, amount=1)], ["overflows_debits_posted"]),
    ([{"transfers": [move(99, amount=MOST)]}], [move(1, debit=7, amount=1)], ["overflows_credits_posted"]),
    ([{"transfers": [move(99, "pending", amount=MOST)]}], [move(1, amount=1)], ["overflows_debits"]),
    ([{"transfers": [move(99, "pending", amount=MOST)]}], [move(1, debit=7, amount=1)], ["overflows_credits"]),
    ([{"advance_seconds": 9_000_000_000}], [move(1, "pending", timeout=2**32 - 1)], ["overflows_timeout"]),
    ([{"advance_seconds": MOST}], [move(1, "pending", timeout=0)], [C]),
    ([], [move(1, debit=3), move(1, debit=3)], ["exceeds_credits", "id_already_failed"]),
    ([], [move(1, credit=4)], ["exceeds_debits"]),
    ([], [move(1, debit=3, credit=4)], ["exceeds_credits"]),
    ([], [move(1, debit=3, amount=0)], [C]),
    ([{"transfers": [move(1, credit=3), move(2, "balancing_debit", debit=3, amount=50)]}],
     [move(2, "balancing_debit", debit=3, amount=9)],
     ["exists_with_different_amount"]),
    ([{"transfers": [move(1, credit=3), move(2, "balancing_debit", debit=3, amount=50)]}],
     [move(2, "balancing_debit", debit=3, amount=10)],
     ["exists"]),
    ([], [move(2, "balancing_debit", "balancing_credit", "pending", amount=50)], [C]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "outcomes"), ACCOUNT_CASES)
def test_account_gets_its_outcome(module_database: str, tmp_path: Path, rows: list[Row], outcomes: list[str]) -> None:
    answers = replay(module_database, tmp_path, [BOOK, {"accounts": rows}])

    assert answers[-1] == {"results": outcomes}


@pytest.mark.parametrize(("before", "rows", "outcomes"), TRANSFER_CASES)
def test_transfer_gets_its_outcome(
    module_database: str, tmp_path: Path, before: list[Line], rows: list[Row], outcomes: list[str]
) -> None:
    answers = replay(module_database, tmp_path, [BOOK, *before, {"transfers": rows}])

    assert answers[-1] == {"results": outcomes}


def test_every_outcome_has_a_case() -> None:
    assert {code for _, codes in ACCOUNT_CASES for code in codes} == set(AccountOutcome)
    assert {code for _, _, codes in TRANSFER_CASES for code in codes} == set(TransferOutcome)


def test_chain_does_not_cross_lines(module_database: str, tmp_path: Path) -> None:
    answers = replay(module_database, tmp_path, [BOOK, {"transfers": [move(1, "linked")]}, {"transfers": [move(2)]}])

    assert answers[1:] == [{"results": ["linked_event_chain_open"]}, {"results": ["created"]}]


def test_balancing_moves_what_is_left_at_most(module_database: str, tmp_path: Path) -> None:
    lines: list[Line] = [
        BOOK,
        {"transfers": [move(1, debit=7, credit=3, amount=100), move(2, "pending", debit=3, amount=30)]},
        {
            "transfers": [
                move(3, "balancing_debit", debit=3, amount=MOST),
                move(4, "balancing_debit", debit=3, amount=5),
            ]
        },
        {"lookup_transfers": [3, 4, 77]},
    ]

    answers = replay(module_database, tmp_path, lines)

    assert [(row["id"], row["amount"]) for row in answers[-1]["transfers"]] == [(3, 70), (4, 0)]


def test_partial_post_releases_the_rest(module_database: str, tmp_path: Path) -> None:
    lines: list[Line] = [
        BOOK,
        PENDING,
        {"transfers": [resolve(1, POST, of=100, amount=4)]},
        {"lookup_accounts": [2, 1]},
    ]

    answers = replay(module_database, tmp_path, lines)

    balances = [
        (row["id"], row["debits_pending"], row["debits_posted"], row["credits_pending"], row["credits_posted"])
        for row in answers[-1]["accounts"]
    ]
    assert balances == [(2, 0, 0, 0, 4), (1, 0, 4, 0, 0)]


def test_expired_pending_transfer_holds_nothing(module_database: str, tmp_path: Path) -> None:
    lines: list[Line] = [
        BOOK,
        {"transfers": [move(100, "pending", timeout=5)]},
        {"advance_seconds": 5},
        {"lookup_accounts": [1]},
    ]

    answers = replay(module_database, tmp_path, lines)

    assert answers[-1]["accounts"][0]["debits_pending"] == 0


def replay(conninfo: str, folder: Path, lines: list[Line]) -> list[dict[str, list[Any]]]:
    path = folder / "book.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return [json.loads(line) for line in replay_lines(conninfo, path)]
