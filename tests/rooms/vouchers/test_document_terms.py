"""Conditions, limits, shares and policies in documents: what cities did can be written, and only widened later."""

from datetime import UTC, datetime, time

import pytest
from rooms.vouchers.city_documents import (
    AUGUST_2022,
    BEILUN,
    CITY_DOCUMENTS,
    FEBRUARY_2022,
    HAISHU_2025,
    HANGZHOU_2022,
    JIANGBEI,
    QIANWAN_2023,
    XIANGSHAN,
)

from yongquan.app import load_regions
from yongquan.vouchers.documents import BadDocument, read_document, write_document
from yongquan.vouchers.documents_diff import judge
from yongquan.vouchers.documents_rules import check_places
from yongquan.vouchers.documents_yaml import read_yaml
from yongquan.vouchers.limits import ClaimCap, Counting, Over, Period, UseCap
from yongquan.vouchers.model import CampaignRules, RefundPolicy
from yongquan.vouchers.policies import PRESETS
from yongquan.vouchers.sharing import FunderShare
from yongquan.web.words import INDUSTRIES

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", CITY_DOCUMENTS, ids=lambda text: text.split("\n")[1])
def test_rules_of_a_city_come_back(text: str) -> None:
    document = read_document(text)

    again = read_document(write_document(document))

    assert again == document


@pytest.mark.parametrize("text", CITY_DOCUMENTS, ids=lambda text: text.split("\n")[1])
def test_places_of_a_city_are_known(text: str) -> None:
    places = frozenset(division.adcode for division in load_regions().divisions)
    funders = frozenset({"bureau", "district"})

    assert check_places(read_yaml(text), funders=funders, places=places, industries=INDUSTRIES) == []
    other = check_places(read_yaml(text), funders=frozenset({"bureau"}), places=places, industries=INDUSTRIES)
    assert [f.path for f in other] == (["rounds[0].types[0].shares[1].funder"] if text is AUGUST_2022 else [])


def test_haishu_serves_the_largest_first_and_the_shop_scans() -> None:
    document = read_document(HAISHU_2025)

    assert document.campaign.rules == PRESETS["ningbo_haishu"]
    assert document.rounds[0].conditions.daily == (time(10), time(22))


def test_a_field_beside_a_preset_goes_before_it() -> None:
    rules = read_document(HAISHU_2025.replace("ningbo_haishu", "ningbo_haishu, refund: forfeit")).campaign.rules

    assert (rules.refund, rules.choice) == (RefundPolicy.FORFEIT, PRESETS["ningbo_haishu"].choice)


def test_xiangshan_forfeits_and_keeps_other_government_vouchers_out() -> None:
    assert read_document(XIANGSHAN).campaign.rules == PRESETS["xiangshan"]


def test_jiangbei_is_three_types_of_three_days() -> None:
    types = read_document(JIANGBEI).types

    assert [(t.threshold_fen, t.amount_fen, t.valid_days) for t in types] == [
        (50_000, 15_000, 3),
        (20_000, 6_000, 3),
        (10_000, 3_000, 3),
    ]


def test_limits_are_those_of_the_model() -> None:
    beilun, qianwan, february = (read_document(text).rounds[0] for text in (BEILUN, QIANWAN_2023, FEBRUARY_2022))

    assert beilun.caps.rules == (ClaimCap(1, Period.DAY, Over.GROUP), ClaimCap(5, Period.CAMPAIGN, Over.GROUP))
    assert qianwan.caps.rules == (ClaimCap(2, Period.DAY, Over.GROUP, group="issue"),)
    assert february.caps.rules == (ClaimCap(4, Period.ROUND, counts=Counting.INDUSTRIES),)
    assert february.conditions.card_bins == ("62",)
    assert read_document(HANGZHOU_2022).types[0].use.caps == (UseCap(2, Period.DAY, per_merchant=True),)
    assert read_document(FEBRUARY_2022).types[0].use.caps == (UseCap(1, Period.DAY, Over.INDUSTRY),)


def test_the_own_funder_sets_aside_what_others_do_not_pay() -> None:
    document = read_document(AUGUST_2022)

    assert document.types[0].shares == (FunderShare("bureau", 5_000), FunderShare("district", 5_000))
    assert document.lead_fen == 100_000_000 - 500 * 1_000


