"""A shop's own voucher in words: its terms, its state, its channel, its forecast. Chinese msgids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request

from yongquan.plumbing.clock import day_start
from yongquan.vouchers.own_forecast import Basis, Forecast
from yongquan.vouchers.own_model import Channel, Design, OwnKind, OwnState, OwnVoucher
from yongquan.web.language import Speech
from yongquan.web.words import Words, short_yuan

KINDS = {OwnKind.AMOUNT_OFF: "满减券", OwnKind.PERCENT_OFF: "折扣券", OwnKind.EXCHANGE: "兑换券"}
STATES = {
    OwnState.DRAFT: "草稿",
    OwnState.SUBMITTED: "待审核",
    OwnState.RESUBMITTED: "重新提交，待审核",
    OwnState.APPROVED: "已通过，待付款发布",
    OwnState.REJECTED: "未通过",
    OwnState.WITHDRAWN: "已撤回",
    OwnState.PUBLISHED: "已发布",
}
CHANNELS = {
    Channel.PROVIDER: "服务商",
    Channel.MINI_PROGRAMME: "小程序",
    Channel.MERCHANT_SPACE: "商户空间",
    Channel.BUREAU: "主管部门",
    Channel.FEDERATION: "工商联",
}
RUNS = {"open": "领取中", "coming": "未开始", "paused": "已暂停领取", "ended": "已结束"}
BASES = {
    Basis.SHOP: "按本店以往 %(claimed)s 张已到期自有券的实际核销率 %(rate)s 推算",
    Basis.CITY: "本店已到期的自有券不足 30 张，按全市 %(claimed)s 张已到期券的实际核销率 %(rate)s 推算",
    Basis.ASSUMED: "尚无足够的已到期券，按宁波 2022 年公布的核销率 %(rate)s 假定",
}
FAULTS = {
    "name": "请填写券名，最多 40 个字",
    "name_en": "英文名最多 40 个字符",
    "kind": "请选择券的类型",
    "amount": "金额须在 0.01 元至 10000 元之间，最多两位小数",
    "threshold": "使用门槛填金额；满减券的门槛不能低于减免金额",
    "rate": "折扣比例须大于 0、小于 100",
    "goods": "兑换券须写明商品标签或编码，最多 50 个",
    "stock": "张数须在 1 至 1000000 之间",
    "per_person": "每人限领须在 1 至 99 之间",
    "starts_on": "请选择开始日期",
    "ends_on": "结束日期不能早于开始日期或今天，期限不超过 366 天",
    "stores": "请至少选择一家自己的门店",
    "bank": "请选择监管账户开户银行",
}
PROBLEMS = {
    "funds_short": "监管账户余额不足，请先预存全部费用再发布",
    "forbidden_move": "当前状态不能这样做，请刷新后再看",
}
TERMS = {
    "exchange": "免费兑换一件指定商品，最高抵 %(amount)s 元",
    "exchange_from": "满 %(threshold)s 元，免费兑换一件指定商品，最高抵 %(amount)s 元",
    "amount": "满 %(threshold)s 元减 %(amount)s 元",
    "percent": "立减 %(rate)s，最多 %(amount)s 元",
    "percent_from": "满 %(threshold)s 元减 %(rate)s，最多 %(amount)s 元",
    "days": "%(since)s至%(until)s可领可用（含当天）",
    "count": "共 %(count)s 张，每人限领 %(each)s 张",
    "shops": "只在出券商户自己的门店使用，共 %(count)s 家",
    "order": "每单限用一张；政府消费券的活动规则允许时可同时使用",
    "refund": "有效期内整单退款，券退回券包；部分退款按比例退还",
    "cash": "不兑现、不找零",
    "payer": "费用全部由出券商户承担，发布前预存到监管账户",
}

Runs = Mapping[UUID, tuple[str, str, datetime, int]]


@dataclass(frozen=True, slots=True)
class OwnWords:
    """The language to say it in."""

    speech: Speech

    def kind(self, kind: OwnKind) -> str:
        return self.speech.say(KINDS[kind])

    def state(self, state: OwnState) -> str:
        return self.speech.say(STATES[state])

    def channel(self, channel: Channel) -> str:
        return self.speech.say(CHANNELS[channel])

    def run(self, run: str) -> str:
        return self.speech.say(RUNS[run])

    def fault(self, field: str) -> str:
        return self.speech.say(FAULTS[field])

    def problem(self, code: str) -> str:
        """A refusal in a sentence."""
        return self.speech.say(PROBLEMS[code]) if code in PROBLEMS else Words(self.speech).problems().get(code, code)

    def offer(self, design: Design) -> str:
        """What it takes off, and from how much."""
        facts = {"amount": short_yuan(design.amount_fen)}
        if design.kind is not OwnKind.AMOUNT_OFF and not design.threshold_fen:
            name = "percent" if design.kind is OwnKind.PERCENT_OFF else "exchange"
        else:
            name = {OwnKind.AMOUNT_OFF: "amount", OwnKind.PERCENT_OFF: "percent_from"}.get(design.kind, "exchange_from")
            facts["threshold"] = short_yuan(design.threshold_fen)
        if design.rate_bp is not None:
            facts["rate"] = _percent(design.rate_bp)
        return self._say(name, **facts)

    def terms(self, design: Design) -> Sequence[str]:
        """All that a citizen should know before claiming, but for the goods, which are in the shop's language."""
        return list(self._terms(design))

    def basis(self, forecast: Forecast) -> str:
        """Why that much is expected."""
        facts = {"rate": _percent(forecast.rate_bp)}
        if forecast.basis is not Basis.ASSUMED:
            facts["claimed"] = f"{forecast.claimed:,}"
        return self.speech.say(BASES[forecast.basis], **facts)

    def _terms(self, design: Design) -> Iterator[str]:
        yield self.offer(design)
        yield self._say("days", since=self.speech.day(design.starts_on), until=self.speech.day(design.ends_on))
        yield self._say("count", count=f"{design.stock:,}", each=design.per_person)
        yield self._say("shops", count=len(design.stores))
        for name in ("order", "refund", "cash", "payer"):
            yield self._say(name)

    def _say(self, name: str, **facts: object) -> str:
        return self.speech.say(TERMS[name], **facts)


def page_address(request: Request, own: OwnVoucher) -> str:
    """Where everybody can read the voucher's terms."""
    return str(request.base_url.replace(path=f"/c/own/{own.code}", query=""))


def run_of(own: OwnVoucher, runs: Runs, now: datetime) -> str:
    """How a published voucher runs: coming, open, paused or ended; nothing before."""
    if own.campaign_id is None or own.campaign_id not in runs:
        return ""
    campaign, round_, ends_at, _ = runs[own.campaign_id]
    if "ended" in {campaign, round_} or ends_at <= now:
        return "ended"
    if campaign != "published" or round_ != "published":
        return "paused"
    return "coming" if now < day_start(own.design.starts_on) else "open"


def _percent(rate_bp: int) -> str:
    return f"{rate_bp / 100:g}%"
