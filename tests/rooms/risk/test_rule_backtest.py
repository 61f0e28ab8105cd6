"""What a book would have done to a file of events."""

import json
from pathlib import Path
from typing import Any

import pytest
from rule_books import book, rule
from typer.testing import CliRunner

from yongquan.cli import app
from yongquan.kernel.errors import BadInput
from yongquan.risk.rules.backtest import Backtest
from yongquan.risk.rules.event_files import EventFile
from yongquan.risk.rules.judging import CompiledBook

HEAD = "event_id,at,payer_id,payee_id,amount_fen,kind,device_id,label,x_voucher,x_distance_m\n"
ROWS = """e1,2026-10-01 10:00,甲,店一,5000,,d1,0,1000,
e2,2026-10-01 10:10,乙,店一,5000,payment,d1,1,1000,30.9
e3,2026-10-01 10:20,丙,店二,7000,payment,d1,,1000,
e4,2026-10-02 10:20,丙,店二,7000,transfer,,1,0,5
e5,2026-10-02 10:00,丙,店二,0,claim,d1,0,0,
"""
SHARED = rule("shared", "distinct('payment', 'device', 'citizen', '1h') >= 1", action="step_up")
NEAR = rule("near", "facts.distance_m < 31", more="    shadow: true\n")


def tried(tmp_path: Path, text: str, rows: str = ROWS) -> dict[str, Any]:
    file = tmp_path / "events.csv"
    file.write_text(HEAD + rows, encoding="utf-8")
    test, events = Backtest(CompiledBook.of_text(text)), EventFile(file)
    test.run(events.rows(test.book.book.fact_types))
    return test.document(has_labels=events.has_labels, top=10) | {"taken": dict(events.taken_as_payment)}


def test_rules_are_counted_by_day_by_payee_and_by_action(tmp_path: Path) -> None:
    found = tried(tmp_path, book(SHARED, NEAR))

    shared, near = found["by_rule"]
    assert (shared["events"], shared["amount_fen"], shared["payees"], shared["days"]) == (2, 12_000, 2, 1)
    assert (found["actions"]["step_up"], found["actions"]["allow"]) == (2, 3)
    assert [(day["day"], day["events"], day["rules"]) for day in found["by_day"]] == [
        ("2026-10-01", 3, {"shared": 2, "near": 1}),
        ("2026-10-02", 2, {"near": 1}),
    ]
    assert [(shop["payee_id"], shop["rules"]) for shop in found["by_payee"]] == [
        ("店一", {"shared": 1, "near": 1}),
        ("店二", {"shared": 1, "near": 1}),
    ]
    assert near["shadow"] is True
    assert (near["failed"], near["problem"]) == (2, "not known: facts.distance_m")
    assert found["actions_with_shadow"]["watch"] == 1
    assert found["taken"] == {"transfer": 1}


def test_labels_give_precision_and_recall(tmp_path: Path) -> None:
    found = tried(tmp_path, book(SHARED))

    said = found["by_rule"][0]
    assert (said["bad"], said["good"], said["precision"], said["recall"]) == (1, 0, 1.0, 0.5)
    assert found["labels"] == {"bad": 2, "good": 2}
    unlabelled = tried(tmp_path, book(SHARED), "e1,2026-10-01,甲,店,1,,,,,\n")
    assert "precision" not in unlabelled["by_rule"][0]


def test_events_are_judged_in_the_order_of_time_by_what_came_before(tmp_path: Path) -> None:
    late_first = "\n".join(reversed(ROWS.splitlines())) + "\n"

    assert tried(tmp_path, book(SHARED), late_first)["by_day"] == tried(tmp_path, book(SHARED))["by_day"]


def test_voucher_part_and_kind_are_read(tmp_path: Path) -> None:
    text = book(
        rule("voucher", "voucher == 1000 && kind == 'payment'"),
        rule("other", "has(facts.channel) && facts.channel == 'transfer'"),
        rule("claim", "count('payment', 'citizen', '24h') == 1", events="claim"),
    )

    assert [one["events"] for one in tried(tmp_path, text)["by_rule"]] == [3, 1, 1]


def test_bad_rows_and_bad_rules_are_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"line 3: at 'soon'"):
        tried(tmp_path, book(SHARED), ROWS.replace("2026-10-01 10:10", "soon"))
    with pytest.raises(BadInput, match=r"line 11: rule shared: .* takes 4 arguments"):
        tried(tmp_path, book(SHARED.replace(", '1h'", "")))


def test_commands_speak_json_and_end_with_2(tmp_path: Path) -> None:
    rules, events, faulty = tmp_path / "rules.yaml", tmp_path / "events.csv", tmp_path / "faulty.yaml"
    rules.write_text(book(SHARED), encoding="utf-8")
    faulty.write_text(book(SHARED).replace("severity: 2", "severity: 7"), encoding="utf-8")
    events.write_text(HEAD + ROWS, encoding="utf-8")
    run = CliRunner().invoke

    done = run(app, ["risk", "backtest", str(rules), str(events), "--json"])
    checked = run(app, ["risk", "rules", "check", str(rules), "--json"])
    refused = run(app, ["risk", "rules", "check", str(faulty)])

    assert json.loads(done.stdout)["actions"]["step_up"] == 2
    assert json.loads(checked.stdout)["features"] == ["distinct.payment.device.citizen.1h"]
    assert (refused.exit_code, "line 13: rule shared: severity" in refused.stderr) == (2, True)
