"""Words for what the search found: msgids by code."""

from collections.abc import Mapping
from typing import Final

FINDING_KINDS: Final[Mapping[str, str]] = {
    "scalper_ring": "黄牛团伙",
    "cash_out_gang": "套现团伙",
    "vest_changer": "马甲商户",
    "relocated_terminal": "移机终端",
    "gambling_merchant": "涉赌商户",
}
PARTY_KINDS: Final[Mapping[str, str]] = {
    "citizen": "市民",
    "device": "设备",
    "card": "付款卡",
    "store": "门店",
    "terminal": "终端",
    "licence": "营业执照",
    "operator": "经营者",
    "account": "结算账户",
    "network": "网络",
}
SOURCES: Final[Mapping[str, str]] = {"platform": "平台记录", "exercise": "演示样本"}