def test_our_own_app_has_a_name_among_platforms() -> None:
    text = HAISHU_2025.replace("{daily:", "{platforms: [own, yunfan], daily:")

    assert read_document(text).rounds[0].conditions.platforms == ("", "yunfan")
    assert "platforms: [own, yunfan]" in write_document(read_document(text))


@pytest.mark.parametrize(
    ("text", "old", "new", "path", "code"),
    [
        (AUGUST_2022, "district, share: 50%", "district, share: 40%", "rounds[0].types[0].shares", "not_whole"),
        (AUGUST_2022, "{funder: district", "{funder: bureau", "rounds[0].types[0].shares[1].funder", "not_unique"),
        (QIANWAN_2023, "group: issue", "group: isue", "rounds[0].caps.limits[0].group", "not_one_of"),
        (QIANWAN_2023, "over: group, ", "", "rounds[0].caps.limits[0].group", "needs"),
        (QIANWAN_2023, "most: 2", "mots: 2", "rounds[0].caps.limits[0].mots", "unknown_near"),
        (HAISHU_2025, "{daily", "{list_tier: 2, daily", "rounds[0].conditions.list_tier", "needs"),
        (HAISHU_2025, "{daily", "{age_min: 18, age_max: 17, daily", "rounds[0].conditions.age_max", "too_small"),
        (HAISHU_2025, "{daily", "{weekdays: [8], daily", "rounds[0].conditions.weekdays[0]", "too_big"),
        (HAISHU_2025, "ningbo_haishu", "ningbo", "rules.preset", "not_one_of"),
        (AUGUST_2022, "06:00-23:00", "06:00-06:00", "rounds[0].types[0].use.daily", "ends_first"),
    ],
)
def test_fault_is_told_at_its_field(text: str, old: str, new: str, path: str, code: str) -> None:
    assert old in text
    with pytest.raises(BadDocument) as caught:
        read_document(text.replace(old, new, 1))

    fault = caught.value.faults[0]
    assert (fault.path, fault.code) == (path, code)
    assert fault.say(english=True)
    assert fault.say(english=False)


@pytest.mark.parametrize(
    ("text", "old", "new", "reason"),
    [
        (HAISHU_2025, "10:00-22:00", "09:00-23:00", None),
        (HAISHU_2025, "10:00-22:00", "09:00-02:00", None),
        (HAISHU_2025, "10:00-22:00", "22:00-10:00", "wider"),
        (HAISHU_2025, "{daily: 10:00-22:00}", "{age_min: 18, daily: 10:00-22:00}", "never"),
        (HAISHU_2025, "{daily: 10:00-22:00}", "{weekdays: [1], daily: 10:00-22:00}", "wider"),
        (HAISHU_2025, "ningbo_haishu", "ningbo_haishu, refund: forfeit", "never"),
        (HAISHU_2025, "ningbo_haishu", "ningbo_haishu, refund_frees_cap: true", "never"),
        (BEILUN, "most: 5", "most: 6", None),
        (BEILUN, "most: 5", "most: 4", "wider"),
        (BEILUN, "        - {most: 5, period: campaign, over: group}\n", "", None),
        (BEILUN, "most: 5, period: campaign", "most: 5, period: lifetime", "wider"),
        (BEILUN, "groups: [dining]", "groups: [dining, retail]", "never"),
        (HANGZHOU_2022, "most: 2", "most: 3", None),
        (HANGZHOU_2022, "most: 2", "most: 1", "wider"),
        (AUGUST_2022, "use: {daily: 06:00-23:00}", "use: {weekdays: [6]}", "wider"),
        (AUGUST_2022, "        use: {daily: 06:00-23:00}\n", "", None),
        (AUGUST_2022, "bureau, share: 50%", "other, share: 50%", "reserved"),
    ],
)
def test_what_is_published_is_only_widened(text: str, old: str, new: str, reason: str | None) -> None:
    assert old in text
    before, after = read_document(text), read_document(text.replace(old, new, 1))
    public = frozenset(r.round_id for r in before.rounds)

    differences = judge(before, after, public=public, now=NOW)

    assert differences
    assert [d.reason for d in differences if d.reason] == ([reason] if reason else [])
    assert all(d.why_not(english=english) for d in differences if d.reason for english in (False, True))


def test_rules_without_a_word_are_the_default() -> None:
    assert read_document(JIANGBEI).campaign.rules == CampaignRules()
