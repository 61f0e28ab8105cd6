"""A platform's daily file, row by row."""

import hashlib

import pytest

from yongquan.institutions.platforms import COLUMNS, errors_csv, read_rows

PERSON = hashlib.sha256(b"13900000001").hexdigest()
SOUND = ["r1", "issued", "2022-02-21", "v1", PERSON, "spring", "500", "0", "0"]


def file_of(*rows: list[str]) -> bytes:
    return "".join(f"{','.join(row)}\n" for row in [list(COLUMNS), *rows]).encode()


def test_sound_rows_are_read() -> None:
    rows, errors = read_rows(
        file_of(SOUND, ["r2", "redeemed", "2022-02-22", "v1", PERSON, "spring", "500", "3000", "500"])
    )

    assert errors == []
    assert [(r.line, r.kind, r.subsidy_fen) for r in rows] == [(2, "issued", 0), (3, "redeemed", 500)]


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (0, "", "row_id"),
        (1, "sold", "kind"),
        (2, "2022-02-30", "day"),
        (3, "v 1", "voucher_no"),
        (4, "13900000001", "person"),
        (6, "5.00", "face_fen"),
        (7, "-1", "order_fen"),
        (8, "501", "subsidy_fen"),
    ],
)
def test_each_fault_names_its_line_and_field(place: int, value: str, field: str) -> None:
    rows, errors = read_rows(file_of(["r0", *SOUND[1:]], [*SOUND[:place], value, *SOUND[place + 1 :]]))

    assert [r.row_id for r in rows] == ["r0"]
    assert [(e.line, e.field) for e in errors] == [(3, field)]
    assert errors_csv(errors).splitlines()[1].startswith(f"3,{field},")


def test_a_wrong_header_short_rows_and_a_repeated_row_id_are_told() -> None:
    _, no_header = read_rows(b"a,b\n")
    _, short = read_rows(file_of(["r1", "issued"]))
    _, twice = read_rows(file_of(SOUND, SOUND))
    _, not_text = read_rows(b"\xff\xfe")

    assert [e.field for e in (*no_header, *short, *twice, *not_text)] == ["header", "row", "row_id", "file"]
