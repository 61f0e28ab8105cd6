"""What a group's special payments say: vouchers for a scalper ring, large amounts for a cash-out gang."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from yongquan.risk.graph.dealings import DAY_US, LARGE_FEN, PAYMENT, REFUND, Dealings

TOGETHER_US: Final = 600_000_000
BACK_WITHIN_US: Final = 3 * DAY_US
BACK_TIMES_MAX: Final = 2
PAID_BACK_MIN: Final = 3  # one or two who were given something back are customers with a complaint
HUB_PAYERS_MIN: Final = 3
HUB_MEMBERS_SHARE: Final = 0.15
HUB_TAKEN_MIN: Final = 0.2
PHONE_SHARERS_MIN: Final = 2
SAME_AMOUNTS: Final = 3


class Special(NamedTuple):
    """A payment that a gang would make."""

    at_us: int
    citizen: str
    store: str
    amount_fen: int
    device: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Shares from 0 to 1 over a group's special payments; `hubs` are the shops that it goes to.

    `inside`: of its special money, at the hubs; `taken`: of the hubs' special money, from the group; `phones`: of its
    payments there, by a phone that another member uses too; `together`: within ten minutes of another member at that
    shop; `back`: of its money there, returned to members by refund or transfer within three days; `same`: of its
    amounts, among the three commonest to one part in a hundred.
    """

    hubs: tuple[str, ...]
    members: tuple[str, ...]
    payments: int
    amount_fen: int
    inside: float
    taken: float
    phones: float
    together: float
    back: float
    same: float


