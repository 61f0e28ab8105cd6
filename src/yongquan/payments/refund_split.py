"""Who bears how much of a refund. Pure; amounts in fen.

Every refund is split against cumulative targets: after refunds of R out of a bill of A, each party is to have given
back R/A of its part, by largest remainder. No party ever takes money back, none gives more than its part, and the
refund that completes the bill completes every part.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from yongquan.kernel.money import share_out


@dataclass(frozen=True, slots=True)
class PaidShare:
    """What one funder paid through one voucher, and how much of that went back before."""

    voucher_id: UUID
    type_id: UUID
    funder_id: str
    paid_fen: int
    refunded_fen: int


@dataclass(frozen=True, slots=True)
class Bill:
    """A payment as a refund sees it: paid and refunded so far, by the citizen, the funders and as fees.

    `fees_fen` and `fees_back_fen` are the interchange, the network's and the acquirer's fee.
    """

    charged_fen: int
    charged_back_fen: int
    shares: tuple[PaidShare, ...]
    fees_fen: tuple[int, int, int]
    fees_back_fen: tuple[int, int, int]

    @property
    def amount_fen(self) -> int:
        return self.charged_fen + sum(share.paid_fen for share in self.shares)

    @property
    def left_fen(self) -> int:
        """What can still be refunded."""
        return self.amount_fen - self.charged_back_fen - sum(share.refunded_fen for share in self.shares)


@dataclass(frozen=True, slots=True)
class RefundParts:
    """One refund: what the citizen gets, what each share (in the bill's order) gets back, the three fees given back."""

    charged_fen: int
    shares_fen: tuple[int, ...]
    fees_fen: tuple[int, int, int]

    @property
    def discount_fen(self) -> int:
        return sum(self.shares_fen)


def split_refund(bill: Bill, amount_fen: int) -> RefundParts:
    """Split the next refund: first between the citizen and each voucher, then within a voucher by its shares.

    `amount_fen` is from 1 to `bill.left_fen`. A fee follows what the citizen gets back, rounded down until the last.
    """
    if not 0 < amount_fen <= bill.left_fen:
        raise ValueError(f"{amount_fen} fen cannot be refunded out of {bill.left_fen}")
    by_voucher: defaultdict[UUID, list[int]] = defaultdict(list)
    for place, share in enumerate(bill.shares):
        by_voucher[share.voucher_id].append(place)
    groups = list(by_voucher.values())
    paid = [sum(bill.shares[i].paid_fen for i in group) for group in groups]
    back = [sum(bill.shares[i].refunded_fen for i in group) for group in groups]
    charged_fen, *of_vouchers = split_next(
        amount_fen, of=[bill.charged_fen, *paid], done=[bill.charged_back_fen, *back]
    )
    shares_fen = [0] * len(bill.shares)
    for group, voucher_fen in zip(groups, of_vouchers, strict=True):
        parts = split_next(
            voucher_fen, of=[bill.shares[i].paid_fen for i in group], done=[bill.shares[i].refunded_fen for i in group]
        )
        for place, part in zip(group, parts, strict=True):
            shares_fen[place] = part
    fees = [_fee_next(bill, n, charged_fen) for n in range(3)]
    return RefundParts(charged_fen, tuple(shares_fen), (fees[0], fees[1], fees[2]))


def split_next(amount_fen: int, *, of: Sequence[int], done: Sequence[int]) -> list[int]:
    """Split an amount over parts `of` a whole of which `done` went before, so that each is nearest to its target."""
    if amount_fen == 0:
        return [0] * len(of)
    whole_fen, target_fen = sum(of), sum(done) + amount_fen
    # How far each part is behind its target, times the whole. A part that rounding put ahead waits.
    behind = [max(0, target_fen * part - before * whole_fen) for part, before in zip(of, done, strict=True)]
    return share_out(amount_fen, behind)


def _fee_next(bill: Bill, n: int, charged_fen: int) -> int:
    if not bill.charged_fen:
        return 0
    return bill.fees_fen[n] * (bill.charged_back_fen + charged_fen) // bill.charged_fen - bill.fees_back_fen[n]
