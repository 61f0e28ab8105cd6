"""A true world of shops for measuring the matcher: streets, markets, malls, chains, owners, successors, namesakes.

All invented; divisions, towns and areas are the demo city's ground. Nothing here is used by the matcher.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from yongquan.kernel.credit_codes import credit_code
from yongquan.simulation.gazetteer import LON_SHRINK, METRES_PER_DEGREE, Community, Gazetteer, read_gazetteer
from yongquan.simulation.people import name_from

WORLD = 93_000
MARKETS = 90
MALLS = 140
_TRADES = {
    "餐饮": "面馆 饭店 小吃店 海鲜馆 火锅店 早餐店 茶餐厅 烧烤店 "
    "私房菜 糕团店 快餐店 馄饨店 牛杂店 酸菜鱼 奶茶店 咖啡馆 包子铺",
    "商超": "超市 生鲜店 水果店 粮油店 副食店 干货店 炒货店 水产行 蔬菜店",
    "便利店": "便利店 小卖部 烟酒店 杂货店 食杂店",
    "服装": "服装店 童装店 鞋店 内衣店 布艺店 女装店 箱包店",
    "家居": "家具店 灯具店 窗帘店 五金店 建材店 家纺店 油漆店 卫浴店",
    "服务": "理发店 美容店 足浴店 洗衣店 打印店 维修部 宠物店 照相馆",
    "汽车": "汽修厂 洗车店 轮胎店 汽配店",
}
_FIRST_WORDS = (
    "金 福 顺 永 兴 万 鑫 瑞 嘉 恒 隆 泰 盛 宏 华 美 佳 乐 新 锦 安 春 和 聚 德 广 利 东 明 天 海 "
    "云 山 水 竹 梅 兰 星 月 阳 晨 雅 清 老 小 大 阿 一 百 千"
)
_FIRST = _FIRST_WORDS.split()
_SECOND_WORDS = (
    "源 达 丰 祥 发 昌 隆 盛 缘 家 园 客 味 香 福 来 旺 顺 利 泰 轩 阁 坊 居 斋 记 庭 春 和 美 佳 "
    "星 月 桥 湾 溪 港 州 里 渔 娘 哥 妹 婆 叔 爷 姐 师傅"
)
_SECOND = _SECOND_WORDS.split()
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任"
    "姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武戴莫孔向"
    "汤"
)
_ROAD_A_WORDS = (
    "中山 人民 解放 环城 江南 百丈 兴宁 通途 世纪 府前 学府 文化 建设 新华 和平 青年 长江 黄河 "
    "泰山 天台 四明 雁荡 玉兰 海棠 紫荆 金桂 明珠 凤凰 飞虹 永丰 柳汀 药行 开明 镇明 大闸 战船 "
    "白沙 槐树 曙光 彩虹 桑田 宁穿 姚隘 沧海 福明 惊驾 日湖 湖西 双东 范江"
)
_ROAD_A = _ROAD_A_WORDS.split()
_ROAD_B_WORDS = "路 东路 西路 南路 北路 街 大道 巷 中路 一路 二路 三路 支路"
_ROAD_B = _ROAD_B_WORDS.split()


@dataclass(frozen=True, slots=True)
class TrueShop:
    """One shop as it really is, place in WGS-84; `premises` is the building's own name, if it has one."""

    number: int
    core: str
    trade: str
    branch: str
    district: str
    town: str
    road: str
    house: int
    premises: str
    zone: str
    floor: int
    stall: int
    lon: float
    lat: float
    phone: str
    landline: str
    licence: str
    person: str
    category: str
    is_company: bool


@dataclass(frozen=True, slots=True)
class _Premises:
    name: str
    road: str
    house: int
    home: Community
    lon: float
    lat: float


@dataclass(slots=True)
class _Maker:
    die: random.Random
    ground: Gazetteer
    roads: dict[str, list[str]]
    markets: list[_Premises]
    malls: list[_Premises]
    serial: int = 0


def true_shops(*, seed: int, shops: int = WORLD) -> list[TrueShop]:
    """Make the world; the same seed gives the same shops."""
    die = random.Random(seed)  # noqa: S311 - a world to measure on, not a secret
    maker = _Maker(die, read_gazetteer(), {}, [], [])
    share = max(shops / WORLD, 0.02)
    maker.markets = [
        _premises(maker, ["市场", "轻纺市场", "农贸市场", "小商品城", "建材城", "水产市场"])
        for _ in range(round(MARKETS * share) + 1)
    ]
    maker.malls = [
        _premises(maker, ["广场", "购物中心", "商业广场", "天地", "里"]) for _ in range(round(MALLS * share) + 1)
    ]
    made: list[TrueShop] = []
    chains = _chains(maker, max(round(150 * share), 4))
    while len(made) < shops:
        luck = die.random()
        if luck < 0.10 and len(made) > 50:
            made.append(next(chains))
        elif luck < 0.135 and len(made) > 50:
            made.append(_successor(maker, made[die.randrange(len(made))]))
        elif luck < 0.165 and len(made) > 50:
            made.append(_second_shop(maker, made[die.randrange(len(made))]))
        else:
            made.append(_single(maker))
    return made


def _single(maker: _Maker) -> TrueShop:
    die = maker.die
    category = die.choices(list(_TRADES), (34, 22, 12, 13, 8, 7, 4))[0]
    trade = die.choice(_TRADES[category].split())
    return replace(
        _placed(maker),
        core=_core(maker),
        trade=trade,
        category=category,
        **_owner(maker, is_company=die.random() < 0.25),
    )


