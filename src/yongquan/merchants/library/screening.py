"""The facts that speak for and against each shop, out of its rows and of what the city knows. Pure."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Final
from uuid import UUID

import numpy as np
from shapely import contains_xy, prepare

from yongquan.kernel.regions import Regions
from yongquan.merchants.library.authenticity import Score, ShopFacts, score_shop
from yongquan.merchants.library.model import KeptRow, SourceKind
from yongquan.merchants.matching.characters import sound
from yongquan.merchants.matching.coordinates import clean_places, metres_between
from yongquan.merchants.matching.divisions import TODAY
from yongquan.merchants.matching.identifiers import is_valid_licence, licence_in, person_in, phones_in
from yongquan.merchants.matching.names import stem_of
from yongquan.merchants.matching.table import parsed_address, parsed_name

BORDER_DEGREES: Final = 0.02  # about two kilometres: lists shift, and borders moved
AGREE_M: Final = 1_000.0
_HOME = re.compile(
    r"\d+(?:幢|栋|单元)\D{0,4}\d*(?:单元)?\D{0,2}\d{3,4}室?$|(?:小区|公寓|花园|家园|新村).{0,12}\d{3,4}室$"
)


@dataclass(frozen=True, slots=True)
class Trade:
    """What our own books say of a store in the last 90 days: payers, days with payments, sharers of its account."""

    payers: int = 0
    pay_days: int = 0
    account_shops: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the lists: trade by shop, licences in business or not, phones that answered or not."""

    trade: Mapping[UUID, Trade] = field(default_factory=dict)
    in_business: Mapping[str, bool] = field(default_factory=dict)
    phone_verified: Mapping[str, bool] = field(default_factory=dict)


@dataclass(slots=True)
class _Shop:
    licences: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    surveyed: bool = False
    has_door: bool = False
    residential: bool = False
    divisions: set[str] = field(default_factory=set)
    places: list[tuple[float, float]] = field(default_factory=list)


def screen(
    rows: Sequence[KeptRow], regions: Regions, known: Known, *, wanted: frozenset[UUID] | None = None
) -> dict[UUID, Score]:
    """Score every shop of these rows, or those `wanted`; others are read only where they share a phone with one."""
    phones = [phones_in(kept.row.phone) for kept in rows]
    asked = {number for kept, own in zip(rows, phones, strict=True) if _is_in(kept, wanted) for number in own}
    sharing = {kept.shop_id for kept, own in zip(rows, phones, strict=True) if own & asked}
    shops: dict[UUID, _Shop] = defaultdict(_Shop)
    for kept in rows:
        if _is_in(kept, wanted) or kept.shop_id in sharing:
            _take(shops[kept.shop_id], kept)
    sharers = _phone_sharers(shops)
    chosen = [shop_id for shop_id in shops if wanted is None or shop_id in wanted]
    inside, fits = _grounds(regions, [shops[shop_id] for shop_id in chosen])
    return {
        shop_id: score_shop(_facts(shop_id, shops[shop_id], sharers, known, inside=inside[at], fits=fits[at]))
        for at, shop_id in enumerate(chosen)
    }


def _is_in(kept: KeptRow, wanted: frozenset[UUID] | None) -> bool:
    return wanted is None or kept.shop_id in wanted


def _take(shop: _Shop, kept: KeptRow) -> None:
    row = kept.row
    shop.sources.add(kept.source)
    shop.surveyed |= kept.kind is SourceKind.SURVEY
    shop.phones |= phones_in(row.phone)
    if licence := licence_in(row.licence):
        shop.licences.add(licence)
    if person := person_in(row.legal_representative):
        shop.owners.add(person)
    if row.name:
        shop.names.add(sound(stem_of(parsed_name(row.name).core)))
    if row.address:
        address = parsed_address(row.address)
        shop.has_door |= bool(address.numbers or (len(address.place) >= 3 and address.stalls))
        shop.residential |= _HOME.search(row.address) is not None
        if address.district in TODAY.values():
            shop.divisions.add(address.district)
    if not isnan(row.lon) and not isnan(row.lat):
        shop.places.append((row.lon, row.lat))


