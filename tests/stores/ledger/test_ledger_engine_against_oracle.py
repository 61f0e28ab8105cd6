"""The engine against a second ledger: every outcome, every balance, every stored transfer, on random books."""

import json
import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_oracle import ID_MAX, MOST, Oracle

from yongquan.ledger import replay_lines

ACCOUNT_FLAGS = ("linked", "debits_must_not_exceed_credits", "credits_must_not_exceed_debits")
ACCOUNT_IDS = (1, 2, 3, 4, 5, 6, 7)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_random_books_agree_with_the_oracle(module_database: str, tmp_path: Path, seed: int) -> None:
    lines = random_lines(random.Random(seed), lines=60)

    differences = compare(module_database, tmp_path / "book.jsonl", lines)

    assert differences == []


def test_a_long_book_agrees_with_the_oracle(module_database: str, tmp_path: Path) -> None:
    lines = random_lines(random.Random(20221), lines=600)

    differences = compare(module_database, tmp_path / "long.jsonl", lines)

    assert differences == []


def compare(conninfo: str, path: Path, lines: list[dict[str, object]]) -> list[str]:
    """The first lines on which the engine and the oracle differ, each with its input."""
    oracle = Oracle()
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    differences: list[str] = []
    for line, answered in zip(lines, replay_lines(conninfo, path), strict=True):
        expected = oracle.apply(line)
        ((name, rows),) = json.loads(answered).items()
        if name != "results":
            for row in rows:
                del row["flags"]
                if name == "accounts":
                    del row["ledger"], row["code"]
        if {name: rows} != expected:
            differences.append(f"{line} -> {answered}, expected {expected}")
    return differences[:3]


def random_lines(dice: random.Random, *, lines: int) -> list[dict[str, object]]:
    """A book's worth of operations: small pools of ids, so that repeats and conflicts are common."""
    known: list[dict[str, object]] = []
    out: list[dict[str, object]] = [{"accounts": [_account(dice, id_) for id_ in ACCOUNT_IDS[:5]]}]
    for _ in range(lines):
        kind = dice.random()
        if kind < 0.06:
            out.append(
                {
                    "accounts": [
                        _account(dice, dice.choice((*ACCOUNT_IDS, 0, ID_MAX))) for _ in range(dice.randint(1, 4))
                    ]
                }
            )
        elif kind < 0.14:
            out.append({"advance_seconds": dice.choice((0, 1, 1, 2, 3, 5))})
        elif kind < 0.2:
            out.append({"lookup_transfers": [dice.randint(0, 400) for _ in range(5)]})
        else:
            out.append({"transfers": [_transfer(dice, known) for _ in range(dice.choice((1, 1, 2, 3, 5, 8)))]})
    out.append({"advance_seconds": 9_000_000_000})
    out.append({"transfers": [_transfer(dice, known) for _ in range(40)]})
    out.append({"lookup_accounts": [*ACCOUNT_IDS, 3, 99]})
    out.append({"lookup_transfers": list(range(400))})
    return out


def _account(dice: random.Random, id_: int) -> dict[str, object]:
    flags = [flag for flag in ACCOUNT_FLAGS if dice.random() < 0.2]
    return {
        "id": id_,
        "ledger": dice.choice((1, 1, 1, 1, 2, 0)),
        "code": dice.choice((1, 1, 1, 1, 2, 0)),
        "flags": flags,
    }


def _transfer(dice: random.Random, known: list[dict[str, object]]) -> dict[str, object]:
    if known and dice.random() < 0.15:
        return _altered(dice, dice.choice(known))
    fresh = len(known) + 1
    row = _resolving(dice, fresh, known) if known and dice.random() < 0.3 else _moving(dice, fresh)
    if dice.random() < 0.25:
        row["flags"] = [*_list(row), "linked"]
    if dice.random() < 0.01:
        row["id"] = dice.choice((0, ID_MAX))
    known.append(row)
    return row


def _altered(dice: random.Random, row: dict[str, object]) -> dict[str, object]:
    field = dice.choice(
        ("", "", "amount", "pending_id", "timeout", "ledger", "code", "debit_account_id", "credit_account_id", "flags")
    )
    repeat = dict(row)
    if field == "flags":
        repeat["flags"] = [dice.choice(("linked", "pending", "balancing_debit"))]
    elif field:
        repeat[field] = dice.choice((0, 1, 2, 3, 50, MOST if field == "amount" else 4))
    return repeat


def _moving(dice: random.Random, fresh: int) -> dict[str, object]:
    accounts = (*ACCOUNT_IDS, *ACCOUNT_IDS[:5], *ACCOUNT_IDS[:5], *ACCOUNT_IDS[:5])
    odd = dice.random() < 0.05
    flags = [
        flag
        for flag, chance in (("pending", 0.4), ("balancing_debit", 0.1), ("balancing_credit", 0.1))
        if dice.random() < chance
    ]
    return {
        "id": fresh,
        "debit_account_id": dice.choice((0, ID_MAX)) if odd and dice.random() < 0.4 else dice.choice(accounts),
        "credit_account_id": dice.choice((0, ID_MAX)) if odd and dice.random() < 0.4 else dice.choice(accounts),
        "amount": dice.choice(
            (0, 1, 10, 10, 100, 100, 1000, 2**62, MOST) if dice.random() < 0.15 else (1, 5, 10, 50, 100)
        ),
        "pending_id": dice.choice((1, 2)) if odd and dice.random() < 0.3 else 0,
        "timeout": dice.choice((0, 1, 2, 3, 2**32 - 1)) if "pending" in flags or dice.random() < 0.03 else 0,
        "ledger": dice.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 0)),
        "code": dice.choice((1, 1, 1, 1, 1, 1, 1, 2, 2, 0)),
        "flags": flags,
    }


def _resolving(dice: random.Random, fresh: int, known: list[dict[str, object]]) -> dict[str, object]:
    pendings = [row for row in known[-40:] if "pending" in _list(row)]
    of = dice.choice(pendings) if pendings and dice.random() < 0.85 else dice.choice(known)
    flags = [dice.choice(("post_pending_transfer", "void_pending_transfer"))]
    if dice.random() < 0.04:
        flags.append(dice.choice(("pending", "balancing_debit", "balancing_credit", "void_pending_transfer", "linked")))
    void = "void_pending_transfer" in flags
    return {
        "id": fresh,
        "debit_account_id": of["debit_account_id"] if dice.random() < 0.4 else dice.choice((0, 0, 0, 0, 0, 1, 2)),
        "credit_account_id": of["credit_account_id"] if dice.random() < 0.4 else dice.choice((0, 0, 0, 0, 0, 1, 2)),
        "amount": dice.choice((0, 0, of["amount"], 7) if void else (0, 1, of["amount"], MOST, MOST, 7)),
        "pending_id": dice.choice((0, ID_MAX, fresh, fresh + 500)) if dice.random() < 0.08 else of["id"],
        "timeout": 1 if dice.random() < 0.03 else 0,
        "ledger": dice.choice((0, 0, 0, 1, of["ledger"], of["ledger"], 2)),
        "code": dice.choice((0, 0, 0, 1, of["code"], of["code"], 2)),
        "flags": flags,
    }


def _list(row: dict[str, object]) -> list[str]:
    flags = row["flags"]
    assert isinstance(flags, list)
    return flags
