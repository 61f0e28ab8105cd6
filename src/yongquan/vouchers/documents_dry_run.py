"""What a campaign would have cost on a day whose payments are known, and whom it would have reached. Pure.

Each citizen who passes a round's conditions is taken to get a type's voucher with odds of stock over such citizens (at
most 1), within the caps; a pack comes whole, with odds of packs over them. How many of the city pass is taken from the
day's payers. The draw is a hash of seed, citizen and type (or the packs' round), so the same seed gives the same day.
Then the day's payments are taken again, in order, with the best vouchers their citizen would have held, under the
campaign's own rules, hours, weekdays, places, areas, shop groups and caps of use. Not modelled: that vouchers change
what people buy; dates (a voucher counts as valid all that day); where, through which app and device a claim comes, and
new customers of banks; tills and goods, which past payments do not tell (a voucher bound
to some is not used); vouchers of other campaigns.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from yongquan.kernel.places import Zone
from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.documents_dry_caps import Uses
from yongquan.vouchers.documents_dry_claims import (
    PackOutcome,
    TypeOutcome,
    claim_by_lot,
    eligible_payers,
    outcome_of,
    packs_of_document,
)
from yongquan.vouchers.documents_dry_people import Payer
from yongquan.vouchers.model import Direction, VoucherType
from yongquan.vouchers.pricing import Cart, Line
from yongquan.vouchers.selection import HeldVoucher, choose_best
from yongquan.vouchers.usability import StoreFacts, TypeRules
from yongquan.vouchers.validity import Validity

NO_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
TOP_SHOPS: Final = 10


@dataclass(frozen=True, slots=True)
class PastPayment:
    """A payment of the day; `store` is what vouchers look at, `store_id` tells shops apart."""

    citizen_id: UUID
    store_id: UUID
    store: StoreFacts
    amount_fen: int


@dataclass(slots=True)
class DryRun:
    """A day replayed. Costs in fen by funder, district and industry of the shop; citizens are only counted."""

    payments: int
    payers: int
    citizens: int
    types: list[TypeOutcome]
    packs: list[PackOutcome] = field(default_factory=list)
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
    eligible = eligible_payers(document, payers, people, on=on)
    outcomes = {t.type_id: outcome_of(t, eligible[t.round_id], payers, citizens) for t in document.types}
    packs = packs_of_document(document, outcomes)
    run = DryRun(len(payments), len(payers), citizens, list(outcomes.values()), list(packs.values()))
    offers = {t.type_id: _offer(document, t, (zones or {}).get(t.type_id)) for t in document.types}
    claims = claim_by_lot(document, payers, outcomes, packs, eligible=eligible, seed=seed)
    wallets = {citizen: _held(types, offers) for citizen, types in claims.items()}
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
            if pack := packs.get(outcome.type.round_id):
                pack.note(payment.citizen_id, discount_fen)
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


def _held(types: Sequence[VoucherType], offers: Mapping[UUID, TypeOffer]) -> list[HeldVoucher]:
    """What a citizen holds; copies of one type are different vouchers."""
    return [
        HeldVoucher(f"{t.type_id}:{n}", offers[t.type_id], t.valid_until or NO_END, t.amount_fen)
        for n, t in enumerate(types)
    ]


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
