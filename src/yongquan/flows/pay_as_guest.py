"""Whoever has no account pays an order by card number: the bank verifies the holder and texts a code for it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from yongquan.flows.bind_instrument import BindingDesk, NotBound
from yongquan.flows.find_payer import BadCard, Card, Cards
from yongquan.institutions.connectors.card_messages import MessageStamp
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.institutions.registry import UnknownIssuer
from yongquan.kernel.ids import bucket_of, cell_of
from yongquan.payments.guests_store import (
    GuestCard,
    count_guest_cards,
    guest_card_of,
    insert_guest_card,
)
from yongquan.plumbing.fresh import fresh_id

LASTS: Final = timedelta(minutes=10)
CARDS_MAX: Final = 5  # of one order: an order is no place to try out numbers


@dataclass(frozen=True, slots=True)
class GuestDesk:
    """Takes card numbers for orders. A number alone pays nothing: its bank's code does, and only this order."""

    bindings: BindingDesk
    cards: Cards

    async def begin(self, order_id: UUID, *, pan: str, holder: str, phone: str) -> GuestCard:
        """Have the issuer verify the holder and text a code; the card that the code will let pay.

        Raises `NotBound`: bad_card, unknown_issuer, holder_differs (also for a card that does not exist),
        too_many_cards; `Outage`.
        """
        card, now = await self._card(pan), self.bindings.clock.now()
        cell = cell_of(order_id, self.bindings.cells)
        asked = GuestCard(
            fresh_id(bucket_of(order_id)),
            order_id,
            card.citizen_id,
            card.instrument_id,
            card.issuer,
            phone[-4:],
            now + LASTS,
        )
        async with self.bindings.database.transaction() as connection:
            if await count_guest_cards(connection, cell, order_id) >= CARDS_MAX:
                raise NotBound("too_many_cards")
            await insert_guest_card(connection, cell, asked, now=now)
        stamp = MessageStamp(sent_at=now.replace(microsecond=0), stan=await self.bindings.payments.next_stan())
        code = await self.bindings.switch.verify(card.issuer, pan, stamp, holder=holder, phone=phone)
        if code != "00":
            raise NotBound("holder_differs")
        async with self.bindings.links.client(card.issuer) as bank:
            told = await bank.text_binding_code(binding_id=asked.code_id.hex, number=pan, phone=phone)
        if told != "sent":
            raise NotBound("holder_differs")
        return asked

    async def find(self, order_id: UUID, code_id: UUID) -> GuestCard:
        """A card that waits for its code. Raises `NotBound`: not_found."""
        async with self.bindings.database.transaction() as connection:
            found = await guest_card_of(connection, cell_of(order_id, self.bindings.cells), code_id, order_id)
        if found is None:
            raise NotBound("not_found")
        return found

    async def prove(self, order_id: UUID, code_id: UUID, code: str) -> Card:
        """The card, once its issuer says that the code is right.

        Raises `NotBound`: wrong_code, too_many_tries, binding_expired, not_found; `Outage`: the same code again.
        """
        asked, now = await self.find(order_id, code_id), self.bindings.clock.now()
        if asked.expires_at <= now:
            raise NotBound("binding_expired")
        async with self.bindings.links.client(asked.issuer) as bank:
            told = await bank.confirm_binding(binding_id=asked.code_id.hex, code=code)
        if told != "bound":
            raise NotBound(told if told in {"wrong_code", "too_many_tries"} else "binding_expired")
        return Card(asked.citizen_id, asked.instrument_id, asked.issuer, is_proven=True)

    async def inbox(self, issuer: str, phone: str) -> str | None:
        """The sandbox bank's last text to a phone, for the demo's pages."""
        async with self.bindings.links.client(issuer) as bank:
            return await bank.last_text(phone)

    async def _card(self, pan: str) -> Card:
        registry = self.bindings.links.registry
        if registry is None:
            raise InstitutionUnreachable("there is no directory of institutions")
        try:
            return await self.cards.find(registry, pan, now=self.bindings.clock.now())
        except BadCard as no:
            raise NotBound("bad_card") from no
        except UnknownIssuer as no:
            raise NotBound("unknown_issuer") from no
