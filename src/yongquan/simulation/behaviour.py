"""What people of the demo city decide, each decision keyed by seed, citizen and occasion.

A decision never depends on how many were made before it, so concurrency and restarts cannot change a count.
`occasion` is any stable name, such as a round's code and a citizen's running number of payments in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from yongquan.simulation import dice
from yongquan.simulation.city import City
from yongquan.simulation.gazetteer import LON_SHRINK
from yongquan.simulation.industries import INDUSTRIES

WHOLE: Final = 10_000
AT_HOME_BP: Final = 8200  # payments in the division one lives in
TOPS_UP_BP: Final = 7000  # baskets filled up to a voucher's threshold
BY_WALLET_BP: Final = 4500  # payments by wallet of those who have one
CANDIDATES: Final = 3  # shops a citizen thinks of; the nearest is gone to
# relative numbers of payments by hour of the day: lunch, and the evening
_HOURS: Final = (1, 0, 0, 0, 0, 1, 3, 8, 12, 14, 18, 34, 38, 20, 14, 16, 20, 36, 48, 44, 30, 18, 8, 3)


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a payment is made with: a wallet by its code, or the `ordinal`th card of the citizen."""

    wallet: str | None
    card_ordinal: int


@dataclass(frozen=True, slots=True)
class Visit:
    """One payment a citizen is going to make; `second_of_day` in Asia/Shanghai, amounts in fen."""

    citizen: int
    shop: int
    basket_fen: int
    instrument: Instrument
    second_of_day: int


class ShopDirectory:
    """Which shops there are by division and industry; built once for a city."""

    def __init__(self, city: City) -> None:
        shops = city.shops
        self.city = city
        self._shops: dict[tuple[int, int], Sequence[int]] = {}
        keys = shops.division.astype(np.int64) * len(INDUSTRIES) + shops.industry
        order = np.argsort(keys, kind="stable")
        starts = np.searchsorted(keys[order], np.arange(len(city.divisions) * len(INDUSTRIES) + 1))
        for key, (start, end) in enumerate(pairwise(starts.tolist())):
            self._shops[divmod(key, len(INDUSTRIES))] = order[start:end].tolist()

    def shops(self, *, division: int, industry: int) -> Sequence[int]:
        """Return the numbers of the shops of an industry in a division, both by position."""
        return self._shops[division, industry]


def tries_round(*, seed: int, citizen: int, round_code: str, claim_bp: int, interest_bp: int = WHOLE) -> bool:
    """Decide whether a citizen tries to claim in a round; `interest_bp` is how much people care for it."""
    chance_bp = claim_bp * interest_bp // WHOLE
    return _below(WHOLE, seed, "tries", citizen, round_code) < chance_bp


def comes_at_ms(*, seed: int, citizen: int, round_code: str, rush_ms: int) -> int:
    """Decide when after the opening a citizen presses the button: most at once, all within `rush_ms`."""
    even = _below(1 << 20, seed, "comes", citizen, round_code)
    return rush_ms * even * even >> 40


def grab_order(*, seed: int, citizens: Sequence[int], round_code: str, rush_ms: int) -> list[int]:
    """Put those who try for a round in the fixed order in which they press the button."""

    def moment(citizen: int) -> tuple[int, int]:
        return comes_at_ms(seed=seed, citizen=citizen, round_code=round_code, rush_ms=rush_ms), citizen

    return sorted(citizens, key=moment)


def redeems(*, seed: int, citizen: int, occasion: str, rate_bp: int) -> bool:
    """Decide whether the holder of a voucher goes to use it; `rate_bp` of all holders do."""
    return _below(WHOLE, seed, "redeems", citizen, occasion) < rate_bp


