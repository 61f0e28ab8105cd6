"""Payouts: taken once, begun on the open settlement day, debited at the payer's bank, credited at the payee's.

Banks are told outside transactions, many payouts a call; what a bank does not answer is asked for again under the
same id. What the payee's bank refuses goes back to the payer; what it sends back later does too.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from yongquan import ledger
from yongquan.institutions.connectors.account_messages import OWN_FUNDS_ACCOUNT
from yongquan.institutions.connectors.service_messages import NameAsked, NameTold
from yongquan.institutions.links import Links
from yongquan.institutions.registry import Registry, UnknownIssuer
from yongquan.institutions.store import all_funders
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import bucket_from, bucket_of, named_id
from yongquan.merchants.views import paying_account_of
from yongquan.payments import payouts_store as store
from yongquan.payments.payouts import (
    After,
    PayingAccount,
    Payout,
    PayoutRefused,
    PayoutState,
    PayoutWish,
    Stage,
    after,
    bank_of,
    check_wish,
    movement_of,
    payout_of_movement,
)
from yongquan.plumbing.clock import Clock, business_day, day_start
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing

ASK_AGAIN = timedelta(seconds=5)
SWEEPS_AT_ONCE = 20
NOTHING: Mapping[str, object] = {}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Payouts:
    """Pays out of accounts of stores, institutions, funders and citizens; every call may be repeated."""

    database: Database
    clock: Clock
    links: Links
    sealing: Sealing
    cells: int

    async def of_store(self, store_id: UUID) -> PayingAccount:
        """A store's settlement account at its acquirer. Raises `PayoutRefused`: payer_unknown."""
        async with self.database.transaction() as connection:
            found = await paying_account_of(connection, store_id)
        if found is None:
            raise PayoutRefused("payer_unknown")
        name, acquirer, account_no = found
        return PayingAccount(
            payer=f"store:{store_id.hex}", bucket=bucket_of(store_id), bank=acquirer, account=account_no, name=name
        )

    def of_institution(self, code: str) -> PayingAccount:
        """An institution's own money at itself. Raises `PayoutRefused`: payer_unknown."""
        member = self._registry().find(code)
        if member is None:
            raise PayoutRefused("payer_unknown")
        payer = f"institution:{code}"
        return PayingAccount(payer=payer, bucket=_bucket(payer), bank=code, account=OWN_FUNDS_ACCOUNT, name=member.name)

    async def of_funder(self, funder_id: str) -> PayingAccount:
        """A funder's supervised account. Raises `PayoutRefused`: payer_unknown."""
        async with self.database.transaction() as connection:
            found = next((f for f in await all_funders(connection) if f.funder_id == funder_id), None)
        if found is None:
            raise PayoutRefused("payer_unknown")
        payer = f"funder:{funder_id}"
        return PayingAccount(
            payer=payer,
            bucket=_bucket(payer),
            bank=found.bank,
            account=found.account_no,
            name=found.name,
            funder_id=funder_id,
        )

    async def pay(
        self,
        account: PayingAccount,
        wish: PayoutWish,
        *,
        facts: Mapping[str, object] = NOTHING,
        name_checked: bool = False,
        day_max_fen: int | None = None,
    ) -> Payout:
        """Pay once for the payer's number: a repeat gets the payout as it stands.

        Raises `PayoutRefused` (nothing is kept of it): payout_no_used, bad_.., unknown_bank, unknown_account,
        account_closed, name_differs, over_day_limit (with `day_max_fen`, the most a payer sends a business day).
        """
        wish = self.routed(wish)
        cell, now, body = account.bucket % self.cells, self.clock.now(), body_of(wish)
        async with self.database.transaction() as connection:
            known = await store.payout_by_no(connection, cell, account.payer, wish.payout_no, self.sealing)
        if known is None:
            if not name_checked:
                await self._require_name(wish)
            async with self.database.transaction() as connection:
                if day_max_fen is not None:
                    await self._require_day(connection, cell, account.payer, wish, day_max_fen)
                taken = await store.take(
                    connection,
                    cell,
                    fresh_id(account.bucket),
                    account,
                    wish,
                    sealing=self.sealing,
                    body_hash=body,
                    facts=facts,
                    now=now,
                )
                known = taken or await store.payout_by_no(connection, cell, account.payer, wish.payout_no, self.sealing)
            if taken is not None:
                await asyncio.shield(self.advance([taken]))
        if known is None or known.body_hash != body:
            raise PayoutRefused("payout_no_used", f"payout number {wish.payout_no} stands for another payout")
        return await self.payout(known.cell, known.payout_id)

    async def payout(self, cell: int, payout_id: UUID) -> Payout:
        """A payout by id. Raises `PayoutRefused`: not_found."""
        async with self.database.transaction() as connection:
            found = await store.payout_by_id(connection, cell, payout_id, self.sealing)
        if found is None:
            raise PayoutRefused("not_found")
        return found

    async def find(self, account: PayingAccount, payout_no: str) -> Payout | None:
        """A payer's payout by its number."""
        async with self.database.transaction() as connection:
            return await store.payout_by_no(
                connection, account.bucket % self.cells, account.payer, payout_no, self.sealing
            )

    async def names(self, wishes: Sequence[PayoutWish]) -> list[NameTold | None]:
        """What the payees' banks say of accounts and names, in order; None where a bank does not answer now."""
        told: dict[int, NameTold] = {}
        by_bank: defaultdict[str, list[int]] = defaultdict(list)
        for n, wish in enumerate(wishes):
            by_bank[wish.bank].append(n)

        async def ask(bank: str, places: Sequence[int]) -> None:
            asked = [NameAsked(account=wishes[n].account, name=wishes[n].name) for n in places]
            try:
                async with self.links.client(bank) as client:
                    told.update(zip(places, await client.names(asked), strict=True))
            except Outage as outage:
                log.info("names_not_told", bank=bank, why=str(outage))

        await asyncio.gather(*(ask(bank, places) for bank, places in by_bank.items()))
        return [told.get(n) for n in range(len(wishes))]

    def routed(self, wish: PayoutWish) -> PayoutWish:
        """The wish with the payee's bank. Raises `PayoutRefused`: bad_.. and unknown_bank."""
        wrong = check_wish(wish)
        if wrong:
            raise PayoutRefused(wrong)
        if wish.bank:
            if self._registry().find(wish.bank) is None:
                raise PayoutRefused("unknown_bank")
            return wish
        try:
            return replace(wish, bank=self._registry().route(wish.account).code)
        except UnknownIssuer as unknown:
            raise PayoutRefused("unknown_bank", "name the payee's bank: its card number does not say it") from unknown

    async def sweep(self) -> int:
        """Go on with payouts that are due; how many were looked at."""
        looked_at = 0
        for _ in range(SWEEPS_AT_ONCE):
            async with self.database.transaction() as connection:
                due = await store.lease_payouts(connection, self.sealing, now=self.clock.now())
            if not due:
                break
            await self.advance(due)
            looked_at += len(due)
        return looked_at

    async def advance(self, payouts: Sequence[Payout]) -> None:
        """Do what is next for leased payouts until they end or a bank is silent."""
        going = await self._begin(payouts)
        while going:
            moves, silent = await self._tell_banks(going)
            if silent:
                await self._ask_later(silent)
            going = [payout for payout in await self._save(moves) if payout.stage is not Stage.DONE]

    async def take_returns(self) -> int:
        """Begin the way back of credits that payees' banks want to send back; how many."""
        begun = 0
        for member in self.links.registry.members if self.links.registry else ():
            async with self.database.transaction() as connection:
                read_to = await store.read_to(connection, member.code)
            try:
                async with self.links.client(member.code) as bank:
                    wanted = await bank.returned_credits(after=read_to)
            except Outage as outage:
                log.info("returns_not_told", bank=member.code, why=str(outage))
                continue
            for credit in wanted:
                begun += await self._take_back(credit.movement_id, credit.reason)
                async with self.database.transaction() as connection:
                    await store.mark_read(connection, member.code, credit.id)
        if begun:
            await self.sweep()
        return begun

    async def _take_back(self, movement_id: str, reason: str) -> bool:
        named = payout_of_movement(movement_id)
        if named is None:
            return False
        payout_id, turn = named
        cell = bucket_of(payout_id) % self.cells
        async with self.database.transaction() as connection:
            return await store.take_back(connection, cell, payout_id, turn=turn, reason=reason, now=self.clock.now())

    async def _require_name(self, wish: PayoutWish) -> None:
        (told,) = await self.names([wish])
        # A bank that does not answer now compares the name again when the money comes.
        if told is not None and told.code != "match":
            raise PayoutRefused(told.code)

    async def _require_day(
        self, connection: Connection, cell: int, payer: str, wish: PayoutWish, day_max_fen: int
    ) -> None:
        since = day_start(business_day(self.clock.now()))
        sent_fen = await store.sent_since(connection, cell, payer, since=since, but=wish.payout_no)
        if sent_fen + wish.amount_fen > day_max_fen:
            raise PayoutRefused("over_day_limit", left_fen=max(day_max_fen - sent_fen, 0))

    async def _begin(self, payouts: Sequence[Payout]) -> list[Payout]:
        going = [payout for payout in payouts if payout.state is not PayoutState.ACCEPTED]
        fresh: defaultdict[int, list[UUID]] = defaultdict(list)
        for payout in payouts:
            if payout.state is PayoutState.ACCEPTED:
                fresh[payout.cell].append(payout.payout_id)
        for cell, ids in fresh.items():
            async with self.database.transaction() as connection:
                going += await store.begin_payouts(connection, cell, ids, self.sealing, now=self.clock.now())
        return going

    async def _tell_banks(self, payouts: Sequence[Payout]) -> tuple[list[tuple[Payout, After]], list[Payout]]:
        by_bank: defaultdict[str, list[Payout]] = defaultdict(list)
        for payout in payouts:
            by_bank[bank_of(payout)].append(payout)
        moves: list[tuple[Payout, After]] = []
        silent: list[Payout] = []

        async def tell(bank: str, some: Sequence[Payout]) -> None:
            try:
                async with self.links.client(bank) as client:
                    results = await client.move([movement_of(payout) for payout in some])
            except Outage as outage:
                log.warning("payouts_unknown", bank=bank, payouts=len(some), why=str(outage))
                silent.extend(some)
                return
            for payout, result in zip(some, results, strict=True):
                to = after(payout, result.code)
                if to.stage is payout.stage:
                    log.error("money_not_given_back", payout_id=str(payout.payout_id), bank=bank, code=result.code)
                    silent.append(payout)
                else:
                    moves.append((payout, to))

        await asyncio.gather(*(tell(bank, some) for bank, some in by_bank.items()))
        return moves, silent

    async def _ask_later(self, silent: Sequence[Payout]) -> None:
        at = self.clock.now() + ASK_AGAIN
        for cell, some in _by_cell(silent).items():
            async with self.database.transaction() as connection:
                await store.look_later(connection, cell, [payout.payout_id for payout in some], at=at)

    async def _save(self, moves: Sequence[tuple[Payout, After]]) -> list[Payout]:
        now = self.clock.now()
        saved: list[Payout] = []
        by_cell: defaultdict[int, list[tuple[Payout, After]]] = defaultdict(list)
        for payout, to in moves:
            by_cell[payout.cell].append((payout, to))
        for cell, some in by_cell.items():
            try:
                saved += await self._save_together(cell, some, now=now)
            except Refusal:
                # One payout that the ledger does not book (an institution without accounts) keeps no other.
                for one in some:
                    saved += await self._save_alone(cell, one, now=now)
        return saved

    async def _save_alone(self, cell: int, move: tuple[Payout, After], *, now: datetime) -> list[Payout]:
        try:
            return await self._save_together(cell, [move], now=now)
        except Refusal:
            # It stays where it was and its bank is asked again under the same id, which moves nothing twice.
            log.exception("payout_not_booked", payout_id=str(move[0].payout_id))
            return []

    async def _save_together(self, cell: int, moves: Sequence[tuple[Payout, After]], *, now: datetime) -> list[Payout]:
        async with self.database.transaction() as connection:
            moved = await store.move_payouts(connection, cell, moves, self.sealing, now=now)
            ended = [payout for payout in moved if payout.stage is Stage.DONE]
            await _book(connection, cell, ended, now=now)
            await store.tell(connection, cell, [p for p in ended if p.reason != "return_refused"], now=now)
        return moved

    def _registry(self) -> Registry:
        if self.links.registry is None:
            raise PayoutRefused("unknown_bank", "there is no directory of institutions")
        return self.links.registry


