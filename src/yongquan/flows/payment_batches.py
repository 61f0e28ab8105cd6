"""The three batched calls of a payment: prepare (read), begin (first commit), end (last commit)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from yongquan.payments.fees import Fees
from yongquan.payments.model import Payment, PaymentState, Share
from yongquan.plumbing.batcher import Batcher, BatchKind
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.metrics import observe_payments
from yongquan.vouchers.selection import Selection

if TYPE_CHECKING:
    from yongquan.flows.take_payment import Order

_PREPARE = "select * from flows.prepare_payments(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_BEGIN = """
select payment_id, outcome, settlement_date from flows.begin_payments(
    %s, %s,
    array(select row(u.*)::payments.new_payment from unnest(
        %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::uuid[], %s::text[], %s::uuid[],
        %s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::int[], %s::timestamptz[], %s::bigint[]) as u),
    %s, %s, %s, %s, %s, %s, %s, %s)
"""
_END = "select payment_id from flows.end_payments(%s, %s, %s, %s, %s, %s)"
NO_DATE = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the database knows when a payment is asked for (the columns of flows.prepare_payments)."""

    earlier_id: UUID | None
    earlier_hash: UUID | None
    trouble: str | None
    citizen_id: UUID
    instrument_id: UUID
    issuer: str
    pan_sealed: bytes
    wanted: tuple[UUID, ...] | None
    store_state: str | None
    industry: str
    mcc: str
    adcode: str
    hardship: bool
    acquirer: str
    vouchers: Sequence[Sequence[Any]]
    licence_no: str
    lon: float
    lat: float
    groups: Sequence[str]
    may_take_subsidies: bool
    store_since: datetime
    pan: str = field(default="", repr=False)  # opened once, for the vouchers' question, the fees and the charge


@dataclass(frozen=True, slots=True)
class _Prepare:
    order: "Order"
    order_no: str
    store_cell: int


