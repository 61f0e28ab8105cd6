"""The three coordinate systems of Chinese maps, and distances between places. Degrees and metres."""

import numpy as np
from numpy.typing import NDArray

Degrees = NDArray[np.float64]
Place = tuple[Degrees, Degrees]

# Krasovsky 1940, as the published approximation of GCJ-02 uses it
_AXIS_M = 6378245.0
_ECCENTRICITY = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0


def wgs_to_gcj(lon: Degrees, lat: Degrees) -> Place:
    """Shift WGS-84 to GCJ-02 (the open approximation, true to a metre)."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    turn = np.radians(lat)
    bend = 1 - _ECCENTRICITY * np.sin(turn) ** 2
    d_lat = north * 180 / ((_AXIS_M * (1 - _ECCENTRICITY)) / (bend * np.sqrt(bend)) * np.pi)
    d_lon = east * 180 / (_AXIS_M / np.sqrt(bend) * np.cos(turn) * np.pi)
    return lon + d_lon, lat + d_lat


def gcj_to_wgs(lon: Degrees, lat: Degrees) -> Place:
    """Shift GCJ-02 back to WGS-84, to a centimetre: what shifts there is found by trying."""
    at_lon, at_lat = lon, lat
    for _ in range(5):
        there = wgs_to_gcj(at_lon, at_lat)
        at_lon, at_lat = at_lon + lon - there[0], at_lat + lat - there[1]
    return at_lon, at_lat


def gcj_to_bd(lon: Degrees, lat: Degrees) -> Place:
    """Shift GCJ-02 to BD-09."""
    reach = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return reach * np.cos(angle) + 0.0065, reach * np.sin(angle) + 0.006


def readings_of(lon: Degrees, lat: Degrees) -> list[Place]:
    """A place as it stands, and as it would stand one or two systems further (W to G, G to B, W to B)."""
    gcj = wgs_to_gcj(lon, lat)
    return [(lon, lat), gcj, gcj_to_bd(lon, lat), gcj_to_bd(*gcj)]


def metres_between(one: Place, other: Place) -> Degrees:
    """Distances on a flat earth, good inside a city; NaN where a place is unknown."""
    mean = np.radians((one[1] + other[1]) / 2)
    return np.hypot((one[0] - other[0]) * np.cos(mean), one[1] - other[1]) * 111_200.0


def clean_places(lon: Degrees, lat: Degrees) -> Place:
    """NaN for what is no place in China; latitude and longitude are put right where they were swapped."""
    swapped = (lon > 3) & (lon < 54) & (lat > 73) & (lat < 136)
    lon, lat = np.where(swapped, lat, lon), np.where(swapped, lon, lat)
    good = (lon > 73) & (lon < 136) & (lat > 3) & (lat < 54)
    return np.where(good, lon, np.nan), np.where(good, lat, np.nan)
