"""Campaign documents: read and written without loss, every model field expressible, every fault told at its place."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec import Struct, structs
from rooms.vouchers.full_document import full_document

from yongquan.app import load_regions
from yongquan.simulation.example_season import example_season
from yongquan.simulation.season import plan_season
from yongquan.vouchers.documents import BadDocument, CampaignDocument, read_document, write_document
from yongquan.vouchers.documents_diff import compare, judge
from yongquan.vouchers.documents_fields import CAMPAIGN, RECORDS, ROUND, TYPE
from yongquan.vouchers.documents_records import Record
from yongquan.vouchers.documents_schema import campaign_schema
from yongquan.vouchers.model import Conditions, RoundState

SEASON = example_season(load_regions().divisions, starts_on=date(2026, 3, 1))
TEXT = """\
format: 1
code: haishu-2026
name: 海曙消费券
name_en: Haishu vouchers
funder: bureau-330203
place: "330203"
starts_at: 2026-03-01 00:00
ends_at: 2026-03-08 00:00
budget: 20000元
rules: {refund: return, direction: shop_scans}
rounds:
  - key: r1
    name: 第1轮
    name_en: Round 1
    opens_at: 2026-03-01 10:00
    closes_at: 2026-03-02 00:00
    caps: {per_round: 1}
    conditions: {daily: 10:00-22:00}
    types:
      - key: dining
        name: 餐饮券 满50减20
        name_en: 20 off 50
        industry: dining
        amount: 20元
        threshold: 50元
        stock: 1000
        valid_days: 3
