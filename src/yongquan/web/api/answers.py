"""The shapes of answers that handlers encode themselves, as the OpenAPI file tells them. Amounts in fen."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from yongquan.flows.prove_registration import Inclusion, OwnRegistration, WishOutcome
from yongquan.vouchers.own_model import Design
from yongquan.vouchers.views import WalletRow


class WalletPage(msgspec.Struct, omit_defaults=True):
    """A page of a wallet, newest first; `next` is there if another page follows: ask for `after` it."""

    vouchers: list[WalletRow]
    next: UUID | msgspec.UnsetType = msgspec.UNSET


class RoundTypeTerms(msgspec.Struct):
    """A voucher type in words."""

    type_id: UUID
    name: str
    offer: str
    scope: str
    using: list[str]


class RoundTermsOut(msgspec.Struct):
    """A round's conditions, caps and rules of use in words."""

    round_id: UUID
    language: str
    name: str
    claiming: list[str]
    types: list[RoundTypeTerms]


class GiftQuotaOut(msgspec.Struct):
    """Vouchers of one type that may be given away; `left` of `quota` are still there."""

    quota_id: UUID
    type_id: UUID
    name: str
    amount_fen: int
    quota: int
    left: int
    open: bool


class GiftQuotas(msgspec.Struct):
    """What the caller may give away."""

    quotas: list[GiftQuotaOut]


class Reminders(msgspec.Struct):
    """Which reminders are on."""

    next_round: bool
    expiring: bool
    drawn: bool


class Health(msgspec.Struct):
    """How the server is."""

    status: str


class ConsentAsked(msgspec.Struct):
    """The citizen was sent a code."""

    state: str


class Linked(msgspec.Struct):
    """The citizen as this institution alone knows the person."""

    open_id: UUID


class CardOut(msgspec.Struct):
    """A bound card or account of this institution."""

    instrument_id: UUID
    tail: str
    kind: Literal["card", "wallet", "account"]


class Cards(msgspec.Struct):
    """The citizen's bound cards of this institution."""

    cards: list[CardOut]


class CardBound(msgspec.Struct):
    """The card that was bound."""

    instrument_id: UUID


class PackItem(msgspec.Struct):
    """So many vouchers of a type in a pack."""

    type_id: UUID
    copies: int


class RoundPack(msgspec.Struct):
    """A round that gives several vouchers as one."""

    name: str
    name_en: str
    packs: int
    items: list[PackItem]


class AppRoundType(msgspec.Struct):
    """A voucher type with what is left for everybody (`remaining`) and in this institution's own quota."""

    type_id: UUID
    name: str
    name_en: str
    industry: str | None
    amount_fen: int
    threshold_fen: int
    rate_bp: int | None
    remaining: int
    own_quota: int
    own_remaining: int
    own_until: datetime | None


class AppRound(msgspec.Struct):
    """A round that this institution's citizens may claim in."""

    round_id: UUID
    name: str
    name_en: str
    campaign: str
    campaign_en: str
    opens_at: datetime
    closes_at: datetime
    paused: bool
    districts: list[str] | None
    cap_round: int | None
    pack: RoundPack | None
    types: list[AppRoundType]


class AppRounds(msgspec.Struct):
    """Rounds that are open or will be."""

    rounds: list[AppRound]


class AppRegistration(msgspec.Struct):
    """A registration as an institution's app may know it."""

    draw_id: UUID
    round_id: UUID
    state: str
    registered_at: datetime
    platform: str
    district: str
    wishes: list[WishOutcome]
    pseudonym: str
    inclusion: Inclusion | None
    seed: str | None


class EventOut(msgspec.Struct):
    """An event as a callback would bring it, with its id."""

    id: UUID
    type: str
    timestamp: datetime
    data: dict[str, Any]


class Events(msgspec.Struct):
    """A page of events; ask again with `after` = `next`."""

    events: list[EventOut]
    next: str


class AppMonth(msgspec.Struct):
    """An institution's month; `pull_hundredths`: yuan of orders to a yuan of vouchers, times 100."""

    month: date
    claimed: int
    claimed_fen: int
    redeemed: int
    redeemed_fen: int
    order_fen: int
    linked: int
    new_to_platform: int
    active: int
    redemption_bp: int | None
    pull_hundredths: int | None


class AppReport(msgspec.Struct):
    """An institution's own report."""

    institution: str
    months: list[AppMonth]


class OwnVoucherOut(msgspec.Struct):
    """An application for a shop's own vouchers; `most_fen` is the most that it can cost."""

    own_id: UUID
    store_id: UUID
    channel: str
    state: str
    reason: str
    most_fen: int
    design: Design


class OwnVouchers(msgspec.Struct):
    """The applications that this institution entered."""

    own_vouchers: list[OwnVoucherOut]


class OwnVoucherMoved(msgspec.Struct):
    """An application and its state."""

    own_id: UUID
    state: str


ANSWERS = (
    *(WalletPage, RoundTermsOut, GiftQuotas, Reminders, Health, ConsentAsked, Linked, Cards, CardBound, AppRounds),
    *(AppRegistration, Events, AppReport, OwnVoucherOut, OwnVouchers, OwnVoucherMoved, OwnRegistration),
)
