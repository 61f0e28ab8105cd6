"""Which vouchers an order uses: the best ones, or those the citizen named, under their campaigns' rules. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from yongquan.kernel.errors import Refusal
from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.model import Direction
from yongquan.vouchers.pricing import AmountOff, Cart, Choice, Offer, PercentOff, Priced, price
from yongquan.vouchers.sharing import FunderPart
from yongquan.vouchers.usability import StoreFacts, why_not_here


class VoucherNotUsable(Refusal):
    """A voucher the citizen asked for cannot be used in this order; the facts say which and why."""

    code = "voucher_not_usable"


@dataclass(frozen=True, slots=True)
class HeldVoucher:
    """A voucher of the citizen that is good now; `amount_fen` is what it takes off, or its cap."""

    voucher_id: str
    type: TypeOffer
    valid_until: datetime
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A voucher that the order uses, and what it takes off."""

    voucher: HeldVoucher
    discount_fen: int

    @property
    def parts(self) -> tuple[FunderPart, ...]:
        """Who pays what of it."""
        return self.voucher.type.parts_of(self.discount_fen, held_fen=self.voucher.amount_fen)


@dataclass(frozen=True, slots=True)
class Selection:
    """The order's vouchers and what is left to pay, in fen."""

    payable_fen: int
    chosen: tuple[Chosen, ...]


def choose_best(cart: Cart, held: Sequence[HeldVoucher], *, store: StoreFacts, direction: Direction) -> Selection:
    """The vouchers that leave the least to pay: fewest, then the earliest to expire, where equal."""
    asked_fen = sum(line.unit_fen * line.qty for line in cart.lines if line.selected)
    usable = [v for v in held if why_not_here(v.type.rules, store=store, direction=direction) is None]
    if not usable:
        return Selection(asked_fen, ())
    by_id = {v.voucher_id: v for v in usable}
    best = min(
        (
            price(cart, [_offer(v) for v in group], choose=Choice.BEST, max_per_funder=_per_order(group))
            for group in _groups_that_stack(usable)
        ),
        key=lambda priced: _rank(priced, by_id),
    )
    return Selection(best.payable_fen, tuple(Chosen(by_id[a.offer_id], a.discount_fen) for a in best.applied))


def use_named(cart: Cart, named: Sequence[HeldVoucher], *, store: StoreFacts, direction: Direction) -> Selection:
    """Use exactly these vouchers. Raises `VoucherNotUsable` naming the first that cannot be used and why."""
    for voucher in named:
        reason = why_not_here(voucher.type.rules, store=store, direction=direction)
        if reason is not None:
            raise VoucherNotUsable(f"{voucher.type.name}: {reason}", voucher_id=voucher.voucher_id, reason=reason)
    if len(_groups_that_stack(named)) > 1 or _too_many(named):
        raise VoucherNotUsable("these vouchers cannot be used together", reason="does_not_stack")
    priced = price(cart, [_offer(v) for v in named])
    for voucher_id, reason_ in priced.rejected.items():
        raise VoucherNotUsable(f"{voucher_id}: {reason_}", voucher_id=voucher_id, reason=reason_.value)
    by_id = {v.voucher_id: v for v in named}
    return Selection(priced.payable_fen, tuple(Chosen(by_id[a.offer_id], a.discount_fen) for a in priced.applied))


def _groups_that_stack(vouchers: Sequence[HeldVoucher]) -> list[list[HeldVoucher]]:
    """Sets of vouchers that may be used together: each campaign that stands alone, and all others as one."""
    groups: dict[str, list[HeldVoucher]] = defaultdict(list)
    kept: dict[str, int] = defaultdict(int)
    for voucher in sorted(vouchers, key=lambda v: (v.valid_until, v.voucher_id)):
        # Vouchers of one type differ in expiry only: an order needs no more of them than it may use.
        if kept[voucher.type.type_hex] < voucher.type.campaign_rules.per_order:
            kept[voucher.type.type_hex] += 1
            stacks = voucher.type.campaign_rules.stacks_with_others
            groups["" if stacks else voucher.type.campaign_hex].append(voucher)
    return list(groups.values())


def _per_order(group: Sequence[HeldVoucher]) -> dict[str, int]:
    return {v.type.campaign_hex: v.type.campaign_rules.per_order for v in group}


def _too_many(named: Sequence[HeldVoucher]) -> bool:
    return len(named) > sum(len(group) for group in _groups_that_stack(named)) or any(
        sum(v.type.campaign_hex == campaign for v in named) > most for campaign, most in _per_order(named).items()
    )


def _offer(voucher: HeldVoucher) -> Offer:
    type_ = voucher.type
    return Offer(
        offer_id=voucher.voucher_id,
        deal=AmountOff(voucher.amount_fen) if type_.rate_bp is None else PercentOff(type_.rate_bp),
        funder=type_.campaign_hex,
        threshold_fen=type_.threshold_fen,
        cap_fen=None if type_.rate_bp is None else voucher.amount_fen,
        expires_at=voucher.valid_until,
    )


def _rank(priced: Priced, by_id: dict[str, HeldVoucher]) -> tuple[int, int, list[datetime], list[str]]:
    used = [by_id[a.offer_id] for a in priced.applied]
    return (
        priced.payable_fen,
        len(used),
        sorted(v.valid_until for v in used),
        sorted(v.voucher_id for v in used),
    )
