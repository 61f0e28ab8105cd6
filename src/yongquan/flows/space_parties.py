"""Who reads and who serves in Merchant Space: what is known of shops, who at the desk may do what, and refusals."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.enrolment.conditions import PAYMENTS_WITHIN, ShopFacts
from yongquan.merchants.enrolment.store import known_of_stores
from yongquan.merchants.grids.store import grids_of_stores
from yongquan.merchants.identity.listing import listings_in_force
from yongquan.merchants.identity.model import Level
from yongquan.merchants.publications.model import ReaderFacts
from yongquan.merchants.views import StoreRow, store_of
from yongquan.payments.holds import stores_held
from yongquan.payments.views import payments_counted
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.staff import Role

SPACE_ROLES: Final = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)


class NotInSpace(Refusal):
    """There is no such thing, or not for this shop or person."""

    code = "not_found"


class AnotherMustDecide(Refusal):
    """Whoever wrote or proposed something does not decide on it."""

    code = "same_person"


class BadField(BadInput):
    """A field of a form that cannot be so; `field` names it, `why` is a code that pages have words for."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


def checked(field: str, text: str, *, longest: int, least: int = 1) -> str:
    """A text without blanks around it. Raises `BadField`."""
    text = text.strip()
    if len(text) < least:
        raise BadField(field, "missing")
    if len(text) > longest:
        raise BadField(field, "too_long")
    return text


async def store_in_space(connection: Connection, store_id: UUID) -> StoreRow:
    """A store that is not closed. Raises `NotInSpace`."""
    found = await store_of(connection, store_id)
    if found is None or found.state == "closed":
        raise NotInSpace
    return found


async def reader_of(connection: Connection, store_id: UUID, *, now: datetime) -> ReaderFacts:
    """What decides which publications a store reads. Raises `NotInSpace`."""
    store = await store_in_space(connection, store_id)
    grids = await grids_of_stores(connection, business_day(now), [store_id])
    return ReaderFacts(store_id, store.industry, store.adcode, grids.get(store_id))


async def shops_known(
    connection: Connection, store_ids: Sequence[UUID], *, now: datetime
) -> Mapping[UUID, tuple[str, ShopFacts]]:
    """Each known store's name and what conditions look at."""
    known = await known_of_stores(connection, store_ids)
    held = await stores_held(connection, list(known))
    counts = await payments_counted(connection, list(known), since=now - PAYMENTS_WITHIN, until=now)
    licences = {row[4] for row in known.values()} - {""}
    listed = {
        licence
        for licence, listing in (await listings_in_force(connection, sorted(licences), now=now)).items()
        if listing.level is Level.BARRED and listing.spared_at is None
    }
    return {
        store_id: (
            row[0],
            ShopFacts(*(*row[1:8], counts.get(store_id, 0), store_id in held, row[8], row[4] in listed)),
        )
        for store_id, row in known.items()
    }
