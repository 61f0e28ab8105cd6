"""Whether the areas, shop groups, issuers and platforms that a document names are there; the nearest if not. Pure."""

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from yongquan.vouchers.documents_check import parts
from yongquan.vouchers.documents_faults import Fault
from yongquan.vouchers.documents_kinds import OWN_APP
from yongquan.vouchers.documents_yaml import Marked, Path, path_name

_NEAR_MAX = 3
_NONE = ("还没有登记任何一个", "none is registered yet")


@dataclass(frozen=True, slots=True)
class Known:
    """The codes that are registered."""

    areas: Collection[str] = field(default=())
    shop_groups: Collection[str] = field(default=())
    issuers: Collection[str] = field(default=())
    platforms: Collection[str] = field(default=())


def check_known(marked: Marked, known: Known) -> list[Fault]:
    """The faults of checked values: each at the line of the name that is not there."""
    return sorted(_faults(marked, known), key=lambda fault: (fault.line, fault.column))


def _faults(marked: Marked, known: Known) -> Iterator[Fault]:
    named = (
        ("conditions", "areas", "unknown_area", known.areas),
        ("use", "areas", "unknown_area", known.areas),
        ("use", "shop_groups", "unknown_shop_group", known.shop_groups),
        ("conditions", "card_issuers", "unknown_issuer", known.issuers),
        ("use", "card_issuers", "unknown_issuer", known.issuers),
        ("conditions", "new_customer_of", "unknown_issuer", known.issuers),
        ("conditions", "platforms", "unknown_platform", (OWN_APP, *known.platforms)),
    )
    for _, path, values in parts(marked.values):
        for group, key, code, there in named:
            for n, name in enumerate(values.get(group, {}).get(key, ())):
                if name not in there:
                    yield _fault(marked, (*path, group, key, n), code, value=name, near=_near(name, there))


def _near(name: str, there: Collection[str]) -> Any:
    """The nearest names, or some of those that are there."""
    close = difflib.get_close_matches(name, sorted(there), n=_NEAR_MAX, cutoff=0.5)
    return ", ".join(close or sorted(there)[:_NEAR_MAX]) or _NONE


def _fault(marked: Marked, path: Path, code: str, **facts: Any) -> Fault:
    return Fault(*marked.place(path), path_name(path), code, facts)
