"""A merchant in the v3 shape sends money to an openid: a payout of its store to where that citizen receives."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from yongquan.citizens.store import name_of
from yongquan.flows.pay_out import Payouts
from yongquan.flows.say_v3_trade import say_time
from yongquan.flows.trade_by_v3 import DOOR, V3Trades
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.v3_notices import Notice
from yongquan.institutions.v3_store import RequestNoUsed
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import cell_of, named_id
from yongquan.payments.payouts import Payout, PayoutRefused, PayoutState, PayoutWish
from yongquan.payments.payouts_store import payout_by_id
from yongquan.payments.receiving_store import receiver_of
from yongquan.payments.vault import Vault
from yongquan.plumbing.db import Connection
from yongquan.plumbing.outbox import Event
from yongquan.plumbing.sealing import Sealing

# A store's payouts by other doors have numbers of their own.
BILL_PREFIX: Final = "v3-"
TRANSFER_KINDS: Final = ("payout.succeeded", "payout.failed", "payout.returned")
STATES: Final = {
    PayoutState.ACCEPTED: "ACCEPTED",
    PayoutState.PROCESSING: "TRANSFERING",
    PayoutState.SUCCEEDED: "SUCCESS",
    PayoutState.FAILED: "FAIL",
    PayoutState.RETURNED: "FAIL",
}
FAIL_REASONS: Final = {
    "name_differs": "NAME_NOT_CORRECT",
    "unknown_account": "PAYEE_ACCOUNT_ABNORMAL",
    "account_closed": "PAYEE_ACCOUNT_ABNORMAL",
    "payer_insufficient_funds": "PAYER_BALANCE_NOT_ENOUGH",
    "over_daily_limit": "TRANSFER_QUOTA_EXCEED",
}


class NoSuchBill(Refusal):
    """The merchant has no such transfer."""

    code = "no_such_bill"


class NoReceiver(Refusal):
    """The citizen has no account that money could be sent to."""

    code = "no_receiver"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferBill:
    """A transfer as it was asked for, in fen. Without `name` the payee's is the one it is registered with."""

    out_bill_no: str
    openid: str
    amount_fen: int
    remark: str
    name: str
    notify_url: str
    body: bytes
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class V3Transfers:
    """What the v3 shape asks of payouts; every call may be repeated."""

    trades: V3Trades
    payouts: Payouts

    async def send(self, merchant: GatewayMerchant, bill: TransferBill) -> Payout:
        """Send once for the merchant's number.

        Raises `RequestNoUsed`, `NoStore`, `NotLinked`, `NoReceiver`, `PayoutRefused`.
        """
        account = await self.payouts.of_store(await self.trades.store_of(merchant))
        number = f"{BILL_PREFIX}{bill.out_bill_no}"
        body = hashlib.blake2b(bill.body, digest_size=16).hexdigest()
        known = await self.payouts.find(account, number)
        if known is not None:
            if known.facts.get("body") != body:
                raise RequestNoUsed(f"{bill.out_bill_no} was used for another transfer")
            return known
        facts: dict[str, object] = {
            "door": DOOR,
            "mchid": merchant.number,
            "appid": merchant.appid,
            "openid": bill.openid,
            "notify_url": bill.notify_url,
            "body": body,
            **bill.facts,
        }
        return await self.payouts.pay(account, await self._wish(merchant, bill, number), facts=facts)

    async def find(self, merchant: GatewayMerchant, out_bill_no: str) -> Payout:
        """A transfer by the merchant's number. Raises `NoSuchBill`."""
        if merchant.store_id is None:
            raise NoSuchBill(out_bill_no)
        account = await self.payouts.of_store(merchant.store_id)
        return _own(merchant, await self.payouts.find(account, f"{BILL_PREFIX}{out_bill_no}"))

    async def find_by_id(self, merchant: GatewayMerchant, payout_id: UUID) -> Payout:
        """A transfer by our number. Raises `NoSuchBill`."""
        try:
            return _own(merchant, await self.payouts.payout(cell_of(payout_id, self.payouts.cells), payout_id))
        except PayoutRefused as no:
            raise NoSuchBill(payout_id.hex) from no

    async def _wish(self, merchant: GatewayMerchant, bill: TransferBill, number: str) -> PayoutWish:
        citizen_id = await self.trades.payer_of_openid(merchant, bill.openid)
        cell, sealing = cell_of(citizen_id, self.payouts.cells), self.payouts.sealing
        async with self.payouts.database.transaction() as connection:
            card = await receiver_of(connection, cell, citizen_id)
            name = bill.name or await name_of(connection, cell, citizen_id, sealing)
        if card is None or not name:
            raise NoReceiver("the citizen has no account that money could be sent to")
        return PayoutWish(
            payout_no=number,
            account=Vault(sealing).open(card.pan_sealed),
            name=name,
            amount_fen=bill.amount_fen,
            purpose=bill.remark,
            bank=card.issuer,
        )


def bill_document(payout: Payout) -> dict[str, object]:
    """A transfer as a query and MCHTRANSFER.BILL.FINISHED say it."""
    state = STATES[payout.state]
    said: dict[str, object] = {
        "mch_id": payout.facts["mchid"],
        "appid": payout.facts["appid"],
        "out_bill_no": payout.payout_no.removeprefix(BILL_PREFIX),
        "transfer_bill_no": payout.payout_id.hex,
        "state": state,
        "transfer_amount": payout.amount_fen,
        "transfer_remark": payout.purpose,
        "openid": payout.facts["openid"],
        "create_time": say_time(payout.asked_at),
        "update_time": say_time(payout.ended_at or payout.asked_at),
    }
    return said | ({"fail_reason": fail_reason(payout)} if state == "FAIL" else {})


def fail_reason(payout: Payout) -> str:
    """Why a transfer did not stay with its payee."""
    if payout.state is PayoutState.RETURNED:
        return "PAYEE_BANK_RETURNED"
    return FAIL_REASONS.get(payout.reason, payout.reason.upper())


async def transfer_notices(
    connection: Connection, events: Sequence[Event], *, sealing: Sealing, cells: int
) -> list[Notice]:
    """The notices of some events of payouts; those of other doors, and what nobody asked to hear, give none."""
    notices: list[Notice] = []
    for event in events:
        facts = event.payload["facts"]
        if not isinstance(facts, dict) or facts.get("door") != DOOR or not facts.get("notify_url"):
            continue
        payout = await payout_by_id(connection, cell_of(event.subject, cells), event.subject, sealing)
        if payout is None:
            continue
        notices.append(
            Notice(
                named_id("v3-transfer", payout.payout_id, event.kind),
                str(facts["mchid"]),
                str(facts["notify_url"]),
                "MCHTRANSFER.BILL.FINISHED",
                "商家转账单据终态通知",
                "mch_payment",
                json.dumps(bill_document(payout), ensure_ascii=False),
                event.happened_at,
            )
        )
    return notices


def _own(merchant: GatewayMerchant, payout: Payout | None) -> Payout:
    if payout is None or payout.facts.get("door") != DOOR or payout.facts.get("mchid") != merchant.number:
        raise NoSuchBill("the merchant has no such transfer")
    return payout
