"""Why a score is high: what each feature added, said in Chinese and English."""

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from yongquan.risk.model.events import Floats, Ints, Singles
from yongquan.risk.model.fitted import Fitted, Scored

WHO: Final = {
    "payer": ("付款方", "the payer"),
    "payee": ("收款方", "the payee"),
    "pair": ("这一对付款方和收款方", "this payer and payee"),
    "device": ("该设备", "the device"),
    "location": ("该地点", "the place"),
    "kind": ("该类型", "this kind of event"),
    "event": ("本笔", "the event"),
}
_THINGS: Final = {
    "payees": ("收款方", "payees"),
    "payers": ("付款方", "payers"),
    "devices": ("设备", "devices"),
    "locations": ("地点", "places"),
}
_SPANS: Final = {
    "1h": ("1小时", "an hour"),
    "1d": ("1天", "a day"),
    "7d": ("7天", "7 days"),
    "30d": ("30天", "30 days"),
}
# The measure's name -> what to say; the first that fits is taken. {who}, {span}, {thing}, {x}, {value}.
_SAYINGS: Final = tuple(
    (re.compile(pattern), chinese, english)
    for pattern, chinese, english in (
        (r"^known\.(?P<w>\w+?)_(?:bad|rate|count)(?:_(?P<s>1d|7d|30d))?$", "{who}以前的已知不良记录({value})",
         "what is known of {who}'s earlier events ({value})"),
        (r"^known\.(?P<w>\w+?)_bad_age$", "{who}最近一次已知不良在{value}天前",
         "{who}'s last known bad event was {value} days before"),
        (r"^event\.amount$", "金额本身", "the amount itself"),
        (r"^event\.(?:hour|weekday)$", "发生的时间", "the time of day or week"),
        (r"^event\.roundness$", "金额是否整数", "how round the amount is"),
        (r"^event\.to_self$", "付款方与收款方相同", "payer and payee are the same"),
        (r"^event\.kind$", "事件类型", "the kind of event"),
        (r"^event\.unusual$", "多项指标同时罕见", "several rare things at once"),
        (r"^event\.amount_over\.(?P<x>x_\w+)$", "金额与{x}之比({value})", "the amount over {x} ({value})"),
        (r"^event\.(?P<x>x_\w+\.less\.x_\w+)$", "{x}之差({value})", "the difference {x} ({value})"),
        (r"^event\.(?P<x>x_\w+)$", "{x}为{value}", "{x} is {value}"),
        (r"^(?P<w>payer|payee)\.(?P<x>x_\w+)\.\w+$", "{x}偏离{who}以往水平({value})",
         "{x} against {who}'s past ({value})"),
        (r"^(?P<w>\w+)\.new_(?P<t>\w+?)_(?P<s>1h|1d|7d)$", "{who}{span}内首次往来的{thing}数({value})",
         "{value} {thing} new to {who} within {span}"),
        (r"^(?P<w>\w+)\.(?P<t>payees|payers|devices|locations)(?:_per_event)?$", "{who}往来过的{thing}({value})",
         "how many {thing} {who} has met ({value})"),
        (r"^(?P<w>\w+)\.(?:in|out)_\w+$", "{who}刚收进或付出的资金({value})",
         "money that just came to or left {who} ({value})"),
        (r"^(?P<w>\w+)\.(?:count|burst)_(?P<s>1h|1d|7d|30d)$", "{who}{span}内的次数({value})",
         "how often {who} acted within {span} ({value})"),
        (r"^(?P<w>\w+)\.(?:count|age)$", "{who}的历史长短({value})", "how long {who} has been known ({value})"),
        (r"^(?P<w>\w+)\.gap$", "{who}距上一笔的时间", "the time since {who}'s last event"),
        (r"^(?P<w>\w+)\.(?:amount_over_\w+|deviation|payer_deviation|rank_of_last)$",
         "金额与{who}以往相比({value})", "the amount against {who}'s past ({value})"),
        (r"^(?P<w>\w+)\.(?:amount_mean|amount_spread|mean_\w+)$", "{who}以往的金额水平", "{who}'s usual amounts"),
        (r"^(?P<w>\w+)\.(?:oddest_of_last|odd_\w+)$", "{who}近期的异常金额({value})",
         "odd amounts of {who} lately ({value})"),
        (r"^(?P<w>\w+)\.same_amount_\w+$", "{who}重复的相同金额({value})", "equal amounts repeated by {who} ({value})"),
        (r"^(?P<w>\w+)\.(?:usual_hour|night_share)$", "与{who}惯常时段相比", "the hour against {who}'s usual ones"),
        (r"^(?P<w>\w+)\.round_share$", "{who}整数金额的占比", "{who}'s share of round amounts"),
        (r"^(?P<w>\w+)\.\w*(?:times_by_payer|share_of_payer|share_of_payee|changed|changes_1d)$",
         "{who}对双方是否熟悉({value})", "how usual {who} is here ({value})"),
        (r"^(?P<w>\w+)\..*$", "{who}的往来习惯({value})", "the habits of {who} ({value})"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that raised a score, in log-odds."""

    feature: str
    adds: float
    chinese: str
    english: str


def explain(model: Fitted, scored: Scored, rows: Ints, *, most: int = 3) -> list[list[Reason]]:
    """For each of these rows what raised its score most, the largest first; a saying is not repeated."""
    if model.mode == "unusual":
        names = tuple(model.rarity.quantiles)
        part = scored.table.take(rows)
        plain = tuple(name.removesuffix("-") for name in names)
        found = model.rarity.surprises(part)
        values = part.only(plain)
        return [_strongest(plain, found[at], values[at], most) for at in range(len(rows))]
    reasons: list[list[Reason]] = [[] for _ in rows]
    for name, is_informed in (("blind", False), ("informed", True)):
        places = np.flatnonzero(scored.is_informed[rows] == is_informed)
        if not len(places) or name not in model.views:
            continue
        view, chosen = model.views[name], rows[places]
        values = scored.table.take(chosen).only(view.names)
        added = view.forest.contributions(values)
        if view.line is not None:
            part = scored.table.take(chosen)
            columns = [view.names.index(one) for one in view.line.names if one in view.names]
            kept = [number for number, one in enumerate(view.line.names) if one in view.names]
            added[:, columns] += view.line.contributions(part)[:, kept]
        for at, place in enumerate(places):
            reasons[place] = _strongest(view.names, added[at], values[at], most)
    return reasons


def say(feature: str, value: float) -> tuple[str, str]:
    """A feature and its value in Chinese and in English."""
    for pattern, chinese, english in _SAYINGS:
        found = pattern.match(feature)
        if found:
            parts = found.groupdict()
            shown = "未知" if math.isnan(value) else f"{value:.4g}", "unknown" if math.isnan(value) else f"{value:.4g}"
            facts = [
                {
                    "who": WHO.get(parts.get("w") or "event", WHO["event"])[tongue],
                    "span": _SPANS.get(parts.get("s") or "", ("", ""))[tongue],
                    "thing": _THINGS.get(parts.get("t") or "", ("", ""))[tongue],
                    "x": (parts.get("x") or "").replace(".less.", " - "),
                    "value": shown[tongue],
                }
                for tongue in (0, 1)
            ]
            return chinese.format(**facts[0]), english.format(**facts[1])
    return feature, feature


def _strongest(names: tuple[str, ...], added: Floats, values: Floats | Singles, most: int) -> list[Reason]:
    reasons: list[Reason] = []
    said: set[str] = set()
    for at in np.argsort(-added, kind="stable"):
        if added[at] <= 0 or len(reasons) == most:
            break
        chinese, english = say(names[at], float(values[at]))
        key = re.sub(r"\(.*?\)|（.*?）", "", english)
        if key not in said:
            said.add(key)
            reasons.append(Reason(names[at], round(float(added[at]), 4), chinese, english))
    return reasons
