"""The nouns of a voucher campaign and the lives they lead. Amounts in fen, times in UTC, periods half-open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.vouchers.limits import ClaimCap, DeviceScope, UseCap
from yongquan.vouchers.sharing import FunderShare
from yongquan.vouchers.ways.application_form import Form

State = TypeVar("State", bound=StrEnum)


class CampaignState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    STOPPED = "stopped"  # an emergency: no claim and no redemption anywhere
    ENDED = "ended"


class RoundState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    ENDED = "ended"


class RoundMode(StrEnum):
    """How a round's vouchers come to citizens: grabbed by themselves, or granted by the system."""

    GRAB = "grab"
    DRAW = "draw"
    PUSH = "push"
    CODE = "code"
    GIFT = "gift"
    APPLY = "apply"


class Leftover(StrEnum):
    """Where the money of vouchers that a round did not use goes."""

    BUDGET = "budget"
    NEXT_ROUND = "next_round"  # issued again in the campaign's next round, in a type of the same worth


class Origin(StrEnum):
    """The way one voucher came: its round's mode, or granted again after it expired unused."""

    GRAB = "grab"
    DRAW = "draw"
    PUSH = "push"
    CODE = "code"
    GIFT = "gift"
    APPLY = "apply"
    REGRANT = "regrant"
    PACK = "pack"  # beside the first of its pack, which was grabbed
    CARD = "card"  # an approved application that is paid to a card; no shop takes it, no wallet shows it


class VoucherState(StrEnum):
    HELD = "held"
    LOCKED = "locked"
    FROZEN = "frozen"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    FORFEITED = "forfeited"
    VOID = "void"


class DrawState(StrEnum):
    """`announced` before sign-up opens; `voided` if the secret was not revealed by its deadline."""

    ANNOUNCED = "announced"
    OPEN = "open"
    CLOSED = "closed"
    BEACON_ENTERED = "beacon_entered"
    DRAWN = "drawn"
    PUBLISHED = "published"
    VOIDED = "voided"


CAMPAIGN_MOVES: Mapping[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.PUBLISHED}),
    CampaignState.PUBLISHED: frozenset({CampaignState.PAUSED, CampaignState.STOPPED, CampaignState.ENDED}),
    CampaignState.PAUSED: frozenset({CampaignState.PUBLISHED, CampaignState.STOPPED, CampaignState.ENDED}),
    CampaignState.STOPPED: frozenset({CampaignState.PUBLISHED, CampaignState.ENDED}),
    CampaignState.ENDED: frozenset(),
}
ROUND_MOVES: Mapping[RoundState, frozenset[RoundState]] = {
    RoundState.DRAFT: frozenset({RoundState.PUBLISHED}),
    RoundState.PUBLISHED: frozenset({RoundState.PAUSED, RoundState.ENDED}),
    RoundState.PAUSED: frozenset({RoundState.PUBLISHED, RoundState.ENDED}),
    RoundState.ENDED: frozenset(),
}
VOUCHER_MOVES: Mapping[VoucherState, frozenset[VoucherState]] = {
    VoucherState.HELD: frozenset({VoucherState.LOCKED, VoucherState.FROZEN, VoucherState.EXPIRED, VoucherState.VOID}),
    VoucherState.LOCKED: frozenset({VoucherState.HELD, VoucherState.REDEEMED}),
    VoucherState.FROZEN: frozenset({VoucherState.HELD, VoucherState.VOID}),
    VoucherState.REDEEMED: frozenset({VoucherState.HELD, VoucherState.FORFEITED, VoucherState.EXPIRED}),
    VoucherState.EXPIRED: frozenset(),
    VoucherState.FORFEITED: frozenset(),
    VoucherState.VOID: frozenset(),
}

