"""The form edits the very text of a document: what was not touched stays, what was is where it belongs."""

from rooms.vouchers.test_documents import TEXT

from yongquan.vouchers.documents import read_document
from yongquan.web.console.document_form import form_of, put_back


def test_form_shows_the_usual_fields_with_their_values() -> None:
    groups = form_of(TEXT)

    assert [group.noun for group in groups] == ["campaign", "round", "type"]
    values = {one.path: one.value for group in groups for one in group.inputs}
    assert values["budget"] == "20000元"
    assert values["rules.refund"] == "return"
    assert values["rules.per_order"] == ""
    assert values["rounds[0].caps.per_round"] == "1"
    assert values["rounds[0].types[0].stock"] == "1000"


def test_changed_value_is_put_where_it_stood() -> None:
    commented = TEXT.replace("stock: 1000", "stock: 1000  # 先少发")

    text = put_back(commented, {"rounds[0].types[0].stock": "900", "name": "海曙: 新"})

    assert "stock: 900  # 先少发" in text
    assert read_document(text).campaign.name == "海曙: 新"
    assert len(text.splitlines()) == len(commented.splitlines())


def test_field_that_was_not_there_is_added() -> None:
    text = put_back(TEXT, {"rules.per_order": "2", "rounds[0].caps.per_day": "3"})

    document = read_document(text)
    assert document.campaign.rules.per_order == 2
    assert document.rounds[0].caps.per_day == 3
    bare = TEXT.replace("rules: {refund: return, direction: shop_scans}\n", "")
    assert read_document(put_back(bare, {"rules.refund": "return"})).campaign.rules.refund == "return"


def test_form_shows_what_a_preset_says() -> None:
    preset = TEXT.replace("refund: return, direction: shop_scans", "preset: xiangshan")

    values = {one.path: one.value for group in form_of(preset) for one in group.inputs}

    assert (values["rules.refund"], values["rules.stacks_with_others"]) == ("forfeit", "true")
    assert put_back(preset, values) == preset
    assert "rules.not_with" not in values


def test_untouched_form_gives_the_same_text() -> None:
    filled = {one.path: one.value for group in form_of(TEXT) for one in group.inputs}

    assert put_back(TEXT, filled) == TEXT


def test_text_that_is_no_document_has_no_form() -> None:
    assert form_of("a: [") == []
    assert form_of("rounds: 3") == []
