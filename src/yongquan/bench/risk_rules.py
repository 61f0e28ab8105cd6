"""A book of 200 rules for `bench risk`: speed, sums, sharing and rhythm of every party; they hardly ever fire."""

from itertools import cycle, islice, product

RULES = 200
_NAMED = {"owner": "bench", "title": "测", "title_en": "Bench", "reason": "测", "reason_en": "Bench"}
_PAYERS = ("citizen", "device", "card")
_SHOPS = ("store", "licence", "cashier", "terminal")
_MET = (
    *(("citizen", of, window) for of in ("store", "device", "card") for window in ("24h", "7d")),
    *(("device", of, window) for of in ("citizen", "card") for window in ("1h", "24h", "30d")),
    *(("card", "citizen", window) for window in ("24h", "30d")),
    *((shop, "citizen", window) for shop in _SHOPS for window in ("1h", "24h")),
    ("store", "device", "7d"),
    ("store", "card", "30d"),
)


def book_text() -> str:
    """The YAML text of the book."""
    conditions = islice(cycle(_conditions()), RULES)
    rules = [_rule(number, condition) for number, condition in enumerate(conditions, start=1)]
    return "title: 测速\ntitle_en: Bench\nrules:\n" + "".join(rules)


def _conditions() -> list[str]:
    made = [
        f"count('payment', '{party}', '{window}') > 5000 && amount > 100"
        for party, window in product(_PAYERS, ("10m", "1h", "24h"))
    ]
    made += [
        f"sum('payment', '{party}', 'voucher', '{window}') > yuan(900000) || amount > yuan(900000)"
        for party, window in product((*_PAYERS, *_SHOPS), ("24h", "7d"))
    ]
    made += [f"distinct('payment', '{party}', '{of}', '{window}') > 90000" for party, of, window in _MET]
    made += [f"count('payment', '{party}', '1h') > 9000 && voucher * 2 > amount" for party in (*_SHOPS, "place")]
    made += [f"gap('payment', '{party}') >= 0 && gap('payment', '{party}') < 0" for party in (*_PAYERS, "store")]
    made += ["sum('payment', 'store', 'amount', '30d') > yuan(90000000) && hour < 5"]
    return made


def _rule(number: int, condition: str) -> str:
    lines = [f"  - id: bench-{number}", *(f"    {key}: {value}" for key, value in _NAMED.items())]
    lines += ["    events: [payment]", f'    when: "{condition}"', "    action: watch", "    severity: 1"]
    return "\n".join(lines) + "\n"