class Specials:
    """The special payments of some days, by citizen and by shop, and what shops paid back."""

    def __init__(self, dealings: Dealings, *, vouchers: bool) -> None:
        wanted = pl.col("voucher_fen") > 0 if vouchers else pl.col("amount_fen") >= LARGE_FEN
        frame = dealings.frame.filter((pl.col("kind") == PAYMENT) & wanted)
        self.of_citizen: dict[str, list[Special]] = defaultdict(list)
        self.of_store: dict[str, list[Special]] = defaultdict(list)
        for row in frame.select("at_us", "payer", "payee", "amount_fen", "device").iter_rows():
            special = Special(*row)
            self.of_citizen[special.citizen].append(special)
            self.of_store[special.store].append(special)
        self._back: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        back = dealings.frame.filter(pl.col("kind") != PAYMENT)
        for kind, at_us, payer, payee, amount_fen in back.select(
            "kind", "at_us", "payer", "payee", "amount_fen"
        ).iter_rows():
            store, citizen = (payee, payer) if kind == REFUND else (payer, payee)
            self._back[store, citizen].append((at_us, amount_fen))

    def hubs(self, members: Collection[str]) -> tuple[str, ...]:
        """Shops where several members made special payments that are a good part of the shop's."""
        payers: dict[str, set[str]] = defaultdict(set)
        money: Counter[str] = Counter()
        for member in members:
            for paid in self.of_citizen.get(member, ()):
                payers[paid.store].add(member)
                money[paid.store] += paid.amount_fen
        least = max(HUB_PAYERS_MIN, HUB_MEMBERS_SHARE * len(members))
        return tuple(
            sorted(
                store
                for store, who in payers.items()
                if len(who) >= least
                and money[store] >= HUB_TAKEN_MIN * sum(paid.amount_fen for paid in self.of_store[store])
            )
        )

    def evidence(self, members: Collection[str], hubs: Sequence[str]) -> Evidence:
        """The group's shares at these hubs."""
        inside = [paid for store in hubs for paid in self.of_store[store] if paid.citizen in members]
        own_fen = sum(paid.amount_fen for member in members for paid in self.of_citizen.get(member, ()))
        hubs_fen = sum(paid.amount_fen for store in hubs for paid in self.of_store[store])
        amount_fen = sum(paid.amount_fen for paid in inside)
        users: dict[str, set[str]] = defaultdict(set)
        for paid in inside:
            users[paid.device].add(paid.citizen)
        shared = sum(bool(paid.device) and len(users[paid.device]) >= PHONE_SHARERS_MIN for paid in inside)
        back_fen, paid_back = self._returned(members, hubs)
        bands = Counter(round(paid.amount_fen, -max(len(str(paid.amount_fen)) - 2, 0)) for paid in inside)
        return Evidence(
            hubs=tuple(hubs),
            members=tuple(sorted(members)),
            payments=len(inside),
            amount_fen=amount_fen,
            inside=_share(amount_fen, own_fen),
            taken=_share(amount_fen, hubs_fen),
            phones=_share(shared, len(inside)),
            together=_share(_together(inside), len(inside)),
            back=min(_share(back_fen, amount_fen), 1.0) if paid_back >= PAID_BACK_MIN else 0.0,
            same=_share(sum(count for _, count in bands.most_common(SAME_AMOUNTS)), len(inside)),
        )

    def signs(self, one: str, members: Collection[str], hubs: Collection[str]) -> int:
        """How many things tie one citizen to a group's dealings at its hubs.

        A phone that a member uses there too counts 2; a second and a third visit, a visit or two within ten minutes of
        a member's, money back, and going nowhere else with such payments 1 each.
        """
        visits = [paid for paid in self.of_citizen.get(one, ()) if paid.store in hubs]
        if not visits:
            return 0
        others = [p for store in hubs for p in self.of_store[store] if p.citizen in members and p.citizen != one]
        phones = {paid.device for paid in others} - {""}
        met = sum(
            any(paid.store == o.store and abs(paid.at_us - o.at_us) <= TOGETHER_US for o in others) for paid in visits
        )
        goes_elsewhere = len(visits) < len(self.of_citizen[one])
        return (
            2 * any(paid.device in phones for paid in visits)
            + min(len(visits) - 1, 2)
            + min(met, 2)
            + any(self._returned((one,), (store,))[0] for store in {paid.store for paid in visits})
            + (len(visits) > 1 and not goes_elsewhere)
        )

    def _returned(self, members: Collection[str], hubs: Sequence[str]) -> tuple[int, int]:
        """What hubs gave back (fen), and to how many members: at least half of a special payment, in three days.

        Each payment comes back once; the one who gets it need not be the one who paid. A purchase that is cancelled
        comes back to the fen to the one who paid it: that is no cycling. A gang keeps a part.
        """
        total_fen, who = 0, set()
        for store in hubs:
            open_ = sorted(paid for paid in self.of_store[store] if paid.citizen in members)
            own = {(paid.citizen, paid.amount_fen) for paid in open_}
            back = sorted(
                (*one, member)
                for member in members
                for one in self._back.get((store, member), ())
                if (member, one[1]) not in own
            )
            for at_us, amount_fen, member in back:
                fits = (
                    n
                    for n, paid in enumerate(open_)
                    if 0 <= at_us - paid.at_us <= BACK_WITHIN_US
                    and amount_fen <= paid.amount_fen <= BACK_TIMES_MAX * amount_fen
                )
                found = next(fits, None)
                if found is not None:
                    open_.pop(found)
                    total_fen += amount_fen
                    who.add(member)
        return total_fen, len(who)


def _together(inside: Sequence[Special]) -> int:
    """How many of these payments have another member's close by."""
    count = 0
    by_store: dict[str, list[Special]] = defaultdict(list)
    for paid in inside:
        by_store[paid.store].append(paid)
    for payments in by_store.values():
        payments.sort()
        times = [paid.at_us for paid in payments]
        for paid in payments:
            near = payments[
                bisect_left(times, paid.at_us - TOGETHER_US) : bisect_right(times, paid.at_us + TOGETHER_US)
            ]
            count += any(other.citizen != paid.citizen for other in near)
    return count


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
