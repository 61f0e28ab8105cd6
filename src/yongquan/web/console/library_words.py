"""What the merchant library's pages say: columns, reasons, points."""

from typing import Final

from yongquan.merchants.library.mapping import FAULT_WORDS
from yongquan.web.language import Speech

COLUMNS: Final = {
    "id": "编号",
    "name": "店名",
    "address": "地址",
    "phone": "电话",
    "licence": "执照号",
    "legal_representative": "法定代表人或经营者",
    "category": "行业",
    "lon": "经度",
    "lat": "纬度",
    "place": "坐标",
    "person": "法定代表人或经营者",
    "distance": "距离",
}
LEVELS: Final = {
    "same": "相同",
    "near": "相近",
    "different": "不同",
    "touching": "略有相同",
    "similar": "相似",
    "close": "很相似",
    "contained": "包含",
    "sounds_same": "同音",
    "elsewhere": "在别处",
    "other_number": "门牌不同",
    "incomparable": "无法比较",
    "same_road": "同一条路",
    "same_place": "同一市场",
    "same_number": "同一门牌",
    "same_unit": "同一铺位",
    "far": "1500 米以外",
    "around": "1500 米以内",
    "at": "60 米以内",
    "another": "两家本平台门店",
}
WHYS: Final = {
    "only": "只有一个来源",
    "agreed": "各来源一致",
    "sound": "写法有效",
    "trusted": "来源更可信",
    "frequent": "更多来源这样写",
    "newer": "较新的名单",
}
KINDS: Final = {
    "register": "工商登记",
    "own": "本平台",
    "survey": "上门采集",
    "bureau": "主管部门",
    "acquirer": "收单机构",
    "map": "地图",
    "other": "其他",
}
VERDICTS: Final = {"credible": "可信", "unsure": "待定", "doubtful": "存疑，已筛出"}
IMPORT_STATES: Final = {"staged": "待导入", "running": "导入中", "done": "已导入"}
POINTS: Final = {
    "licence_valid": "执照号校验正确",
    "in_business": "执照在营",
    "surveyed": "有人上门看过",
    "many_payers": "近 90 天有许多人付款",
    "some_payers": "近 90 天有人付款",
    "phone_verified": "电话核实过",
    "phone_given": "留有电话",
    "place_fits": "坐标在地址所写的区县",
    "places_agree": "各来源坐标一致",
    "has_door": "有门牌或铺位",
    "two_sources": "两个来源都有",
    "many_sources": "三个以上来源都有",
    "licence_wrong": "执照号校验不对",
    "out_of_business": "执照已注销或吊销",
    "one_source": "只有一个来源",
    "place_outside": "坐标不在本市",
    "division_wrong": "坐标不在地址所写的区县",
    "places_differ": "各来源坐标相距很远",
    "no_door": "没有门牌或铺位",
    "no_phone": "没有电话",
    "phone_dead": "电话打不通或不是本店",
    "phone_shared": "电话与许多不相干的店共用",
    "account_shared": "结算账户与多张执照共用",
    "residential": "地址是住宅",
    "no_payers": "近 90 天没有人付款",
}
LISTS: Final = (COLUMNS, LEVELS, WHYS, KINDS, VERDICTS, IMPORT_STATES, POINTS, FAULT_WORDS)


class LibraryWords:
    """The library's codes in the reader's language."""

    def __init__(self, speech: Speech) -> None:
        self._say = speech.say

    def column(self, code: str) -> str:
        return self._say(COLUMNS[code])

    def reason(self, code: str) -> str:
        """`name:same` in words; the merge of two shops of ours names no column."""
        column, _, level = code.partition(":")
        if level == "near" and column == "distance":
            return f"{self._say(COLUMNS[column])} {self._say('250 米以内')}"
        word = self._say(LEVELS[level])
        return f"{self._say(COLUMNS[column])} {word}" if column in COLUMNS else word

    def why(self, code: str) -> str:
        return self._say(WHYS[code])

    def kind(self, code: str) -> str:
        return self._say(KINDS[code])

    def verdict(self, code: str | None) -> str:
        return self._say(VERDICTS[code]) if code else "—"

    def state(self, code: str) -> str:
        return self._say(IMPORT_STATES[code])

    def point(self, code: str) -> str:
        return self._say(POINTS[code])

    def fault(self, code: str) -> str:
        return self._say(FAULT_WORDS[code])
