"""Payments written down as they stand after a day: for tests of what is read from them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from stores.city import SmallCity

from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.model import Round

_PAYMENT = """
insert into payments.payment (cell, payment_id, citizen_id, store_id, order_no, instrument_id, issuer, acquirer,
                              amount_fen, discount_fen, charged_fen, state, settlement_date, stan, sent_at, begun_at)
values (0, %(id)s, %(citizen)s, %(store)s, %(order)s, %(id)s, %(issuer)s, 'suihe', %(amount)s, %(off)s,
        %(amount)s::bigint - %(off)s::bigint, %(state)s, %(day)s, 1, %(at)s, %(at)s)
"""
_SHARE = """
insert into payments.share (cell, payment_id, voucher_id, type_id, funder_id, amount_fen, face_fen)
select 0, %(id)s, v.voucher_id, v.type_id, %(funder)s, %(off)s, v.amount_fen from vouchers.voucher v
 where v.voucher_id = %(voucher)s
"""
_REDEEM = "update vouchers.voucher set state = 'redeemed', redeemed_fen = %s, payment_id = %s where voucher_id = %s"


@dataclass(frozen=True, slots=True)
class Till:
    """A store that takes payments."""

    city: SmallCity
    store: NewStore

    async def pay(
        self,
        citizen: UUID,
        amount_fen: int,
        *,
        voucher: UUID | None = None,
        off_fen: int = 0,
        at: datetime | None = None,
        state: str = "succeeded",
        issuer: str = "chaoxin",
    ) -> UUID:
        """Write a payment down, with a voucher redeemed in it if one is named."""
        at = at or self.city.now
        id_ = fresh_id()
        values = {"id": id_, "citizen": citizen, "store": self.store.store_id, "order": id_.hex, "issuer": issuer}
        values |= {"amount": amount_fen, "off": off_fen, "state": state, "day": business_day(at), "at": at}
        async with self.city.database.transaction() as connection:
            await connection.execute(_PAYMENT, values)
            if voucher is not None:
                await connection.execute(_SHARE, values | {"voucher": voucher, "funder": "bureau"})
                await connection.execute(_REDEEM, [off_fen, id_, voucher])
        return id_


async def open_till(city: SmallCity, *, industry: str = "dining", adcode: str = "330203") -> Till:
    """A new store of an industry."""
    store_id = fresh_id()
    store = NewStore(
        store_id=store_id,
        name="小店",
        brand=None,
        licence_no=store_id.hex[:18].upper(),
        industry=industry,
        mcc="5812",
        adcode=adcode,
        address="东街 1 号",
        lon=121.55,
        lat=29.87,
        acquirer="suihe",
        account_no=f"shop-{store_id.hex[:20]}",
    )
    async with city.database.transaction() as connection:
        await register_stores(connection, [store], now=city.now)
    return Till(city, store)


async def holder(city: SmallCity, round_: Round, **facts: object) -> tuple[UUID, UUID]:
    """A citizen with a voucher of the round."""
    citizen = await city.citizen(**facts)
    won = await city.claim(citizen, round_)
    assert won.code == "claimed", won
    return citizen, UUID(won.voucher_id)


def noon(city: SmallCity) -> datetime:
    """Noon (Shanghai) of the city's day."""
    return datetime.combine(business_day(city.now), datetime.min.time(), UTC).replace(hour=4)
