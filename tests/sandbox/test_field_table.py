"""The two ends' field tables and the published one agree."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from yongquan.institutions import UnknownIssuer, parse_registry
from yongquan.institutions.connectors import iso_fields as ours
from yongquan.kernel.errors import BadInput
from yongquan_sandbox import iso_fields as theirs
from yongquan_sandbox.roster import ROSTER, has_valid_check_digit

DOCUMENT = Path(__file__).parents[2] / "docs" / "iso8583.md"


def test_both_ends_read_the_same_table() -> None:
    assert ours.SPEC == theirs.SPEC


def test_published_table_is_the_one_in_use() -> None:
    rows = re.findall(r"^\| (\d+) \| (fixed|LL+VAR) \| (\d+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    kinds = {"fixed": ours.FIXED, "LLVAR": ours.LLVAR, "LLLVAR": ours.LLLVAR}

    published = {int(number): (kinds[kind], int(length)) for number, kind, length in rows}

    assert published == {number: facts[1:] for number, facts in ours.FIELDS.items()}


@pytest.mark.parametrize("number", ["79927398713", "4539578763621486"])
def test_right_check_digit_is_recognized(number: str) -> None:
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)

    assert has_valid_check_digit(number)
    assert not has_valid_check_digit(wrong)


def test_card_is_routed_by_its_prefix() -> None:
    rows = [
        {**dataclasses.asdict(one), "kind": one.kind.value, "host": "h", "iso_port": 1, "http_port": 2}
        for one in ROSTER
    ]
    registry = parse_registry(json.dumps([{**row, "public_key_pem": "k"} for row in rows]))

    assert registry.route("6299030000000000").code == "yunfan"
    assert registry.route("6299520000000000000").code == "lujiao"
    with pytest.raises(UnknownIssuer):
        registry.route("4000000000000000")


def test_unreadable_directory_is_bad_input() -> None:
    with pytest.raises(BadInput):
        parse_registry('[{"code": "chaoxin"}]')