def body_of(wish: PayoutWish) -> UUID:
    """What was asked under a number, to tell another wish from a repeat."""
    return named_id(wish.account, wish.bank, wish.name, wish.amount_fen, wish.purpose)


async def _book(connection: Connection, cell: int, ended: Sequence[Payout], *, now: datetime) -> None:
    transfers: list[ledger.Transfer] = []
    for payout in ended:
        if payout.reason == "return_refused" or payout.state is PayoutState.FAILED:
            continue
        back = payout.state is PayoutState.RETURNED
        recipe = ledger.payout_recipes.return_payout if back else ledger.payout_recipes.pay_out
        transfers += recipe(
            event=named_id(payout.payout_id, payout.turn, payout.state),
            payer_bank=payout.payer_bank,
            payee_bank=payout.payee_bank,
            amount_fen=payout.amount_fen,
            funder_id=payout.funder_id,
        )
    await ledger.post(connection, transfers, cell=cell, now=now)


def _by_cell(payouts: Sequence[Payout]) -> dict[int, list[Payout]]:
    found: defaultdict[int, list[Payout]] = defaultdict(list)
    for payout in payouts:
        found[payout.cell].append(payout)
    return found


def _bucket(payer: str) -> int:
    return bucket_from(named_id(payer).bytes)
