"""Who speaks for a shop's own voucher, and the refusals they share."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.merchants.own_stores import MerchantStores, stores_of_merchant
from yongquan.plumbing.audit import AuditEntry, Fact
from yongquan.plumbing.db import Connection
from yongquan.staff import Role, Staff
from yongquan.vouchers.own_model import BadDesign, Channel, Design, OwnVoucher
from yongquan.vouchers.own_store import own_of

DESK_ROLES: Final = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)


class NoSuchOwn(Refusal):
    """There is no such voucher, store or campaign, or it is another merchant's."""

    code = "not_found"


class SameOwnPerson(Refusal):
    """Whoever entered an application may not decide on it."""

    code = "same_person"


class NoOwnDoor(Refusal):
    """The operator has not opened this door to the institution."""

    code = "forbidden"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who enters or changes an application: a shop, an institution for it, or a bureau's officer.

    `store_id` is the signed-in store, whose merchant may act on all that is its own.
    """

    channel: Channel
    actor: str
    store_id: UUID | None = None
    staff: Staff | None = None

    @classmethod
    def shop(cls, store_id: UUID, *, mini: bool = False) -> "Applicant":
        """A shop on its own pages, or on the mini-programme's."""
        channel = Channel.MINI_PROGRAMME if mini else Channel.MERCHANT_SPACE
        return cls(channel, f"store:{store_id}", store_id)

    @classmethod
    def institution(cls, code: str, channel: Channel) -> "Applicant":
        """A provider or a federation with its key."""
        return cls(channel, f"institution:{code}")

    @classmethod
    def bureau(cls, staff: Staff) -> "Applicant":
        """An officer at the desk."""
        return cls(Channel.BUREAU, staff.actor, staff=staff)


async def stores_for(connection: Connection, store_id: UUID) -> MerchantStores:
    """The merchant behind a store, with all its stores. Raises `NoSuchOwn`."""
    found = await stores_of_merchant(connection, store_id)
    if found is None:
        raise NoSuchOwn
    return found


async def own_for(connection: Connection, own_id: UUID, who: Applicant, *, lock: bool = True) -> OwnVoucher:
    """The voucher, locked, if it is the applicant's own or was entered by the same. Raises `NoSuchOwn`."""
    own = await own_of(connection, own_id, lock=lock)
    if own is None:
        raise NoSuchOwn
    if who.store_id is not None:
        merchant = (await stores_for(connection, who.store_id)).merchant
        if own.merchant == merchant:
            return own
    if who.actor == own.entered_by:
        return own
    raise NoSuchOwn


def require_own_stores(design: Design, merchant: MerchantStores) -> None:
    """Raises `BadDesign` unless the voucher is for stores of this merchant only."""
    if not set(design.stores) <= set(merchant.stores):
        raise BadDesign("stores", "only the merchant's own stores")


def own_entry(actor: str, own: OwnVoucher, action: str, **facts: Fact) -> AuditEntry:
    """What the audit log keeps of an act on a shop's own voucher."""
    return AuditEntry(
        actor=actor,
        action=f"own_voucher.{action}",
        subject=f"own_voucher:{own.own_id}",
        before={"state": own.state.value},
        after=dict(facts),
    )
