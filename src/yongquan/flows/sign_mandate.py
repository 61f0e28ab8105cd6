"""Mandates (授权代扣): asked for by a payee, signed by the payer, held by the account's bank, revoked at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from yongquan.citizens.sign_in import SendsText, SignInDesk, WrongCode
from yongquan.citizens.store import phone_of
from yongquan.flows.order_desk import OrderDesk
from yongquan.institutions.connectors.service_messages import HeldMandate
from yongquan.institutions.links import Links
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.kernel.money import yuan
from yongquan.payments import mandates_store as store
from yongquan.payments.mandates import (
    CONTRACT_NO_MAX,
    MANDATE_MOVES,
    CollectionState,
    Mandate,
    MandateRefused,
    MandateState,
    NewMandate,
    Scene,
    check_terms,
)
from yongquan.payments.mandates_store import Collection
from yongquan.payments.orders import OrderState
from yongquan.payments.vault import Vault
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing

ASK_BANK_EVERY = timedelta(hours=12)
TELL_BANK_AGAIN = timedelta(seconds=20)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MandateDesk:
    """Keeps mandates; every call may be repeated. `texts` is the way to payers' phones."""

    orders: OrderDesk
    links: Links
    sealing: Sealing
    cells: int
    texts: SendsText | None = None

    @property
    def database(self) -> Database:
        return self.orders.database

    async def allow(self, store_id: UUID, scenes: Iterable[Scene]) -> None:
        """Let a payee collect for these scenes from now on."""
        async with self.database.transaction() as connection:
            await store.allow_scenes(connection, store_id, scenes, now=self.now())

    async def ask(self, new: NewMandate) -> Mandate:
        """The mandate under the payee's contract number, asked for now if it is new.

        Raises `MandateRefused`: scene_not_allowed, bad_terms, instrument_unknown, contract_no_used (by other terms).
        """
        cell, now = cell_of(new.citizen_id, self.cells), self.now()
        body_hash = named_id(new.citizen_id, new.instrument_id, new.payee_name, new.terms, new.holder)
        if not 1 <= len(new.contract_no) <= CONTRACT_NO_MAX:
            raise MandateRefused("bad_terms", "a contract number has 1 to 64 signs", fields=["contract_no"])
        async with self.database.transaction() as connection:
            fresh = fresh_id(bucket_of(new.citizen_id))
            store_cell = cell_of(new.store_id, self.cells)
            mandate_id = await store.take_contract_no(connection, store_cell, new.store_id, new.contract_no, fresh)
            if mandate_id == fresh:
                await self._write(connection, cell, fresh, new, body_hash=body_hash, now=now)
            found = await store.mandate_of(connection, cell_of(mandate_id, self.cells), mandate_id)
        if found is None or found.body_hash != body_hash:
            raise MandateRefused("contract_no_used", f"contract {new.contract_no} stands for another mandate")
        return found

    async def send_code(self, mandate_id: UUID) -> None:
        """Send the payer a one-time code to sign with. Raises `MandateRefused`: no_phone, and as `SignInDesk`."""
        mandate = await self.mandate(mandate_id)
        phone, desk = await self._phone(mandate)
        limit = yuan(mandate.terms.debit_max_fen)
        asks = f"您正在授权“{mandate.payee_name}”从尾号{mandate.card_tail}的卡扣款(单笔不超过{limit}元),"
        await desk.send_code(phone, now=wall_now(), purpose=_purpose(mandate_id), asks=asks)

    async def sign_with_code(self, mandate_id: UUID, code: str) -> Mandate:
        """Sign with the code that was sent. Raises `WrongCode`, and as `sign`."""
        mandate = await self.mandate(mandate_id)
        if mandate.state is MandateState.ASKED:
            phone, desk = await self._phone(mandate)
            agreed, _ = await desk.agree(phone, code, now=wall_now(), purpose=_purpose(mandate_id), name="")
            if agreed != mandate.citizen_id:
                raise WrongCode
        return await self.sign(mandate_id)

    async def sign(self, mandate_id: UUID) -> Mandate:
        """Have the account's bank keep the authority; the caller has made sure that its holder agrees.

        The bank's no is kept (state refused, with its reason). Raises `Outage` if it does not answer.
        """
        mandate = await self.mandate(mandate_id)
        if mandate.state is not MandateState.ASKED:
            return mandate
        held = await self._for_bank(mandate)
        async with self.links.client(mandate.issuer) as bank:
            told = await bank.hold_mandate(held)
        async with self.database.transaction() as connection:
            found = await self.locked(connection, mandate_id)
            if found.state is MandateState.ASKED:
                now = self.now()
                good = told.code == "held"
                await store.move_mandate(
                    connection,
                    self.cell(mandate_id),
                    mandate_id,
                    MandateState.ACTIVE if good else MandateState.REFUSED,
                    reason="" if good else told.code,
                    look_at=now + ASK_BANK_EVERY if good else None,
                    now=now,
                )
                if good:
                    await self.tell(connection, found, "mandate.signed", now=now)
        return await self.mandate(mandate_id)

    async def revoke(self, mandate_id: UUID, *, by: str = "payer") -> Mandate:
        """Take a mandate back at once: nothing begins under it any more, and its bank is told, again if need be."""
        await self.end(mandate_id, by=by)
        try:
            await self._tell_bank(mandate_id)
        except Outage as outage:
            log.warning("revocation_not_told", mandate_id=str(mandate_id), why=str(outage))
        return await self.mandate(mandate_id)

    async def mandate(self, mandate_id: UUID) -> Mandate:
        """A mandate by id. Raises `MandateRefused`: no_mandate."""
        async with self.database.transaction() as connection:
            return there(await store.mandate_of(connection, self.cell(mandate_id), mandate_id))

    async def find(self, store_id: UUID, contract_no: str) -> Mandate | None:
        """A payee's mandate by its contract number."""
        async with self.database.transaction() as connection:
            mandate_id = await store.mandate_by_no(connection, cell_of(store_id, self.cells), store_id, contract_no)
            if mandate_id is None:
                return None
            return await store.mandate_of(connection, self.cell(mandate_id), mandate_id)

    async def of_citizen(self, citizen_id: UUID) -> tuple[list[Mandate], list[Collection]]:
        """What a citizen allowed, and the last debits under it."""
        cell = cell_of(citizen_id, self.cells)
        async with self.database.transaction() as connection:
            mandates = await store.mandates_of(connection, cell, citizen_id)
            return mandates, await store.collections_of(connection, cell, [m.mandate_id for m in mandates])

    async def speak_to_bank(self, mandate_id: UUID) -> None:
        mandate, now = await self.mandate(mandate_id), self.now()
        if mandate.state is MandateState.REVOKED:
            await self._tell_bank(mandate_id)
            return
        if mandate.state is not MandateState.ACTIVE:
            return
        async with self.links.client(mandate.issuer) as bank:
            told = await bank.mandate(mandate_id.hex)
        if told.code == "revoked":
            await self.end(mandate_id, by="bank", bank_knows=True)
            return
        async with self.database.transaction() as connection:
            cell = self.cell(mandate_id)
            if mandate.terms.ends_on < business_day(now):
                await self.locked(connection, mandate_id)
                await store.move_mandate(connection, cell, mandate_id, MandateState.EXPIRED, now=now)
            else:
                await store.look_at_mandate(connection, cell, mandate_id, at=now + ASK_BANK_EVERY, bank_knows=True)

    async def end(self, mandate_id: UUID, *, by: str, bank_knows: bool = False) -> None:
        cell, now = self.cell(mandate_id), self.now()
        async with self.database.transaction() as connection:
            found = await self.locked(connection, mandate_id)
            if MandateState.REVOKED not in MANDATE_MOVES[found.state]:
                return
            known = bank_knows or found.state is MandateState.ASKED
            await store.move_mandate(
                connection,
                cell,
                mandate_id,
                MandateState.REVOKED,
                by=by,
                bank_knows=known,
                look_at=None if known else now + TELL_BANK_AGAIN,
                now=now,
            )
            await self.tell(connection, found, "mandate.revoked", now=now, by=by)
            open_debits = await store.open_collections_of(connection, cell, mandate_id)
        for debit in open_debits:
            await self.cancel_debit(cell, debit.order_id, "revoked")

    async def cancel_debit(self, cell: int, order_id: UUID, reason: str) -> None:
        order = await self.orders.order(order_id)
        async with self.database.transaction() as connection:
            found = await store.collection_of(connection, cell, order_id, lock=True)
            ended = found is None or found.state not in {CollectionState.WAITING, CollectionState.COLLECTING}
            # A try under way has left for the bank: its answer decides.
            if ended or found is None or order.state not in {OrderState.CREATED, OrderState.FAILED}:
                return
            await store.move_collection(connection, found, CollectionState.CANCELLED, reason=reason, now=self.now())
        await self.orders.close(order_id)

    async def locked(self, connection: Connection, mandate_id: UUID) -> Mandate:
        return there(await store.mandate_of(connection, self.cell(mandate_id), mandate_id, lock=True))

    async def tell(
        self, connection: Connection, mandate: Mandate, kind: str, *, now: datetime, **facts: object
    ) -> None:
        payload: dict[str, object] = {
            "mandate_id": str(mandate.mandate_id),
            "store_id": str(mandate.store_id),
            "contract_no": mandate.contract_no,
            **{name: str(value) for name, value in facts.items()},
        }
        part = str(facts.get("order_id", ""))
        cell = self.cell(mandate.mandate_id)
        await store.tell(connection, cell, kind, mandate.mandate_id, payload, part=part, now=now)

    def now(self) -> datetime:
        return self.orders.clock.now()

    def cell(self, mandate_id: UUID) -> int:
        return cell_of(mandate_id, self.cells)

    async def _write(
        self, connection: Connection, cell: int, mandate_id: UUID, new: NewMandate, *, body_hash: UUID, now: datetime
    ) -> None:
        check_terms(new.terms, allowed=await store.scenes_of(connection, new.store_id), today=business_day(now))
        issuer = await store.issuer_of(connection, cell, new.citizen_id, new.instrument_id)
        if issuer is None:
            raise MandateRefused("instrument_unknown")
        holder = self.sealing.seal(new.holder, what="name") if new.holder else None
        await store.insert_mandate(
            connection, cell, mandate_id, new, issuer=issuer, holder_sealed=holder, body_hash=body_hash, now=now
        )

    async def _phone(self, mandate: Mandate) -> tuple[str, SignInDesk]:
        async with self.database.transaction() as connection:
            phone = await phone_of(connection, self.cell(mandate.mandate_id), mandate.citizen_id, self.sealing)
        if phone is None or self.texts is None:
            raise MandateRefused("no_phone", "the payer has no phone that a code could be sent to")
        return phone, SignInDesk(self.database, self.sealing, self.texts, self.cells)

    async def _for_bank(self, mandate: Mandate) -> HeldMandate:
        async with self.database.transaction() as connection:
            secrets = await store.secrets_of(connection, self.cell(mandate.mandate_id), mandate.mandate_id)
        if secrets is None:
            raise MandateRefused("no_mandate")
        terms = mandate.terms
        return HeldMandate(
            mandate_id=mandate.mandate_id.hex,
            card_no=Vault(self.sealing).open(secrets.pan_sealed),
            holder=self.sealing.open(secrets.holder_sealed, what="name") if secrets.holder_sealed else "",
            payee_id=mandate.store_id.hex,
            payee_name=mandate.payee_name,
            scene=terms.scene.value,
            cycle=terms.cycle.value,
            debit_max_fen=terms.debit_max_fen,
            cycle_max_fen=terms.cycle_max_fen,
            starts_on=terms.starts_on,
            ends_on=terms.ends_on,
            cycle_times=terms.cycle_times,
        )

    async def _tell_bank(self, mandate_id: UUID) -> None:
        mandate = await self.mandate(mandate_id)
        cell = self.cell(mandate_id)
        async with self.database.transaction() as connection:
            secrets = await store.secrets_of(connection, cell, mandate_id)
        if mandate.state is not MandateState.REVOKED or secrets is None or secrets.bank_knows:
            return
        async with self.links.client(mandate.issuer) as bank:
            await bank.revoke_mandate(mandate_id.hex)
        async with self.database.transaction() as connection:
            await store.look_at_mandate(connection, cell, mandate_id, at=None, bank_knows=True)


def there(mandate: Mandate | None) -> Mandate:
    """The mandate that was read. Raises `MandateRefused`: no_mandate."""
    if mandate is None:
        raise MandateRefused("no_mandate")
    return mandate


def _purpose(mandate_id: UUID) -> str:
    return f"mandate {mandate_id.hex}"
