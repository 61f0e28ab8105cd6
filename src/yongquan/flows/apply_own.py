"""A shop's own voucher is designed, submitted through one of five doors, and decided on by a second person."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from yongquan.flows.fund_campaign import open_books
from yongquan.flows.own_parties import (
    DESK_ROLES,
    Applicant,
    NoOwnDoor,
    NoSuchOwn,
    SameOwnPerson,
    own_entry,
    own_for,
    require_own_stores,
    stores_for,
)
from yongquan.institutions.store import Funder
from yongquan.institutions.views import banks
from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import named_id
from yongquan.plumbing.audit import append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove, require_move
from yongquan.vouchers.own_forecast import Forecast, forecast_cost
from yongquan.vouchers.own_model import CHANGEABLE, OWN_MOVES, BadDesign, Design, OwnState, OwnVoucher
from yongquan.vouchers.own_store import (
    add_own,
    channel_of,
    decide_own,
    list_own,
    measured_use,
    move_own,
    own_of,
    rewrite_own,
)

REASON_MAX = 200
CODE_LENGTH = 10


async def enter_own(
    database: Database,
    who: Applicant,
    design: Design,
    *,
    store_id: UUID,
    key: str,
    submit: bool,
    now: datetime,
) -> OwnVoucher:
    """Enter an application; the same key again gives the same one. A shop may keep it as a draft.

    Raises `BadDesign`, `NoSuchOwn` for an unknown store, `Forbidden` for staff without a role there.
    """
    async with database.transaction() as connection:
        merchant = await stores_for(connection, store_id)
        if who.staff is not None:
            who.staff.require(*DESK_ROLES, adcode=merchant.adcode)
        await _check(connection, design)
        require_own_stores(design, merchant)
        own_id = named_id("own-voucher", who.actor, key)
        own = OwnVoucher(
            own_id=own_id,
            code=named_id("own-code", own_id).hex[:CODE_LENGTH],
            store_id=store_id,
            merchant=merchant.merchant,
            shop=merchant.name,
            adcode=merchant.adcode,
            channel=who.channel,
            entered_by=who.actor,
            state=OwnState.SUBMITTED if submit else OwnState.DRAFT,
            design=design,
            submitted_at=now if submit else None,
        )
        if await add_own(connection, own, now=now):
            action = "submitted" if submit else "drafted"
            entry = own_entry(who.actor, own, action, channel=own.channel.value, most_fen=design.most_fen)
            await append(connection, entry, now=now)
        return await _known(connection, own_id)


async def redesign_own(database: Database, who: Applicant, own_id: UUID, design: Design, *, now: datetime) -> None:
    """Change a draft, or one that was rejected. Raises `BadDesign`, `NoSuchOwn`, `ForbiddenMove`."""
    async with database.transaction() as connection:
        own = await own_for(connection, own_id, who)
        if own.state not in CHANGEABLE:
            raise ForbiddenMove(f"{own.state} is not changed any more", now=own.state.value, wanted="draft")
        await _check(connection, design)
        require_own_stores(design, await stores_for(connection, own.store_id))
        if design != own.design:
            await rewrite_own(connection, own_id, design)
            await append(connection, own_entry(who.actor, own, "redesigned", most_fen=design.most_fen), now=now)


async def submit_own(database: Database, who: Applicant, own_id: UUID, *, now: datetime) -> OwnState:
    """Put a draft, or a rejected one, into the queue; again changes nothing. Raises `NoSuchOwn`, `ForbiddenMove`."""
    async with database.transaction() as connection:
        own = await own_for(connection, own_id, who)
        if own.state in {OwnState.SUBMITTED, OwnState.RESUBMITTED}:
            return own.state
        to = OwnState.RESUBMITTED if own.state is OwnState.REJECTED else OwnState.SUBMITTED
        require_move(OWN_MOVES, own.state, to)
        await move_own(connection, own_id, to, now=now)
        await append(connection, own_entry(who.actor, own, to.value, most_fen=own.design.most_fen), now=now)
    return to


async def withdraw_own(database: Database, who: Applicant, own_id: UUID, *, now: datetime) -> None:
    """Take it back before it is public; again changes nothing. Raises `NoSuchOwn`, `ForbiddenMove`."""
    async with database.transaction() as connection:
        own = await own_for(connection, own_id, who)
        if own.state is OwnState.WITHDRAWN:
            return
        require_move(OWN_MOVES, own.state, OwnState.WITHDRAWN)
        await move_own(connection, own_id, OwnState.WITHDRAWN, now=now)
        await append(connection, own_entry(who.actor, own, "withdrawn"), now=now)


async def decide_on_own(
    database: Database,
    staff: Staff,
    own_id: UUID,
    *,
    approve: bool,
    reason: str = "",
    account_no: str = "",
    cells: int,
    now: datetime,
) -> None:
    """Approve an application, which opens the merchant's supervised account in the books, or reject it with a reason.

    The same decision again changes nothing. Raises `Forbidden`, `SameOwnPerson`, `NoSuchOwn`, `ForbiddenMove`.
    """
    to = OwnState.APPROVED if approve else OwnState.REJECTED
    if len(reason) > REASON_MAX or (not approve and not reason):
        raise BadInput(f"reason: a rejection says why, in at most {REASON_MAX} characters")
    async with database.transaction() as connection:
        own = await _at_desk(connection, staff, own_id)
        if own.state is to and own.decided_by == staff.actor:
            return
        require_move(OWN_MOVES, own.state, to)
        if own.entered_by == staff.actor:
            raise SameOwnPerson
        if approve:
            await open_books(connection, [], [_funder(own, account_no)], cells=cells, now=now)
        await decide_own(connection, own_id, to, reason=reason, by=staff.actor, now=now)
        await append(connection, own_entry(staff.actor, own, to.value, reason=reason or None), now=now)


async def list_own_voucher(database: Database, staff: Staff, own_id: UUID, *, listed: bool, now: datetime) -> None:
    """Show it free of charge on the citizens' page, or no longer. Raises `Forbidden`, `NoSuchOwn`, `ForbiddenMove`."""
    async with database.transaction() as connection:
        own = await _at_desk(connection, staff, own_id)
        if own.state not in {OwnState.APPROVED, OwnState.PUBLISHED}:
            raise ForbiddenMove("only what was approved is listed", now=own.state.value, wanted="listed")
        if own.listed != listed:
            await list_own(connection, own_id, listed=listed)
            await append(connection, own_entry(staff.actor, own, "listed" if listed else "unlisted"), now=now)


