"""Names, addresses, phones and licences are read for what they mean."""

import pytest

from yongquan.kernel.credit_codes import credit_code
from yongquan.merchants.matching.addresses import learn_premises, parse_address
from yongquan.merchants.matching.characters import numeral, plain, sound, with_digits
from yongquan.merchants.matching.divisions import are_apart
from yongquan.merchants.matching.identifiers import is_valid_licence, licence_in, person_in, phones_in
from yongquan.merchants.matching.names import learn_branches, parse_name, stem_of


def test_traditional_and_full_width_are_plain() -> None:
    assert plain("阿芳麵館（Ａ１）") == "阿芳面馆(A1)"


@pytest.mark.parametrize(
    ("word", "number"), [("十二", 12), ("一百零三", 103), ("二十", 20), ("一二三", 123), ("廿", None)]
)
def test_numerals_are_numbers(word: str, number: int | None) -> None:
    if number is None:
        assert with_digits(f"{word}号") == f"{word}号"
    else:
        assert numeral(word) == number


def test_numerals_in_road_names_stay() -> None:
    assert with_digits("百丈路一百二十三号") == "百丈路123号"


def test_homophones_sound_alike() -> None:
    assert sound("福鑫面馆") == sound("富新面馆")
    assert sound("福鑫面馆") != sound("福来面馆")


@pytest.mark.parametrize(
    "written",
    [
        "宁波市海曙区阿芳面馆（个体工商户）",
        "阿芳麵館",
        "阿芳面馆有限公司",
        "宁波阿芳面馆",
        "海曙 阿芳面馆",
        "阿芳面馆(总店)",
    ],
)
def test_one_name_has_one_core(written: str) -> None:
    assert parse_name(written).core == "阿芳面馆"


@pytest.mark.parametrize(
    ("written", "branch"),
    [
        ("渔火里(天一广场店)", "天一广场"),
        ("渔火里餐饮有限公司天一分公司", "天一"),
        ("渔火里二号店", "2"),
        ("渔火里", ""),
    ],
)
def test_branch_is_told_from_the_name(written: str, branch: str) -> None:
    assert parse_name(written).branch == branch


def test_branches_without_brackets_are_learned_from_those_with() -> None:
    written = ["转角橙便利(东门店)", "转角橙便利(南塘店)", "转角橙便利西河店", "阿芳便利店"]

    names = learn_branches([parse_name(name) for name in written])

    assert [name.branch for name in names] == ["东门", "南塘", "西河", ""]


def test_trade_words_have_one_stem() -> None:
    assert stem_of("老美面店") == stem_of("老美面馆")
    assert stem_of("阿余服饰") == stem_of("阿余服装店")
    assert stem_of("老美面馆") != stem_of("老美水果店")


def test_address_is_taken_apart() -> None:
    address = parse_address("浙江省宁波市鄞州区首南街道四明中路999号万达广场3楼05室")

    assert (address.district, address.town, address.road) == ("鄞州", "首南", "四明中路")
    assert (address.numbers, address.place, address.floor) == ({"999"}, "万达广场", 3)
    assert address.stalls == {"5", "305"}


def test_old_districts_are_todays() -> None:
    assert parse_address("宁波市江东区百丈路1号").district == "鄞州"
    assert parse_address("奉化市中山路1号").district == "奉化"


def test_lanes_are_part_of_the_number() -> None:
    assert parse_address("中山东路188弄12号").numbers == {"188L12"}


def test_market_and_its_door_are_learned() -> None:
    both = [parse_address(f"槐树巷889号瑞旺轻纺市场{stall}号摊位") for stall in (1, 2, 3)]

    filled = learn_premises([*both, parse_address("瑞旺轻纺市场7号摊位"), parse_address("槐树巷889号")])

    assert (filled[3].road, filled[3].numbers) == ("槐树巷", {"889"})
    assert filled[4].place == "瑞旺轻纺市场"


def test_districts_whose_border_moved_are_not_apart() -> None:
    assert not are_apart("鄞州", "海曙")
    assert are_apart("余姚", "宁海")
    assert not are_apart("", "宁海")


def test_phones_are_found_in_any_writing() -> None:
    assert phones_in("+86 138-0013-8001、0574-87654321") == {"13800138001", "87654321"}
    assert phones_in("138****8001") == frozenset()
    assert phones_in("00000000") == frozenset()


def test_licence_signs_that_do_not_exist_are_read_as_digits() -> None:
    code = credit_code(7, adcode="330203", is_company=True)

    assert is_valid_licence(licence_in(code.lower()))
    assert licence_in("9133O2O3MA2AIYYY8I") == "91330203MA2A1YYY81"
    assert not is_valid_licence(code[:-1] + ("1" if code[-1] != "1" else "2"))
    assert is_valid_licence("110108000000016")
    assert sum(is_valid_licence(f"33021200000000{last}") for last in range(10)) == 1


def test_masked_names_say_nothing() -> None:
    assert person_in("王*") == ""
    assert person_in("王芳（先生）") == "王芳"
