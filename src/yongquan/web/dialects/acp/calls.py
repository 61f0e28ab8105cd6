"""What an ACP call is answered with, and what its handlers work with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from yongquan.flows.collect_by_acp import AcpCollections
from yongquan.flows.hold_by_acp import AcpHolds
from yongquan.flows.open_acp_card import AcpCards
from yongquan.flows.pay_out_by_acp import AcpPayouts
from yongquan.flows.read_acp_outcome import Outcome, result_fields
from yongquan.flows.run_acp_batches import AcpBatches
from yongquan.flows.tell_acp_merchants import AcpVoice
from yongquan.flows.trade_by_acp import AcpDesk, Asked
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.signing import Signer
from yongquan.institutions.acp.transactions import Transaction
from yongquan.plumbing.clock import Clock

# The addresses that serve: a page for a person; a server's calls; a server's questions; an app's order.
FRONT: Final = frozenset({"frontTransReq"})
BACK: Final = frozenset({"backTransReq", "cardTransReq", "qrcBackTransReq"})
ASK: Final = frozenset({"queryTrans"}) | BACK
APP: Final = frozenset({"appTransReq"})
BATCH: Final = frozenset({"batchTrans"}) | BACK

ANY_BIZ: Final = frozenset(
    {"000000", "000201", "000202", "000301", "000401", "000501", "000601", "000801", "000802", "000902"}
)
PAGE_BIZ: Final = frozenset({"000201", "000202", "000301", "000601", "000902"})
DIRECT_BIZ: Final = frozenset({"000301", "000902"})
COLLECT_BIZ: Final = frozenset({"000501"})
PAYOUT_BIZ: Final = frozenset({"000401"})


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said beside what every answer says; `goes_to`: where a front call sends the payer."""

    code: str = codes.OK
    said: Mapping[str, str] = field(default_factory=dict)
    goes_to: str = ""


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers work with."""

    desk: AcpDesk
    cards: AcpCards
    signer: Signer
    voice: AcpVoice
    holds: AcpHolds
    collections: AcpCollections
    payouts: AcpPayouts
    batches: AcpBatches
    encrypt_pem: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class Call:
    """One request that holds; `address` is ours as the caller sees it."""

    services: Services
    asked: Asked
    endpoint: str
    address: str

    @property
    def fields(self) -> Mapping[str, str]:
        return self.asked.fields


Handler: TypeAlias = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Flow:
    """A row of the flow table: what is asked, by which addresses, for which products, with which fields."""

    kind: tuple[str, str]
    endpoints: frozenset[str]
    biz_types: frozenset[str]
    required: tuple[str, ...]
    handle: Handler


def done(transaction: Transaction, outcome: Outcome, **more: str) -> Reply:
    """The answer that tells what became of a transaction at once."""
    return Reply(outcome.code, {**result_fields(transaction, outcome), **{k: v for k, v in more.items() if v}})


def accepted(transaction: Transaction, **more: str) -> Reply:
    """The answer to what is begun and will be told of later."""
    return Reply(codes.OK, {"queryId": transaction.query_id, **{k: v for k, v in more.items() if v}})
