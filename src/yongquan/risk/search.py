"""Everything that a search over some days looks for. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from yongquan.risk.findings import Finding, FindingKind
from yongquan.risk.graph.dealings import DAY_US, SHANGHAI_US, Dealings, ShopFacts
from yongquan.risk.graph.gangs import find_gangs
from yongquan.risk.graph.graph import Tie
from yongquan.risk.graph.vests import find_vests
from yongquan.risk.terminals.gambling import find_gambling
from yongquan.risk.terminals.relocation import find_relocated

DAYS: Final = 7  # how far a search looks back
RECENT_DAYS: Final = 3  # a terminal's last days, compared with those before
GANGS: Final = (FindingKind.SCALPER_RING, FindingKind.CASH_OUT_GANG, FindingKind.VEST_CHANGER)
AT_SHOPS: Final = (FindingKind.RELOCATED_TERMINAL, FindingKind.GAMBLING_MERCHANT)


def search_days(dealings: Dealings, shops: Sequence[ShopFacts], *, ties: Iterable[Tie] | None = None) -> list[Finding]:
    """Gangs, vest-changers, relocated terminals and gambling merchants in some days, the last of which is looked at.

    `ties` are the days' ties where they are kept; else they are made from the events.
    """
    if not len(dealings):
        return []
    days = dealings.days()
    split_us = (days[-1] - RECENT_DAYS + 1) * DAY_US - SHANGHAI_US
    usual, recent = dealings.between(0, split_us), dealings.between(split_us, (days[-1] + 1) * DAY_US)
    return [
        *find_gangs(dealings, ties),
        *find_vests(dealings, shops),
        *find_relocated(usual, recent, shops),
        *find_gambling(dealings),
    ]
