"""Names of Ningbo's divisions, today's and yesterday's, and what stands before an address anywhere."""

import re
from typing import Final

# Before September 2016: Jiangdong is now in Yinzhou, Fenghua was a city, Yin was a county until 2002.
TODAY: Final = {
    "海曙": "海曙",
    "江东": "鄞州",
    "江北": "江北",
    "北仑": "北仑",
    "镇海": "镇海",
    "鄞州": "鄞州",
    "鄞县": "鄞州",
    "奉化": "奉化",
    "余姚": "余姚",
    "慈溪": "慈溪",
    "宁海": "宁海",
    "象山": "象山",
}
# Towns that went from Yinzhou to Haishu in 2016, and zones that lie across borders, make these doubtful.
_DOUBTFUL: Final = {frozenset({"鄞州", "海曙"}), frozenset({"慈溪", "余姚"}), frozenset({"北仑", "镇海"})}
_DIVISIONS: Final = frozenset(TODAY.values())
_ZONES = "高新区|国家高新区|东钱湖旅游度假区|东钱湖|杭州湾新区|前湾新区|保税区|大榭开发区|大榭|梅山"
_NAMES = "|".join(TODAY)
_PROVINCE = re.compile("^(?:中国)?(?:浙江省|浙江(?=宁波)|[一-鿿]{2,3}省|[一-鿿]{2,6}自治区)")
_CITY = re.compile(
    f"^(?:宁波市|宁波(?=(?:{_NAMES}|{_ZONES}|[一-鿿]{{2,}}))|(?!(?:{_NAMES})市)[^区县镇路街\\W\\d]{{2,3}}市(?!场|区|民|政|心|路|街|里))"
)
_DISTRICT = re.compile(
    f"^(?:({_NAMES})(?:区|市|县)|(鄞县)|({_NAMES})(?=[一-鿿]{{2,}}(?:路|街|镇|乡|道|村|社区|号))"
    f"|({_ZONES})|([一-鿿]{{1,3}}(?<!社|小|园|新|景|校|市)[区县])(?=.{{2,}}))"
)
_TOWN = re.compile("^([一-鿿]{1,5}?(?:街道|镇|乡))(?=.{2,})")


def split_divisions(text: str) -> tuple[str, str, str]:
    """Cut province, city, division and town off an address: today's division, town, what is left."""
    rest = text
    district = town = ""
    for _ in range(2):  # lists repeat the city: 宁波市宁波市海曙区
        rest = _PROVINCE.sub("", rest)
        rest = _CITY.sub("", rest, count=1)
        if found := _DISTRICT.match(rest):
            name = next(word for word in found.groups() if word)
            district = district or TODAY.get(name, "" if re.fullmatch(_ZONES, name) else name.rstrip("区县"))
            rest = rest[found.end() :]
    if found := _TOWN.match(rest):
        town = found[1].removesuffix("街道").removesuffix("镇").removesuffix("乡")
        rest = rest[found.end() :]
    return district, town, rest


def are_apart(one: str, other: str) -> bool:
    """Whether two divisions surely differ: both are named and known (or both of another city), and no old border
    explains it."""
    if not one or not other or one == other or frozenset({one, other}) in _DOUBTFUL:
        return False
    return (one in _DIVISIONS) == (other in _DIVISIONS)
