"""How much work a place is, in minutes a quarter.

A shop: visits a quarter x minutes a visit, by its industry; a shop of the relief group gets one visit more.
The ground: somebody walks it to find shops that are new or gone, so every square kilometre counts as well.
The numbers are the operator's planning figures, not measurements: `docs/grids.md` says how to judge them.
"""

from yongquan.kernel.money import rate_of

# industry: visits a quarter, minutes a visit
VISITS: dict[str, tuple[int, int]] = {
    "dining": (2, 20),
    "supermarket": (2, 30),
    "convenience": (2, 15),
    "department_store": (3, 45),
    "clothing": (1, 20),
    "appliances": (2, 30),
    "furnishing": (1, 30),
    "lodging": (1, 30),
    "tourism": (1, 30),
    "entertainment": (1, 25),
    "sports": (1, 25),
    "motoring": (2, 20),
}
OTHER = (1, 20)
HARDSHIP_VISITS = 1
GROUND_MINUTES_PER_KM2 = 10.0


def shop_minutes(industry: str, *, hardship: bool, served_bp: int = 10_000) -> int:
    """The work at one shop in a quarter; `served_bp` is how much it is served, of the usual (docs/tiers.md)."""
    visits, minutes = VISITS.get(industry, OTHER)
    return rate_of((visits + hardship * HARDSHIP_VISITS) * minutes, served_bp)


def ground_minutes(km2: float) -> int:
    """The work of walking some ground, to the nearest minute."""
    return round(km2 * GROUND_MINUTES_PER_KM2)
