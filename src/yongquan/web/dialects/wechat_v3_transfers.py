"""Transfers of a merchant to its users in the v3 shape: sent, asked about. One begins at once, so none is cancelled."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from yongquan.flows.transfer_by_v3 import TransferBill, V3Transfers, bill_document
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.v3 import Seal
from yongquan.kernel.errors import BadInput
from yongquan.web.api.fen import PositiveFen
from yongquan.web.dialects.wechat_v3_edge import (
    Caller,
    V3Refused,
    Wire,
    param_error,
    read_id,
    require_appid,
    told,
)
from yongquan.web.dialects.wechat_v3_pay import NotifyUrl

BILLS = "/fund-app/mch-transfer/transfer-bills"
# From here on the payee's name must be given.
NAMED_FROM_FEN = 2_000_00


class ReportInfo(Wire):
    """A line of what the transfer is for; kept."""

    info_type: str
    info_content: str


class NewTransfer(Wire):
    """Money for an openid. `user_name` is encrypted to the platform's key."""

    appid: str
    out_bill_no: str = Field(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z]+$")
    transfer_scene_id: str = Field(min_length=1, max_length=36)
    openid: str = Field(min_length=1, max_length=128)
    user_name: str | None = None
    transfer_amount: PositiveFen
    transfer_remark: str = Field(min_length=1, max_length=32)
    notify_url: NotifyUrl | None = None
    user_recv_perception: str | None = None
    transfer_scene_report_infos: list[ReportInfo] = Field(default_factory=list)


def add_transfers(routes: APIRouter, seal: Seal, caller: Caller, transfers: V3Transfers) -> None:
    """`/v3/fund-app/mch-transfer/transfer-bills`."""
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.post(BILLS, response_model=None)
    async def send(merchant: Merchant, wanted: NewTransfer) -> dict[str, object]:
        said = bill_document(await transfers.send(merchant, _bill(merchant, wanted, seal)))
        return {
            name: said[name]
            for name in ("out_bill_no", "transfer_bill_no", "create_time", "state", "fail_reason")
            if name in said
        }

    @routes.get(f"{BILLS}/out-bill-no/{{out_bill_no}}", response_model=None)
    async def by_number(merchant: Merchant, out_bill_no: str) -> dict[str, object]:
        return bill_document(await transfers.find(merchant, out_bill_no))

    @routes.get(f"{BILLS}/transfer-bill-no/{{transfer_bill_no}}", response_model=None)
    async def by_id(merchant: Merchant, transfer_bill_no: str) -> dict[str, object]:
        try:
            payout_id = read_id(transfer_bill_no)
        except V3Refused as no:
            raise told("no_such_bill") from no
        return bill_document(await transfers.find_by_id(merchant, payout_id))

    @routes.post(f"{BILLS}/out-bill-no/{{out_bill_no}}/cancel", response_model=None)
    async def cancel(merchant: Merchant, out_bill_no: str) -> dict[str, object]:
        await transfers.find(merchant, out_bill_no)
        raise V3Refused(400, "INVALID_REQUEST", "转账受理后立即开始,不能撤销")


def _bill(merchant: GatewayMerchant, wanted: NewTransfer, seal: Seal) -> TransferBill:
    require_appid(merchant, wanted.appid)
    if wanted.user_name is None and wanted.transfer_amount >= NAMED_FROM_FEN:
        raise param_error("user_name", "转账金额达到 2,000 元时必填")
    if wanted.notify_url is not None and merchant.api_key_sealed is None:
        raise V3Refused(403, "NO_AUTH", "商户未登记 APIv3 密钥,无法通知转账结果")
    try:
        name = seal.open(wanted.user_name) if wanted.user_name else ""
    except BadInput as no:
        raise param_error("user_name", "需用平台公钥加密") from no
    # The encrypted name differs each time it is said: what it says is what tells one request from another.
    body = wanted.model_copy(update={"user_name": name}).model_dump_json().encode()
    return TransferBill(
        out_bill_no=wanted.out_bill_no,
        openid=wanted.openid,
        amount_fen=wanted.transfer_amount,
        remark=wanted.transfer_remark,
        name=name,
        notify_url=wanted.notify_url or "",
        body=body,
        facts={"scene": wanted.transfer_scene_id},
    )
