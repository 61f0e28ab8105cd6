"""Callers in the coupon platform's shape have vouchers given to their users: claims of their app, its quota first."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.citizens.store import find_by_phones
from yongquan.flows.claim_voucher import ClaimOutcome
from yongquan.flows.register_for_draw import SignUp, SignUpOutcome, register_for_draw
from yongquan.flows.serve_app import AppDesk, NotLinked
from yongquan.institutions import apps_store
from yongquan.institutions.apps import App
from yongquan.institutions.coupon_apps import CouponApp
from yongquan.institutions.coupon_store import CouponOrder, OrderKey, begin_order, end_order, order_of
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import cell_of, named_id
from yongquan.payments.store import citizens_of_card
from yongquan.plumbing.clock import SHANGHAI, business_day
from yongquan.vouchers.catalogue import Catalogue, RoundOffer, TypeOffer
from yongquan.vouchers.draw_plan import read_announcement
from yongquan.vouchers.draw_store import draw_of_round
from yongquan.vouchers.quotas import ClaimedIn, claimed_in, quotas_of
from yongquan.vouchers.store import types_by_id
from yongquan.vouchers.views import RoundRow, TypeRow, round_for_screen

GIVEN = "00"
_TELL = """
select plumbing.emit(%(cell)s, 'coupon.given', array_agg(u.event), array_agg(u.voucher),
                     array_agg(u.facts || institutions.concerned(%(cell)s, %(citizen)s, %(institution)s)), %(now)s)
  from unnest(%(event)s::uuid[], %(voucher)s::uuid[], %(facts)s::jsonb[]) as u(event, voucher, facts)
having count(*) > 0
"""
WON = frozenset({"claimed", "again"})
NUMBER_MAX = 10


class UnknownCoupon(Refusal):
    """No voucher type, or no draw, has this number."""

    code = "not_found"


class OrderDiffers(Refusal):
    """This number and day were used for another order."""

    code = "conflicting_request"


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom an order is for, by one of what the caller may know; empty where it was not said."""

    open_id: str = ""
    phone: str = ""
    card_no: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What came of an order: "00" when every voucher was given, else why none was."""

    outcome: str
    reason: str
    voucher_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Allotment:
    """What an institution can claim of a type: its own quota and what is everybody's. Counts in pieces."""

    round: RoundRow
    type: TypeRow
    total: int
    left: int
    claimed: ClaimedIn


