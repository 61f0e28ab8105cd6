"""What a shop agrees to, what a holder may see, and what it asks for. Degrees are WGS-84."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from yongquan.kernel.errors import BadInput, Refusal

# Fewer shops than this are neither counted nor listed nor saved: a filter must not single a shop out.
SMALL: Final = 5
NAME_MAX: Final = 40
MANY_MAX: Final = 100
# How many days of the month a shop traded: from, up to and with. Nobody is told more exactly.
BANDS: Final[dict[str, tuple[int, int]]] = {"none": (0, 0), "low": (1, 5), "middle": (6, 15), "high": (16, 31)}
# The wording that shops agree to now; what an earlier one said stays here under its number.
TEXT_NO: Final = 1
TEXTS: Final = {
    1: (
        "同意把本店的名称、地址、行业、位置列入可营销商户池，供运营方授权的银行、钱包和主管部门选店做活动时查看，"
        "并按等级、网格和活跃程度筛选。不提供交易金额和顾客信息。可随时撤回，撤回后不再用于以后的活动。"
    )
}


class PoolClosed(Refusal):
    """The operator has not granted this holder the pool, or has revoked it."""

    code = "pool_closed"


class TooFewShops(Refusal):
    """Fewer shops than may be told match the filter."""

    code = "too_few_shops"


class NotInPool(Refusal):
    """There is no such version of this holder, or no such shop."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a grant lets its holder see; None is all."""

    adcodes: Sequence[str] | None = None
    industries: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A filter; an empty part asks for nothing. `box` is west, south, east, north; turned round it holds nothing."""

    adcodes: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    grids: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    box: tuple[float, float, float, float] | None = field(default=None)

    def __post_init__(self) -> None:
        unknown = [band for band in self.bands if band not in BANDS]
        if unknown:
            raise BadInput(f"bands: {unknown[0]} is none of {', '.join(BANDS)}")
        for name in ("adcodes", "industries", "tiers", "grids", "bands"):
            if len(getattr(self, name)) > MANY_MAX:
                raise BadInput(f"{name}: {MANY_MAX} at most")


def told(count: int) -> int | None:
    """A count as a holder may read it; None is fewer than `SMALL`."""
    return count if count >= SMALL or count == 0 else None
