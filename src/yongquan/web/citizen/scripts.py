"""The sentences that the citizen's scripts say: Chinese msgids by the name a script uses."""

BUTTON_WORDS = {
    "loading": "正在读取…",
    "claim": "立即领取",
    "claim_another": "再领一张",
    "claiming": "领取中…",
    "claimed": "已领取",
    "claimed_hint": "已放入券包，付款时自动使用",
    "retry": "重试",
    "lost": "网络中断。请重试：同一次领取不会领到两张",
    "unanswered": "上次领取没有收到答复。请重试：同一次领取不会领到两张",
    "sign_in": "登录后领取",
    "paused": "活动已暂停",
    "place_asking": "本轮仅限活动区域，正在定位…",
    "place_refused": "本轮仅限活动区域：请允许定位后再试",
    "place_again": "重新定位",
    "left": "剩余 %s 张",
    "days": "%s 天",
}
PAY_CODE_WORDS = {
    "show": "点击显示数字",
    "hide": "隐藏数字",
    "seconds": "%s 秒后自动刷新",
    "lost": "网络中断，付款码暂时不能刷新",
    "waiting": "银行正在处理，请稍候",
}
PAY_WORDS = {
    "quoting": "正在计算优惠…",
    "paying": "付款中…",
    "pay": "确认付款 %s 元",
    "pay_nothing": "确认付款",
    "lost": "网络中断。请重试：同一笔付款不会扣两次",
    "retry": "重试",
    "waiting": "银行正在处理，请稍候",
    "no_vouchers": "没有可用的消费券",
    "changed": "可用的消费券有变化，请重新确认",
    "cents": "金额最多两位小数",
}
MAP_WORDS = {
    "metres": "%s 米",
    "kilometres": "%s 公里",
    "here": "您的位置",
    "none": "附近没有适用的门店",
    "lost": "网络中断，门店暂时读不出来",
    "unlocated": "未获得定位，按市中心附近排列",
}
