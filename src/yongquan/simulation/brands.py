"""Invented shop names: chains with many stores, and the parts of single shops' names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brand:
    """An invented chain; the earlier in its industry's list, the more stores it has."""

    code: str
    name: str
    industry: str


_CHAINS: dict[str, str] = {
    "dining": "穗里小馆 潮间带海鲜 三禾面坊 栖棠茶点 灶前香 渔火十里 米朵早餐 沐川烤鱼",
    "supermarket": "澄惠鲜市 百禾邻里超市 晴仓生活超市 月港平价超市 谷满家超市 云畔鲜生",
    "convenience": "拾光角便利 夜航灯便利 转角橙便利 小满站便利 零点仓便利 沿途便利",
    "department_store": "甬澜百货 星渚百货 锦序百货 望潮百货 元禾百货",
    "clothing": "素苎衣坊 北渚男装 绒与棉童装 锦溪女装 山岚户外服饰 织屿衣橱",
    "appliances": "澄电家电 光域数码 恒沐电器 家枢电器 星栈手机",
    "furnishing": "栖木家居 檐下灯饰 暖巢家纺 青瓦建材 木月橱柜",
    "lodging": "驿澜酒店 听潮客栈 云栖里民宿 枕江酒店 晚舟公寓酒店",
    "tourism": "渔岛假期 四明行旅行社 拾野营地 澜岸游船 山前漂流",
    "entertainment": "星幕影城 半页书店 声屿量贩歌厅 童画乐园 戏里剧场 棋盘街桌游",
    "sports": "跃澜健身 青羽球馆 泳者俱乐部 飞轮单车 山径户外",
    "motoring": "畅途加油站 净车坊洗车 安轮轮胎 顺翼汽修 电程充电站",
}

BRANDS: tuple[Brand, ...] = tuple(
    Brand(code=f"{code}-{rank}", name=name, industry=code)
    for code, names in _CHAINS.items()
    for rank, name in enumerate(names.split(), start=1)
)

# A single shop's name is one opening and one of its industry's trades.
_OPENINGS: tuple[str, ...] = (
    "阿芳 阿国 老陈 老范 小秦 小俞 阿毛 阿良 林家 周记 徐记 何记 沈家",
    "傅记 老街 巷口 桥头 河畔 新桥 东门 西河 南塘 北岸 福满 顺兴 同乐",
    "永丰 和顺 金穗 银杏 桂香 青梅 荷塘 竹里 松涛 海风 渔家 山里 甬上",
    "鄞水",
)
_TRADES: dict[str, str] = {
    "dining": "面馆 饭店 小吃店 海鲜馆 火锅店 早餐铺 茶餐厅 烧烤店 私房菜 糕团店",
    "supermarket": "超市 生鲜超市 水果店 粮油店 菜场",
    "convenience": "便利店 小卖部 烟酒店 杂货铺",
    "department_store": "百货商店 日用百货 商场",
    "clothing": "服装店 童装店 鞋店 内衣店 布艺店",
    "appliances": "电器行 手机店 家电维修部",
    "furnishing": "家具店 灯具店 窗帘店 五金建材 家纺店",
    "lodging": "宾馆 民宿 旅馆 酒店",
    "tourism": "农家乐 采摘园 旅行社 景区商店",
    "entertainment": "书店 影院 棋牌馆 歌厅 文具店",
    "sports": "健身馆 球馆 体育用品店 武馆",
    "motoring": "汽修厂 洗车店 加油站 轮胎店",
}

OPENINGS: tuple[str, ...] = tuple(word for line in _OPENINGS for word in line.split())
TRADES: dict[str, tuple[str, ...]] = {code: tuple(words.split()) for code, words in _TRADES.items()}
