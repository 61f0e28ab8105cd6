"""The closed list of reasons of an answer, in Chinese and English. Nothing else is ever told. Pure."""

from collections.abc import Mapping
from typing import Final

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "reported_fraud": ("有机构报送涉诈", "an institution reported fraud"),
    "reported_mule": ("有机构报送出租出借账户", "an institution reported an account lent or sold"),
    "reported_gambling": ("有机构报送涉赌", "an institution reported gambling"),
    "reported_cash_out": ("有机构报送套现", "an institution reported cash-out"),
    "reported_stolen_identity": ("有机构报送冒用身份", "an institution reported a stolen identity"),
    "reported_false_merchant": ("有机构报送虚假商户", "an institution reported a false merchant"),
    "reported_by_several": ("多家机构报送", "more than one institution reported it"),
    "official_finding": ("公安或司法已认定", "the police or a court found so"),
    "own_report": ("本机构曾报送", "your own institution reported it"),
    "blocked_here": ("本平台已停用该用户", "this platform has blocked the person"),
    "listed_black": ("本平台黑名单", "on this platform's black list"),
    "listed_grey": ("本平台灰名单", "on this platform's grey list"),
    "listed_yellow": ("本平台黄名单", "on this platform's yellow list"),
    "barred_merchant": ("本平台禁入商户,或由其负责人、账户关联", "a merchant barred here, or its owner or account"),
    "near_barred_merchant": ("与本平台在列商户有关联线索", "traces lead to a merchant listed here"),
    "shared_marks": ("与其他在册商户共用信息", "shares particulars with another merchant"),
    "asked_often": ("短时间内多家机构核验", "several institutions asked about it within a day"),
    "unusual_transfer": ("该笔转账与以往明显不同", "the transfer is far from what came before"),
}
