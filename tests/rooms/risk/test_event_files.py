"""Files of events: what is read, and which line is refused."""

from pathlib import Path

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.risk.model.reading import read_events

HEAD = "event_id,at,payer_id,payee_id,amount_fen,label,x_a\n"
GOOD = "e1,2026-01-01T00:00:00Z,甲,乙,0,,\n"


def test_a_plain_file_is_read_in_the_order_of_time(tmp_path: Path) -> None:
    file = _written(tmp_path, GOOD + "\ne2,2025-12-31 23:00:00+08:00,甲,丙,5.0,1.0,-1e3\n")

    events, passed_over = read_events(file)

    assert events.event_id == ("e2", "e1")
    assert events.amount_fen.tolist() == [5, 0]
    assert events.label.tolist() == [1, -1]
    assert events.x["x_a"].tolist()[0] == -1000.0
    assert passed_over == ()


def test_times_with_and_without_offset_are_one_scale(tmp_path: Path) -> None:
    file = _written(
        tmp_path,
        "a,2026-01-01T08:00:00,p,q,1,,\nb,2026-01-01T00:00:00.000Z,p,q,1,,\nc,2026-01-01 05:30+05:30,p,q,1,,\n",
    )

    events, _ = read_events(file)

    assert len(set(events.at_us.tolist())) == 1


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("e2,2026-13-01,p,q,1,,", "line 3: at '2026-13-01'"),
        ("e2,soon,p,q,1,,", "line 3: at 'soon'"),
        ("e2,2026-01-01,,q,1,,", "line 3: payer_id is empty"),
        ("e2,2026-01-01,p,q,,,", "line 3: amount_fen is not"),
        ("e2,2026-01-01,p,q,1.5,,", "line 3: amount_fen '1.5' is not"),
        ("e2,2026-01-01,p,q,-1,,", "line 3: amount_fen '-1' is below 0"),
        ("e2,2026-01-01,p,q,1,2,", "line 3: label '2' is not"),
        ("e2,2026-01-01,p,q,1,,much", "line 3: x_a 'much' is not a number"),
        ("e2,2026-01-01,p,q,1,,inf", "line 3: x_a 'inf' is not a number"),
        ("e2,2026-01-01,p,q,1", "line 3: has 5 fields"),
        ("e2,2026-01-01,p,q,1,,,9", "line 3: has 8 fields"),
        ("e1,2026-01-01,p,q,1,,", "line 3: event_id 'e1' has been used"),
        ('e2,2026-01-01,p,"q\nr",1,,\ne3,2026-01-01,p,q,x,,', "line 5: amount_fen 'x'"),
    ],
)
def test_a_bad_row_is_refused_by_line_and_column(tmp_path: Path, row: str, says: str) -> None:
    file = _written(tmp_path, GOOD + row + "\n")

    with pytest.raises(BadInput) as refused:
        read_events(file)

    assert says in str(refused.value)


def test_a_missing_column_and_a_wrong_encoding_are_named(tmp_path: Path) -> None:
    lacking, wrong = tmp_path / "lacking.csv", tmp_path / "wrong.csv"
    lacking.write_text("event_id,at\n")
    wrong.write_bytes(HEAD.encode() + GOOD.encode("gb18030"))

    with pytest.raises(BadInput, match="missing column payer_id"):
        read_events(lacking)
    with pytest.raises(BadInput, match="line 2: is not UTF-8"):
        read_events(wrong)


def _written(folder: Path, rows: str) -> Path:
    file = folder / "events.csv"
    file.write_text(HEAD + rows, encoding="utf-8")
    return file
