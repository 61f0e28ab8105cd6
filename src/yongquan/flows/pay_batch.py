"""A file of payouts: read and checked, shown, approved by a second person, paid row by row, reported.

The same file again is the same batch. A corrected file under a new batch number may hold every row: what was paid or
is being paid stays as it is, and what failed is tried anew under its own number.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from yongquan.flows.pay_out import Payouts, body_of
from yongquan.institutions.connectors.service_messages import NameTold
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import cell_of
from yongquan.payments import payout_batches_store as store
from yongquan.payments.payout_batches_store import Batch, NewBatch
from yongquan.payments.payout_files import RowDone, RowRead, read_file, write_report
from yongquan.payments.payouts import PayingAccount, PayoutRefused
from yongquan.plumbing.fresh import fresh_hexes, fresh_id

BATCH_NO_MAX = 64


class SamePerson(Refusal):
    """Whoever made a batch does not approve it."""

    code = "same_person"


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch, how many rows (and fen) are in which state, and what the payer's account holds if its bank says so."""

    batch: Batch
    progress: Mapping[str, tuple[int, int]]
    balance_fen: int | None


@dataclass(frozen=True, slots=True)
class PayoutBatches:
    """Keeps files of payouts; paying them is the work of `Payouts`."""

    payouts: Payouts

    async def plan(self, account: PayingAccount, content: bytes, *, batch_no: str, file_name: str, by: str) -> Batch:
        """Read a file, check every row with the payees' banks, and keep it for a second person.

        Raises `BadInput` for a file that cannot be read; `PayoutRefused`: bad_batch_no, batch_no_used.
        """
        if not 1 <= len(batch_no) <= BATCH_NO_MAX:
            raise PayoutRefused("bad_batch_no", "a batch number has 1 to 64 signs")
        cell, file_hash = account.bucket % self.payouts.cells, _hash(content)
        known = await self._known(account, cell, batch_no)
        if known is None:
            rows = await self._checked(account, cell, read_file(content))
            hexes = fresh_hexes([account.bucket] * len(rows))
            new = NewBatch(
                batch_id=fresh_id(account.bucket),
                batch_no=batch_no,
                file_name=file_name[:100],
                file_hash=file_hash,
                made_by=by,
                rows=rows,
                ids=[UUID(hex=one) for one in hexes],
                hashes=[body_of(row.wish) for row in rows],
            )
            async with self.payouts.database.transaction() as connection:
                sealing, now = self.payouts.sealing, self.payouts.clock.now()
                await store.write_batch(connection, cell, account, new, sealing, now=now)
            known = await self._known(account, cell, batch_no)
        if known is None or known.file_hash != file_hash:
            raise PayoutRefused("batch_no_used", f"batch number {batch_no} stands for another file")
        return known

    async def approve(self, batch_id: UUID, *, by: str) -> Batch:
        """Let a batch be paid; a repeat changes nothing. Raises `SamePerson`; `PayoutRefused`: not_found, rejected."""
        async with self.payouts.database.transaction() as connection:
            batch = _there(await store.batch_by_id(connection, self._cell(batch_id), batch_id, lock=True))
            if batch.state == "rejected":
                raise PayoutRefused("rejected", "the batch was rejected: send the file in under a new number")
            if batch.state == "planned":
                if by == batch.made_by:
                    raise SamePerson
                now = self.payouts.clock.now()
                await store.decide_batch(connection, batch, "approved", by=by, now=now)
                await store.make_payouts(connection, batch, now=now)
        return await self.batch(batch_id)

    async def reject(self, batch_id: UUID, *, by: str) -> Batch:
        """Let a batch not be paid. Raises `PayoutRefused`: not_found, approved."""
        async with self.payouts.database.transaction() as connection:
            batch = _there(await store.batch_by_id(connection, self._cell(batch_id), batch_id, lock=True))
            if batch.state == "approved":
                raise PayoutRefused("approved", "the batch is being paid already")
            await store.decide_batch(connection, batch, "rejected", by=by, now=self.payouts.clock.now())
        return await self.batch(batch_id)

    async def batch(self, batch_id: UUID) -> Batch:
        """A batch by id. Raises `PayoutRefused`: not_found."""
        async with self.payouts.database.transaction() as connection:
            return _there(await store.batch_by_id(connection, self._cell(batch_id), batch_id))

    async def view(self, batch_id: UUID, account: PayingAccount | None = None) -> BatchView:
        """A batch with its progress, and the payer's balance if its account is given."""
        async with self.payouts.database.transaction() as connection:
            batch = _there(await store.batch_by_id(connection, self._cell(batch_id), batch_id))
            progress = await store.progress_of(connection, batch)
        return BatchView(batch, progress, await self._balance(account) if account else None)

    async def rows(self, batch_id: UUID, *, only_unpaid: bool = False, limit: int = 10_000) -> list[RowDone]:
        """A batch's rows and what became of them."""
        async with self.payouts.database.transaction() as connection:
            batch = _there(await store.batch_by_id(connection, self._cell(batch_id), batch_id))
            return await store.rows_of(connection, batch, only_unpaid=only_unpaid, limit=limit)

    async def report(self, batch_id: UUID, *, only_unpaid: bool = False) -> str:
        """The report as CSV: every row, or those that were not paid."""
        return write_report(await self.rows(batch_id, only_unpaid=only_unpaid))

    async def newest(self, limit: int = 100) -> list[Batch]:
        """The last batches of all payers."""
        async with self.payouts.database.transaction() as connection:
            return await store.newest_batches(connection, limit=limit)

    async def _known(self, account: PayingAccount, cell: int, batch_no: str) -> Batch | None:
        async with self.payouts.database.transaction() as connection:
            return await store.batch_by_no(connection, cell, account.payer, batch_no)

    async def _checked(self, account: PayingAccount, cell: int, rows: Sequence[RowRead]) -> list[RowRead]:
        routed = [row if row.error else self._routed(row) for row in rows]
        numbers = [row.wish.payout_no for row in routed]
        async with self.payouts.database.transaction() as connection:
            known = await store.known_numbers(connection, cell, account.payer, numbers)
        checked = [row if row.error else _against_earlier(row, known.get(row.wish.payout_no)) for row in routed]
        asked = [row for row in checked if not row.error]
        names = await self.payouts.names([row.wish for row in asked])
        told = {row.row_no: _name_error(name) for row, name in zip(asked, names, strict=True)}
        return [replace(row, error=row.error or told.get(row.row_no, "")) for row in checked]

    def _routed(self, row: RowRead) -> RowRead:
        try:
            return replace(row, wish=self.payouts.routed(row.wish))
        except PayoutRefused as refusal:
            return replace(row, error=refusal.reason)

    async def _balance(self, account: PayingAccount) -> int | None:
        try:
            async with self.payouts.links.client(account.bank) as bank:
                return (await bank.statement(account.account, limit=1)).balance_fen
        except (Outage, Refusal):
            return None

    def _cell(self, batch_id: UUID) -> int:
        return cell_of(batch_id, self.payouts.cells)


def _against_earlier(row: RowRead, earlier: tuple[UUID, str] | None) -> RowRead:
    if earlier is None or earlier[1] == "failed":
        return row
    return replace(row, error="repeat" if earlier[0] == body_of(row.wish) else "payout_no_used")


def _name_error(told: NameTold | None) -> str:
    return "" if told is None or told.code == "match" else told.code


def _hash(content: bytes) -> UUID:
    return UUID(bytes=hashlib.blake2b(content, digest_size=16).digest())


def _there(batch: Batch | None) -> Batch:
    if batch is None:
        raise PayoutRefused("not_found")
    return batch
