"""Words for the work of providers, said on the phone and at the desk: msgids by code."""

from collections.abc import Mapping
from typing import Final

from yongquan.web.language import Speech

TASK_KINDS: Final[Mapping[str, str]] = {
    "first_visit": "首次走访",
    "inspection": "日常巡检",
    "training": "门店培训",
    "delivery": "物料配送",
    "revisit": "抽查复访",
    "pay_appeal": "结算申诉",
}
TASK_STATES: Final[Mapping[str, str]] = {
    "open": "待分派",
    "assigned": "待接单",
    "accepted": "已接单",
    "under_way": "进行中",
    "done": "待检查",
    "returned": "退回补正",
    "checked": "已完结",
    "cancelled": "已取消",
}
TASK_STEPS: Final[Mapping[str, str]] = {
    "plan": "生成任务",
    "assign": "分派",
    "decline": "退单",
    "accept": "接单",
    "start": "开始",
    "finish": "提交",
    "return": "退回补正",
    "check": "检查通过",
    "cancel": "取消",
    "decide": "答复申诉",
}
PROVIDER_STATES: Final[Mapping[str, str]] = {
    "applied": "待审批",
    "active": "合作中",
    "suspended": "已暂停",
    "ended": "已终止",
    "refused": "未通过",
}
PROVIDER_STEPS: Final[Mapping[str, str]] = {
    "approve": "批准合作",
    "refuse": "不予通过",
    "suspend": "暂停",
    "resume": "恢复",
    "end": "终止合作",
}
FIELD_REFUSALS: Final[Mapping[str, str]] = {
    "not_a_surveyor": "这个手机号不是任何服务商的走访员，请联系服务商添加",
    "not_at_work": "服务商合同未生效、已暂停，或该人员已离开",
    "not_trained": "还没有有效的培训合格记录，请先参加培训测试",
    "too_many_tests": "今天已测试三次，请明天再试",
    "forbidden_move": "任务状态已变化，请刷新后再操作",
    "note_missing": "请填写说明，最多 500 字",
    "not_this_provider": "复访须由另一家服务商完成",
    "code_malformed": "这不是门店的码牌，请重新扫描",
    "code_of_another_store": "这是另一家门店的码牌，没有绑定，请上报",
    "not_a_terminal": "终端序列号为 4 至 32 位字母、数字或短横线",
    "bound_elsewhere": "这台终端已绑在另一家门店，换绑请填写原因",
    "not_found": "没有这条任务，或不属于您",
    "forbidden": "只有服务商负责人可以这样操作",
    "bad_request": "填写有误，请检查后再提交",
}
SURVEY_STATES: Final[Mapping[str, str]] = {
    "receiving": "照片未传完",
    "submitted": "待检查",
    "returned": "退回补正",
    "accepted": "已通过",
}
SURVEY_FLAGS: Final[Mapping[str, str]] = {
    "new_shop": "新门店",
    "no_position": "没有定位",
    "poor_accuracy": "定位误差超过 100 米",
    "far_from_shop": "离门店登记位置过远",
    "not_open": "未在营业",
    "no_front_photo": "没有门头照片",
    "sign_differs": "门头与登记名称不符",
    "clock_ahead": "手机时间超前",
    "kept_long": "七天以前的记录",
    "photo_seen_before": "照片与别处的相同",
    "task_elsewhere": "任务已转给别人或已结束",
}
SHOP_STATUSES: Final[Mapping[str, str]] = {
    "open": "营业中",
    "paused": "暂停营业",
    "closed": "已关门",
    "moved": "已搬走",
    "not_found": "找不到",
}
PHOTO_KINDS: Final[Mapping[str, str]] = {"front": "门头", "inside": "店内", "licence": "执照", "terminal": "终端"}
FIELD_REFUSED: Final = "暂时不能这样操作，请返回后重试"
LISTS: Final = (
    *(TASK_KINDS, TASK_STATES, TASK_STEPS, PROVIDER_STATES, PROVIDER_STEPS, FIELD_REFUSALS),
    *(SURVEY_STATES, SURVEY_FLAGS, SHOP_STATUSES, PHOTO_KINDS),
)


class FieldWords:
    """Words of the field in the reader's language."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech

    def kind(self, code: str) -> str:
        return self.speech.say(TASK_KINDS[code])

    def state(self, code: str) -> str:
        return self.speech.say(TASK_STATES[code])

    def step(self, code: str) -> str:
        return self.speech.say(TASK_STEPS[code])

    def provider_state(self, code: str) -> str:
        return self.speech.say(PROVIDER_STATES[code])

    def provider_step(self, code: str) -> str:
        return self.speech.say(PROVIDER_STEPS[code])

    def refusal(self, code: str) -> str:
        return self.speech.say(FIELD_REFUSALS.get(code, FIELD_REFUSED))
