"""What ACP merchants are told: a signed form to `backUrl` (and, by the payer's browser, to `frontUrl`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from yongquan.flows.notify_merchants import Notice, add_notices, facts_of
from yongquan.flows.read_acp_outcome import DOOR, AcpReader, Outcome, result_fields
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.secrets import shared_secret
from yongquan.institutions.acp.signing import Signer
from yongquan.institutions.acp.transactions import Transaction, transaction_by_query_id, transactions_of_orders
from yongquan.institutions.gateway import ACP, merchant_of
from yongquan.kernel.ids import named_id
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.outbox import Event
from yongquan.plumbing.sealing import Sealing

FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
TAKEN = frozenset({200, 302})
SAID_AGAIN = ("version", "encoding", "accessType", "reqReserved", "reserved", "subMerId")
PAGE_CHANNELS = frozenset({"front", "app", "qr"})
TOLD_OF: Mapping[str, frozenset[str]] = {
    "order.succeeded": frozenset({"01", "03", "11"}),
    "order.failed": frozenset({"01", "02", "11"}),
    "order.authorised": frozenset({"02"}),
    "order.completion_cancelled": frozenset({"33"}),
    "order.closed": frozenset({"32"}),
}


@dataclass(frozen=True, slots=True)
class AcpVoice:
    """Tells ACP merchants: five tries in all, after 1, 2, 4 and 5 minutes."""

    reader: AcpReader
    signer: Signer
    sealing: Sealing
    is_sandboxed: bool
    door: str = DOOR
    waits_s: Sequence[int] = field(default=(60, 120, 240, 300))

    async def notices(self, connection: Connection, events: Sequence[Event]) -> Sequence[Notice]:
        """A notice for each ended transaction that has a `backUrl`; an order on a page tells success only."""
        asked = await transactions_of_orders(connection, sorted({event.subject for event in events}))
        told = [one for event in events for one in asked if _is_about(event, one)]
        for event in events:
            if event.kind.startswith("payout."):
                one = await transaction_by_query_id(connection, str(facts_of(event)["query_id"]))
                told += [one] if one else []
        return [notice_of(one) for one in told if one.request.get("backUrl")]

    async def say(self, facts: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
        """The signed form, as things stand now."""
        async with self.reader.orders.database.transaction() as connection:
            transaction = await transaction_by_query_id(connection, facts["query_id"])
        if transaction is None:
            raise LookupError(facts["query_id"])
        return FORM, urlencode(await self.fields(transaction)).encode()

    async def fields(self, transaction: Transaction) -> dict[str, str]:
        """What a merchant is told of a transaction, signed as it asked."""
        async with self.reader.orders.database.transaction() as connection:
            merchant = await merchant_of(connection, ACP, transaction.mer_id)
        outcome = await self.reader.outcome(transaction)
        again = {name: transaction.request[name] for name in SAID_AGAIN if name in transaction.request}
        whole = {
            **again,
            **result_fields(transaction, outcome),
            "signMethod": transaction.request.get("signMethod", "01"),
            "txnType": transaction.txn_type,
            "txnSubType": transaction.txn_sub_type,
            "bizType": transaction.biz_type,
            "merId": transaction.mer_id,
            "orderId": transaction.order_id,
            "txnTime": transaction.txn_time,
            "respCode": outcome.code,
            "respMsg": codes.message(outcome.code),
        }
        if transaction.original_id:
            whole["origQryId"] = transaction.original_id
        secret = shared_secret(merchant, self.sealing, is_sandboxed=self.is_sandboxed) if merchant else None
        return self.signer.sign(whole, secret=secret)

    def is_taken(self, status: int) -> bool:
        """200, or a redirect that some merchants answer with."""
        return status in TAKEN


def notice_of(transaction: Transaction) -> Notice:
    """The one notice of a transaction."""
    url, query_id = transaction.request["backUrl"], transaction.query_id
    return Notice(named_id("acp-notice", query_id), DOOR, url, {"query_id": query_id})


async def tell_if_ended(database: Database, transaction: Transaction, outcome: Outcome) -> None:
    """Tell of a transaction that ended before it could be told of."""
    if outcome.code != codes.UNKNOWN and transaction.request.get("backUrl"):
        async with database.transaction() as connection:
            await add_notices(connection, [notice_of(transaction)])


def _is_about(event: Event, transaction: Transaction) -> bool:
    if transaction.trade_order_id != event.subject:
        return False
    if event.kind == "order.refunded":
        return transaction.refund_no == event.payload["part"]
    if transaction.txn_type not in TOLD_OF[event.kind]:
        return False
    return event.kind != "order.failed" or transaction.channel not in PAGE_CHANNELS
