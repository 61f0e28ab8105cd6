"""Consumption: by page, by app, by QR code, and without a page by card or token."""

from datetime import UTC, datetime

from yongquan.flows.order_desk import Payer
from yongquan.flows.read_acp_outcome import DOOR
from yongquan.flows.trade_by_acp import AcpRefused
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.transactions import Transaction, fresh_digits
from yongquan.payments.codes import bucket_of_pay_code
from yongquan.payments.orders import PAYABLE
from yongquan.plumbing.clock import SHANGHAI
from yongquan.web.dialects.acp.calls import APP, BACK, DIRECT_BIZ, FRONT, PAGE_BIZ, Call, Flow, Reply, accepted, done
from yongquan.web.dialects.acp.fields import MONEY, ORDER

QR_BIZ = frozenset({"000000"})
PAY = (*ORDER, *MONEY, "backUrl", "channelType")


async def pay_on_page(call: Call) -> Reply:
    """Open the order and send the payer to the cashier; the same request again leads to the same order."""
    transaction = await _same_again(call) or await call.services.desk.open_order(
        call.asked, "front", expires_at=expires_at(call)
    )
    return Reply(said={"queryId": transaction.query_id}, goes_to=cashier_of(call, transaction))


async def pay_in_app(call: Call) -> Reply:
    """Open the order and give the number (`tn`) that an app pays it by."""
    tn = fresh_digits(call.services.clock.now())
    transaction = await call.services.desk.open_order(call.asked, "app", expires_at=expires_at(call), tn=tn)
    return accepted(transaction, tn=tn)


async def show_qr(call: Call) -> Reply:
    """Open the order and give the code that the payer scans."""
    transaction = await call.services.desk.open_order(call.asked, "qr", expires_at=expires_at(call))
    return accepted(transaction, qrCode=cashier_of(call, transaction))


async def scan_code(call: Call) -> Reply:
    """Charge the pay code that the payer shows (`qrNo`)."""
    code = call.fields["qrNo"]
    bucket = bucket_of_pay_code(code)
    desk = call.services.desk
    transaction = await desk.open_order(call.asked, "back", expires_at=expires_at(call))
    payer = Payer(bucket=bucket, code_hash=desk.hash_code(code), is_online=False)
    return done(transaction, await desk.charge(transaction, payer))


async def pay_directly(call: Call) -> Reply:
    """Charge an opened card, a token, or a card proved by a one-time code."""
    desk = call.services.desk
    await desk.require_new(call.asked)
    card = await call.services.cards.to_charge(call.asked)
    transaction = await desk.open_order(call.asked, "back", expires_at=expires_at(call))
    return done(transaction, await desk.charge(transaction, card.payer()))


def expires_at(call: Call) -> datetime | None:
    """`payTimeout` in UTC."""
    text = call.fields.get("payTimeout", "")
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI).astimezone(UTC) if text else None


def cashier_of(call: Call, transaction: Transaction) -> str:
    """Where an order is paid."""
    return f"{call.address}/gateway/pay/{transaction.trade_order_id}"


async def _same_again(call: Call) -> Transaction | None:
    desk = call.services.desk
    earlier = await desk.find(call.asked)
    if earlier is None:
        return None
    if earlier.body_hash != call.asked.body_hash or earlier.trade_order_id is None:
        raise AcpRefused(codes.DUPLICATE)
    order = await desk.orders.order(earlier.trade_order_id)
    if order.state not in PAYABLE or order.door != DOOR:
        raise AcpRefused(codes.DUPLICATE)
    return earlier


FLOWS = (
    Flow(("01", "01"), FRONT, PAGE_BIZ, PAY, pay_on_page),
    Flow(("01", "01"), APP, PAGE_BIZ, PAY, pay_in_app),
    Flow(("01", "01"), BACK, frozenset({"000902"}), (*PAY, "tokenPayData"), pay_directly),
    Flow(("01", "01"), BACK, DIRECT_BIZ, (*PAY, "accNo"), pay_directly),
    Flow(("01", "07"), BACK, QR_BIZ, PAY, show_qr),
    Flow(("01", "06"), BACK, QR_BIZ, (*PAY, "qrNo"), scan_code),
)
