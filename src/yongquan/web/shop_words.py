"""Merchant Space in words, for shops and for the desk: states, topics, conditions and what to do about them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from yongquan.institutions.views import Party
from yongquan.kernel.regions import Division
from yongquan.merchants.enrolment.conditions import Condition, Finding
from yongquan.merchants.enrolment.model import NominationState
from yongquan.merchants.materials.model import OrderState, Pieces
from yongquan.merchants.publications.model import Audience, Kind, PublicationState, Reach
from yongquan.merchants.questions.model import Topic
from yongquan.merchants.services.model import RequestState
from yongquan.web.language import Speech
from yongquan.web.words import Words

KINDS = {Kind.NOTICE: "通知", Kind.SERVICE: "增值服务", Kind.ANSWER: "常见问题", Kind.CALL: "活动招募"}
PUBLICATION_STATES = {
    PublicationState.DRAFT: "草稿",
    PublicationState.SUBMITTED: "待他人复核",
    PublicationState.PUBLISHED: "已发布",
    PublicationState.RETURNED: "已退回",
    PublicationState.WITHDRAWN: "已撤下",
}
AUDIENCES = {
    Audience.ALL: "全部门店",
    Audience.INDUSTRY: "一个行业",
    Audience.DISTRICT: "一个区县",
    Audience.GRID: "一个网格",
    Audience.STORE: "一家门店",
}
ORDER_STATES = {
    OrderState.ORDERED: "待发货",
    OrderState.SENT: "派送中",
    OrderState.DELIVERED: "已送达，待确认",
    OrderState.CONFIRMED: "已确认收到",
    OrderState.MISSING: "没有收到",
    OrderState.REFUSED: "不予发放",
    OrderState.WITHDRAWN: "已撤回",
}
PIECES = {"stickers": "门贴", "table_cards": "台卡", "code_plates": "收款码牌"}
REQUEST_STATES = {
    RequestState.REQUESTED: "等待答复",
    RequestState.OFFERED: "已答复，请确认",
    RequestState.REFUSED: "未能提供",
    RequestState.ACCEPTED: "已接受",
    RequestState.DECLINED: "已谢绝",
    RequestState.WITHDRAWN: "已撤回",
}
TOPICS = {
    Topic.CAMPAIGN: "活动报名",
    Topic.MONEY: "结算到账",
    Topic.APPEAL: "暂缓结算申诉",
    Topic.ACCOUNT: "账户与资料",
    Topic.DEVICE: "设备与收款码",
    Topic.OTHER: "其他",
}
NOMINATION_STATES = {
    NominationState.PROPOSED: "待他人复核",
    NominationState.APPROVED: "已同意",
    NominationState.REFUSED: "未同意",
}
CONDITIONS = {
    Condition.SIGN_UP_OPEN: "在报名时间内",
    Condition.PLACES_LEFT: "还有名额",
    Condition.STORE_OPEN: "门店正常营业",
    Condition.LICENCE: "已登记营业执照",
    Condition.LICENCE_STANDS: "营业执照有效",
    Condition.NOT_LISTED: "不在重点关注名单中",
    Condition.INDUSTRY: "行业相符",
    Condition.DISTRICT: "区县相符",
    Condition.ACQUIRER: "收单机构相符",
    Condition.RELIEF: "属于纾困门店",
    Condition.REGISTERED: "登记满规定天数",
    Condition.PAYMENTS: "近 30 天有足够收款",
    Condition.NO_HOLD: "没有暂缓结算",
}
# What is wanted and what was found.
ASKED = {
    Condition.SIGN_UP_OPEN: "报名时间：%(since)s 至 %(until)s",
    Condition.PLACES_LEFT: "剩余名额：%(found)s",
    Condition.LICENCE: "政府消费券只在有营业执照的门店使用",
    Condition.INDUSTRY: "要求：%(wanted)s；本店：%(found)s",
    Condition.DISTRICT: "要求：%(wanted)s；本店：%(found)s",
    Condition.ACQUIRER: "要求：%(wanted)s；本店：%(found)s",
    Condition.REGISTERED: "要求满 %(wanted)s 天；本店已 %(found)s 天",
    Condition.PAYMENTS: "要求至少 %(wanted)s 笔；本店 %(found)s 笔",
}
WHAT_TO_DO = {
    Condition.SIGN_UP_OPEN: "请在报名时间内再来；错过的可等下一次招募",
    Condition.PLACES_LEFT: "名额已满；有门店退出时名额会放出",
    Condition.STORE_OPEN: "门店已暂停收款，请先在问答中联系平台恢复",
    Condition.LICENCE: "请先补登营业执照，审核通过后再报名",
    Condition.LICENCE_STANDS: "登记机关显示执照已注销或吊销；换了新执照的，请重新申请入驻",
    Condition.NOT_LISTED: "名单内的商户不能参加；有异议请在入驻申请中申诉，或在问答中说明",
    Condition.INDUSTRY: "行业登记有误时，请在问答中申请更正",
    Condition.DISTRICT: "本次只面向所列区县；地址登记有误时，请在问答中申请更正",
    Condition.ACQUIRER: "改由所列机构收单后可以报名",
    Condition.RELIEF: "本次只面向纾困门店；符合条件的请向所在区县申请认定",
    Condition.REGISTERED: "满规定天数后可以报名",
    Condition.PAYMENTS: "再完成几笔收款后可以报名",
    Condition.NO_HOLD: "暂缓结算解除后可以报名；有异议请在“到账与暂缓”中申诉",
}
FAULTS = {
    "missing": "请填写",
    "too_long": "内容过长，请缩短",
    "unknown": "没有这个对象，请重新选择",
    "not_for_one": "这类内容不能只发给一家门店",
    "before_campaign": "报名截止须在将来，且不晚于活动开始",
    "before_close": "报名开始须早于截止",
    "too_many": "一次最多 200 家",
    "other_division": "只能推荐本区县的门店",
    "appeal_from_hold": "申诉请从“到账与暂缓”中的那一笔发起",
    "not_a_number": "请填写整数",
    "not_a_time": "请选择日期和时间",
    "out_of_range": "超出一次可申请的数量",
}
PROBLEMS = {
    "condition_unmet": "有条件未满足，没有报上名：见下列条件",
    "campaign_begun": "活动已经开始，不能再退出",
    "request_open": "这项服务您已申请，请等待答复",
    "materials_open": "上一次申请的物料还没有确认收到，请先确认或撤回",
    "answered_before": "他人已经答复过",
    "forbidden_move": "当前状态不能这样做，请刷新后再看",
}
OPERATOR_NAME = "涌泉平台"

Divisions = Callable[[str], Division]


@dataclass(frozen=True, slots=True)
class ShopWords:
    """The language to say it in, with what districts and institutions are called."""

    speech: Speech
    division: Divisions
    parties: dict[str, Party]

    def kind(self, kind: Kind) -> str:
        return self.speech.say(KINDS[kind])

    def publication_state(self, state: PublicationState) -> str:
        return self.speech.say(PUBLICATION_STATES[state])

    def order_state(self, state: OrderState) -> str:
        return self.speech.say(ORDER_STATES[state])

    def pieces(self, pieces: Pieces) -> str:
        """What an order asks for: its items and how many of each."""
        say = self.speech.say
        counted = [(say(PIECES[item]), getattr(pieces, item)) for item in PIECES]
        return say("、").join(f"{name} × {count}" for name, count in counted if count)

    def request_state(self, state: RequestState) -> str:
        return self.speech.say(REQUEST_STATES[state])

    def nomination_state(self, state: NominationState) -> str:
        return self.speech.say(NOMINATION_STATES[state])

    def topic(self, topic: Topic) -> str:
        return self.speech.say(TOPICS[topic])

    def audience(self, audience: Audience) -> str:
        return self.speech.say(AUDIENCES[audience])

    def fault(self, why: str) -> str:
        return self.speech.say(FAULTS[why])

    def problem(self, code: str) -> str:
        """A refusal in a sentence."""
        return self.speech.say(PROBLEMS[code]) if code in PROBLEMS else Words(self.speech).problems().get(code, code)

    def publisher(self, code: str) -> str:
        """Who publishes: the operator, or an institution."""
        if code in self.parties:
            return self.speech.name_of(self.parties[code])
        return self.speech.say(OPERATOR_NAME)

    def reach(self, reach: Reach) -> str:
        """Who a publication is for; one store is told by the end of its id."""
        match reach.audience:
            case Audience.INDUSTRY:
                return Words(self.speech).industry(reach.value)
            case Audience.DISTRICT:
                return self._place(reach.value)
            case Audience.GRID:
                return self.grid(reach.value)
            case Audience.STORE:
                return f"{self.audience(reach.audience)} {reach.value[-8:].upper()}"
            case _:
                return self.audience(reach.audience)

    def grid(self, code: str) -> str:
        """A grid by its division and number."""
        adcode, _, number = code.partition("-")
        return f"{self._place(adcode)} {number}"

    def condition(self, condition: Condition | str) -> str:
        return self.speech.say(CONDITIONS[Condition(condition)])

    def what_to_do(self, finding: Finding) -> str:
        """How a shop comes to meet a condition that it does not."""
        return self.speech.say(WHAT_TO_DO[finding.condition])

    def asked(self, finding: Finding) -> str:
        """What was wanted and found, "" where the condition says it all."""
        condition = finding.condition
        if condition not in ASKED:
            return ""
        if condition is Condition.SIGN_UP_OPEN:
            since, until = (self.speech.moment(datetime.fromisoformat(at)) for at in finding.wanted)
            return self.speech.say(ASKED[condition], since=since, until=until)
        wanted = ", ".join(self._named(condition, code) for code in finding.wanted)
        if condition is Condition.LICENCE:
            return self.speech.say(ASKED[condition])
        facts = {"found": self._named(condition, finding.found)}
        return self.speech.say(ASKED[condition], **facts, **({"wanted": wanted} if wanted else {}))

    def _named(self, condition: Condition, code: str) -> str:
        match condition:
            case Condition.INDUSTRY:
                return Words(self.speech).industry(code)
            case Condition.DISTRICT:
                return self._place(code)
            case Condition.ACQUIRER:
                return self.publisher(code) if code in self.parties else code
            case _:
                return code

    def _place(self, adcode: str) -> str:
        return self.speech.name_of(self.division(adcode))