"""
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def facts(document: CampaignDocument) -> tuple[Any, ...]:
    return document.campaign, document.subs, document.rounds, document.types


def first_fault(text: str) -> tuple[int, int, str, str]:
    with pytest.raises(BadDocument) as caught:
        read_document(text, file="spring.yaml")
    fault = caught.value.faults[0]
    return fault.line, fault.column, fault.path, fault.code


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.noun.__name__)
def test_every_field_of_the_model_can_be_written(record: Record) -> None:
    expressible = {field.attr for field in record.fields} | record.implied

    noun = record.noun
    told = structs.fields(noun) if issubclass(noun, Struct) else fields(noun)
    assert {field.name for field in told} == expressible


def test_season_has_what_the_issue_asks_for() -> None:
    types = [type_ for document in SEASON for type_ in document.types]

    assert (len(SEASON), sum(len(d.rounds) for d in SEASON), len(types)) == (11, 300, 1_100)
    assert len({type_.industry for type_ in types if type_.industry}) == 12
    assert max(len(d.subs) for d in SEASON) >= 20


def test_documents_come_back_without_loss() -> None:
    demo = plan_season(load_regions().divisions, day=date(2026, 3, 1), scale=0.01)
    others = [
        CampaignDocument(c.campaign, (), tuple(r.round for r in c.rounds), tuple(t for r in c.rounds for t in r.types))
        for c in demo.campaigns
    ]
    for document in [*SEASON[:3], *others]:
        text = write_document(document)

        again = read_document(text)

        assert facts(again) == facts(document)
        assert write_document(again) == text
        assert yaml.safe_load(text)["code"] == document.campaign.code


def test_a_document_that_says_everything_comes_back() -> None:
    document = full_document()

    again = read_document(write_document(document))

    assert facts(again) == facts(document)
    for record, nouns in ((CAMPAIGN, [document.campaign]), (ROUND, document.rounds), (TYPE, document.types)):
        said = {key for noun in nouns for key in record.write(noun)}
        assert [f.key for f in record.fields if f.key not in said] == []


def test_exact_times_and_percentages_come_back() -> None:
    document = read_document(TEXT)
    type_ = replace(
        document.types[0],
        rate_bp=1_250,
        amount_fen=2_050,
        valid_until=document.campaign.ends_at - timedelta(microseconds=1),
    )
    exact = replace(document, campaign=replace(document.campaign, budget_fen=9_000_000), types=(type_,))

    assert facts(read_document(write_document(exact))) == facts(exact)


def test_published_schema_is_the_one_we_validate_with() -> None:
    published = json.loads((files("yongquan.web") / "static/schemas/campaign.json").read_text())

    assert published == campaign_schema()
    Draft202012Validator.check_schema(published)


def test_every_property_is_told_in_both_languages() -> None:
    def walk(node: Any, name: str) -> None:
        for key, told in node.get("properties", {}).items():
            chinese, _, english = told["title"].partition(" · ")
            about = told["description"].split("\n")
            assert all([chinese, english, len(about) == 2, *about]), f"{name}.{key}"
            walk(told, f"{name}.{key}")
            walk(told.get("items", {}), f"{name}.{key}")

    schema = campaign_schema()
    walk(schema, "")
    for name, part in schema["$defs"].items():
        walk(part, name)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("stock: 1000", "stok: 1000", (26, 9, "rounds[0].types[0].stok", "unknown_near")),
        ("stock: 1000", "张数: 1000", (26, 9, "rounds[0].types[0].张数", "unknown_near")),
        ("stock: 1000", "stock: -1", (26, 16, "rounds[0].types[0].stock", "too_small")),
        ("amount: 20元", "amount: 20", (24, 17, "rounds[0].types[0].amount", "not_shaped")),
        ('place: "330203"', "place: 330203", (6, 8, "place", "not_text")),
        ("refund: return", "refund: back", (10, 17, "rules.refund", "not_one_of")),
        ("name: 海曙消费券", "name: 海曙消费券\nname: 又一次", (4, 1, "name", "twice")),
        ("closes_at: 2026-03-02 00:00", "closes_at: 2026-02-30 00:00", (16, 16, "rounds[0].closes_at", "impossible")),
        ("closes_at: 2026-03-02", "closes_at: 2026-03-01", (16, 16, "rounds[0].closes_at", "ends_first")),
        ("closes_at: 2026-03-02", "closes_at: 2026-04-02", (16, 16, "rounds[0].closes_at", "outside")),
        ("budget: 20000元", "budget: 19999.99元", (9, 9, "budget", "over_budget")),
        ("        valid_days: 3\n", "", (20, 9, "rounds[0].types[0]", "no_end")),
        ("format: 1\n", "", (1, 1, "format", "missing")),
        ("rules: {", "rules: [", (10, 54, "", "syntax")),
        ("rules: {refund: return,", "rules: &a {refund: *a,", (10, 8, "rules.refund", "alias")),
    ],
)
def test_fault_is_told_at_its_line_and_field(old: str, new: str, expected: tuple[int, int, str, str]) -> None:
    assert old in TEXT
    found = first_fault(TEXT.replace(old, new, 1))

    if expected[3] == "syntax":
        assert found[3] == "syntax"
    else:
        assert found == expected


def test_fault_says_what_to_do_in_both_languages() -> None:
    with pytest.raises(BadDocument) as caught:
        read_document(TEXT.replace("stock: 1000", "stok: 1000"), file="spring.yaml")

    message = str(caught.value)
    assert message.startswith("spring.yaml:26:9: rounds[0].types[0].stok: there is no such field; did you mean stock?")
    assert caught.value.faults[0].say(english=False) == "没有这个字段,是不是 stock?"


def test_keys_are_unique_where_they_name_something() -> None:
    twice = TEXT + TEXT[TEXT.index("  - key: r1") :]

    assert first_fault(twice.replace("budget: 20000元", "budget: 90000元"))[3] == "same_key"


def test_reference_bomb_is_refused() -> None:
    assert first_fault("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n")[3] == "alias"


def test_differences_are_told_field_by_field() -> None:
    old = read_document(TEXT)
    new = read_document(TEXT.replace("stock: 1000", "stock: 900").replace("{per_round: 1}", "{per_round: 2}"))

    said = [difference.say(english=True) for difference in compare(old, new)]

    assert said == [
        "Round “Round 1”: Caps · Vouchers a citizen may claim a round 1 → 2",
        "Type “20 off 50”: Stock 1000 → 900",
    ]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("stock: 1000", "stock: 999", "up"),
        ("stock: 1000", "stock: 1001", None),
        ("amount: 20元", "amount: 10元", "never"),
        ("threshold: 50元", "threshold: 60元", "never"),
        ("ends_at: 2026-03-08", "ends_at: 2026-03-09", None),
        ("ends_at: 2026-03-08", "ends_at: 2026-03-07", "later"),
        ("closes_at: 2026-03-02", "closes_at: 2026-03-03", None),
        ("{per_round: 1}", "{per_round: 2}", None),
        ("{per_round: 1}", "{per_round: 1, per_day: 1}", "up"),
        ("refund: return", "refund: forfeit", "never"),
        ("name: 第1轮", "name: 首轮", None),
        ("daily: 10:00-22:00", "daily: 10:00-20:00", "wider"),
        ("key: dining", "key: other", "new_type"),
    ],
)
def test_published_campaign_changes_only_where_nobody_loses(old: str, new: str, reason: str | None) -> None:
    before = read_document(TEXT)
    after = read_document(TEXT.replace("20000元", "30000元").replace(old, new))
    public = frozenset(r.round_id for r in before.rounds)

    reasons = [d.reason for d in judge(before, after, public=public, now=NOW) if d.reason]

    assert reasons[:1] == ([reason] if reason else [])


def test_opening_moves_until_it_has_come() -> None:
    before = read_document(TEXT)
    after = read_document(TEXT.replace("opens_at: 2026-03-01 10:00", "opens_at: 2026-03-01 11:00"))
    public = frozenset(r.round_id for r in before.rounds)

    assert [d.reason for d in judge(before, after, public=public, now=NOW)] == [None]
    late = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
    assert [d.reason for d in judge(before, after, public=public, now=late)] == ["opened"]


def test_drafts_may_change_in_everything() -> None:
    before = read_document(TEXT)
    after = read_document(TEXT.replace("amount: 20元", "amount: 10元").replace("stock: 1000", "stock: 5"))

    assert {d.reason for d in judge(before, after, public=frozenset(), now=NOW)} == {None}


def test_state_is_not_part_of_a_document() -> None:
    document = read_document(TEXT)
    running = replace(document, rounds=tuple(replace(r, state=RoundState.PUBLISHED) for r in document.rounds))

    assert write_document(running) == write_document(document)
    assert document.rounds[0].conditions != Conditions()
