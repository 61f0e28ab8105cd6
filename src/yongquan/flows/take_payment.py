"""A payment: key, payer, store, price (read); verdict; lock (commit); charge; redeem, ledger, outbox (commit)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from yongquan.flows.ask_payer import PayerDesk
from yongquan.flows.funder_kinds import FunderKinds
from yongquan.flows.judge_payment import WITHHELD, PaymentRisk
from yongquan.flows.payment_batches import Begin, End, PaymentLines, Prepared
from yongquan.institutions.errors import NotSent, OutcomeUnknown
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.payments.asking import WISHED, Asked, agreed_code
from yongquan.payments.fee_versions import FeeSchedule
from yongquan.payments.fees import Fees
from yongquan.payments.model import Payment, PaymentRefused, PaymentState
from yongquan.payments.open_payments import OpenPayment
from yongquan.payments.stans import Stans
from yongquan.payments.store import payment_of
from yongquan.payments.switch import Charge, HeldMoney, Switch
from yongquan.payments.vault import Vault, head_of
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.catalogue import Catalogue
from yongquan.vouchers.freezing import first_frozen
from yongquan.vouchers.model import Direction
from yongquan.vouchers.policies import after_merchant_offer
from yongquan.vouchers.pricing import Cart, Line
from yongquan.vouchers.selection import HeldVoucher, Selection, VoucherNotUsable, choose_best, use_named
from yongquan.vouchers.usability import StoreFacts, WhyNot
from yongquan.vouchers.use_caps import within_use_caps

PRICED_AGAIN_MAX = 5
BIN_DIGITS = 8
SIGNED_OFF = "91"
ASK_FIRST = "limit:no_code"  # above what the instrument pays by code alone
CAP_REASONS = {
    "total": "funder_cap",
    "day": "funder_day_cap",
    "shop": "funder_shop_cap",
    "shop_day": "funder_shop_day_cap",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks to be paid. `code_hash` and `citizen_id` + `instrument_id` are two ways to name the payer.

    `caller_id` (the citizen or the store) owns `key`; `body_hash` tells this request from another under the key.
    `vouchers` None means the best ones; a completion takes its `hold`. Amounts in fen; without lines the cart is one
    line of `amount_fen`, which is what the merchant asks after its own offer of `merchant_offer_fen`.
    """

    caller_id: UUID
    key: UUID
    body_hash: UUID
    bucket: int
    store_id: UUID
    amount_fen: int
    order_no: str | None = None
    lines: tuple[Line, ...] = field(default=())
    code_hash: UUID | None = None
    citizen_id: UUID | None = None
    instrument_id: UUID | None = None
    vouchers: tuple[UUID, ...] | None = None
    merchant_offer_fen: int = 0
    terminal: str | None = None
    is_online: bool = False
    hold: HeldMoney | None = None
    authority: str = ""  # of a collection, for the issuer to check
    entry_mode: str = ""  # how the till read the payer, field 22 of the card line
    payment_id: UUID | None = None  # of a payment by code that its payer was asked about and agreed to
    device: str | None = None  # its token, where the payer's phone names itself
    cashier: str = ""  # how the till calls whoever stands at it
    step_up_code: str = field(default="", repr=False)  # that risk asked for
    is_proven: bool = False  # the payer has just given back a code that the card's bank texted
    judged_as: UUID | None = None  # what all tries to pay one order have in common
    place: tuple[float, float] | None = None  # where the payer's phone says it is: lon, lat

    @property
    def cart(self) -> Cart:
        """What is priced: the bill after the merchant's own offer, which `lines` do not contain yet."""
        if not self.lines:
            return Cart((Line("bill", self.amount_fen, 1),))
        return after_merchant_offer(Cart(self.lines), self.merchant_offer_fen)

    @property
    def direction(self) -> Direction:
        if self.code_hash:
            return Direction.SHOP_SCANS
        return Direction.ONLINE if self.is_online else Direction.CITIZEN_SCANS


