"""Parking in the v3 shape: the plate's service, the entry, the fee and its query."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from yongquan.flows.park_by_v3 import V3Parking
from yongquan.flows.say_v3_trade import V3Speech
from yongquan.flows.trade_by_v3 import PARKING, TradeWish
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.payments.orders import TradeOrder
from yongquan.payments.plates_store import Plate, read_plate
from yongquan.web.dialects.wechat_v3_edge import (
    Caller,
    V3Refused,
    Wire,
    numbered,
    param_error,
    read_id,
    read_time,
    require_appid,
    say_time,
    told,
)
from yongquan.web.dialects.wechat_v3_pay import Amount, NotifyUrl, Number
from yongquan.web.door import Door

VEHICLE = "/vehicle"
# The fee is taken at once; an order that its driver could not pay stays open as long.
LIVES = timedelta(days=1)
Color = Literal["BLUE", "GREEN", "YELLOW", "BLACK", "WHITE", "LIMEGREEN"]


class Entry(Wire):
    """A car that drove in."""

    out_parking_no: str = Field(min_length=1, max_length=32)
    plate_number: str = Field(max_length=32)
    plate_color: Color
    notify_url: NotifyUrl
    start_time: str
    parking_name: str = Field(min_length=1, max_length=32)
    free_duration: int = Field(ge=0)


class ParkingInfo(Wire):
    """Which car stood where, from when to when."""

    parking_id: str
    plate_number: str = Field(max_length=32)
    plate_color: Color
    start_time: str
    end_time: str
    parking_name: str = Field(min_length=1, max_length=32)
    charging_duration: int = Field(ge=0)
    device_id: str = Field(min_length=1, max_length=32)


class ParkingFee(Wire):
    """What a car's stay costs."""

    appid: str
    description: str = Field(min_length=1, max_length=128)
    attach: str = Field(default="", max_length=128)
    out_trade_no: Number
    trade_scene: Literal["PARKING"]
    goods_tag: str | None = Field(default=None, max_length=32)
    notify_url: NotifyUrl
    profit_sharing: Literal["N", "Y"] = "N"
    amount: Amount
    parking_info: ParkingInfo


def add_parking(routes: APIRouter, door: Door, caller: Caller, parking: V3Parking) -> None:
    """`/v3/vehicle`."""
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.get(f"{VEHICLE}/parking/services/find", response_model=None)
    async def find(merchant: Merchant, appid: str, plate_number: str, plate_color: str, openid: str) -> object:
        require_appid(merchant, appid)
        plate = _plate(plate_number, plate_color)
        service = await parking.service(merchant, plate, openid)
        said: dict[str, object] = {"plate_number": plate.number, "plate_color": plate.color, "openid": openid}
        if service is None:
            return said | {"service_state": "OUT_SERVICE"}
        return said | {"service_state": "NORMAL", "service_open_time": say_time(service.opened_at)}

    @routes.post(f"{VEHICLE}/parking/parkings", response_model=None)
    async def enter(merchant: Merchant, wanted: Entry) -> object:
        plate = _plate(wanted.plate_number, wanted.plate_color)
        at = read_time(wanted.start_time, field="start_time")
        asked = numbered(merchant, "parking", wanted.out_parking_no, wanted)
        parking_id, is_paid = await parking.enter(merchant, asked, plate, at=at)
        facts = wanted.model_dump(exclude={"notify_url"})
        state = {"state": "NORMAL"} if is_paid else {"state": "BLOCKED", "block_reason": "REMOVE"}
        return {"id": parking_id.hex, **facts, "plate_number": plate.number, **state}

    @routes.post(f"{VEHICLE}/transactions/parking", response_model=None)
    async def charge(merchant: Merchant, wanted: ParkingFee) -> object:
        info = wanted.parking_info
        plate = _plate(info.plate_number, info.plate_color, within="parking_info.")
        order = await parking.charge(merchant, _parking_id(info.parking_id), plate, _wish(door, merchant, wanted))
        return await _said(door, order)

    @routes.get(f"{VEHICLE}/transactions/out-trade-no/{{out_trade_no}}", response_model=None)
    async def query(merchant: Merchant, out_trade_no: str) -> object:
        return await _said(door, await parking.find(merchant, out_trade_no))


def _wish(door: Door, merchant: GatewayMerchant, wanted: ParkingFee) -> TradeWish:
    require_appid(merchant, wanted.appid)
    if merchant.api_key_sealed is None:
        raise V3Refused(403, "NO_AUTH", "商户未登记 APIv3 密钥,无法通知支付结果")
    if wanted.profit_sharing == "Y":
        raise param_error("profit_sharing", "暂不支持分账")
    info = wanted.parking_info
    starts_at = read_time(info.start_time, field="parking_info.start_time")
    if read_time(info.end_time, field="parking_info.end_time") < starts_at:
        raise param_error("parking_info.end_time", "早于入场时间")
    return TradeWish(
        out_trade_no=wanted.out_trade_no,
        trade_type=PARKING,
        amount_fen=wanted.amount.total,
        subject=wanted.description,
        expires_at=door.clock.now() + LIVES,
        body=wanted.model_dump_json().encode(),
        facts={
            "attach": wanted.attach,
            "notify_url": wanted.notify_url,
            "description": wanted.description,
            "parking_info": info.model_dump(),
        },
    )


def _plate(number: str, color: str, *, within: str = "") -> Plate:
    plate = read_plate(number, color)
    if plate is None:
        raise param_error(f"{within}plate_number", "车牌号或车牌颜色有误")
    return plate


def _parking_id(text: str) -> UUID:
    try:
        return read_id(text)
    except V3Refused as no:
        raise told("no_such_parking") from no


async def _said(door: Door, order: TradeOrder) -> dict[str, object]:
    async with door.database.transaction() as connection:
        return await V3Speech(door.sealing, door.cells).trade(connection, order)
