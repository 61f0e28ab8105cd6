"""The form edits the very text of a document: what was not touched stays, what was is where it belongs."""

import pytest
from rooms.vouchers.full_document import full_text
from rooms.vouchers.test_documents import TEXT

from yongquan.vouchers.documents import read_document
from yongquan.vouchers.documents_fields import CAMPAIGN, ROUND, SUB_ACTIVITY, TYPE
from yongquan.vouchers.documents_records import Record
from yongquan.vouchers.documents_yaml import read_yaml
from yongquan.web.console.document_form import form_of, put_back, shares_text


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
    assert values["rules.not_with"] == ""


def test_untouched_form_gives_the_same_text() -> None:
    filled = {one.path: one.value for group in form_of(TEXT) for one in group.inputs}

    assert put_back(TEXT, filled) == TEXT


def test_text_that_is_no_document_has_no_form() -> None:
    assert form_of("a: [") == []
    assert form_of("rounds: 3") == []


def keys_of(record: Record, *, below: str = "") -> set[str]:
    keys = set()
    for field in record.fields:
        inner = field.kind
        keys |= keys_of(inner, below=f"{field.key}.") if isinstance(inner, Record) else {f"{below}{field.key}"}
    return keys


def test_every_key_has_an_input_or_is_named_as_the_texts_own() -> None:
    groups = {group.noun: group for group in form_of(full_text())}

    for noun, record in (("campaign", CAMPAIGN), ("sub_activity", SUB_ACTIVITY), ("round", ROUND), ("type", TYPE)):
        group = groups[noun]
        shown = {one.path.rpartition("].")[2] for one in group.inputs}
        left = {field.key for field in group.in_text}
        assert {key.rpartition(".")[2] for key in keys_of(record) - shown} == left, noun
    assert {field.key for field in groups["round"].in_text} == {"limits", "fields"}
    assert {field.key for field in groups["type"].in_text} == {"limits"}


def test_a_document_that_says_everything_goes_through_the_form_untouched() -> None:
    text = full_text()
    filled = {one.path: one.value for group in form_of(text) for one in group.inputs}

    assert put_back(text, filled) == text


def test_what_stays_in_the_text_survives_changes_beside_it() -> None:
    text = full_text()
    own = "sub_activities[0].rounds[0]"

    made = put_back(text, {f"{own}.caps.per_day": "9", f"{own}.types[0].use.tags": "tea, rice"})

    before, after = read_yaml(text).values, read_yaml(made).values
    round_, was = (values["sub_activities"][0]["rounds"][0] for values in (after, before))
    assert round_["caps"] == was["caps"] | {"per_day": 9}
    assert round_["types"][0]["use"] == was["types"][0]["use"] | {"tags": ["tea", "rice"]}


LISTED = """\
rounds:
  - key: r1
    name: a
    types:
      - note: x  # of a
        key: t1
        name: b
        districts:
          # both
          - "330203"
          - "330212"
        # the end of it
        shares:
        - {funder: a, share: 60%}
        - funder: b
          share: 40%
    caps: {per_day: 1, per_round: 2}
"""


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("rounds[0].types[0].districts", "330203", ["330203"]),
        ("rounds[0].types[0].districts", "", None),
        ("rounds[0].types[0].shares", "a 33.33%\nb 66.67%", None),
        ("rounds[0].types[0].shares", "", None),
        ("rounds[0].caps.per_day", "", None),
        ("rounds[0].caps.per_round", "", None),
        ("rounds[0].conditions.weekdays", "6，7", [6, 7]),
        ("rounds[0].types[0].use.areas", "east, west", ["east", "west"]),
    ],
)
def test_a_list_is_written_and_an_emptied_input_takes_its_key_away(
    path: str, value: str, expected: list[object] | None
) -> None:
    made = put_back(LISTED, {path: value})

    marked = read_yaml(made)
    assert marked.faults == []
    values: object = marked.values["rounds"][0]
    steps = path.removeprefix("rounds[0].").replace("types[0]", "types.0").split(".")
    for step in steps:
        values = values[int(step)] if isinstance(values, list) else values.get(step)  # type: ignore[attr-defined]
    if "shares" in path and value:
        assert values == [{"funder": "a", "share": "33.33%"}, {"funder": "b", "share": "66.67%"}]
    else:
        assert values == expected
    assert "# of a" in made
    assert "# the end of it" in made
    untouched = read_yaml(LISTED).values["rounds"][0]
    assert marked.values["rounds"][0]["name"] == untouched["name"]
    assert marked.values["rounds"][0]["types"][0]["name"] == "b"


def test_a_group_without_its_last_key_goes_too() -> None:
    text = put_back(put_back(LISTED, {"rounds[0].caps.per_day": ""}), {"rounds[0].caps.per_round": ""})

    assert "caps" not in read_yaml(text).values["rounds"][0]


def test_rows_of_shares_are_one_value() -> None:
    assert shares_text(["a", "", "b"], ["60", "", "40%"]) == "a 60%\nb 40%"
