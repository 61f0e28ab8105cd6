"""Collection through ACP: mandates and bindings, which are the payer's authority at its bank, and debits under them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from yongquan.flows.collect_by_mandate import CollectWish, Mandates
from yongquan.flows.open_acp_card import AcpCards, Named
from yongquan.flows.read_acp_outcome import DOOR, Outcome
from yongquan.flows.tell_acp_merchants import tell_if_ended
from yongquan.flows.trade_by_acp import AcpDesk, AcpRefused, Asked
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.authorities import (
    BIND,
    MANDATE,
    Authority,
    add_authority,
    authority_by_name,
    authority_of_card,
    end_authority,
)
from yongquan.institutions.acp.transactions import Transaction, order_no_of
from yongquan.merchants.views import store_of
from yongquan.payments.mandates import Cycle, Mandate, MandateRefused, MandateState, NewMandate, Scene, Terms
from yongquan.payments.mandates_store import scenes_of
from yongquan.payments.model import PaymentRefused
from yongquan.plumbing.clock import business_day

LASTS: Final = timedelta(days=5 * 365)
# What a merchant may collect under a mandate that names no limits of its own; the payer's bank holds it to them.
DEBIT_MAX_FEN: Final = 50_000_00
MONTH_MAX_FEN: Final = 200_000_00


@dataclass(frozen=True, slots=True)
class AcpCollections:
    """Keeps a merchant's authorities and debits under them; no debit without the payer's bank's own consent."""

    desk: AcpDesk
    cards: AcpCards
    mandates: Mandates

    async def sign(self, asked: Asked, *, kind: str) -> Transaction:
        """Have the payer's bank keep an authority for this merchant. Raises `AcpRefused`.

        The payer agrees by a one-time code, or by real-name facts that the bank compares.
        """
        await self.desk.require_new(asked)
        named = await self.cards.named(asked)
        await self._require_agreed(asked, named)
        today = business_day(self.desk.now)
        terms = Terms(
            purpose=asked.fields.get("orderDesc") or "代收",
            scene=await self._scene(asked),
            cycle=Cycle.MONTH,
            debit_max_fen=DEBIT_MAX_FEN,
            cycle_max_fen=MONTH_MAX_FEN,
            starts_on=today,
            ends_on=today + LASTS,
        )
        mandate = await self._signed(asked, named, terms)
        transaction = await self.desk.remember(asked, "back", subject=mandate.mandate_id.hex, resp_code=codes.OK)
        name = asked.fields["bindId"] if kind == BIND else transaction.query_id
        authority = Authority(
            asked.merchant.number, kind, name, named.pan_index, named.pan_tail, mandate.mandate_id, self.desk.now
        )
        async with self.desk.orders.database.transaction() as connection:
            kept = await add_authority(connection, authority)
        if not kept:
            await self.mandates.revoke(mandate.mandate_id, by="payee")
            raise AcpRefused(codes.DUPLICATE, "bindId")
        return transaction

    async def revoke(self, asked: Asked, *, kind: str) -> Transaction:
        """End an authority at once, here and at the payer's bank. Raises `AcpRefused` 40."""
        await self.desk.require_new(asked)
        authority = await self.require(asked, kind=kind)
        await self.mandates.revoke(authority.mandate_id, by="payee")
        async with self.desk.orders.database.transaction() as connection:
            await end_authority(connection, authority, now=self.desk.now)
        return await self.desk.remember(asked, "back", subject=authority.mandate_id.hex, resp_code=codes.OK)

    async def require(self, asked: Asked, *, kind: str) -> Authority:
        """The authority that a request names, still standing at the payer's bank. Raises `AcpRefused` 40."""
        found = await self._authority(asked, kind=kind)
        if found is None or not await self._stands(found.mandate_id):
            raise AcpRefused(codes.BINDING)
        return found

    async def debit(self, asked: Asked) -> tuple[Transaction, Outcome]:
        """Debit a card under its authority, or once with a code that its holder was sent. Raises `AcpRefused`."""
        await self.desk.require_new(asked)
        mandate_id = await self._to_debit(asked)
        _, order_id, txn_time = asked.numbers
        wish = CollectWish(
            mandate_id=mandate_id,
            order_no=order_no_of(order_id, txn_time),
            amount_fen=asked.amount_fen,
            subject=(asked.fields.get("orderDesc") or f"代收 {order_id}")[:128],
            door=DOOR,
            facts={"mer_id": asked.merchant.number, "channel": "back"},
        )
        try:
            collected = await self.mandates.collect(wish)
        except (MandateRefused, PaymentRefused) as no:
            raise AcpRefused(codes.of_refusal(no.reason)) from no
        transaction = await self.desk.remember(asked, "back", trade_order_id=collected.order.order_id)
        outcome = await self.desk.outcome(transaction)
        # The order's event may have come before there was a transaction to tell of.
        await tell_if_ended(self.desk.orders.database, transaction, outcome)
        return transaction, outcome

    async def _to_debit(self, asked: Asked) -> UUID:
        if asked.fields.get("bindId"):
            return (await self.require(asked, kind=BIND)).mandate_id
        named = await self.cards.named(asked)
        found = await self._authority(asked, kind=MANDATE)
        if found is not None and await self._stands(found.mandate_id):
            return found.mandate_id
        if not named.customer.sms_code:
            raise AcpRefused(codes.BINDING)
        await self.cards.require_code(asked, named.pan_index, named.customer.sms_code)
        today = business_day(self.desk.now)
        once = Terms(
            purpose=asked.fields.get("orderDesc") or "代收",
            scene=await self._scene(asked),
            cycle=Cycle.NONE,
            debit_max_fen=asked.amount_fen,
            cycle_max_fen=asked.amount_fen,
            starts_on=today,
            ends_on=today + timedelta(days=1),
            cycle_times=1,
        )
        return (await self._signed(asked, named, once)).mandate_id

    async def _authority(self, asked: Asked, *, kind: str) -> Authority | None:
        fields, mer_id = asked.fields, asked.merchant.number
        name = fields.get("bindId" if kind == BIND else "origQryId", "")
        named = None if name or not fields.get("accNo") else await self.cards.named(asked)
        async with self.desk.orders.database.transaction() as connection:
            if named is not None:
                return await authority_of_card(connection, mer_id, named.pan_index)
            return await authority_by_name(connection, mer_id, kind, name)

    async def _stands(self, mandate_id: UUID) -> bool:
        return (await self.mandates.mandate(mandate_id)).state is MandateState.ACTIVE

    async def _signed(self, asked: Asked, named: Named, terms: Terms) -> Mandate:
        store_id = self.desk.store_of(asked)
        async with self.desk.orders.database.transaction() as connection:
            store = await store_of(connection, store_id)
        new = NewMandate(
            store_id=store_id,
            contract_no=order_no_of(*asked.numbers[1:]),
            payee_name=store.name if store else asked.merchant.number,
            citizen_id=named.card.citizen_id,
            instrument_id=named.card.instrument_id,
            terms=terms,
            # Nobody knows the name that goes with a published test card.
            holder="" if named.is_published else named.customer.name,
        )
        try:
            mandate = await self.mandates.sign((await self.mandates.ask(new)).mandate_id)
        except MandateRefused as no:
            raise AcpRefused(codes.of_refusal(no.reason)) from no
        if mandate.state is not MandateState.ACTIVE:
            raise AcpRefused(codes.of_refusal(mandate.reason))
        return mandate

    async def _require_agreed(self, asked: Asked, named: Named) -> None:
        said = named.customer
        if said.sms_code:
            await self.cards.require_code(asked, named.pan_index, said.sms_code)
        elif not (said.name and said.certif_id and said.phone):
            raise AcpRefused(codes.ONE_TIME_CODE)

    async def _scene(self, asked: Asked) -> Scene:
        async with self.desk.orders.database.transaction() as connection:
            allowed = await scenes_of(connection, self.desk.store_of(asked))
        if not allowed:
            raise AcpRefused(codes.NO_PERMISSION)
        return min(allowed)
