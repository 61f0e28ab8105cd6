"""How long 200 rules take on one event, in process: `python bench/judge_rules.py`. Prints one JSON document."""

import json
import random
import sys
import time
from datetime import UTC, datetime
from uuid import UUID

from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.rules.judging import CompiledBook

RULES, ROUNDS, SEED = 200, 5_000, 1
CONDITIONS = (
    "count('payment', '{party}', '{window}') > {n}",
    "sum('payment', '{party}', 'amount', '{window}') > yuan({n}00)",
    "distinct('payment', '{party}', 'citizen', '{window}') > {n} && voucher > 0",
    "tier('{party}', 'grey') >= 2 && amount > yuan({n})",
    "gap('payment', '{party}') >= 0 && gap('payment', '{party}') < {n} && hour < 6",
)
PARTIES = ("device", "card", "store", "cashier", "terminal")
WINDOWS = ("1m", "10m", "1h", "6h", "24h", "7d")


def book(dice: random.Random) -> str:
    """Rules of every sort, over every party and window."""
    lines = ["rules:"]
    for n in range(RULES):
        party, window = PARTIES[n // 5 % 5], WINDOWS[n // 25 % 6]
        when = CONDITIONS[n % 5].format(party=party, window=window, n=dice.randint(3, 40))
        lines += [f"  - id: rule-{n}", "    owner: bench", "    title: 规则", "    title_en: Rule", "    reason: 理由"]
        lines += ["    reason_en: Reason", "    events: [payment]", f"    when: {when}", "    action: watch"]
        lines += ["    severity: 1"]
    return "\n".join(lines)


def percentiles(values: list[float]) -> dict[str, float]:
    """The middle one, and what 99 of 100 stay below."""
    ordered = sorted(values)
    return {"p50": round(ordered[len(ordered) // 2], 3), "p99": round(ordered[len(ordered) * 99 // 100], 3)}


def main() -> None:
    """Judge the same event again and again, with other values each time."""
    dice = random.Random(SEED)
    begun = time.perf_counter()
    compiled = CompiledBook.of_text(book(dice))
    compile_ms = (time.perf_counter() - begun) * 1e3
    event = RiskEvent(
        event_id=UUID(int=1),
        kind=EventKind.PAYMENT,
        at=datetime(2026, 10, 2, 4, tzinfo=UTC),
        parties=dict.fromkeys(Entity, "x"),
        amount_fen=5_000,
        voucher_fen=1_000,
    )
    took, worked, fired = [], [], 0
    for _ in range(ROUNDS):
        values = {feature: dice.randint(0, 10) for feature in compiled.features}
        begun, cpu = time.perf_counter(), time.thread_time()
        fired += len(compiled.judge(event, values).fired)
        worked.append((time.thread_time() - cpu) * 1e3)
        took.append((time.perf_counter() - begun) * 1e3)
    found = {
        "rules": RULES,
        "features": len(compiled.features),
        "fired_mean": round(fired / ROUNDS, 1),
        "compile_ms": round(compile_ms, 1),
        "judge_ms": percentiles(took),
        "judge_cpu_ms": percentiles(worked),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