@dataclass(frozen=True, slots=True)
class CouponDesk:
    """What the coupon platform's shape can do."""

    apps: AppDesk
    catalogue: Catalogue

    async def whom(self, caller: CouponApp, whom: Whom, *, now: datetime) -> UUID:
        """The citizen, who must have agreed to be known to the caller's institution. Raises `NotLinked`."""
        app = app_of(caller)
        if whom.open_id:
            try:
                return await self.apps.citizen(app, UUID(whom.open_id), active_at=now)
            except ValueError:
                raise NotLinked(whom.open_id[:40]) from None
        async with self.apps.database.transaction() as connection:
            if whom.phone:
                by_phone = await find_by_phones(connection, [whom.phone], self.apps.sealing, cells=self.apps.cells)
                found = list(by_phone.values())
            else:
                found = await citizens_of_card(connection, whom.card_no, self.apps.sealing)
            open_ids = await apps_store.open_ids_of(connection, caller.institution, found)
        for _, open_id in sorted(open_ids.items()):
            return await self.apps.citizen(app, open_id, active_at=now)
        raise NotLinked

    async def give(
        self, caller: CouponApp, key: OrderKey, citizen_id: UUID, *, coupon_id: UUID, wanted: int, now: datetime
    ) -> Given:
        """Claim so many vouchers of a type, all or none; the same order again is answered the same.

        Raises `UnknownCoupon`, `OrderDiffers`.
        """
        offer, type_ = await self._offered(coupon_id)
        body_hash = hashlib.blake2b(f"{coupon_id}\n{citizen_id}\n{wanted}".encode(), digest_size=16)
        async with self.apps.database.transaction() as connection:
            order = await begin_order(
                connection, key, body_hash.digest(), coupon_id=coupon_id.hex, wanted=wanted, now=now
            )
        if order is None:
            raise OrderDiffers("transSeqId and transTs were used for another order")
        outcome, vouchers = await self._claim(
            caller, key, citizen_id, offer, type_, wanted=wanted, body_hash=body_hash.hexdigest()
        )
        code = GIVEN if len(vouchers) == wanted else outcome.code
        async with self.apps.database.transaction() as connection:
            fresh = await end_order(connection, key, outcome=code, voucher_ids=vouchers)
            cell = cell_of(citizen_id, self.apps.cells)
            facts = [{"type_id": str(coupon_id), "citizen_id": str(citizen_id)} for _ in fresh]
            await connection.execute(
                _TELL,
                {
                    "cell": cell,
                    "event": [named_id("coupon-given", id_) for id_ in fresh],
                    "voucher": fresh,
                    "facts": [Jsonb(one) for one in facts],
                    "citizen": citizen_id,
                    "institution": [caller.institution],
                    "now": now,
                },
            )
        return Given(code, outcome.reason, vouchers)

    async def _claim(
        self,
        caller: CouponApp,
        key: OrderKey,
        citizen_id: UUID,
        offer: RoundOffer,
        type_: TypeOffer,
        *,
        wanted: int,
        body_hash: str,
    ) -> tuple[ClaimOutcome, tuple[UUID, ...]]:
        """One goes through the common line, several through a commit of their own."""
        app = app_of(caller)
        numbers = [f"coupon\n{key.app_id}\n{key.trans_ts}\n{key.trans_seq_id}\n{n}" for n in range(wanted)]
        if wanted > 1:
            return await self.apps.claim_several(app, citizen_id, offer, type_, keys=numbers, body_hash=body_hash)
        outcome = await self.apps.claim(app, citizen_id, offer, type_, key=numbers[0], body_hash=body_hash, place=None)
        return outcome, (UUID(outcome.voucher_id),) if outcome.code in WON else ()

    async def order(self, key: OrderKey) -> CouponOrder | None:
        """What came of an order."""
        async with self.apps.database.transaction() as connection:
            return await order_of(connection, key)

    async def draw(
        self, caller: CouponApp, key: OrderKey, citizen_id: UUID, *, round_id: UUID, adcode: str | None, now: datetime
    ) -> SignUpOutcome:
        """Sign a citizen up for a round's draw, wishing for its categories in the announced order.

        The district may be left out where the draw has one only. Raises `UnknownCoupon`.
        """
        async with self.apps.database.transaction() as connection:
            draw = await draw_of_round(connection, round_id)
            if draw is None:
                raise UnknownCoupon("this round has no draw")
            plan = read_announcement(draw.announcement)
            wishes = [UUID(category.code) for category in plan.categories[: plan.wishes_max]]
            place = adcode or (plan.strata[0] if len(plan.strata) == 1 else None)
            sign_up = SignUp(
                citizen_id=citizen_id,
                wishes=wishes,
                adcode=place,
                key=_uuid(f"{key.app_id}\n{key.trans_ts}\n{key.trans_seq_id}"),
                body_hash=_uuid(f"{round_id}\n{citizen_id}\n{place}"),
                platform=caller.institution,
            )
            (outcome,) = await register_for_draw(connection, draw, [sign_up], cells=self.apps.cells, now=now)
        return outcome

    async def allotment(self, caller: CouponApp, coupon_id: UUID, *, now: datetime) -> Allotment:
        """How much of a type the institution can still claim, and was claimed of that stock. Raises `UnknownCoupon`."""
        offer, type_ = await self._offered(coupon_id)
        today = business_day(now)
        async with self.apps.database.transaction() as connection:
            row = await round_for_screen(connection, UUID(hex=offer.round_hex))
            own = [
                quota
                for quota in await quotas_of(connection, [UUID(hex=offer.round_hex)])
                if quota.institution == caller.institution and quota.part_of == coupon_id and quota.released_at is None
            ]
            stock = [coupon_id, *(quota.type_id for quota in own)]
            claimed = await claimed_in(connection, stock, today=today)
        shown = next((t for t in row.types if t.type_id == coupon_id), None) if row else None
        if row is None or shown is None:
            raise UnknownCoupon(f"no voucher type {type_.type_id} is out")
        total = shown.stock + sum(quota.stock for quota in own)
        return Allotment(row, shown, total, shown.remaining + sum(quota.remaining for quota in own), claimed)

    async def _offered(self, coupon_id: UUID) -> tuple[RoundOffer, TypeOffer]:
        async with self.apps.database.transaction() as connection:
            found = await types_by_id(connection, [coupon_id])
            if found and self.catalogue.get(found[0].round_id.hex) is None:
                await self.catalogue.load(connection, [found[0].round_id])
        offer = self.catalogue.get(found[0].round_id.hex) if found else None
        type_ = offer.types.get(coupon_id.hex) if offer else None
        if offer is None or type_ is None:
            raise UnknownCoupon("no voucher type has this couponId")
        return offer, type_


def app_of(caller: CouponApp) -> App:
    """The app as which the caller acts."""
    return App(caller.institution, "", "", 1, 1, "active")


def day_of(now: datetime) -> str:
    """A business day as the shape writes it: yyyyMMdd."""
    return now.astimezone(SHANGHAI).strftime("%Y%m%d")


def whom_of(fields: Mapping[str, str]) -> Whom:
    """Whom the fields of an order name."""
    return Whom(fields.get("openId", ""), fields.get("mobile", ""), fields.get("cardNo", ""))


def _uuid(text: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())
