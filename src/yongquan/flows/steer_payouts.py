"""Staff send files of payouts in and let them be paid: one makes a batch, another approves it, both on record."""

from dataclasses import dataclass
from uuid import UUID

from yongquan.flows.pay_batch import PayoutBatches
from yongquan.institutions.store import Funder, all_funders
from yongquan.kernel.errors import Refusal
from yongquan.payments.payout_batches_store import Batch
from yongquan.payments.payouts import PayingAccount
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import wall_now
from yongquan.staff import Forbidden, Role, Staff

PAYOUT_ROLES = (Role.BUREAU_OFFICER, Role.FINANCE, Role.OPERATOR, Role.ADMIN)


class NoSuchPayer(Refusal):
    """No account of this name that this person may pay out of."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class PayoutSeat:
    """What a member of staff may do with payouts: out of supervised accounts of their area, out of any store's."""

    batches: PayoutBatches
    staff: Staff

    async def funders(self) -> list[Funder]:
        """The funders out of whose accounts this person may pay."""
        async with self.batches.payouts.database.transaction() as connection:
            return [funder for funder in await all_funders(connection) if self._may(funder.adcode)]

    async def account(self, payer: str) -> PayingAccount:
        """The account behind funder:.., store:.. or institution:... Raises `NoSuchPayer`, `PayoutRefused`."""
        kind, _, name = payer.partition(":")
        payouts = self.batches.payouts
        if kind == "funder" and any(funder.funder_id == name for funder in await self.funders()):
            return await payouts.of_funder(name)
        if not self._may(None):
            raise NoSuchPayer
        if kind == "institution":
            return payouts.of_institution(name)
        if kind == "store":
            try:
                return await payouts.of_store(UUID(name))
            except ValueError as error:
                raise NoSuchPayer from error
        raise NoSuchPayer

    async def batches_seen(self) -> list[Batch]:
        """The last batches of payers that this person may pay out of."""
        own = {f"funder:{funder.funder_id}" for funder in await self.funders()}
        return [batch for batch in await self.batches.newest() if self._may(None) or batch.payer in own]

    async def batch(self, batch_id: UUID) -> Batch:
        """A batch that this person may see. Raises `NoSuchPayer`, `PayoutRefused`."""
        batch = await self.batches.batch(batch_id)
        await self.account(batch.payer)
        return batch

    async def plan(self, payer: str, content: bytes, *, batch_no: str, file_name: str) -> Batch:
        """Send a file in. Raises as `PayoutBatches.plan`, and `NoSuchPayer`."""
        account = await self.account(payer)
        made = await self.batches.plan(account, content, batch_no=batch_no, file_name=file_name, by=self.staff.actor)
        await self._record("planned", made)
        return made

    async def decide(self, batch_id: UUID, *, approve: bool) -> Batch:
        """Approve or reject a batch. Raises as `PayoutBatches.approve`, and `NoSuchPayer`."""
        before = await self.batch(batch_id)
        decide = self.batches.approve if approve else self.batches.reject
        after = await decide(batch_id, by=self.staff.actor)
        if after.state != before.state:
            await self._record(after.state, after)
        return after

    def _may(self, adcode: str | None) -> bool:
        try:
            self.staff.require(*PAYOUT_ROLES, adcode=adcode)
        except Forbidden:
            return False
        return True

    async def _record(self, done: str, batch: Batch) -> None:
        entry = AuditEntry(
            actor=self.staff.actor,
            action=f"payout_batch.{done}",
            subject=f"payout_batch:{batch.batch_id}",
            before={},
            after={"batch_no": batch.batch_no, "payer": batch.payer, "rows": batch.payable, "fen": batch.amount_fen},
        )
        async with self.batches.payouts.database.transaction() as connection:
            await append(connection, entry, now=wall_now())
