"""Who pays for one voucher: its funders' shares in basis points, exact to the fen on every redemption. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yongquan.kernel.errors import BadInput
from yongquan.kernel.money import BASIS_POINTS, share_out


@dataclass(frozen=True, slots=True)
class FunderShare:
    """A funder's part of every voucher of a type; the parts of a type add up to 10,000 basis points."""

    funder_id: str
    share_bp: int


@dataclass(frozen=True, slots=True)
class FunderPart:
    """What one funder pays of a redemption, and what it had reserved for the voucher. Fen."""

    funder_id: str
    amount_fen: int
    face_fen: int


def require_whole(shares: Sequence[FunderShare]) -> None:
    """Raises `BadInput` unless the shares are positive, of different funders, and add up to the whole."""
    if shares and (
        sum(share.share_bp for share in shares) != BASIS_POINTS
        or any(share.share_bp < 1 for share in shares)
        or len({share.funder_id for share in shares}) != len(shares)
    ):
        raise BadInput("shares: funders' parts must be of different funders and add up to 10000 basis points")


def reserves_of(face_fen: int, shares: Sequence[FunderShare]) -> dict[str, int]:
    """What each funder sets aside for one voucher of this face value, by largest remainder."""
    parts = share_out(face_fen, [share.share_bp for share in shares])
    return {share.funder_id: part for share, part in zip(shares, parts, strict=True)}


def parts_of(amount_fen: int, shares: Sequence[FunderShare], *, held_fen: int, face_fen: int) -> tuple[FunderPart, ...]:
    """Split what a voucher takes off among its funders by largest remainder.

    Nobody pays more than it had reserved: `held_fen` is what the voucher can take off now, `face_fen` what it could
    when it was new (a voucher that came back from a refund may hold less). Who reserved nothing is left out.
    """
    held = holdings_of(held_fen, shares, face_fen=face_fen)
    amounts = _share_below(amount_fen, [share.share_bp for share in shares], list(held.values()))
    return tuple(
        FunderPart(funder_id, amount, ceiling)
        for (funder_id, ceiling), amount in zip(held.items(), amounts, strict=True)
        if ceiling
    )


def holdings_of(held_fen: int, shares: Sequence[FunderShare], *, face_fen: int) -> dict[str, int]:
    """Whose money is in a voucher that can take off `held_fen` now and could take off `face_fen` when it was new."""
    new = reserves_of(face_fen, shares)
    if held_fen == face_fen:
        return new
    return dict(zip(new, _share_below(held_fen, [share.share_bp for share in shares], list(new.values())), strict=True))


def deal(total_fen: int, wanted: Mapping[str, int]) -> dict[str, int]:
    """Give a sum out to funders as each is owed it; where the wants do not add up to it, in their proportion."""
    owed = {funder_id: max(fen, 0) for funder_id, fen in wanted.items()}
    if sum(owed.values()) == total_fen:
        return owed
    weights = list(owed.values()) if any(owed.values()) else [1] * len(owed)
    return dict(zip(owed, share_out(total_fen, weights), strict=True))


def sum_by_funder(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Add up parts by funder."""
    summed: dict[str, int] = {}
    for part in parts:
        for funder_id, fen in part.items():
            summed[funder_id] = summed.get(funder_id, 0) + fen
    return summed


def _share_below(amount_fen: int, weights: Sequence[int], ceilings: Sequence[int]) -> list[int]:
    """Largest remainder, where a fen beyond a part's ceiling goes to the next remainder with room."""
    if amount_fen > sum(ceilings):
        raise ValueError(f"{amount_fen} fen do not fit into {sum(ceilings)}")
    total = sum(weights)
    parts = [min(amount_fen * weight // total, top) for weight, top in zip(weights, ceilings, strict=True)]
    in_turn = sorted(range(len(weights)), key=lambda i: (-(amount_fen * weights[i] % total), i))
    left = amount_fen - sum(parts)
    while left:
        for i in in_turn:
            if left and parts[i] < ceilings[i]:
                parts[i] += 1
                left -= 1
    return parts