# Once drawn, the result goes out by itself: nobody can keep it back any more.
DRAW_MOVES: Mapping[DrawState, frozenset[DrawState]] = {
    DrawState.ANNOUNCED: frozenset({DrawState.OPEN, DrawState.VOIDED}),
    DrawState.OPEN: frozenset({DrawState.CLOSED, DrawState.VOIDED}),
    DrawState.CLOSED: frozenset({DrawState.BEACON_ENTERED, DrawState.VOIDED}),
    DrawState.BEACON_ENTERED: frozenset({DrawState.DRAWN, DrawState.VOIDED}),
    DrawState.DRAWN: frozenset({DrawState.PUBLISHED}),
    DrawState.PUBLISHED: frozenset(),
    DrawState.VOIDED: frozenset(),
}


class RefundPolicy(StrEnum):
    """What a refund of the whole payment does to the voucher."""

    FORFEIT = "forfeit"  # Xiangshan: the citizen gets back what was paid, the voucher is gone
    RETURN = "return"  # Hangzhou: back to the wallet with its first expiry, which may be over
    RETURN_IN_VALIDITY = "return_in_validity"  # Shanghai: back within its validity, after that not returned


class PartialRefund(StrEnum):
    """What a refund of part of a payment does; the voucher then stays used, whatever is refunded later."""

    PRO_RATA = "pro_rata"  # Shanghai: citizen and funders get back in proportion
    REFUSED = "refused"  # only the whole payment can be refunded


class MerchantOffer(StrEnum):
    """How a voucher goes with the merchant's own offer in the same order."""

    REFUSED = "refused"  # no voucher in an order with an offer of the merchant's own
    THRESHOLD_BEFORE = "threshold_before"  # the threshold is held against the bill before that offer
    THRESHOLD_AFTER = "threshold_after"  # Hangzhou: against what the offer leaves


class ChoiceOrder(StrEnum):
    """Which of a citizen's vouchers are used when none is named."""

    LEAST_PAYABLE = "least_payable"  # the set that leaves the least to pay
    LARGEST_FIRST = "largest_first"  # Haishu: the largest discount, then the earliest expiry, one after the other


class Direction(StrEnum):
    """Who scans whom."""

    SHOP_SCANS = "shop_scans"
    CITIZEN_SCANS = "citizen_scans"
    ONLINE = "online"  # nobody scans: an order in an app
    EITHER = "either"


class ForbiddenMove(Refusal):
    """A noun cannot go from its state to the wanted one."""

    code = "forbidden_move"


@dataclass(frozen=True, slots=True)
class CampaignRules:
    """How a campaign's vouchers behave in a payment."""

    refund: RefundPolicy = RefundPolicy.FORFEIT
    direction: Direction = Direction.EITHER
    per_order: int = 1
    stacks_with_others: bool = False
    not_with: tuple[str, ...] = ()  # funder kinds whose vouchers of other campaigns cannot be in the same order
    merchant_offer: MerchantOffer = MerchantOffer.THRESHOLD_AFTER
    choice: ChoiceOrder = ChoiceOrder.LEAST_PAYABLE
    partial_refund: PartialRefund = PartialRefund.PRO_RATA
    refund_frees_cap: bool = False  # a voucher that a refund of all returned or forfeited no longer counts
    regrant_expired: bool = False  # what expired unused is granted again, once, from the campaign's push rounds


@dataclass(frozen=True, slots=True)
class Campaign:
    """A bureau's (or bank's, or shop's) promise for a period, paid by its funder or those of its types."""

    campaign_id: UUID
    code: str
    name: str
    name_en: str
    funder_id: str
    adcode: str | None
    starts_at: datetime
    ends_at: datetime
    budget_fen: int
    rules: CampaignRules = field(default=CampaignRules())
    state: CampaignState = CampaignState.DRAFT


