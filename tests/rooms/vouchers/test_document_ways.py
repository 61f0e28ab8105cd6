"""Packs, codes, application forms and leftovers in documents: faults at their place, differences in words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from yongquan.vouchers.documents import BadDocument, read_document, write_document
from yongquan.vouchers.documents_clone import clone
from yongquan.vouchers.documents_diff import compare, judge
from yongquan.vouchers.model import PackTerms

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
HEAD = """\
format: 1
code: ways
name: 春季
name_en: Spring
funder: bureau
starts_at: 2026-03-01 00:00
ends_at: 2026-03-08 00:00
budget: 90000元
rounds:
  - {key: r1, name: 一, name_en: One, opens_at: 2026-03-01 10:00, closes_at: 2026-03-02 00:00, """
TYPE = "name: 券, name_en: V, amount: 20元, threshold: 50元, valid_days: 3"
PACK = (
    HEAD
    + f"""leftover: next_round, pack: {{name: 三券, name_en: Three, packs: 100}}, caps: {{per_round: 1}},
     types: [{{key: t1, {TYPE}, copies: 2, stock: 200}},
             {{key: t2, {TYPE}, stock: 100}}]}}
"""
)
APPLY = (
    HEAD
    + f"""mode: apply, types: [{{key: t1, {TYPE}, stock: 200}}],
     application: {{second_from: 1000元, fields: [
       {{name: invoice, label: 发票, label_en: Invoice, kind: invoice}},
       {{name: price, label: 价税合计, label_en: Price, kind: amount, decides: true}}]}}}}
"""
)


def faults(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(BadDocument) as caught:
        read_document(text)
    return [(f.line, f.column, f.code) for f in caught.value.faults]


TO_CARD = APPLY.replace("threshold: 50元", "threshold: 0元").replace("{second_from", "{benefit: card, second_from")


@pytest.mark.parametrize("text", [PACK, APPLY, TO_CARD])
def test_ways_come_back_as_they_were_written(text: str) -> None:
    document = read_document(text)

    assert read_document(write_document(document)) == document
    copied = clone(document, code="again", name="再", name_en="Again", days=7)
    assert copied.rounds[0].pack == document.rounds[0].pack
    assert copied.rounds[0].application == document.rounds[0].application


def test_faults_of_ways_stand_at_their_place() -> None:
    line = len(HEAD.splitlines())

    assert [f[0::2] for f in faults(PACK.replace("stock: 200", "stock: 150"))] == [(line + 1, "pack_stock")]
    assert [f[0::2] for f in faults(PACK.replace("leftover:", "mode: push, leftover:"))] == [(line, "needs")]
    assert faults(APPLY.replace("decides: true", "required: true")) == [(line + 1, 33, "needs")]
    assert faults(APPLY.replace("kind: invoice", "kind: invoice, decides: true"))[0][2] == "decides_amount"
    assert faults(APPLY.replace("name: price", "name: invoice"))[0][0::2] == (line + 3, "same_key")
    assert [f[2] for f in faults(APPLY.replace("mode: apply", "mode: code"))] == ["needs"]
    assert [f[2] for f in faults(PACK.replace("copies: 2", "copies: 0"))] == ["too_small"]


def test_differences_of_ways_are_said_in_words() -> None:
    before, after = read_document(PACK), read_document(PACK.replace("next_round", "budget").replace("三券", "三张"))

    said = [d.say(english=False) for d in compare(before, after)]

    assert said == ["轮次“一”:余券去向 从 next_round 改为 budget", "轮次“一”:券包 · 券包名称 从 三券 改为 三张"]


def test_a_published_pack_grows_and_stays_a_pack() -> None:
    before = read_document(PACK)
    public = frozenset({before.rounds[0].round_id})
    grown = PACK.replace("packs: 100", "packs: 110").replace("200}", "220}").replace("stock: 100}", "stock: 110}")
    more, less = replace(before, rounds=(replace(before.rounds[0], pack=None),)), PackTerms("三券", "Three", 90)
    fewer = replace(before, rounds=(replace(before.rounds[0], pack=less),))

    assert [d.reason for d in judge(before, read_document(grown), public=public, now=NOW) if d.reason] == []
    assert {d.reason for d in judge(before, more, public=public, now=NOW)} == {"never"}
    assert {d.reason for d in judge(before, fewer, public=public, now=NOW)} == {"up"}


def test_a_payment_to_a_card_has_nothing_of_a_purchase() -> None:
    industry = TO_CARD.replace("threshold: 0元", "threshold: 50元, industry: dining")

    assert [f[2] for f in faults(industry)] == ["card_threshold", "card_whole"]
    assert read_document(TO_CARD).rounds[0].application != read_document(APPLY).rounds[0].application
