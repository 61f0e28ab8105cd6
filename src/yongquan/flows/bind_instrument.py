"""A citizen binds a card or a bank account: by number, holder and a code of the bank; or from what its app lists."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stdnum import luhn

from yongquan.citizens import store as citizens
from yongquan.flows.find_payer import guest_of
from yongquan.flows.take_payment import PaymentDesk
from yongquan.institutions.account_names import bare_number, is_account, is_account_number
from yongquan.institutions.connectors.card_messages import MessageStamp
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.institutions.links import Links
from yongquan.institutions.registry import Institution, InstitutionKind, Registry
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import bucket_of, cell_of
from yongquan.payments.guests_store import hand_over
from yongquan.payments.instruments_store import (
    NewBinding,
    binding_of,
    end_binding,
    insert_binding,
    is_in_use,
    lock_wallet,
    make_default,
    own_instrument,
    unbind,
)
from yongquan.payments.phone_tokens_store import delete_tokens_of
from yongquan.payments.store import NewInstrument, bind_many
from yongquan.payments.switch import Switch
from yongquan.payments.vault import Vault
from yongquan.payments.views import cards_of
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id

INSTRUMENTS_MAX = 10
_TROUBLE = {"05": "holder_differs", "14": "bad_card"}
_OF_ACCOUNT = {"bad_card": "bad_account"}


class NotBound(Refusal):
    """A card or account that is not bound; `reason` says why.

    bad_card, bad_account, unknown_issuer, holder_differs, wrong_code, too_many_tries, binding_expired,
    too_many_cards, card_in_use, not_found.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)
        self.reason = reason

    code = "not_bound"


@dataclass(frozen=True, slots=True)
class OfferedCard:
    """A card or account that the bank's app lists: only its last digits are shown, and `pan_index` names it."""

    pan_index: str
    tail: str
    is_bound: bool
    is_account: bool = False


