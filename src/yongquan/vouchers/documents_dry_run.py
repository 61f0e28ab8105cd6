"""What a campaign would have cost on a day whose payments are known, and whom it would have reached. Pure.

Each citizen who passes a round's conditions is taken to get a type's voucher with odds of stock over such citizens (at
most 1), within the caps; how many of the city pass is taken from the day's payers. The draw is a hash of seed, citizen
and type, so the same seed gives the same day. Then the day's payments are taken again, in order, with the best vouchers
their citizen would have held, under the campaign's own rules, hours, weekdays, places, areas, shop groups and caps of
use. Not modelled: that vouchers change what people buy; dates (a voucher counts as valid all that day); where, through
which app and device a claim comes, and new customers of banks; tills and goods, which past payments do not tell (a
voucher bound to some is not used); vouchers of other campaigns.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from yongquan.kernel.places import Zone
from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.documents_dry_caps import Uses, within_caps
from yongquan.vouchers.documents_dry_people import Payer, asks_of_people, may_claim
from yongquan.vouchers.model import Direction, VoucherType
from yongquan.vouchers.pricing import Cart, Line
from yongquan.vouchers.selection import HeldVoucher, choose_best
from yongquan.vouchers.usability import StoreFacts, TypeRules
from yongquan.vouchers.validity import Validity

NO_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
TOP_SHOPS: Final = 10
_WHOLE: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class PastPayment:
    """A payment of the day; `store` is what vouchers look at, `store_id` tells shops apart."""

    citizen_id: UUID
    store_id: UUID
    store: StoreFacts
    amount_fen: int


@dataclass(slots=True)
class TypeOutcome:
    """What became of one type: odds of those who may claim in basis points, vouchers held and used, cost in fen."""

    type: VoucherType
    odds_bp: int
    held: int = 0
    eligible: int = 0  # payers who pass the round's conditions
    entitled: int = 1  # how many of the city are taken to pass them
    used: int = 0
    cost_fen: int = 0


@dataclass(slots=True)
class DryRun:
    """A day replayed. Costs in fen by funder, district and industry of the shop; citizens are only counted."""

    payments: int
    payers: int
    citizens: int
    types: list[TypeOutcome]
    helped_payments: int = 0
    helped_citizens: int = 0
    helped_shops: int = 0
    cost_fen: int = 0
    turnover_fen: int = 0
    by_funder: Counter[str] = field(default_factory=Counter)
    by_district: Counter[str] = field(default_factory=Counter)
    by_industry: Counter[str] = field(default_factory=Counter)
    shops_by_district: Counter[str] = field(default_factory=Counter)
    top_shops: list[tuple[UUID, int]] = field(default_factory=list)


def replay_day(
    document: CampaignDocument,
    payments: Sequence[PastPayment],
    *,
    citizens: int,
    seed: str = "",
    zones: Mapping[UUID, Zone] | None = None,
    people: Mapping[UUID, Payer] | None = None,
    on: date | None = None,
) -> DryRun:
    """Replay a day's payments, in their order, as if the campaign's vouchers had been claimed before it.

    `citizens` is how many are registered: those who did not pay that day hold their part of the stock. `zones` are
    the outlines of the types that name areas of use, `people` what is known of the payers `on` that day (None: all
    pass every condition).
    """
    payers = sorted({payment.citizen_id for payment in payments})
    eligible = _eligible(document, payers, people, on=on)
    outcomes = {t.type_id: _outcome(t, eligible[t.round_id], payers, citizens) for t in document.types}
    run = DryRun(len(payments), len(payers), citizens, list(outcomes.values()))
    offers = {t.type_id: _offer(document, t, (zones or {}).get(t.type_id)) for t in document.types}
    wallets = _claim(document, offers, payers, outcomes, eligible=eligible, seed=seed)
    uses: defaultdict[UUID, Uses] = defaultdict(Uses)
    helped: set[UUID] = set()
    shops: Counter[UUID] = Counter()
    places: dict[UUID, str] = {}
    for payment in payments:
        wallet = wallets.get(payment.citizen_id)
        used = _use(wallet, payment, uses[payment.citizen_id], outcomes) if wallet else []
        for voucher, discount_fen in used:
            outcome = outcomes[UUID(voucher.type.type_hex)]
            outcome.used += 1
            outcome.cost_fen += discount_fen
            for part in voucher.type.parts_of(discount_fen, held_fen=voucher.amount_fen):
                run.by_funder[part.funder_id] += part.amount_fen
            run.by_district[payment.store.adcode] += discount_fen
            run.by_industry[payment.store.industry] += discount_fen
            shops[payment.store_id] += discount_fen
        if used:
            helped.add(payment.citizen_id)
            places[payment.store_id] = payment.store.adcode
            run.helped_payments += 1
            run.turnover_fen += payment.amount_fen
    run.helped_citizens, run.helped_shops, run.cost_fen = len(helped), len(shops), sum(shops.values())
    run.shops_by_district = Counter(places.values())
    run.top_shops = sorted(shops.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_SHOPS]
    return run


def _eligible(
    document: CampaignDocument, payers: Sequence[UUID], people: Mapping[UUID, Payer] | None, *, on: date | None
) -> dict[UUID, frozenset[UUID]]:
    """The payers who pass each round's conditions."""
    everybody = frozenset(payers)
    if people is None or on is None:
        return {r.round_id: everybody for r in document.rounds}
    known = [(citizen, people[citizen]) for citizen in payers if citizen in people]
    return {
        r.round_id: frozenset(citizen for citizen, payer in known if may_claim(r.conditions, payer, on=on))
        if asks_of_people(r.conditions)
        else everybody
        for r in document.rounds
    }


