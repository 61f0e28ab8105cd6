"""What is checked of a licence, each with its own reason; codes by GB 32100; doors of addresses."""

from dataclasses import replace
from datetime import date

import pytest

from yongquan.kernel.credit_codes import credit_code
from yongquan.merchants.identity.checking import SENT_BACK, Declared, Finding, check_licence
from yongquan.merchants.identity.marks import door_of
from yongquan.merchants.identity.model import (
    Event,
    LicenceKind,
    LicenceStatus,
    NotACode,
    Record,
    kind_of_code,
    read_code,
)

CODE = credit_code(7, adcode="330203", is_company=False)
GOOD = Record(
    CODE,
    "宁波市海曙阿水面馆",
    LicenceKind.SOLE_TRADER,
    "",
    "沈小湖",
    date(2019, 5, 1),
    "浙江省宁波市海曙区药行街12号",
    "餐饮服务；食品销售",
    LicenceStatus.IN_BUSINESS,
    date(2019, 5, 1),
)
SAID = Declared(CODE, "沈小湖", "dining", "药行街12号", "宁波市海曙阿水面馆")
COMPANY = replace(GOOD, kind=LicenceKind.COMPANY, name="宁波甬味餐饮有限公司")


def check(record: Record | None = GOOD, said: Declared = SAID, **answers: str) -> list[Finding]:
    told = {"owner": "matches", "person": "matches", "account": "new", **answers}
    return check_licence(record, said, **told)  # type: ignore[arg-type]


def test_a_good_licence_has_nothing_against_it() -> None:
    assert check() == []
    assert check(said=replace(SAID, holder="沈小湖")) == []  # a sole trader's account may be in the operator's name


@pytest.mark.parametrize(
    ("record", "said", "answers", "found"),
    [
        (None, SAID, {}, Finding.LICENCE_UNKNOWN),
        (replace(GOOD, status=LicenceStatus.CANCELLED), SAID, {}, Finding.LICENCE_CANCELLED),
        (replace(GOOD, status=LicenceStatus.REVOKED), SAID, {}, Finding.LICENCE_REVOKED),
        (GOOD, SAID, {"person": "differs"}, Finding.PERSON_DIFFERS),
        (GOOD, SAID, {"person": "unknown"}, Finding.PERSON_DIFFERS),
        (GOOD, SAID, {"owner": "differs"}, Finding.OWNER_DIFFERS),
        (GOOD, SAID, {"account": "differs"}, Finding.ACCOUNT_OF_ANOTHER),
        (GOOD, replace(SAID, holder="别家面馆"), {}, Finding.ACCOUNT_DIFFERS),
        (COMPANY, replace(SAID, holder="沈小湖"), {}, Finding.ACCOUNT_DIFFERS),
        (replace(GOOD, scope="服装零售"), SAID, {}, Finding.OTHER_SCOPE),
        (GOOD, replace(SAID, address="中山路1号"), {}, Finding.OTHER_ADDRESS),
        (replace(GOOD, kind=LicenceKind.BRANCH), SAID, {}, Finding.HEAD_MISSING),
        (replace(GOOD, history=(Event(date(2020, 1, 1), "owner", "甲", "沈小湖"),)), SAID, {}, Finding.NEW_OWNER),
        (None, replace(SAID, licence_no="", holder="沈小湖"), {}, Finding.NO_LICENCE),
    ],
)
def test_each_fault_has_its_own_reason(
    record: Record | None, said: Declared, answers: dict[str, str], found: Finding
) -> None:
    assert check(record, said, **answers) == [found]


def test_a_branch_may_be_paid_to_its_head() -> None:
    branch = replace(COMPANY, kind=LicenceKind.BRANCH, head_no=CODE, name="宁波甬味餐饮有限公司药行街店")
    said = replace(SAID, holder=COMPANY.name)
    answers = {"owner": "matches", "person": "matches", "account": "matches"}

    assert check_licence(branch, said, **answers, head=COMPANY) == []
    assert check_licence(branch, said, **answers) == [Finding.ACCOUNT_DIFFERS]


def test_what_a_reviewer_must_judge_is_not_sent_back() -> None:
    assert SENT_BACK.isdisjoint({Finding.OTHER_SCOPE, Finding.OTHER_ADDRESS, Finding.NEW_OWNER, Finding.NO_LICENCE})


def test_a_code_is_read_with_blanks_and_small_letters() -> None:
    assert read_code(f" {CODE[:8].lower()} {CODE[8:]} ") == CODE
    assert kind_of_code(CODE) is LicenceKind.SOLE_TRADER


@pytest.mark.parametrize("text", ["", CODE[:-1], CODE[:-1] + ("0" if CODE[-1] != "0" else "1"), "330203000000001"])
def test_a_wrong_code_is_refused(text: str) -> None:
    with pytest.raises(NotACode):
        read_code(text)


def test_one_door_is_one_door_however_it_is_written() -> None:
    assert door_of("浙江省宁波市海曙区药行街12号") == door_of("海曙区药行街 12 号") != ""
    assert door_of("药行街12号") != door_of("药行街21号")
    assert door_of("天一广场") == ""  # a whole square links nobody
