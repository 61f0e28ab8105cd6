"""A file of operations is read strictly: what is wrong is named by file, line and field."""

from pathlib import Path

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.ledger.operations import CreateTransfers, read_operations

BAD_LINES = [
    ('{"transfers":[{"id":1,"amount":9223372036854775808}]}', "transfers[0].amount"),
    ('{"transfers":[{"id":1,"amount":-1}]}', "transfers[0].amount"),
    ('{"transfers":[{"id":1,"amount":1.5}]}', "transfers[0].amount"),
    ('{"transfers":[{"id":1,"amount":"5"}]}', "transfers[0].amount"),
    ('{"transfers":[{"id":1,"amount":true}]}', "transfers[0].amount"),
    ('{"transfers":[{"id":1},{"id":2,"user_data":5}]}', "transfers[1].user_data"),
    ('{"transfers":[{"amount":1}]}', "transfers[0].id"),
    ('{"transfers":[{"id":-1}]}', "transfers[0].id"),
    ('{"transfers":[{"id":340282366920938463463374607431768211456}]}', "transfers[0].id"),
    ('{"transfers":[{"id":1,"pending_id":-2}]}', "transfers[0].pending_id"),
    ('{"transfers":[{"id":1,"flags":["imported"]}]}', "transfers[0].flags[0]"),
    ('{"transfers":[{"id":1,"flags":"linked"}]}', "transfers[0].flags"),
    ('{"transfers":[{"id":1,"timeout":4294967296}]}', "transfers[0].timeout"),
    ('{"transfers":[{"id":1,"id":2}]}', "id"),
    ('{"accounts":[{"id":1,"flags":["history"]}]}', "accounts[0].flags[0]"),
    ('{"accounts":[{"id":1,"code":65536}]}', "accounts[0].code"),
    ('{"accounts":[{"id":1,"ledger":4294967296}]}', "accounts[0].ledger"),
    ('{"accounts":{}}', "accounts"),
    ('{"lookup_accounts":["1"]}', "lookup_accounts[0]"),
    ('{"lookup_transfers":[-1]}', "lookup_transfers[0]"),
    ('{"advance_seconds":-1}', "advance_seconds"),
    ('{"accounts":[],"transfers":[]}', "accounts and transfers"),
    ('{"delete":[]}', "delete"),
    ("{}", "the line"),
    ("[]", "the line"),
    ("5", "the line"),
    ("{", "the line"),
    ("\udcff", "the line"),
]


@pytest.mark.parametrize(("line", "field"), BAD_LINES)
def test_bad_line_names_file_line_and_field(tmp_path: Path, line: str, field: str) -> None:
    path = tmp_path / "ops.jsonl"
    path.write_bytes(b'{"advance_seconds":1}\n\n' + line.encode("utf-8", "surrogateescape") + b"\n")

    with pytest.raises(BadInput) as refused:
        list(read_operations(path))

    assert str(refused.value).startswith(f"{path}:3: {field}: ")


def test_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        list(read_operations(tmp_path / "nowhere.jsonl"))


def test_fields_left_out_are_zero(tmp_path: Path) -> None:
    path = tmp_path / "ops.jsonl"
    path.write_text('{"transfers":[{"id":1}]}')

    (batch,) = read_operations(path)

    assert isinstance(batch, CreateTransfers)
    assert (batch.rows[0].amount, batch.rows[0].timeout, batch.rows[0].flags) == (0, 0, [])
