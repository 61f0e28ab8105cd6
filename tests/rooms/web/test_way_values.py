"""What the forms of packs and applications say becomes a round of the document; what stood there besides stays."""

from starlette.datastructures import FormData

from yongquan.vouchers.documents import read_document
from yongquan.vouchers.documents_rounds import free_key, put_round, round_in, way_rounds
from yongquan.web.console.way_values import application_values, pack_values

TEXT = """\
format: 1
code: ways
name: 春季
name_en: Spring
funder: bureau
starts_at: 2026-03-01 00:00
ends_at: 2026-03-08 00:00
budget: 90000元
sub_activities:
  - key: s1
    name: 专场
    name_en: Special
    rounds:
      - key: r1
        name: 一
        name_en: One
        opens_at: 2026-03-01 10:00
        closes_at: 2026-03-02 00:00
        conditions: {real_name: true}
        types: [{key: t1, name: 券, name_en: V, amount: 20元, threshold: 50元, valid_days: 3, stock: 9,
                 hardship_only: true}]
"""
ROUND = {
    "name": "二",
    "name_en": "Two",
    "opens_at": "2026-03-03T10:00",
    "closes_at": "2026-03-04T00:00",
    "per_round": "1",
}


def sent(values: dict[str, str], *rows: dict[str, str]) -> FormData:
    return FormData([*values.items(), *[(f"row_{key}", value) for row in rows for key, value in row.items()]])


def row(name: str, amount: str, copies: str, key: str = "") -> dict[str, str]:
    names = {"name": name, "name_en": name and "V", "industry": "", "valid_days": "3"}
    return {"key": key, **names, "amount": amount, "threshold": "50", "copies": copies}


def test_a_pack_round_is_made_with_its_stocks() -> None:
    pack = {"packs": "100", "pack_name": "三券", "pack_name_en": "Three"}
    form = sent(ROUND | pack, row("甲", "20", "2"), row("乙", "10.50", ""), row("", "", ""))

    text = put_round(TEXT, pack_values(form, {}, key=free_key(TEXT, "pack")))

    document = read_document(text)
    assert [(t.amount_fen, t.copies, t.stock) for t in document.types[1:]] == [(2000, 2, 200), (1050, 1, 100)]
    assert document.rounds[1].caps.per_round == 1
    assert [one.values["key"] for one in way_rounds(text, "pack")] == ["pack-1"]


def test_a_round_that_was_there_keeps_what_the_form_does_not_say() -> None:
    before = round_in(TEXT, "r1") or {}
    pack = {"packs": "10", "pack_name": "双券", "pack_name_en": "Two"}
    form = sent(ROUND | pack | {"per_round": ""}, row("券", "20", "2", key="t1"))

    document = read_document(put_round(TEXT, pack_values(form, before, key="r1")))

    assert len(document.rounds) == 1
    assert document.rounds[0].conditions.real_name
    assert (document.types[0].hardship_only, document.types[0].stock) == (True, 20)


def test_an_application_round_asks_and_gives() -> None:
    asked = {"name": "", "label": "发票", "label_en": "Invoice", "kind": "invoice", "required": "yes", "decides": "no"}
    price = {"name": "", "label": "价", "label_en": "Price", "kind": "amount", "required": "no", "decides": "yes"}
    type_ = {"name": "券", "name_en": "V", "industry": "", "amount": "500", "threshold": "0", "valid_days": "9"}
    form = sent(
        ROUND | {f"type_{k}": v for k, v in type_.items()} | {"stock": "3", "second_from": "1000"}, asked, price
    )

    text = put_round(TEXT, application_values(form, {}, key=free_key(TEXT, "form")))

    found = read_document(text).rounds[1].application
    assert found is not None
    assert [(f.name, f.kind, f.required, f.decides) for f in found.fields] == [
        ("invoice1", "invoice", True, False),
        ("amount1", "amount", False, True),
    ]
    assert found.second_from_fen == 100_000
    assert found.benefit == "voucher"
    to_card = application_values(FormData([*form.multi_items(), ("benefit", "card")]), {}, key="form-1")
    assert to_card["application"]["benefit"] == "card"


def test_a_round_that_is_put_in_leaves_the_rest_of_the_text_as_it_was_written() -> None:
    noted = "# asked for by the bureau\n" + TEXT.replace("rounds:\n", "rounds:  # in order\n")
    pack = {"packs": "10", "pack_name": "双券", "pack_name_en": "Two"}
    form = sent(ROUND | pack, row("券", "20", "2"))

    added = put_round(noted, pack_values(form, {}, key="pack-1"))
    again = put_round(added, pack_values(form, {}, key="pack-1"))

    assert added.startswith(noted.rstrip("\n"))
    assert again == added
    assert round_in(added, "pack-1") is not None
