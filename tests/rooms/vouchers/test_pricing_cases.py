"""The case files of `yongquan price`: what is read, and what is refused with file, line and field."""

import json
from pathlib import Path

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.vouchers.pricing_cases import price_lines

GOOD = {
    "id": "c1",
    "cart": {"lines": [{"sku": "a", "unit_fen": 100, "qty": 1}]},
    "offers": [{"id": "o", "kind": "amount_off", "amount_fen": 5}],
}


def offer_with(**changes: object) -> dict[str, object]:
    return {**GOOD, "offers": [{"id": "o", "kind": "amount_off", "amount_fen": 5, **changes}]}


def line_with(**changes: object) -> dict[str, object]:
    return {**GOOD, "cart": {"lines": [{"sku": "a", "unit_fen": 100, "qty": 1, **changes}]}}


@pytest.mark.parametrize(
    ("case", "field"),
    [
        (offer_with(kind="gift"), "offers[0].kind"),
        (offer_with(amount_fen=-1), "offers[0].amount_fen"),
        (offer_with(amount_fen=True), "offers[0].amount_fen"),
        (offer_with(amount_fen=1.5), "offers[0].amount_fen"),
        (offer_with(amount_fen="5"), "offers[0].amount_fen"),
        (offer_with(treshold_fen=5), "offers[0].treshold_fen"),
        (offer_with(expires_at="2022-08-01T10:00:00"), "offers[0].expires_at"),
        (offer_with(expires_at="soon"), "offers[0].expires_at"),
        (offer_with(priority="high"), "offers[0].priority"),
        ({**GOOD, "offers": [{"id": "o", "kind": "percent_off", "rate_bp": 10001}]}, "offers[0].rate_bp"),
        ({**GOOD, "offers": [{"id": "o", "kind": "percent_off"}]}, "offers[0].rate_bp"),
        ({**GOOD, "offers": [{"id": "o", "kind": "nth_free", "n": 0}]}, "offers[0].n"),
        ({**GOOD, "offers": [{"id": "o", "kind": "tiered_off", "tiers": [[1]]}]}, "offers[0].tiers"),
        ({**GOOD, "offers": [{"id": "o", "kind": "exchange"}] * 2}, "offers[1].id"),
        (line_with(qty=-1), "cart.lines[0].qty"),
        (line_with(selected=1), "cart.lines[0].selected"),
        (line_with(floor_fen=-5), "cart.lines[0].floor_fen"),
        ({**GOOD, "choose": "worst"}, "choose"),
        ({**GOOD, "max_per_funder": {"government": -1}}, "max_per_funder"),
        ({"offers": []}, "cart"),
        ([], "the line"),
    ],
)
def test_bad_input_names_file_line_and_field(case: object, field: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f"\n{json.dumps(GOOD)}\n{json.dumps(case)}\n")

    with pytest.raises(BadInput) as caught:
        list(price_lines(path))

    assert str(caught.value).startswith(f"{path}:3: {field}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("line", [b"{", b"nonsense", b'{"id":"\xff"}', b"[" * 100_000])
def test_a_line_that_is_not_json_is_bad_input(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(line)

    with pytest.raises(BadInput, match=r"bad\.jsonl:1: "):
        list(price_lines(path))


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="absent"):
        list(price_lines(tmp_path / "absent.jsonl"))


def test_reasons_and_expectations_beside_a_case_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps({**GOOD, "why": "shows", "expect": {"payable_fen": 1}}) + "\n\n")

    assert list(price_lines(path)) == [
        {
            "id": "c1",
            "discount_fen": 5,
            "payable_fen": 95,
            "lines": [{"sku": "a", "discount_fen": 5}],
            "by_funder": {},
            "applied": [{"offer": "o", "discount_fen": 5}],
            "rejected": {},
        }
    ]
