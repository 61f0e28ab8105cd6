"""Conditions and caps in words, the same on the citizen's page, the console and in the API. Chinese msgids."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from yongquan.kernel.regions import Division
from yongquan.merchants.groups import shop_groups
from yongquan.plumbing.db import Connection
from yongquan.vouchers.areas import areas_of
from yongquan.vouchers.limits import ClaimCap, Counting, DeviceScope, Over, Period, UseCap
from yongquan.vouchers.model import Caps, Conditions, Direction, UseRules
from yongquan.vouchers.terms import RoundTerms
from yongquan.web.language import Language, Named, Speech

WEEKDAYS = {1: "周一", 2: "周二", 3: "周三", 4: "周四", 5: "周五", 6: "周六", 7: "周日"}
DIRECTIONS = {
    Direction.SHOP_SCANS: "出示付款码",
    Direction.CITIZEN_SCANS: "扫商户码",
    Direction.ONLINE: "线上下单",
    Direction.EITHER: "任何方式",
}
PERIODS = {Period.ROUND: "本轮", Period.DAY: "每天", Period.CAMPAIGN: "本活动", Period.LIFETIME: "历次活动合计"}
OVERS = {Over.ALL: "", Over.INDUSTRY: "同一行业", Over.TYPE: "同一种券", Over.GROUP: "同一组券"}
KINDS = {Counting.INDUSTRIES: "个行业", Counting.GROUPS: "组券"}
SENTENCES = {
    "daily": "每天 %(from)s 至 %(until)s",
    "weekdays": "限%(days)s",
    "place": "须在 %(places)s 内领取",
    "place_near": "须在 %(places)s 内或周边 %(metres)s 米内领取",
    "age_min": "年满 %(age)s 周岁",
    "age_max": "不超过 %(age)s 周岁",
    "real_name": "已完成实名认证",
    "card_issuers": "已绑定 %(banks)s 的卡",
    "card_bins": "已绑定卡号以 %(bins)s 开头的卡",
    "new_customer": "%(banks)s 的新客户：活动开始后首次绑卡",
    "social_card": "已绑定社会保障卡",
    "list": "在本轮名单内",
    "list_tier": "在本轮名单内，且级别在前 %(tier)s 级",
    "device": "一台设备限一人领取",
    "platforms": "在 %(apps)s 内领取",
    "our_app": "本平台",
    "cap_round": "本轮每人限领 %(count)s 张",
    "cap_packs": "本轮每人限领 %(count)s 包",
    "cap_day": "本活动每人每天限领 %(count)s 张",
    "cap_campaign": "本活动每人限领 %(count)s 张",
    "cap_industry": "本活动同一行业每人限领 %(count)s 张",
    "cap_industry_round": "本轮同一行业每人限领 %(count)s 张",
    "cap": "%(period)s%(over)s每人限领 %(count)s 张",
    "cap_kinds": "%(period)s每人最多领 %(count)s %(kinds)s",
    "per_platform": "%(cap)s（各平台分别计算）",
    "use_cap": "%(period)s%(over)s每人限用 %(count)s 张",
    "use_cap_merchant": "%(period)s%(over)s每人在同一商户限用 %(count)s 张",
    "use_total": "%(period)s%(over)s全部市民合计限用 %(count)s 张",
    "use_total_merchant": "%(period)s%(over)s全部市民在同一商户合计限用 %(count)s 张",
    "use_daily": "每天 %(from)s 至 %(until)s 可用",
    "use_weekdays": "限%(days)s使用",
    "use_directions": "限%(ways)s时使用",
    "use_groups": "限 %(groups)s 的门店",
    "use_areas": "限 %(areas)s 内的门店",
    "use_terminals": "限指定收款终端",
    "use_cards": "限用指定银行或钱包付款",
    "use_goods": "限指定商品",
    "use_exchange": "免费兑换一件指定商品",
    "group": "“%(group)s”组",
}
LISTED = (*WEEKDAYS.values(), *DIRECTIONS.values(), *PERIODS.values(), *filter(None, OVERS.values()), *KINDS.values())


async def places_and_shops(connection: Connection) -> dict[str, Named]:
    """The areas and shop groups that conditions name."""
    areas: dict[str, Named] = {area.code: area for area in await areas_of(connection)}
    return areas | await shop_groups(connection)


@dataclass(frozen=True, slots=True)
class TermsWords:
    """Names of divisions, institutions, areas and shop groups, and the language to say them in."""

    speech: Speech
    division: Callable[[str], Division]
    names: Mapping[str, Named]

    def claiming(self, terms: RoundTerms, *, pack_size: int = 0) -> list[str]:
        """Who may claim, where, when and how much; a round of packs is counted in packs."""
        return [*self._conditions(terms.conditions), *self._caps(terms.caps, pack_size)]

    def using(self, use: UseRules) -> list[str]:
        """Where, when and for what vouchers may be used, beside industry, districts and threshold."""
        return list(self._use(use))

    def _conditions(self, c: Conditions) -> Iterator[str]:
        if c.daily:
            yield self._say("daily", **{"from": f"{c.daily[0]:%H:%M}", "until": f"{c.daily[1]:%H:%M}"})
        if c.weekdays:
            yield self._say("weekdays", days=self._days(c.weekdays))
        if c.districts or c.areas:
            places = [self.speech.name_of(self.division(code)) for code in sorted(c.districts or ())]
            places += self._named(c.areas or ())
            sentence = "place_near" if c.tolerance_m else "place"
            metres = {"metres": c.tolerance_m} if c.tolerance_m else {}
            yield self._say(sentence, places=self._list(places), **metres)
        if c.age_min:
            yield self._say("age_min", age=c.age_min)
        if c.age_max:
            yield self._say("age_max", age=c.age_max)
        yield from self._cards(c)
        if c.list_id:
            yield self._say("list_tier", tier=c.list_tier) if c.list_tier else self._say("list")
        if c.one_citizen_a_device in set(DeviceScope):
            yield self._say("device")
        if c.platforms is not None:
            apps = [self._name(code) if code else self._say("our_app") for code in c.platforms]
            yield self._say("platforms", apps=self._list(apps))

    def _cards(self, c: Conditions) -> Iterator[str]:
        if c.real_name:
            yield self._say("real_name")
        if c.card_issuers:
            yield self._say("card_issuers", banks=self._list(self._named(c.card_issuers)))
        if c.card_bins:
            yield self._say("card_bins", bins=self._list(c.card_bins))
        if c.new_customer_of:
            yield self._say("new_customer", banks=self._list(self._named(c.new_customer_of)))
        if c.social_card:
            yield self._say("social_card")

    def _caps(self, caps: Caps, pack_size: int) -> Iterator[str]:
        if pack_size and caps.per_round:
            yield self._say("cap_packs", count=(caps.per_round - 1) // pack_size + 1)
        plain = {
            "cap_round": None if pack_size else caps.per_round,
            "cap_day": caps.per_day,
            "cap_campaign": caps.per_campaign,
            "cap_industry": caps.per_industry,
            "cap_industry_round": caps.per_industry_round,
        }
        yield from (self._say(name, count=count) for name, count in plain.items() if count)
        for rule in caps.rules:
            yield self._claim_cap(rule)

    def _claim_cap(self, rule: ClaimCap) -> str:
        facts = {"period": self._of(PERIODS[rule.period]), "count": rule.most}
        if rule.counts is Counting.VOUCHERS:
            said = self._say("cap", **facts, over=self._over(rule))
        else:
            said = self._say("cap_kinds", **facts, kinds=self._of(KINDS[rule.counts]))
        return self._say("per_platform", cap=said) if rule.per_platform else said

    def _use(self, use: UseRules) -> Iterator[str]:
        if use.daily:
            yield self._say("use_daily", **{"from": f"{use.daily[0]:%H:%M}", "until": f"{use.daily[1]:%H:%M}"})
        if use.weekdays:
            yield self._say("use_weekdays", days=self._days(use.weekdays))
        if use.directions:
            yield self._say("use_directions", ways=self._list(self._of(DIRECTIONS[way]) for way in use.directions))
        if use.shop_groups:
            yield self._say("use_groups", groups=self._list(self._named(use.shop_groups)))
        if use.areas:
            yield self._say("use_areas", areas=self._list(self._named(use.areas)))
        if use.terminals:
            yield self._say("use_terminals")
        if use.card_issuers or use.card_bins:
            yield self._say("use_cards")
        if use.tags or use.skus:
            yield self._say("use_exchange" if use.exchange else "use_goods")
        for cap in use.caps:
            name = ("use_total" if cap.everyone else "use_cap") + ("_merchant" if cap.per_merchant else "")
            yield self._say(name, period=self._of(PERIODS[cap.period]), over=self._over(cap), count=cap.most)

    def _over(self, cap: ClaimCap | UseCap) -> str:
        if cap.over is Over.GROUP and cap.group:
            return self._say("group", group=cap.group)
        return self._of(OVERS[cap.over]) if OVERS[cap.over] else ""

    def _say(self, name: str, **facts: object) -> str:
        return self.speech.say(SENTENCES[name], **facts)

    def _of(self, msgid: str) -> str:
        said = self.speech.say(msgid)
        return said if self.speech.language is Language.CHINESE else f" {said} "

    def _days(self, weekdays: Iterable[int]) -> str:
        return self._list(self._of(WEEKDAYS[day]).strip() for day in weekdays)

    def _named(self, codes: Iterable[str]) -> list[str]:
        return [self._name(code) for code in codes]

    def _name(self, code: str) -> str:
        return self.speech.name_of(self.names[code]) if code in self.names else code

    def _list(self, parts: Iterable[str]) -> str:
        return self.speech.say("、").join(part.strip() for part in parts)
