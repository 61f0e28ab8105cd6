"""The causal report of a draw in a reader's language."""

from collections.abc import Callable, Mapping
from typing import Any

from yongquan.kernel.money import yuan
from yongquan.kernel.regions import Division
from yongquan.vouchers.effect_store import EffectReport, PublishedPlan
from yongquan.web.console.papers import Block, Paper, Tile
from yongquan.web.language import Named, Speech
from yongquan.web.words import Words

CUT_HEADS: Mapping[str, str] = {"district": "按居住区县", "industry": "按门店行业", "age_band": "按年龄"}

# Age bands as the analysis names them, the youngest first.
AGES: Mapping[str, str] = {
    "-17": "18 岁以下",
    "18-29": "18–29 岁",
    "30-44": "30–44 岁",
    "45-59": "45–59 岁",
    "60+": "60 岁及以上",
}
_AGE_ORDER = {band: place for place, band in enumerate(AGES)}


def causal_paper(
    round_: Named,
    plan: PublishedPlan,
    report: EffectReport | None,
    said: Speech,
    division: Callable[[str], Division],
) -> Paper:
    """The report of a draw round; without a run yet, what was published about it."""
    title = said.say("摇号效果：%(round)s", round=said.name_of(round_))
    if report is None:
        notes = (said.say("分析尚未运行。观察期结束后按公布的方案计算。"),)
        return Paper(title, "", (), (_plan_block(plan, None, said), Block(said.say("结果"), notes=notes)))
    result = report.result
    blocks = [_how_block(result, said)]
    blocks += [_cut_block(cut, parts, said, division) for cut, parts in result["cuts"].items() if parts]
    blocks.append(_plan_block(plan, report, said))
    return Paper(title, said.moment(report.computed_at), _tiles(result, said), blocks)


def _tiles(result: Mapping[str, Any], said: Speech) -> list[Tile]:
    say = said.say
    return [
        Tile(say("每位中签者多消费"), f"¥{yuan(result['itt_fen'])}", _interval(result["ci95_fen"], result, said)),
        Tile(say("每位核销者多消费"), _money(result["late_fen"]), _interval(result["late_ci95_fen"], result, said)),
        Tile(
            say("每元补贴净带动"),
            _plain(result["per_subsidy"]),
            _interval(result["per_subsidy_ci95"], result, said, money=False),
        ),
        Tile(say("拉动比（未扣除本来的消费）"), _plain(result["naive_pull"]), say("核销者全部消费 ÷ 补贴")),
    ]


def _how_block(result: Mapping[str, Any], said: Speech) -> Block:
    say = said.say
    counts = say(
        "中签 %(winners)s 人，未中签 %(losers)s 人，分 %(strata)s 层；无可比者 %(left)s 人。核销率 %(takeup)s。",
        winners=f"{result['winners']:,}",
        losers=f"{result['losers']:,}",
        strata=f"{result['strata']:,}",
        left=f"{result['left_out']:,}",
        takeup=f"{result['takeup']:.1%}",
    )
    how = say("摇号使中签与未中签者在其他方面平均相同，两组在观察期内消费之差即消费券的作用。")
    return Block(say("怎样得出"), notes=(counts, how))


def _cut_block(cut: str, parts: Mapping[str, Any], said: Speech, division: Callable[[str], Division]) -> Block:
    say = said.say
    rows = []
    for name in sorted(parts, key=lambda one: _AGE_ORDER.get(one, 0)):
        part = parts[name]
        label = _label(cut, name, said, division)
        if part is None:
            rows.append([label, "—", say("人数不足"), "—"])
        else:
            people = f"{part['people']:,}"
            rows.append([label, yuan(part["itt_fen"]), _interval(part["ci95_fen"], None, said), people])
    heads = (say(CUT_HEADS[cut]), say("每位中签者多消费（元）"), say("区间（元）"), say("人数"))
    return Block(say(CUT_HEADS[cut]), heads, rows)


def _plan_block(plan: PublishedPlan, report: EffectReport | None, said: Speech) -> Block:
    say = said.say
    window = plan.plan.window
    notes = [
        say("摇号前于 %(at)s 公布，SHA-256：%(digest)s", at=said.moment(plan.published_at), digest=plan.digest),
        say("假设：%(text)s", text=plan.plan.hypothesis),
        say("观察期：%(start)s 至 %(end)s", start=said.moment(window.starts_at), end=said.moment(window.ends_at)),
    ]
    if report is not None and report.deviations:
        changed = ", ".join(report.deviations)
        notes.append(say("与公布的方案不同：%(fields)s。原因：%(reason)s", fields=changed, reason=report.reason))
    elif report is not None:
        notes.append(say("按公布的方案计算，没有改动。"))
    return Block(say("分析方案"), notes=notes)


def _label(cut: str, name: str, said: Speech, division: Callable[[str], Division]) -> str:
    if not name:
        return said.say("未知")
    if cut == "district":
        return said.name_of(division(name))
    if cut == "age_band":
        return said.say(AGES.get(name, name))
    return Words(said).industry(name) if cut == "industry" else name


def _interval(
    ends: list[float | None] | None, result: Mapping[str, Any] | None, said: Speech, *, money: bool = True
) -> str:
    if ends is None:
        return "—"
    if None in ends:
        return said.say("数据不足以给出区间")
    low, high = (yuan(round(end or 0)) if money else f"{end:.2f}" for end in ends)
    text = said.say("%(low)s 至 %(high)s", low=low, high=high)
    return text if result is None else f"{result['level']:.0%} · {text}"


def _money(fen: int | None) -> str:
    return "—" if fen is None else f"¥{yuan(fen)}"


def _plain(ratio: float | None) -> str:
    return "—" if ratio is None else f"{ratio:.2f}"