def plan_visit(
    directory: ShopDirectory,
    *,
    seed: int,
    citizen: int,
    occasion: str,
    industries: Sequence[str] = (),
    adcodes: Sequence[str] = (),
    threshold_fen: int = 0,
) -> Visit | None:
    """Decide where, for how much, when and with what a citizen pays; None if there is no such shop.

    `industries` and `adcodes` are where a voucher in hand may be used, empty for everywhere; a basket below
    `threshold_fen` is often filled up to it, which is what the voucher causes.
    """
    name = (seed, citizen, occasion)
    shop = _choose_shop(directory, name, citizen=citizen, industries=industries, adcodes=adcodes)
    if shop is None:
        return None
    people = directory.city.citizens
    return Visit(
        citizen=citizen,
        shop=shop,
        basket_fen=basket_fen(
            seed=seed,
            citizen=citizen,
            occasion=occasion,
            industry=int(directory.city.shops.industry[shop]),
            spend_bp=int(people.spend_bp[citizen]),
            threshold_fen=threshold_fen,
        ),
        instrument=choose_instrument(
            seed=seed,
            citizen=citizen,
            occasion=occasion,
            cards=int(people.cards[citizen]),
            wallets=people.wallets_of(citizen),
        ),
        second_of_day=_pick(_HOURS, *name, "hour") * 3600 + _below(3600, *name, "second"),
    )


def basket_fen(*, seed: int, citizen: int, occasion: str, industry: int, spend_bp: int, threshold_fen: int = 0) -> int:
    """Decide what a basket comes to: log-normal around the industry's median, in tens of fen, from 1 yuan."""
    kind = INDUSTRIES[industry]
    name = (seed, citizen, occasion)
    deviation = (sum(_below(1 << 16, *name, "basket", k) for k in range(4)) - 131_070) / 37_837
    usual = kind.basket_fen * spend_bp / WHOLE * math.exp(deviation * kind.spread)
    basket = max(round(usual / 10) * 10, 100)
    if basket < threshold_fen and _below(WHOLE, *name, "tops up") < TOPS_UP_BP:
        return threshold_fen + _below(max(threshold_fen // 50, 1), *name, "over") * 10
    return basket


def choose_instrument(*, seed: int, citizen: int, occasion: str, cards: int, wallets: Sequence[str]) -> Instrument:
    """Decide between a wallet and a card; the first card is used most."""
    name = (seed, citizen, occasion)
    if wallets and _below(WHOLE, *name, "by wallet") < BY_WALLET_BP:
        return Instrument(wallet=wallets[_below(len(wallets), *name, "wallet")], card_ordinal=0)
    ordinal = _pick((6, 3, 1)[:cards], *name, "card")
    return Instrument(wallet=None, card_ordinal=ordinal)


def _choose_shop(
    directory: ShopDirectory,
    name: tuple[object, ...],
    *,
    citizen: int,
    industries: Sequence[str],
    adcodes: Sequence[str],
) -> int | None:
    kinds = [i for i, each in enumerate(INDUSTRIES) if not industries or each.code in industries]
    divisions = [i for i, each in enumerate(directory.city.divisions) if not adcodes or each.adcode in adcodes]
    if not kinds or not divisions:
        return None
    home = int(directory.city.citizens.division[citizen])
    division = divisions[_below(len(divisions), *name, "division")]
    if home in divisions and _below(WHOLE, *name, "at home") < AT_HOME_BP:
        division = home
    kind = kinds[_pick([INDUSTRIES[i].visits for i in kinds], *name, "industry")]
    shops = directory.shops(division=division, industry=kind)
    if not shops:
        shops = [shop for i in divisions for k in kinds for shop in directory.shops(division=i, industry=k)]
    if not shops:
        return None
    thought_of = [shops[_below(len(shops), *name, "shop", k)] for k in range(CANDIDATES)]
    return min(thought_of, key=lambda shop: _distance(directory.city, citizen, shop))


def _distance(city: City, citizen: int, shop: int) -> float:
    east = (city.shops.lon[shop] - city.citizens.lon[citizen]) * LON_SHRINK
    north = city.shops.lat[shop] - city.citizens.lat[citizen]
    return float(east * east + north * north)


def _below(limit: int, *name: object) -> int:
    return dice.key_of(*name) % limit


def _pick(weights: Sequence[int], *name: object) -> int:
    thrown = _below(sum(weights), *name)
    for index, weight in enumerate(weights):
        thrown -= weight
        if thrown < 0:
            return index
    raise AssertionError("weights come to more than 0")
