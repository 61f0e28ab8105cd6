"""How registrants of a draw spend: everybody the usual basket, a winner who redeems a known amount more.

Both lives of a registrant, as winner and as loser, follow from seed and name, so the draw's true effect is known
exactly: the mean over registrants of what winning would have changed. The analysis does not see this.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from yongquan.simulation.behaviour import ShopDirectory, Visit, plan_visit, redeems

# What a voucher won in a draw makes its redeemer spend beyond the usual basket, in fen.
WINNERS_EXTRA_FEN: Final = 6_000
REDEEM_BP: Final = 8_950


def drawn_visit(
    directory: ShopDirectory,
    *,
    seed: int,
    citizen: int,
    occasion: str,
    threshold_fen: int,
    won: bool,
    industries: Sequence[str] = (),
    adcodes: Sequence[str] = (),
    extra_fen: int = WINNERS_EXTRA_FEN,
) -> Visit | None:
    """The visit a registrant makes in the days after the draw; None if there is no such shop.

    A redeeming winner goes to the same shop as without the voucher, and spends `extra_fen` more, or as much more as
    the voucher's threshold asks.
    """
    usual = plan_visit(directory, seed=seed, citizen=citizen, occasion=occasion, industries=industries, adcodes=adcodes)
    if usual is None or not won or not redeems(seed=seed, citizen=citizen, occasion=occasion, rate_bp=REDEEM_BP):
        return usual
    return replace(usual, basket_fen=max(usual.basket_fen + extra_fen, threshold_fen))


def change_fen(
    directory: ShopDirectory,
    *,
    seed: int,
    citizen: int,
    occasion: str,
    threshold_fen: int,
    industries: Sequence[str] = (),
    adcodes: Sequence[str] = (),
    extra_fen: int = WINNERS_EXTRA_FEN,
) -> int:
    """What winning this voucher changes in a registrant's spending: the one life less the other."""
    lives = [
        drawn_visit(
            directory,
            seed=seed,
            citizen=citizen,
            occasion=occasion,
            threshold_fen=threshold_fen,
            won=won,
            industries=industries,
            adcodes=adcodes,
            extra_fen=extra_fen,
        )
        for won in (True, False)
    ]
    as_winner, as_loser = (visit.basket_fen if visit else 0 for visit in lives)
    return as_winner - as_loser