class PaymentDesk:
    """Takes payments for all cells of a process."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        catalogue: Catalogue,
        switch: Switch,
        sealing: Sealing,
        network_id_of: Callable[[str], str],
        cells: int,
        risk: PaymentRisk | None = None,
    ) -> None:
        self.database = database
        self._clock = clock
        self._catalogue = catalogue
        self._switch = switch
        self._vault = Vault(sealing)
        self._network_id_of = network_id_of
        self._cells = cells
        self.risk = risk
        self._lines = PaymentLines(database, clock)
        self._stans = Stans(database)
        self._funder_kinds = FunderKinds(database)
        self.payers = PayerDesk(database, clock, cells, self)
        self.fees = FeeSchedule()

    async def take(self, order: Order) -> Payment:
        """The payment as it stands: succeeded, failed, unknown (the bank has not answered), or waiting for the payer.

        Raises `PaymentRefused`, `VoucherNotUsable` or `WrongCode` before anything is done; `Outage`: repeat with the
        same key.
        """
        if self.payers.is_asked_about(order):
            return await self.payers.ask(order)
        cell = order.bucket % self._cells
        # Without one, the order is named after caller and key: keys of different callers may be alike.
        order_no = order.order_no or named_id(order.caller_id, order.key).hex
        spent: set[str] = set()
        for _ in range(PRICED_AGAIN_MAX):
            prepared = await self._lines.prepare(cell, order, order_no, store_cell=cell_of(order.store_id, self._cells))
            if prepared.earlier_id is not None:
                return await self._earlier(cell, order, prepared)
            if prepared.trouble == "code_used" and (asked := await self.payers.asked(order)) is not None:
                return asked
            self._require_payable(prepared)
            prepared = replace(prepared, pan=self._vault.open(prepared.pan_sealed))
            selection = await self._select(order, prepared, without=spent)
            if self.risk is not None:
                await self.risk.judge(order, order_no, prepared, selection)
            begin = await self._begin(order, order_no, prepared, selection)
            begun = await self._lines.begin(cell, begin)
            if begun.outcome == "begun":
                return await self._charge(cell, replace(begin, settlement_date=begun.settlement_date), prepared)
            if begun.outcome == "code_used":
                raise PaymentRefused("code_used")
            if begun.outcome == ASK_FIRST:
                return await self.payers.ask(order)
            if begun.outcome.startswith("limit:"):
                raise PaymentRefused(begun.outcome.removeprefix("limit:"))
            if begun.outcome.startswith("cap:"):
                spent.add(_spent_funder(begun.outcome, begin))
            # A voucher went elsewhere between reading and locking: look at the wallet again.
        raise PaymentRefused("voucher_unavailable", "the vouchers keep changing: try again")

    async def take_agreed(self, asked: Asked) -> Payment:
        """The payment that its payer agreed to, under the key it was asked under."""
        return await self.take(_agreed_order(asked))

    async def close(self) -> None:
        await self._lines.close()

    async def next_stan(self) -> int:
        """A fresh trace number for a message about a payment."""
        return await self._stans.next()

    async def end(self, cell: int, payment_id: UUID, state: PaymentState, *, response: str, rrn: str) -> None:
        """Record how a payment ended; a payment that has ended already stays as it is."""
        await self._lines.end(cell, End(payment_id, state, response, rrn))

    async def _earlier(self, cell: int, order: Order, prepared: Prepared) -> Payment:
        if prepared.earlier_hash != order.body_hash:
            raise PaymentRefused("conflicting_request")
        return await self.payment(cell, prepared.earlier_id)

    async def payment(self, cell: int, payment_id: UUID | None) -> Payment:
        """A payment by id. Raises `PaymentRefused` if there is none."""
        async with self.database.transaction() as connection:
            found = await payment_of(connection, cell, payment_id)
        asked = await self.payers.find(cell, payment_id) if found is None and payment_id is not None else None
        if asked is not None:
            return asked.as_payment(now=self._clock.now())
        if found is None:
            raise PaymentRefused("not_found", "no such payment")
        return found

    def _require_payable(self, prepared: Prepared) -> None:
        if prepared.trouble is not None:
            raise PaymentRefused(prepared.trouble)
        if prepared.store_state is None:
            raise PaymentRefused("not_found", "no such store")
        if prepared.store_state != "open":
            raise PaymentRefused("store_closed")

    async def _select(self, order: Order, prepared: Prepared, *, without: set[str]) -> Selection:
        store = self._store_of(order, prepared)
        held = await within_use_caps(
            self.database,
            await self._held(prepared.vouchers),
            cells=self._cells,
            citizen_id=prepared.citizen_id,
            merchant=prepared.licence_no,
            now=self._clock.now(),
        )
        wanted = order.vouchers if order.code_hash is None else prepared.wanted
        if held and self.risk is not None and not self.risk.standing(order, prepared).may_use_vouchers:
            if wanted:
                raise PaymentRefused("risk_refused", WITHHELD)
            held = []
        if wanted is None:
            held = [v for v in held if without.isdisjoint(v.type.funders)]
            return choose_best(
                order.cart,
                held,
                store=store,
                direction=order.direction,
                merchant_offer_fen=order.merchant_offer_fen,
            )
        names = {str(id_) for id_ in wanted}
        named = [voucher for voucher in held if voucher.voucher_id in names]
        if len(named) != len(names):
            raise await self._why_missing(prepared.citizen_id, wanted)
        return use_named(
            order.cart, named, store=store, direction=order.direction, merchant_offer_fen=order.merchant_offer_fen
        )

    async def _why_missing(self, citizen_id: UUID, wanted: Sequence[UUID]) -> Refusal:
        async with self.database.transaction() as connection:
            frozen = await first_frozen(connection, bucket_of(citizen_id) % self._cells, citizen_id, wanted)
        if frozen is not None:
            return VoucherNotUsable("a voucher is frozen", voucher_id=str(frozen), reason=WhyNot.FROZEN.value)
        return PaymentRefused(
            "voucher_unavailable", "a voucher named in the request is not in the wallet or not valid now"
        )

    def _store_of(self, order: Order, prepared: Prepared) -> StoreFacts:
        return StoreFacts(
            prepared.industry,
            prepared.adcode,
            prepared.hardship,
            groups=frozenset(prepared.groups),
            place=(prepared.lon, prepared.lat),
            merchant=prepared.licence_no,
            terminal=order.terminal,
            now=self._clock.now(),
            issuer=prepared.issuer,
            card_bin=head_of(prepared.pan),
            may_take_subsidies=prepared.may_take_subsidies,
        )

    async def _held(self, rows: Sequence[Sequence[Any]]) -> list[HeldVoucher]:
        missing = self._catalogue.missing(UUID(row[1]).hex for row in rows)
        if missing:
            async with self.database.transaction() as connection:
                await self._catalogue.load_types(connection, missing)
        held = []
        for voucher_id, type_id, valid_until, amount_fen in rows:
            type_ = self._catalogue.type(type_id.replace("-", ""))
            if type_ is not None:
                kind = await self._funder_kinds.of(type_.funder_id)
                is_public = await self._funder_kinds.any_public(type_.funders)
                until = datetime.fromisoformat(valid_until)
                held.append(HeldVoucher(voucher_id, type_, until, amount_fen, kind, is_public=is_public))
        return held

    async def _begin(self, order: Order, order_no: str, prepared: Prepared, selection: Selection) -> Begin:
        return Begin(
            payment_id=order.payment_id or fresh_id(bucket_of(prepared.citizen_id)),
            order=order,
            order_no=order_no,
            store_cell=cell_of(order.store_id, self._cells),
            payer=prepared,
            selection=selection,
            fees=self._fees(prepared, selection.payable_fen),
            stan=await self._stans.next(),
            sent_at=self._clock.now().replace(microsecond=0),
        )

    def _fees(self, prepared: Prepared, charged_fen: int) -> Fees:
        # Stamped on the payment for good: the table of the moment it begins.
        table = self.fees.at(self._clock.now())
        if not charged_fen:
            return Fees(0, 0, 0)
        card = table.card_kind(head_of(prepared.pan))
        return table.fees_on(charged_fen, mcc=prepared.mcc, card=card)

    async def _charge(self, cell: int, begin: Begin, prepared: Prepared) -> Payment:
        state, response, rrn = PaymentState.SUCCEEDED, "00", ""
        if begin.selection.payable_fen:
            charge = self._charge_of(begin, prepared)
            rrn = charge.rrn
            try:
                hold = begin.order.hold
                answer = await (self._switch.complete(charge, hold) if hold else self._switch.purchase(charge))
                state = PaymentState.SUCCEEDED if answer.approved else PaymentState.FAILED
                response = answer.response_code
            except NotSent:
                # Nothing left us, so nothing can have been debited.
                state, response = PaymentState.FAILED, SIGNED_OFF
            except OutcomeUnknown as unknown:
                log.warning("payment_unknown", payment_id=str(begin.payment_id), why=str(unknown))
                state, response = PaymentState.UNKNOWN, ""
        # Shielded: a caller that hangs up does not leave an answered payment open.
        await asyncio.shield(self.end(cell, begin.payment_id, state, response=response, rrn=rrn))
        return begin.as_payment(state, response, ended_at=self._clock.now())

    def charge_again(self, payment: OpenPayment) -> Charge:
        """The charge of a payment that has begun, exactly as it was sent."""
        return Charge(
            payment_id=payment.payment_id,
            store_id=payment.store_id,
            issuer=payment.issuer,
            acquirer_network_id=self._network_id_of(payment.acquirer),
            pan=self._vault.open(payment.pan_sealed),
            amount_fen=payment.charged_fen,
            mcc=payment.mcc,
            settlement_date=payment.settlement_date,
            sent_at=payment.sent_at,
            stan=payment.stan,
        )

    def _charge_of(self, begin: Begin, prepared: Prepared) -> Charge:
        return Charge(
            payment_id=begin.payment_id,
            store_id=begin.order.store_id,
            issuer=prepared.issuer,
            acquirer_network_id=self._network_id_of(prepared.acquirer),
            pan=prepared.pan,
            amount_fen=begin.selection.payable_fen,
            mcc=prepared.mcc,
            settlement_date=begin.settlement_date,
            sent_at=begin.sent_at,
            stan=begin.stan,
            authority=begin.order.authority,
            entry_mode=begin.order.entry_mode,
        )


def _spent_funder(outcome: str, begin: Begin) -> str:
    """The funder whose cap is reached; the best vouchers are chosen again without it.

    Raises `VoucherNotUsable` if the vouchers were named: then it is for their owner to name others.
    """
    _, scope, funder_id = outcome.split(":", 2)
    wanted = begin.order.vouchers if begin.order.code_hash is None else begin.payer.wanted
    if wanted is None:
        return funder_id
    voucher = next(c.voucher for c in begin.selection.chosen if funder_id in c.voucher.type.funders)
    raise VoucherNotUsable(
        f"the subsidy of {funder_id} is used up ({scope})",
        voucher_id=voucher.voucher_id,
        reason=CAP_REASONS[scope],
        funder_id=funder_id,
    )


def _agreed_order(asked: Asked) -> Order:
    return Order(
        caller_id=asked.caller_id,
        key=asked.key,
        body_hash=asked.body_hash,
        bucket=bucket_of(asked.citizen_id),
        store_id=asked.store_id,
        amount_fen=asked.amount_fen,
        order_no=asked.order_no,
        lines=tuple(
            Line(sku, unit_fen, qty, frozenset(tags), selected, floor_fen)
            for sku, unit_fen, qty, tags, selected, floor_fen in asked.wish["lines"]
        ),
        code_hash=agreed_code(asked.payment_id),
        payment_id=asked.payment_id,
        **{name: asked.wish[name] for name in WISHED if name in asked.wish},
    )