@dataclass(frozen=True, slots=True)
class Caps:
    """How many vouchers one citizen may claim; None is no cap. `industry` counts in the campaign."""

    per_round: int | None = None
    per_day: int | None = None
    per_campaign: int | None = None
    per_industry: int | None = None
    per_industry_round: int | None = None
    rules: tuple[ClaimCap, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditions:
    """Who may claim, where and when; None is no condition. `daily` are Shanghai clock times, half-open.

    `weekdays` are 1 (Monday) to 7. The citizen must be in one of the `districts` or `areas`, or within `tolerance_m`
    metres. `card_bins` are prefixes ("62") or ranges ("622200-622299") of a bound card's first eight digits. A new
    customer of a bank bound the first card of that bank after the campaign's start. `list_tier` is the last tier of
    the list that is let in (1 is the best). `platforms` are the institutions whose app may claim; "" is our own.
    """

    districts: tuple[str, ...] | None = None
    age_min: int | None = None
    card_issuers: tuple[str, ...] | None = None
    list_id: UUID | None = None
    daily: tuple[time, time] | None = None
    weekdays: tuple[int, ...] | None = None
    areas: tuple[str, ...] | None = None
    tolerance_m: int = 0
    real_name: bool = False
    age_max: int | None = None
    card_bins: tuple[str, ...] | None = None
    new_customer_of: tuple[str, ...] | None = None
    social_card: bool = False
    list_tier: int | None = None
    one_citizen_a_device: DeviceScope | None = None
    platforms: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class UseRules:
    """Where, when and for what vouchers of a type may be used; None is no condition.

    `shop_groups` are named sets of stores, `areas` named outlines that count beside the type's districts, `terminals`
    numbers that a till sends; `tags` and `skus` bound the goods, as in the calculator's scope. `exchange`: the voucher
    makes one unit of them free, up to the type's amount. `card_issuers` and `card_bins` (first digits, one number or a
    range) bound what is paid with: a bank's own promotion.
    """

    daily: tuple[time, time] | None = None
    weekdays: tuple[int, ...] | None = None
    directions: tuple[Direction, ...] | None = None
    shop_groups: tuple[str, ...] | None = None
    terminals: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    skus: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    caps: tuple[UseCap, ...] = ()
    exchange: bool = False
    card_issuers: tuple[str, ...] | None = None
    card_bins: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class VoucherType:
    """One kind of voucher in a round. `industry` None is general; `rate_bp` None is a fixed amount."""

    type_id: UUID
    round_id: UUID
    name: str
    name_en: str
    amount_fen: int
    threshold_fen: int
    stock: int
    industry: str | None = None
    rate_bp: int | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    valid_days: int | None = None
    districts: tuple[str, ...] | None = None
    hardship_only: bool = False
    shares: tuple[FunderShare, ...] = ()  # empty: the campaign's funder pays it all
    groups: tuple[str, ...] = ()
    use: UseRules = field(default=UseRules())
    copies: int = 1  # in each pack, where its round gives packs

    @property
    def exposure_fen(self) -> int:
        """What the funders would pay if all of the stock were redeemed."""
        return self.amount_fen * self.stock


@dataclass(frozen=True, slots=True)
class SubActivity:
    """A named part of a campaign (a festival, a street's week) that rounds belong to; `position` is its order."""

    sub_activity_id: UUID
    campaign_id: UUID
    name: str
    name_en: str
    position: int = 0
    adcode: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class PackTerms:
    """A round gives its types as one, each in its copies; its caps count packs."""

    name: str
    name_en: str
    packs: int


@dataclass(frozen=True, slots=True)
class Round:
    """One opening of a campaign: at `opens_at` its types can be claimed.

    `codes_most` bounds the codes that may be made for it; `application` is what a round of mode apply asks for.
    """

    round_id: UUID
    campaign_id: UUID
    name: str
    name_en: str
    opens_at: datetime
    closes_at: datetime
    mode: RoundMode = RoundMode.GRAB
    caps: Caps = field(default=Caps())
    conditions: Conditions = field(default=Conditions())
    state: RoundState = RoundState.DRAFT
    sub_activity_id: UUID | None = None
    leftover: Leftover = Leftover.BUDGET
    pack: PackTerms | None = None
    codes_most: int | None = None
    application: Form | None = None


def require_move(moves: Mapping[State, frozenset[State]], now: State, wanted: State) -> None:
    """Raise `ForbiddenMove` unless the table allows the step."""
    if wanted not in moves[now]:
        raise ForbiddenMove(f"{now} cannot become {wanted}", now=now.value, wanted=wanted.value)