@dataclass(frozen=True, slots=True)
class BindingDesk:
    """Binds, offers first and unbinds citizens' instruments. Every call may be repeated."""

    payments: PaymentDesk
    links: Links
    switch: Switch
    vault: Vault
    clock: Clock
    cells: int

    @property
    def database(self) -> Database:
        return self.payments.database

    async def begin(self, citizen_id: UUID, *, pan: str, holder: str, phone: str) -> UUID:
        """Have the issuer verify the holder and text a code; the binding to confirm. `pan` may name an account.

        Raises `NotBound`: bad_card, bad_account, unknown_issuer, holder_differs, too_many_cards; `Outage`.
        """
        issuer = _issuer_of(self._registry(), pan)
        cell, now = self._cell(citizen_id), self.clock.now()
        async with self.database.transaction() as connection:
            await self._require_room(connection, citizen_id)
        stan = await self.payments.next_stan()
        stamp = MessageStamp(sent_at=now.replace(microsecond=0), stan=stan)
        code = await self.switch.verify(issuer.code, pan, stamp, holder=holder, phone=phone)
        if code != "00":
            raise _not_bound(_TROUBLE.get(code, "holder_differs"), pan)
        binding_id, kept = fresh_id(bucket_of(citizen_id)), self.vault.keep(pan)
        async with self.database.transaction() as connection:
            new = NewBinding(binding_id, citizen_id, issuer.code, kept.sealed, phone[-4:])
            await insert_binding(connection, cell, new, now=now)
        async with self.links.client(issuer.code) as bank:
            told = await bank.text_binding_code(binding_id=binding_id.hex, number=pan, phone=phone)
        if told != "sent":
            raise NotBound("holder_differs")
        return binding_id

    async def confirm(self, citizen_id: UUID, binding_id: UUID, code: str) -> UUID:
        """The instrument, once the issuer says that the code is right.

        Raises `NotBound`: wrong_code, too_many_tries, binding_expired, not_found; `Outage`: the same code again.
        """
        cell, now = self._cell(citizen_id), self.clock.now()
        async with self.database.transaction() as connection:
            binding = await binding_of(connection, cell, binding_id, citizen_id)
        if binding is None:
            raise NotBound("not_found")
        if binding.instrument_id is not None:
            return binding.instrument_id
        if binding.state != "asked" or binding.expires_at <= now:
            raise NotBound("binding_expired")
        async with self.links.client(binding.issuer) as bank:
            told = await bank.confirm_binding(binding_id=binding_id.hex, code=code)
        if told != "bound":
            raise NotBound(told if told in {"wrong_code", "too_many_tries"} else "binding_expired")
        async with self.database.transaction() as connection:
            instrument_id = await self._bind(connection, citizen_id, self.vault.open(binding.pan_sealed), now=now)
            await end_binding(connection, cell, binding_id, instrument_id)
        return instrument_id

    async def offered(self, citizen_id: UUID, bank: str) -> list[OfferedCard]:
        """The cards and accounts that a bank's app lists for the citizen, by real name and phone (one-key, S11)."""
        cell, pans = self._cell(citizen_id), await self._listed(citizen_id, bank)
        offered = []
        async with self.database.transaction() as connection:
            for pan in pans:
                index = self.vault.index(pan)
                bound = await own_instrument(connection, cell, citizen_id, index) is not None
                offered.append(OfferedCard(index.hex(), pan[-4:], bound, is_account(pan)))
        return offered

    async def bind_offered(self, citizen_id: UUID, bank: str, chosen: set[str]) -> list[UUID]:
        """Bind what the citizen chose of the list, which is asked for again, so that nobody slips in a card."""
        pans = [pan for pan in await self._listed(citizen_id, bank) if self.vault.index(pan).hex() in chosen]
        async with self.database.transaction() as connection:
            return [await self._bind(connection, citizen_id, pan, now=self.clock.now()) for pan in pans]

    async def offer_first(self, citizen_id: UUID, instrument_id: UUID) -> None:
        """Make an instrument the default. Raises `NotBound`: not_found."""
        async with self.database.transaction() as connection:
            await lock_wallet(connection, citizen_id)
            if not await make_default(connection, self._cell(citizen_id), citizen_id, instrument_id):
                raise NotBound("not_found")

    async def unbind(self, citizen_id: UUID, instrument_id: UUID) -> None:
        """Take an instrument out of use. Raises `NotBound`: card_in_use while money is held or under way on it."""
        cell = self._cell(citizen_id)
        async with self.database.transaction() as connection:
            await lock_wallet(connection, citizen_id)
            if await is_in_use(connection, cell, citizen_id, instrument_id):
                raise NotBound("card_in_use")
            await unbind(connection, cell, citizen_id, instrument_id)
            await delete_tokens_of(connection, cell, instrument_id, now=self.clock.now())

    async def _listed(self, citizen_id: UUID, bank: str) -> tuple[str, ...]:
        if bank not in {member.code for member in self._registry().issuers}:
            raise NotBound("unknown_issuer")
        async with self.database.transaction() as connection:
            cell, sealing = self._cell(citizen_id), self.vault.sealing
            name = await citizens.name_of(connection, cell, citizen_id, sealing)
            phone = await citizens.phone_of(connection, cell, citizen_id, sealing)
        if name is None or phone is None:
            raise NotBound("not_found")
        async with self.links.client(bank) as client:
            pans = await client.numbers_of_holder(holder=name, phone=phone)
        # A bank lists its own cards only; another's number in its answer is not taken.
        return tuple(pan for pan in pans if self._registry().route(pan).code == bank)

    async def _bind(self, connection: Connection, citizen_id: UUID, pan: str, *, now: datetime) -> UUID:
        cell, issuer = self._cell(citizen_id), _issuer_of(self._registry(), pan)
        await lock_wallet(connection, citizen_id)
        known = await own_instrument(connection, cell, citizen_id, self.vault.index(pan))
        if known is not None:
            return known
        await self._require_room(connection, citizen_id)
        kind = kind_of(issuer, pan)
        new = NewInstrument(fresh_id(bucket_of(citizen_id)), citizen_id, issuer.code, kind, pan)
        await bind_many(connection, [new], self.vault.sealing, cells=self.cells, now=now)
        _, guest = guest_of(self.vault.index(pan))
        await hand_over(connection, self._cell(guest), guest, citizen_id)
        await citizens.note_card(connection, cell, citizen_id, issuer=issuer.code, pan=pan, now=now)
        return new.instrument_id

    async def _require_room(self, connection: Connection, citizen_id: UUID) -> None:
        if len(await cards_of(connection, self._cell(citizen_id), citizen_id)) >= INSTRUMENTS_MAX:
            raise NotBound("too_many_cards")

    def _registry(self) -> Registry:
        if self.links.registry is None:
            raise InstitutionUnreachable("there is no directory of institutions")
        return self.links.registry

    def _cell(self, id_: UUID) -> int:
        return cell_of(id_, self.cells)


def kind_of(issuer: Institution, pan: str) -> str:
    """What kind of instrument a number is."""
    if is_account(pan):
        return "account"
    return "wallet" if issuer.kind is InstitutionKind.WALLET else "card"


def _issuer_of(registry: Registry, pan: str) -> Institution:
    if is_account(pan):
        if not is_account_number(bare_number(pan)):
            raise NotBound("bad_account")
        return registry.route(pan)
    if not (pan.isascii() and pan.isdecimal() and 12 <= len(pan) <= 19):
        raise NotBound("bad_card")
    issuer = registry.route(pan)
    if issuer.kind is InstitutionKind.BANK and not luhn.is_valid(pan):
        raise NotBound("bad_card")
    return issuer


def _not_bound(reason: str, pan: str) -> NotBound:
    return NotBound(_OF_ACCOUNT.get(reason, reason) if is_account(pan) else reason)