async def forecast_own(connection: Connection, design: Design, *, merchant: str, now: datetime) -> Forecast:
    """What a design may cost, by the use of past vouchers."""
    shop = await measured_use(connection, merchant=merchant, now=now)
    city = await measured_use(connection, merchant=None, now=now)
    return forecast_cost(design, shop=shop, city=city)


async def institution_at_door(connection: Connection, institution: str) -> Applicant:
    """An institution as an applicant by its channel. Raises `NoOwnDoor`."""
    channel = await channel_of(connection, institution)
    if channel is None:
        raise NoOwnDoor(f"{institution} is neither a provider nor a federation here: yongquan institutions own-door")
    return Applicant.institution(institution, channel)


def _funder(own: OwnVoucher, account_no: str) -> Funder:
    """The merchant as a funder: the account number is the bank's, else that of a sub-account named by the licence."""
    name_en = f"Merchant {own.merchant[-8:]}"
    number = account_no.strip() or f"sup-{own.merchant}"
    return Funder(own.funder_id, own.shop, name_en, "merchant", own.adcode, own.design.bank, number)


async def _check(connection: Connection, design: Design) -> None:
    design.check()
    if design.bank not in {bank.code for bank in await banks(connection)}:
        raise BadDesign("bank", "no bank of the network has this code")


async def _at_desk(connection: Connection, staff: Staff, own_id: UUID) -> OwnVoucher:
    own = await own_of(connection, own_id, lock=True)
    if own is None or own.state is OwnState.DRAFT:
        raise NoSuchOwn
    staff.require(*DESK_ROLES, adcode=own.adcode)
    return own


async def _known(connection: Connection, own_id: UUID) -> OwnVoucher:
    own = await own_of(connection, own_id)
    if own is None:
        raise LookupError("an application that was just written is not there")
    return replace(own)