@dataclass(frozen=True, slots=True)
class Begin:
    """A priced payment, ready for its first commit."""

    payment_id: UUID
    order: "Order"
    order_no: str
    store_cell: int
    payer: Prepared
    selection: Selection
    fees: Fees
    stan: int
    sent_at: datetime
    settlement_date: date = field(default=NO_DATE)

    def as_payment(self, state: PaymentState, response: str, *, ended_at: datetime) -> Payment:
        """The payment as its own flow knows it after the last commit."""
        return Payment(
            payment_id=self.payment_id,
            citizen_id=self.payer.citizen_id,
            store_id=self.order.store_id,
            order_no=self.order_no,
            amount_fen=self.selection.payable_fen + sum(c.discount_fen for c in self.selection.chosen),
            discount_fen=sum(c.discount_fen for c in self.selection.chosen),
            charged_fen=self.selection.payable_fen,
            fee_fen=self.fees.total_fen,
            state=state,
            settlement_date=self.settlement_date,
            begun_at=self.sent_at,
            ended_at=None if state is PaymentState.UNKNOWN else ended_at,
            response_code=response or None,
            shares=tuple(
                Share(UUID(c.voucher.voucher_id), UUID(c.voucher.type.type_hex), part.funder_id, part.amount_fen)
                for c in self.selection.chosen
                for part in c.parts
                if part.amount_fen
            ),
            merchant_offer_fen=self.order.merchant_offer_fen,
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of the first commit: begun, voucher_unavailable, code_used or retry."""

    outcome: str
    settlement_date: date = NO_DATE


@dataclass(frozen=True, slots=True)
class End:
    """How a payment ended (or is unknown), for the last commit."""

    payment_id: UUID
    state: PaymentState
    response: str
    rrn: str


class PaymentLines:
    """One line of batches a cell for each of the three calls."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._prepare: dict[int, Batcher[_Prepare, Prepared]] = {}
        self._begin: dict[int, Batcher[Begin, Begun]] = {}
        self._end: dict[int, Batcher[End, None]] = {}

    async def prepare(self, cell: int, order: "Order", order_no: str, *, store_cell: int) -> Prepared:
        if cell not in self._prepare:
            self._open(cell)
        return await self._prepare[cell].submit(_Prepare(order, order_no, store_cell))

    async def begin(self, cell: int, begin: Begin) -> Begun:
        return await self._begin[cell].submit(begin)

    async def end(self, cell: int, end: End) -> None:
        if cell not in self._end:
            self._open(cell)
        await self._end[cell].submit(end)

    async def close(self) -> None:
        for lines in (self._prepare, self._begin, self._end):
            for line in lines.values():
                await line.close()

    def _open(self, cell: int) -> None:
        async def run_prepare(connection: Connection, items: Sequence[_Prepare]) -> Sequence[Prepared]:
            return await _run_prepare(connection, cell, self._clock.now(), items)

        async def run_begin(connection: Connection, items: Sequence[Begin]) -> Sequence[Begun]:
            return await _run_begin(connection, cell, self._clock.now(), items)

        async def run_end(connection: Connection, items: Sequence[End]) -> Sequence[None]:
            return await _run_end(connection, cell, self._clock.now(), items)

        self._prepare[cell] = Batcher(self._database, BatchKind(f"prepare-{cell}", run_prepare, id, limit=300))
        # One payment a citizen and a store order in a batch: the second must see what the first did.
        self._begin[cell] = Batcher(
            self._database, BatchKind(f"begin-{cell}", run_begin, lambda item: item.payer.citizen_id, limit=300)
        )
        self._end[cell] = Batcher(
            self._database, BatchKind(f"end-{cell}", run_end, lambda item: item.payment_id, limit=300)
        )


async def _run_prepare(
    connection: Connection, cell: int, now: datetime, items: Sequence[_Prepare]
) -> Sequence[Prepared]:
    orders = [item.order for item in items]
    cursor = await connection.execute(
        _PREPARE,
        [
            *(cell, now, _ids(o.caller_id for o in orders), _ids(o.key for o in orders)),
            *(_ids(o.code_hash for o in orders), _ids(o.citizen_id for o in orders)),
            *(_ids(o.instrument_id for o in orders), [item.store_cell for item in items]),
            *(_ids(o.store_id for o in orders), [item.order_no for item in items]),
        ],
        prepare=True,
    )
    by_ord = {row[0]: Prepared(*row[1:]) for row in await cursor.fetchall()}
    return [by_ord[n] for n in range(1, len(items) + 1)]


async def _run_begin(connection: Connection, cell: int, now: datetime, items: Sequence[Begin]) -> Sequence[Begun]:
    parts = [(item, c.voucher, part) for item in items for c in item.selection.chosen for part in c.parts]
    capped = [(i, c.voucher) for i in items for c in i.selection.chosen if c.voucher.type.rules.use.caps]
    arguments = [
        *(cell, now),
        *_new_payment_columns(items),
        _ids(item.payment_id for item, _, _ in parts),
        "{" + ",".join(voucher.voucher_id for _, voucher, _ in parts) + "}",
        "{" + ",".join(voucher.type.type_hex for _, voucher, _ in parts) + "}",
        [part.funder_id for _, _, part in parts],
        [part.amount_fen for _, _, part in parts],
        [part.face_fen for _, _, part in parts],
        "{" + ",".join(voucher.voucher_id for _, voucher in capped) + "}",
        [item.payer.licence_no for item, _ in capped],
    ]
    try:
        cursor = await connection.execute(_BEGIN, arguments, prepare=True)
    except UniqueViolation:
        # A key or an order number was written meanwhile. Alone, the request looks at what is there now.
        if len(items) > 1:
            raise
        return [Begun("retry")]
    outcomes = {row[0]: Begun(row[1], row[2]) for row in await cursor.fetchall()}
    return [outcomes[item.payment_id] for item in items]


def _new_payment_columns(items: Sequence[Begin]) -> list[object]:
    return [
        _ids(i.payment_id for i in items),
        _ids(i.order.caller_id for i in items),
        _ids(i.order.key for i in items),
        _ids(i.order.body_hash for i in items),
        _ids(i.payer.citizen_id for i in items),
        [i.store_cell for i in items],
        _ids(i.order.store_id for i in items),
        [i.order_no for i in items],
        _ids(i.order.code_hash for i in items),
        _ids(i.payer.instrument_id for i in items),
        [i.payer.issuer for i in items],
        [i.payer.acquirer for i in items],
        [i.selection.payable_fen + sum(c.discount_fen for c in i.selection.chosen) for i in items],
        [sum(c.discount_fen for c in i.selection.chosen) for i in items],
        [i.fees.interchange_fen for i in items],
        [i.fees.network_fen for i in items],
        [i.fees.acquirer_fen for i in items],
        [i.stan for i in items],
        [i.sent_at for i in items],
        [i.order.merchant_offer_fen for i in items],
    ]


async def _run_end(connection: Connection, cell: int, now: datetime, items: Sequence[End]) -> Sequence[None]:
    await connection.execute(
        _END,
        [
            *(cell, now, _ids(item.payment_id for item in items), [item.state.value for item in items]),
            *([item.response for item in items], [item.rrn for item in items]),
        ],
        prepare=True,
    )
    observe_payments(item.state.value for item in items)
    return [None] * len(items)


def _ids(values: Any) -> str:
    # An array literal of ids (nulls allowed): nothing in it needs quoting.
    return "{" + ",".join("null" if value is None else value.hex for value in values) + "}"
