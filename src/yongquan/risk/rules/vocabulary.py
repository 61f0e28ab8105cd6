"""The words a condition may use: event values, facts, functions, types. Pure."""

from collections.abc import Mapping
from typing import Final

from yongquan.risk.events import Entity, EventKind
from yongquan.risk.features.model import SUMS, WINDOWS_S
from yongquan.risk.lists.model import Colour

TYPES: Final[Mapping[str, type]] = {"int": int, "bool": bool, "str": str}

# The event itself. Amounts in fen; hour 0 to 23 and weekday 1 (Monday) to 7 are Shanghai's.
EVENT_VALUES: Final[Mapping[str, type]] = {
    "kind": str,
    "amount": int,
    "voucher": int,
    "hour": int,
    "weekday": int,
}

# Facts the product knows how to give; a book may declare others.
FACTS: Final[Mapping[str, type]] = {
    "online": bool,  # no terminal and no cashier took part
    "adcode": str,  # the store's district
    "channel": str,  # the app or the way the event came by
    "vouchers": int,  # how many vouchers the payment uses
    "threshold": int,  # the lowest bill, in fen, at which its vouchers could be used together
    "spot": str,  # where the citizen is, an H3 cell: as the phone says, else the store's, unless online
    "distance_m": int,  # from where the phone says the citizen is to the store
    "moved_m": int,  # from the place of the citizen's last payment, of the last 24 hours
    "age_days": int,  # of the citizen's account
    "store_age_days": int,  # since the store was registered here
    "round_age_s": int,  # since the round opened: of claims
    "new_device": bool,  # the citizen's first event on this device in 31 days
    "score": int,  # the event model's, 0 to 1000: only where a file of events brings it
}

KINDS: Final = tuple(str(kind) for kind in EventKind)
PARTIES: Final = tuple(str(party) for party in Entity)
COLOURS: Final = tuple(str(colour) for colour in Colour)
WINDOWS: Final = tuple(WINDOWS_S)

# Function: what each argument is one of.
FUNCTIONS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "count": (KINDS, PARTIES, WINDOWS),
    "sum": (KINDS, PARTIES, SUMS, WINDOWS),
    "distinct": (KINDS, PARTIES, PARTIES, WINDOWS),
    "gap": (KINDS, PARTIES),
    "listed": (PARTIES, COLOURS),
    "tier": (PARTIES, COLOURS),
    "known": (PARTIES,),
}
USAGES: Final[Mapping[str, str]] = {
    "count": "count('payment', 'device', '1h')",
    "sum": "sum('payment', 'card', 'amount', '24h')",
    "distinct": "distinct('payment', 'device', 'citizen', '24h')",
    "gap": "gap('payment', 'citizen')",
    "listed": "listed('store', 'black')",
    "tier": "tier('citizen', 'grey')",
    "known": "known('device')",
    "yuan": "yuan(200)",
    "has": "has(facts.online)",
}
METHODS: Final = ("startsWith", "endsWith", "contains", "matches")
GAP_WINDOW: Final = "30d"
YUAN_MAX: Final = 10**12
