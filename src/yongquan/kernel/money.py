"""Integer fen and integer basis points; every division names its rounding and every split keeps the total."""

from collections.abc import Sequence

BASIS_POINTS = 10_000


def share_out(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to weights by largest remainder; ties go to the earlier weight.

    The parts are integers, add up to `amount_fen`, and are all 0 if every weight is 0 and so is the amount.
    """
    total = sum(weights)
    if total == 0:
        if amount_fen:
            raise ValueError("an amount cannot be shared out over weights that are all zero")
        return [0] * len(weights)
    parts = [amount_fen * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount_fen * weights[i] % total), i))
    for i in by_remainder[: amount_fen - sum(parts)]:
        parts[i] += 1
    return parts


def rate_of(amount_fen: int, rate_bp: int) -> int:
    """A rate of an amount, rounded half up to a fen (fees: the network's usual rounding)."""
    return (amount_fen * rate_bp + BASIS_POINTS // 2) // BASIS_POINTS


def yuan(amount_fen: int) -> str:
    """An amount for people: 123456 fen is '1,234.56'."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100:,}.{abs(amount_fen) % 100:02d}"
