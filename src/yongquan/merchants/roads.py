"""How far it is between two places: over the great circle, longer by what roads add. Degrees are WGS-84.

The factor is the usual one for towns on a plain (detour indices of 1.2 to 1.4 are reported for street networks); the
platform holds no road map. Bays and rivers without a bridge near are underestimated.
"""

from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_M: Final = 6_371_009.0
ROAD_FACTOR: Final = 1.3
# An electric bicycle in traffic, stops at lights counted in.
METRES_A_MINUTE: Final = 300

Place = tuple[float, float]


def great_circle_m(one: Place, other: Place) -> float:
    """Metres as the crow flies between two (lon, lat)."""
    (lon1, lat1), (lon2, lat2) = one, other
    half_lat, half_lon = radians(lat2 - lat1) / 2, radians(lon2 - lon1) / 2
    part = sin(half_lat) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(half_lon) ** 2
    return 2 * EARTH_M * asin(sqrt(min(1.0, part)))


def road_metres(one: Place, other: Place) -> int:
    """Metres on the road, to the nearest."""
    return round(great_circle_m(one, other) * ROAD_FACTOR)


def ride_minutes(metres: int) -> int:
    """Minutes on the way, rounded up."""
    return -(-metres // METRES_A_MINUTE)