def _core(maker: _Maker) -> str:
    die = maker.die
    kind = die.random()
    if kind < 0.25:
        return (
            die.choice(("老", "阿", "小", ""))
            + die.choice(_SURNAMES)
            + die.choice(("记", "家", "氏", "师傅", "姐", "哥"))
        )
    if kind < 0.75:
        return die.choice(_FIRST) + die.choice(_SECOND)
    return die.choice(_FIRST) + die.choice(_SECOND) + die.choice(_SECOND)


def _owner(maker: _Maker, *, is_company: bool) -> dict[str, Any]:
    die = maker.die
    maker.serial += 1
    return {
        "licence": credit_code(maker.serial + 3_000_000, adcode="330203", is_company=is_company),
        "person": name_from(die.getrandbits(60)),
        "phone": f"1{die.choice('3578')}{die.randrange(10**9):09d}",
        "landline": f"8{die.randrange(10**7):07d}" if die.random() < 0.5 else "",
        "is_company": is_company,
    }


def _placed(maker: _Maker) -> TrueShop:
    """A shop at some place, nameless yet."""
    die = maker.die
    luck = die.random()
    zone, floor, stall = "", 0, 0
    if luck < 0.18:
        at = die.choice(maker.markets)
        zone, stall = die.choice("ABCD") if int(at.lon * 1e6) % 2 else "", die.randrange(1, 400)
        floor = die.choice((1, 1, 2, 3)) if int(at.lat * 1e6) % 2 else 0
        spread_m = 40.0
    elif luck < 0.35:
        at = die.choice(maker.malls)
        floor, stall, spread_m = die.randrange(1, 6), die.randrange(1, 60), 40.0
    else:
        home = die.choice(maker.ground.communities)
        road = die.choice(_roads(maker, home.adcode))
        at = _Premises("", road, die.randrange(1, 900), home, *_near(maker, home, 600))
        spread_m = 8.0
    lon, lat = _shifted(maker, at.lon, at.lat, spread_m)
    return TrueShop(
        number=0, core="", trade="", branch="", district=maker.ground.regions.division(at.home.adcode).name,
        town=at.home.township, road=at.road, house=at.house, premises=at.name, zone=zone, floor=floor, stall=stall,
        lon=lon, lat=lat, phone="", landline="", licence="", person="", category="", is_company=False,
    )  # fmt: skip


def _chains(maker: _Maker, brands: int) -> Iterator[TrueShop]:
    """Branches of brands, the first brands the largest; one licence a brand, a district, or a branch."""
    die = maker.die
    made = []
    for _ in range(brands):
        category = die.choice(list(_TRADES))
        core = "".join(die.sample(_FIRST, 1) + die.sample(_SECOND, 2))
        made.append(
            (
                core,
                die.choice(_TRADES[category].split()),
                category,
                _owner(maker, is_company=True),
                die.choice((0, 1, 2)),
            )
        )
    weights = [1 / (rank + 1) for rank in range(brands)]
    taken: set[tuple[str, str]] = set()
    while True:
        core, trade, category, owner, sharing = die.choices(made, weights)[0]
        shop = _placed(maker)
        if (core, shop.premises or shop.road) in taken:
            continue  # a chain does not open twice in one mall
        taken.add((core, shop.premises or shop.road))
        own = owner if sharing == 0 else {**_owner(maker, is_company=True), "person": owner["person"]}
        own = (
            {**own, "phone": owner["phone"]}
            if sharing == 1
            else {**own, "phone": f"1{die.randrange(3 * 10**9, 9 * 10**9)}"}
        )
        branch = (
            shop.premises or (shop.road if die.random() < 0.6 else shop.town.removesuffix("街道").removesuffix("镇"))
        ) + "店"
        yield replace(shop, core=core, trade=trade, category=category, branch=branch, **own)


def _successor(maker: _Maker, before: TrueShop) -> TrueShop:
    """Another owner behind the same door: another licence, often another name, now and then nearly the same."""
    core = before.core if maker.die.random() < 0.1 else _core(maker)
    return replace(before, core=core, branch="", **_owner(maker, is_company=False))


def _second_shop(maker: _Maker, first: TrueShop) -> TrueShop:
    """The same owner's shop elsewhere: same person and phone, the same licence now and then."""
    there = _placed(maker)
    core = first.core if maker.die.random() < 0.6 else _core(maker)
    licence = first.licence if maker.die.random() < 0.4 else str(_owner(maker, is_company=first.is_company)["licence"])
    return replace(there, core=core, trade=first.trade, category=first.category, licence=licence, person=first.person,
                   phone=first.phone, landline="", is_company=first.is_company)  # fmt: skip


def _premises(maker: _Maker, endings: list[str]) -> _Premises:
    die = maker.die
    home = die.choice(maker.ground.communities)
    name = die.choice(_FIRST) + die.choice(_SECOND) + die.choice(endings)
    lon, lat = _near(maker, home, 800)
    return _Premises(name, die.choice(_roads(maker, home.adcode)), die.randrange(1, 900), home, lon, lat)


def _roads(maker: _Maker, adcode: str) -> list[str]:
    if adcode not in maker.roads:
        every = [a + b for a in _ROAD_A for b in _ROAD_B]
        maker.roads[adcode] = maker.die.sample(every, 160)
    return maker.roads[adcode]


def _near(maker: _Maker, home: Community, spread_m: float) -> tuple[float, float]:
    return _shifted(maker, home.lon, home.lat, spread_m)


def _shifted(maker: _Maker, lon: float, lat: float, spread_m: float) -> tuple[float, float]:
    reach = spread_m / METRES_PER_DEGREE
    return lon + maker.die.gauss(0, reach) / LON_SHRINK, lat + maker.die.gauss(0, reach)
