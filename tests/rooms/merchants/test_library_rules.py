"""The library's pure rules: what a list says, which value is shown, how real a shop is."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.merchants.library.authenticity import ShopFacts, score_shop
from yongquan.merchants.library.mapping import (
    FAULT_WORDS,
    REASON,
    guess_mapping,
    parse_mapping,
    read_file,
    read_rows,
    write_faults,
)
from yongquan.merchants.library.model import KeptRow, SourceKind
from yongquan.merchants.library.survivorship import shown_values
from yongquan.merchants.matching.reading import Row

DAY = datetime(2022, 3, 1, tzinfo=UTC)
LIST = "店名,经营地址,联系方式,登记号码\n" + "".join(
    f"潮间带海鲜馆{n},宁波市鄞州区百丈路{n}号,1380013800{n},91330203MA2{n}0000{n}X\n" for n in range(5)
)


def kept(kind: SourceKind, row: Row, *, number: int = 1, days: int = 0) -> KeptRow:
    return KeptRow(UUID(int=number), UUID(int=99), kind.value, kind, DAY + timedelta(days=days), row)


def test_columns_are_guessed_by_heading_and_by_what_the_cells_look_like() -> None:
    file = read_file("a.csv", LIST.encode("gb18030"))

    assert guess_mapping(file) == ["name", "address", "phone", "licence"]


def test_a_wish_takes_a_column_from_the_heading_that_was_guessed() -> None:
    file = read_file("a.csv", "店名,字号2\n甲,乙\n".encode())

    assert parse_mapping(file, ["字号2=name"]) == ["", "name"]
    with pytest.raises(BadInput, match="HEADING=COLUMN"):
        parse_mapping(file, ["没有=name"])
    with pytest.raises(BadInput, match="no heading is known"):
        parse_mapping(file, ["店名="])


def test_a_row_with_a_fault_is_left_out_and_handed_back_with_its_reason() -> None:
    text = "id,name,phone,lon,lat\n1,甲店,13800138000,121.5,29.8\n1,乙店,没有号码,121.5,\n3,,,,\n"
    file = read_file("a.csv", text.encode())

    read = read_rows(file, guess_mapping(file))
    back = write_faults(file, read.faults, FAULT_WORDS).decode("utf-8-sig").splitlines()

    assert [row.name for _, row in read.rows] == ["甲店"]
    assert [(fault.line, fault.code) for fault in read.faults] == [
        (3, "same_id"),
        (3, "bad_phone"),
        (3, "half_place"),
        (4, "no_name"),
    ]
    assert back[0] == f"id,name,phone,lon,lat,{REASON}"
    assert back[1].startswith("1,乙店,没有号码,121.5,,")
    assert "id: 编号重复" in back[1]


def test_a_list_that_was_mended_and_sent_again_keeps_its_columns() -> None:
    file = read_file("a.csv", f"id,name,{REASON}\n3,丙店,店名和执照号都没有\n".encode())

    read = read_rows(file, guess_mapping(file))

    assert guess_mapping(file) == ["id", "name", ""]
    assert [row.name for _, row in read.rows] == ["丙店"]
    assert not read.faults


def test_errors_of_an_excel_list_come_back_as_excel() -> None:
    file = read_file("a.csv", "name,phone\n甲店,没有\n".encode())
    read = read_rows(file, guess_mapping(file))

    book = write_faults(type(file)("a.xlsx", file.headings, file.lines), read.faults, FAULT_WORDS)

    again = read_file("a.xlsx", book)
    assert again.headings == ("name", "phone", REASON)
    assert guess_mapping(again) == ["name", "phone", ""]


@pytest.mark.parametrize(
    ("column", "shown", "why"),
    [
        ("name", "潮间带", "trusted"),
        ("legal_representative", "王芳", "agreed"),
        ("licence", "91330203MA2AFPY69Y", "only"),
        ("phone", "13800138000", "sound"),
    ],
)
def test_each_shown_value_has_the_rule_that_chose_it(column: str, shown: str, why: str) -> None:
    rows = [
        kept(
            SourceKind.REGISTER,
            Row("1", "宁波潮间带餐饮有限公司", "", "138****8000", "91330203MA2AFPY69Y", "王芳"),
            number=1,
        ),
        kept(SourceKind.MAP, Row("2", "潮间带", "", "13800138000", "", "王芳"), number=2),
    ]

    found = {one.column: one for one in shown_values(rows)}

    assert (found[column].text, found[column].why) == (shown, why)


def test_every_value_stays_beside_the_shown_one_with_its_origin() -> None:
    rows = [
        kept(SourceKind.MAP, Row("1", "旧名"), number=1, days=0),
        kept(SourceKind.MAP, Row("2", "新名"), number=2, days=1),
    ]

    (name,) = shown_values(rows)

    assert [(one.text, one.row_id, one.is_shown) for one in name.values] == [
        ("新名", UUID(int=2), True),
        ("旧名", UUID(int=1), False),
    ]
    assert name.why == "newer"
    assert name.differs


REAL = ShopFacts(sources=2, licence_valid=True, phone_given=True, has_door=True, division_fits=True, place_inside=True)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (REAL, "credible"),
        (ShopFacts(sources=1, surveyed=True, has_door=True, phone_given=True), "credible"),
        (ShopFacts(sources=1, payers=40, pay_days=20, has_door=True, phone_given=True), "credible"),
        (ShopFacts(sources=1, has_door=True, phone_given=True), "unsure"),
        (ShopFacts(sources=1), "unsure"),
        (ShopFacts(sources=1, phone_given=True, phone_shops=20), "doubtful"),
        (ShopFacts(sources=1, has_door=True, place_inside=False, phone_given=True), "doubtful"),
        (ShopFacts(sources=1, has_door=True, division_fits=False, place_inside=True, phone_given=True), "doubtful"),
        (ShopFacts(sources=1, residential=True), "doubtful"),
        (ShopFacts(sources=1, licence_valid=True, in_business=False, has_door=True, phone_given=True), "doubtful"),
        (ShopFacts(sources=1, phone_given=True, phone_verified=False, has_door=True), "doubtful"),
        (ShopFacts(sources=3, account_shops=5, has_door=True, phone_given=True, payers=3), "unsure"),
    ],
)
def test_a_shop_is_as_real_as_what_speaks_for_and_against_it(facts: ShopFacts, verdict: str) -> None:
    assert score_shop(facts).verdict == verdict


def test_a_score_is_the_start_and_its_points() -> None:
    score = score_shop(REAL)

    assert score.score == min(40 + sum(point.points for point in score.points), 100)
    assert {point.code for point in score.points} == {
        *("licence_valid", "phone_given", "place_fits", "has_door", "two_sources"),
    }