def _outcome(type_: VoucherType, eligible: frozenset[UUID], payers: Sequence[UUID], citizens: int) -> TypeOutcome:
    """The odds, with as large a part of the city passing the conditions as of the payers."""
    entitled = max(citizens * len(eligible) // max(len(payers), 1), len(eligible), 1)
    odds_bp = min(10_000, type_.stock * 10_000 // entitled)
    return TypeOutcome(type_, odds_bp, eligible=len(eligible), entitled=entitled)


def _claim(
    document: CampaignDocument,
    offers: Mapping[UUID, TypeOffer],
    payers: Iterable[UUID],
    outcomes: dict[UUID, TypeOutcome],
    *,
    eligible: Mapping[UUID, frozenset[UUID]],
    seed: str,
) -> dict[UUID, list[HeldVoucher]]:
    rounds = {r.round_id: r for r in document.rounds}
    wallets: dict[UUID, list[HeldVoucher]] = {}
    for citizen in payers:
        lots = sorted((_lot(seed, citizen, t), t) for t in outcomes)
        entitled = [(lot, outcomes[t]) for lot, t in lots if citizen in eligible[outcomes[t].type.round_id]]
        won = [one.type for lot, one in entitled if lot * one.entitled < one.type.stock * _WHOLE]
        kept = [t for t in within_caps(won, rounds) if outcomes[t.type_id].held < t.stock]
        for type_ in kept:
            outcomes[type_.type_id].held += 1
        if kept:
            wallets[citizen] = [
                HeldVoucher(str(t.type_id), offers[t.type_id], t.valid_until or NO_END, t.amount_fen) for t in kept
            ]
    return wallets


def _lot(seed: str, citizen: UUID, type_id: UUID) -> int:
    text = f"{seed}:{citizen.hex}:{type_id.hex}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def _use(
    wallet: list[HeldVoucher], payment: PastPayment, uses: Uses, outcomes: Mapping[UUID, TypeOutcome]
) -> list[tuple[HeldVoucher, int]]:
    """The vouchers this payment would have used, gone from the wallet, with what each took off."""
    merchant = payment.store.merchant
    usable: list[HeldVoucher] = []
    for voucher in wallet:
        room = uses.room(outcomes[UUID(voucher.type.type_hex)].type, merchant)
        if voucher.type.threshold_fen <= payment.amount_fen and (room is None or room > 0):
            usable.append(voucher)
    if not usable:
        return []
    direction = usable[0].type.campaign_rules.direction
    asked = Direction.SHOP_SCANS if direction is Direction.EITHER else direction
    cart = Cart((Line("bill", payment.amount_fen, 1),))
    selection = choose_best(cart, usable, store=payment.store, direction=asked)
    for chosen in selection.chosen:
        wallet.remove(chosen.voucher)
        uses.note(outcomes[UUID(chosen.voucher.type.type_hex)].type, merchant)
    return [(chosen.voucher, chosen.discount_fen) for chosen in selection.chosen]


def _offer(document: CampaignDocument, type_: VoucherType, zone: Zone | None) -> TypeOffer:
    campaign = document.campaign
    return TypeOffer(
        type_hex=type_.type_id.hex,
        type_id=str(type_.type_id),
        amount_fen=type_.amount_fen,
        threshold_fen=type_.threshold_fen,
        validity=Validity(type_.valid_from, type_.valid_until, type_.valid_days),
        name=type_.name,
        name_en=type_.name_en,
        rate_bp=type_.rate_bp,
        campaign_hex=campaign.campaign_id.hex,
        funder_id=campaign.funder_id,
        rules=TypeRules(
            campaign_active=True,
            industry=type_.industry,
            districts=None if type_.districts is None else frozenset(type_.districts),
            hardship_only=type_.hardship_only,
            direction=campaign.rules.direction,
            threshold_fen=type_.threshold_fen,
            use=type_.use,
            zone=zone,
        ),
        campaign_rules=campaign.rules,
        shares=type_.shares,
    )
