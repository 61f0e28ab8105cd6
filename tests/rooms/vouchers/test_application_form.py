"""What an application asks for: numbers in one form, plates as GA 36 has them, documents by their first bytes."""

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.vouchers.ways.application_form import (
    NotAProof,
    WrongAnswers,
    deciding_fen,
    marks_of,
    media_type_of,
    normalised,
    read_answers,
    read_form,
)

FORM = read_form(
    """{"fields": [
        {"name": "invoice", "label": "发票号码", "label_en": "Invoice", "kind": "invoice"},
        {"name": "plate", "label": "车牌", "label_en": "Plate", "kind": "plate"},
        {"name": "price", "label": "车价", "label_en": "Price", "kind": "amount", "decides": true},
        {"name": "note", "label": "说明", "label_en": "Note", "kind": "text", "required": false},
        {"name": "photo", "label": "发票照片", "label_en": "Photo", "kind": "upload"}],
       "second_from_fen": 10000000}"""
)


@pytest.mark.parametrize(
    ("kind", "typed", "normal"),
    [
        ("plate", "浙b·12345", "浙B12345"),
        ("plate", "浙 B D12345", "浙BD12345"),
        ("plate", "浙BF1234D", None),
        ("plate", "浙B1234I", None),
        ("plate", "B12345", None),
        ("invoice", "１２３４ ５６７８", "12345678"),
        ("invoice", "2" * 20, "2" * 20),
        ("invoice", "123", None),
        ("receipt", "bf-2022/0001", "BF20220001"),
        ("receipt", "x", None),
        ("amount", "¥128,800.5", "12880050"),
        ("amount", "12.345", None),
        ("amount", "-1", None),
    ],
)
def test_an_answer_has_one_form(kind: str, typed: str, normal: str | None) -> None:
    assert normalised(kind, typed) == normal  # type: ignore[arg-type]


def test_answers_name_every_wrong_field() -> None:
    with pytest.raises(WrongAnswers) as caught:
        read_answers(FORM, {"plate": "nonsense", "price": "1", "note": "x" * 201})

    assert caught.value.fields == {"invoice": "missing", "plate": "malformed", "note": "too_long"}


def test_marks_and_the_deciding_amount_come_from_the_answers() -> None:
    answers = read_answers(FORM, {"invoice": "12345678", "plate": "浙B12345", "price": "128,800"})

    assert deciding_fen(FORM, answers) == 12_880_000
    assert marks_of(FORM, answers) == [("invoice", "12345678"), ("plate", "浙B12345")]


def test_documents_are_known_by_their_first_bytes() -> None:
    assert media_type_of(b"\x89PNG\r\n\x1a\n...") == "image/png"
    with pytest.raises(NotAProof):
        media_type_of(b"<html>")
    with pytest.raises(NotAProof):
        media_type_of(b"%PDF-" + b"x" * (2 * 1024 * 1024))


@pytest.mark.parametrize(
    "document",
    [
        "{}",
        '{"fields": []}',
        '{"fields": [{"name": "a", "label": "a", "label_en": "a", "kind": "colour"}]}',
        '{"fields": [{"name": "a", "label": "a", "label_en": "a", "kind": "text", "decides": true}]}',
        '{"fields": [{"name": "a", "label": "a", "label_en": "a", "kind": "text"}], "second_from_fen": 1}',
    ],
)
def test_a_form_that_cannot_be_filled_is_refused(document: str) -> None:
    with pytest.raises(BadInput, match="form"):
        read_form(document)