def _phone_sharers(shops: Mapping[UUID, _Shop]) -> dict[str, list[tuple[set[str], set[str], set[str]]]]:
    """Of each phone: the owners, licences and names of the shops that give it."""
    sharers: dict[str, list[tuple[set[str], set[str], set[str]]]] = defaultdict(list)
    for shop in shops.values():
        for number in shop.phones:
            sharers[number].append((shop.owners, shop.licences, shop.names))
    return sharers


def _unrelated(shop: _Shop, others: Sequence[tuple[set[str], set[str], set[str]]]) -> int:
    """How many shops have this phone and neither an owner, a licence nor a name in common with the shop."""
    return sum(
        not (owners & shop.owners) and not (licences & shop.licences) and not (names & shop.names)
        for owners, licences, names in others
    )


def _facts(
    shop_id: UUID,
    shop: _Shop,
    sharers: Mapping[str, Sequence[tuple[set[str], set[str], set[str]]]],
    known: Known,
    *,
    inside: bool | None,
    fits: bool | None,
) -> ShopFacts:
    trade = known.trade.get(shop_id)
    states = {known.in_business[licence] for licence in shop.licences if licence in known.in_business}
    heard = {known.phone_verified[number] for number in shop.phones if number in known.phone_verified}
    shared = [_unrelated(shop, sharers[number]) for number in shop.phones if len(sharers[number]) > 1]
    return ShopFacts(
        sources=len(shop.sources),
        licence_valid=any(is_valid_licence(one) for one in shop.licences) if shop.licences else None,
        in_business=max(states) if states else None,
        surveyed=shop.surveyed,
        payers=trade.payers if trade else None,
        pay_days=trade.pay_days if trade else 0,
        phone_given=bool(shop.phones),
        phone_verified=max(heard) if heard else None,
        phone_shops=max(shared, default=0),
        account_shops=trade.account_shops if trade else 0,
        place_inside=inside,
        division_fits=fits,
        places_agree=_agree(shop.places),
        has_door=shop.has_door,
        residential=shop.residential,
    )


def _agree(places: Sequence[tuple[float, float]]) -> bool | None:
    """Whether the lists' places lie together, whatever coordinate system each was written in."""
    if len(places) < 2:
        return None
    lon, lat = clean_places(np.array([one[0] for one in places]), np.array([one[1] for one in places]))
    metres = metres_between((lon[:1], lat[:1]), (lon[1:], lat[1:]))
    return bool(np.nanmax(metres) <= AGREE_M) if not np.isnan(metres).all() else None


def _grounds(regions: Regions, shops: Sequence[_Shop]) -> tuple[list[bool | None], list[bool | None]]:
    """Of each shop: whether it lies in the city at all, and whether in a division that its address names."""
    first = [shop.places[0] if shop.places else (np.nan, np.nan) for shop in shops]
    lon, lat = clean_places(np.array([one[0] for one in first]), np.array([one[1] for one in first]))
    known = ~np.isnan(lon)
    inside = np.zeros(len(shops), dtype=np.bool_)
    fits = np.zeros(len(shops), dtype=np.bool_)
    for division in regions.divisions:
        ground = division.outline.simplify(BORDER_DEGREES / 10).buffer(BORDER_DEGREES, quad_segs=2)
        prepare(ground)
        there = np.zeros(len(shops), dtype=np.bool_)
        there[known] = contains_xy(ground, lon[known], lat[known])
        inside |= there
        name = TODAY.get(division.name.rstrip("区市县"), "")
        fits |= there & np.array([name in shop.divisions for shop in shops], dtype=np.bool_)
    asked = known & np.array([bool(shop.divisions) for shop in shops], dtype=np.bool_)
    return (
        [bool(inside[at]) if known[at] else None for at in range(len(shops))],
        [bool(fits[at]) if asked[at] else None for at in range(len(shops))],
    )
