"""Shop names: what the shop is called, which branch of it, and what the register adds around it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from yongquan.merchants.matching.characters import bare, plain, with_digits
from yongquan.merchants.matching.divisions import TODAY

_FORMS = re.compile(
    r"(?:集团)?(?:股份有限公司|有限责任公司|有限公司|股份公司|公司|\(?个体工商户\)?|\(?个体户?\)?|\(?个人独资(?:企业)?\)?"
    r"|\(?(?:有限|普通)合伙\)?|合伙企业|集团)"
)
_SUBSIDIARY = re.compile(r"(?:股份有限公司|有限责任公司|有限公司|公司)\(?([^()]{1,12}?)(?:分公司|分店|店|经营部)\)?$")
_BRACKET = re.compile(r"\(([^()]*)\)")
_STATUS = re.compile(
    r"^(?:原|旧|曾用名|已|暂|新|装修|停业|歇业|注销|营业|个体|有限|普通|个人|连锁|直营|加盟|总店$|本店$|宁波市?$|浙江省?$|中国$)"
)
_CITY = re.compile("^(?:中国)?(?:浙江省?)?(?:宁波市?|浙江省)(?=.{2,})")
_DIVISION = re.compile(
    f"^(?:(?:{'|'.join(TODAY)})(?:区|市|县)|(?:高新区|杭州湾新区|东钱湖)|(?:{'|'.join(TODAY)})(?=.{{3,}}))(?=.{{2,}})"
)
_TOWN = re.compile("^[一-鿿]{2,4}(?:街道|镇)(?=.{3,})")
_NUMBERED = re.compile(r"(?:第?(\d+)(?:号|分)?(?:分)?店|NO(\d+))$")
_ENDING = re.compile("(?:分店|旗舰店|专卖店|体验店|直营店|加盟店|连锁店|专营店|总店|店|分公司|营业部|分部)$")
_SHORT_ENDING = re.compile("(?:旗舰|专卖|体验|直营|加盟|连锁|专营|分|总)?店$")
# what a name may end in before 店 that says a trade, not a place: 便利店 is no branch called 便利
TRADE_ENDINGS = re.compile(
    "(?:便利|饭|面|酒|茶|书|鞋|药|花|水果|小吃|服装|童装|内衣|烟酒|杂货|粮油|窗帘|洗车|轮胎|手机|早餐|火锅|烧烤|糕团|商|家纺|灯具|家具"
    "|百货|五金|用品|文具|维修|理发|美发|眼镜|化妆品|母婴|蛋糕|面包|奶茶|咖啡|快餐|零食|生鲜|超市|蔬菜|水产|海鲜|熟食|干货|电器|数码|珠宝"
    "|汽配|汽修|洗衣|干洗|美容|足浴|宠物|玩具|馄饨|包子|饺子|米粉|炒货|食品|副食|日用品|图文|广告|修理|体育用品|料理|餐饮)$"
)


_KIND_OF_SHOP = re.compile("(?:商店|商行|店铺|经营部|门市部|工作室|服务部|[店馆行铺屋坊部])$")
_TRADE_WORDS = (
    (re.compile("(?:餐馆?|餐厅|饭馆?|饭庄|酒楼|菜馆|食府|餐饮)$"), "饭"),
    (re.compile("(?:面|面食|面庄)$"), "面"),
    (re.compile("(?:服饰|服装|时装|衣)$"), "服装"),
    (re.compile("(?:理发|美发|发型|发艺)$"), "理发"),
    (re.compile("(?:购物|生活|平价|生鲜)?超市$"), "超市"),
    (re.compile("(?:便利|便民|24小时便利)$"), "便利"),
    (re.compile("(?:大?药房|药)$"), "药"),
    (re.compile("(?:鲜果|果业|水果)$"), "水果"),
)


@dataclass(frozen=True, slots=True)
class ShopName:
    """`core` is the name proper; `branch` which of several; `digits` the numbers within the core."""

    core: str
    branch: str
    digits: str
    text: str


def parse_name(raw: str) -> ShopName:
    """Take a name apart by its own signs (brackets, legal forms, 2号店); see `learn_branches` for the rest."""
    text = bare(with_digits(plain(raw)))
    branch = ""
    if found := _SUBSIDIARY.search(text):
        branch = found[1]
        text = text[: found.start()]
    for inner in _BRACKET.findall(text):
        word = _ENDING.sub("", inner)
        if not branch and word and not _STATUS.match(inner) and not _FORMS.fullmatch(inner):
            branch = _numbered(inner) or word
    core = _FORMS.sub("", _BRACKET.sub("", text)).replace("(", "").replace(")", "").replace("-", "")
    core = _without_place(core)
    if not branch and (found := _NUMBERED.search(core)) and found.start() >= 2:
        branch = _numbered(found[0])
        core = core[: found.start()]
    return _named(core or text, _without_city(branch), text)


def learn_branches(names: Sequence[ShopName]) -> list[ShopName]:
    """Find branches written without brackets, by brands and branches that the same lists write with them.

    Only what was seen elsewhere is used, so the order of the rows does not matter.
    """
    bases = Counter(name.core for name in names if name.branch and len(name.core) >= 2)
    bases.update({name.core: 2 for name in names if not _SHORT_ENDING.search(name.core) and len(name.core) >= 3})
    places = Counter(name.branch for name in names if len(name.branch) >= 2 and not name.branch.isdigit())
    brands = {core for core, count in bases.items() if count >= 2}
    known = {place for place, count in places.items() if count >= 2}
    return [name if name.branch else _split(name, brands, known) for name in names]


def stem_of(core: str) -> str:
    """The name without the kind of shop, one word for one trade: 面馆 and 面店, 餐馆 and 饭店, 服饰 and 服装店."""
    stem = _KIND_OF_SHOP.sub("", core)
    for pattern, word in _TRADE_WORDS:
        stem = pattern.sub(word, stem)
    return stem if len(stem) >= 2 else core


def _split(name: ShopName, brands: set[str], places: set[str]) -> ShopName:
    ending = _SHORT_ENDING.search(name.core)
    if ending is None:
        return name
    body = name.core[: ending.start()]
    for cut in range(len(body) - 1, 1, -1):
        start, rest = body[:cut], body[cut:]
        if TRADE_ENDINGS.search(rest):
            continue
        if (cut >= 3 and len(rest) >= 2 and start in brands) or rest in places:
            return replace(_named(start, rest, name.text), text=name.text)
    return name


def _named(core: str, branch: str, text: str) -> ShopName:
    return ShopName(core, branch, "".join(sign for sign in core if sign.isdigit()), text)


def _numbered(word: str) -> str:
    found = _NUMBERED.search(word)
    return (found[1] or found[2]).lstrip("0") if found else ""


def _without_place(core: str) -> str:
    return _TOWN.sub("", _DIVISION.sub("", _CITY.sub("", core)))


def _without_city(branch: str) -> str:
    return re.sub("^宁波市?(?=.{2,})", "", branch)


def grams_of(cores: Iterable[str]) -> list[tuple[str, ...]]:
    """Each name's pairs of neighbouring characters, once each; a single character stands for itself."""
    return [tuple(dict.fromkeys(c[i : i + 2] for i in range(max(len(c) - 1, 1)))) if c else () for c in cores]
