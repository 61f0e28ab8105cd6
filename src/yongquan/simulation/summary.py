"""A demo day's report for people: a table of campaigns' rounds and the day's money, Chinese and English."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from yongquan.kernel.money import yuan

ROUNDS_MAX = 40


def show_summary(report: Mapping[str, Any], console: Console) -> None:
    """Print the report; at most 40 rounds, the totals below them."""
    rounds = report["rounds"]
    table = Table(title=f"{report['campaign']}  轮次 rounds", title_justify="left")
    for name in ("轮次 round", "库存 stock", "领取 claimed", "核销 redeemed", "过期 expired", "核销额 yuan"):
        table.add_column(name, justify="left" if name.startswith("轮次") else "right")
    for row in rounds[:ROUNDS_MAX]:
        counts = [f"{row[name]:,}" for name in ("stock", "claimed", "redeemed", "expired")]
        table.add_row(row["name"], *counts, yuan(row["amount_fen"]))
    totals = [f"{sum(row[name] for row in rounds):,}" for name in ("stock", "claimed", "redeemed", "expired")]
    table.add_section()
    table.add_row(f"合计 {len(rounds)} 轮 rounds", *totals, yuan(sum(row["amount_fen"] for row in rounds)))
    console.print(table)
    console.print(_money(report))


def _money(report: Mapping[str, Any]) -> Table:
    payments, settlement, ledger = report["payments"], report["settlement"], report["ledger"]
    by_funder = dict(payments["by_funder"])
    citizens_fen = by_funder.pop("citizens", 0)
    facts = Table(show_header=False, box=None)
    facts.add_row("核销率 redemption rate", f"{100 * (report['redemption_rate'] or 0):.1f}%")
    facts.add_row("拉动比 pull ratio", f"1 : {report['pull_ratio'] or 0}")
    if effect := report["effect"]:
        low, high = effect["ci95_fen"]
        ends = "–" if None in (low, high) else f"{yuan(low)} – {yuan(high)}"
        truth = "" if effect["truth_fen"] is None else f", 真值 truth {yuan(effect['truth_fen'])}"
        facts.add_row("每位中签者多消费 per winner", f"{yuan(effect['itt_fen'])} 元 (95% {ends}{truth})")
    facts.add_row("付款 payments", f"{payments['count']:,} 笔, {yuan(payments['amount_fen'])} 元")
    facts.add_row("市民支付 citizens paid", f"{yuan(citizens_fen)} 元")
    facts.add_row("资金方支付 funders paid", f"{yuan(sum(by_funder.values()))} 元, {len(by_funder)} 家")
    facts.add_row("结算 settled", f"{settlement['shops']:,} 家商户 shops, {yuan(settlement['paid_fen'])} 元")
    facts.add_row("垫付 advanced", f"{yuan(settlement['advances_fen'])} 元")
    held = "账实相符 the book holds" if ledger["balanced"] else "账实不符 the book does not hold"
    facts.add_row("账本 ledger", f"{ledger['transfers']:,} 笔 transfers, {held}")
    facts.add_row("用时 seconds", "  ".join(f"{name} {value}" for name, value in report["seconds"].items()))
    return facts
