"""Where a round or a type is for: divisions and funders' areas joined into one outline, worked out once."""

from collections.abc import Iterable

from shapely.geometry import shape

from yongquan.kernel.places import Zone
from yongquan.kernel.regions import Regions
from yongquan.vouchers.areas import Area


class Zones:
    """Outlines by what they are made of: rounds of one campaign share theirs."""

    def __init__(self, regions: Regions | None) -> None:
        self._regions = regions
        self._known: dict[object, Zone] = {}

    def of(self, *, districts: Iterable[str], areas: Iterable[Area], tolerance_m: int = 0) -> Zone:
        """The union of divisions and areas, widened by the tolerance; codes that are unknown add nothing."""
        adcodes, named = tuple(sorted(districts)), sorted(areas, key=lambda area: area.code)
        key = (adcodes, tuple((area.code, area.changed_at) for area in named), tolerance_m)
        if key not in self._known:
            divisions = self._regions.divisions if self._regions else ()
            outlines = [division.outline for division in divisions if division.adcode in adcodes]
            outlines += [shape(dict(area.outline)) for area in named]
            self._known[key] = Zone.of(outlines, tolerance_m=tolerance_m)
        return self._known[key]
