"""The course for those who visit shops: what to know, and the test about it. Without a test that was passed, no task.

The words are the messages' ids: pages say them in the reader's language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from yongquan.kernel.errors import BadInput

FIELD: Final = "field"
PASS_SCORE: Final = 80
VALID_DAYS: Final = 365
TRIES_A_DAY: Final = 3


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its options; `right` is the number of the only right one."""

    text: str
    options: Sequence[str]
    right: int


LESSONS: Final = (
    "进店先出示工牌，说明来意和服务商名称，店主不方便时另约时间。",
    "门店名称、地址和定位以现场为准，定位误差大于 50 米时到门口重新定位。",
    "码与终端当面绑定：扫码牌，核对门店名称，再录入终端序列号。",
    "只收任务要求的信息，不抄录、不拍摄银行卡、身份证和顾客。",
    "政府消费券只给有营业执照的门店；发现套现、代刷，如实上报，不当场争执。",
)
QUESTIONS: Final = (
    Question("店主说现在很忙，怎么办？", ("另约时间再来", "请店员先代签", "记为已完成"), 0),
    Question("手机定位误差显示 120 米，怎么办？", ("直接提交", "到门口重新定位", "手工填写一个大概位置"), 1),
    Question("扫码后显示的是隔壁店的名称，怎么办？", ("照常绑定", "撕掉码牌", "停止绑定并上报"), 2),
    Question("下面哪一项可以拍照？", ("顾客的付款码", "门头招牌", "店主的身份证"), 1),
    Question("门店没有营业执照，能参加政府消费券吗？", ("不能，只能正常收款", "能，先用再补", "由店主自行决定"), 0),
    Question("发现门店疑似帮人套现，怎么办？", ("当场制止并争执", "不关我事", "如实上报"), 2),
    Question("换了终端，原来的绑定怎么处理？", ("重新绑定并写明原因", "两台都绑在同一张码上", "不用处理"), 0),
    Question("任务被退回补正，怎么办？", ("新建一条任务", "在原任务上修改后再提交", "不予理会"), 1),
    Question("店主想留您的手机号代为保管收款码，怎么办？", ("可以，方便联系", "收费代管", "不行，码牌由门店保管"), 2),
    Question("物料送到后，谁来确认收到？", ("门店自己", "服务商", "不用确认"), 0),
)


def score_of(answers: Sequence[int]) -> int:
    """How many of a hundred: each question counts the same, rounded down. Raises `BadInput`."""
    if len(answers) != len(QUESTIONS):
        raise BadInput(f"answers: {len(answers)} of {len(QUESTIONS)} questions were answered")
    right = sum(given == question.right for given, question in zip(answers, QUESTIONS, strict=True))
    return 100 * right // len(QUESTIONS)


def valid_until(score: int, day: date) -> date | None:
    """The last day that a test of this day counts; None if it was not passed."""
    return day + timedelta(days=VALID_DAYS) if score >= PASS_SCORE else None
