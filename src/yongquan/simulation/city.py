"""The demo city: real ground, invented shops and citizens, the same for the same seed and scale."""

from dataclasses import dataclass

from yongquan.kernel.regions import Division, Regions
from yongquan.simulation.city_people import Card, Citizen, CitizenTable, build_citizens
from yongquan.simulation.city_shops import Shop, ShopTable, build_shops
from yongquan.simulation.gazetteer import CommercialArea, Community, read_gazetteer

__all__ = [
    "Card",
    "Citizen",
    "CitizenTable",
    "City",
    "CommercialArea",
    "Community",
    "Shop",
    "ShopTable",
    "build_city",
]


@dataclass(frozen=True, eq=False, slots=True)
class City:
    """The whole city; iterate `shops` and `citizens` for rows, or take their columns."""

    seed: int
    scale: float
    regions: Regions
    areas: tuple[CommercialArea, ...]
    communities: tuple[Community, ...]
    shops: ShopTable
    citizens: CitizenTable

    @property
    def divisions(self) -> tuple[Division, ...]:
        """The ten county-level divisions, in order of their codes."""
        return self.regions.divisions

    def locate(self, lon: float, lat: float) -> str | None:
        """Say the code of the division a place is in, None outside the city; WGS-84 degrees."""
        return self.regions.locate(lon, lat)


def build_city(*, seed: int, scale: float) -> City:
    """Build the city: scale 1 is 90,000 shops and 300,000 active citizens.

    A citizen depends on seed and number only, so a smaller city's citizens are the first of a larger one's.
    """
    if not 0 < scale <= 10:
        raise ValueError("scale must be above 0 and at most 10")
    ground = read_gazetteer()
    return City(
        seed=seed,
        scale=scale,
        regions=ground.regions,
        areas=ground.areas,
        communities=ground.communities,
        shops=build_shops(ground, seed=seed, scale=scale),
        citizens=build_citizens(ground, seed=seed, scale=scale),
    )
