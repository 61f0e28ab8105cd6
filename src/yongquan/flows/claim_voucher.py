"""A citizen claims a voucher: key first, then place and time, then conditions, caps and stock; one commit a batch."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from yongquan.kernel.ids import bucket_of_hex, dashed
from yongquan.plumbing.batcher import Batcher, BatchKind
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_hexes
from yongquan.plumbing.metrics import observe_claims
from yongquan.risk.events import Entity
from yongquan.risk.lists.book import ListBook
from yongquan.risk.lists.treatment import treatment_of
from yongquan.vouchers.catalogue import RoundOffer, TypeOffer

_CLAIM = """
select ord, outcome, claim_no, earlier
  from flows.claim_vouchers(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'grab', %s, %s, %s)
"""
_WINNERS = "select citizen_id from vouchers.voucher where type_id = %s"


class Claim(msgspec.Struct, frozen=True, gc=False):
    """One request. Ids and hashes are 32 hex digits: this is the hottest path of the city.

    `refused` is what the door found wrong with it, as code:reason. `platform` is the institution whose app it came
    through, None our own.
    """

    citizen: str
    offer: RoundOffer
    type: TypeOffer
    key: str
    body_hash: str
    refused: str | None = None
    device: str | None = None
    platform: str | None = None  # the institution whose app claims; None is our own


class ClaimOutcome(msgspec.Struct, frozen=True):
    """`code` is claimed, again (the same key won before) or a refusal; the rest is the voucher that was won.

    `reason` is the finer reason of a refusal, "" where there is none. Amounts in fen, times in UTC as ISO 8601.
    """

    code: str
    voucher_id: str = ""
    round_id: str = ""
    type_id: str = ""
    claim_no: int = 0
    amount_fen: int = 0
    threshold_fen: int = 0
    valid_from: str = ""
    valid_until: str = ""
    claim_hash: str = ""
    reason: str = ""


SOLD_OUT = ClaimOutcome("sold_out")
CONFLICT = ClaimOutcome("conflicting_request")


class ClaimDesk:
    """Takes a process's claims, one line a cell; remembers what is sold out and who won it."""

    def __init__(self, database: Database, clock: Clock, *, cells: int, lists: ListBook | None = None) -> None:
        self._database = database
        self._clock = clock
        self._cells = cells
        self._lists = lists
        self._lines: dict[int, Batcher[Claim, ClaimOutcome]] = {}
        self._winners: dict[str, frozenset[str]] = {}

    async def claim(self, claim: Claim) -> ClaimOutcome:
        """The outcome after its commit. Raises `Outage` if it is unknown: repeat with the same key."""
        if self.knows_sold_out(claim):
            return SOLD_OUT
        cell = bucket_of_hex(claim.citizen) % self._cells
        line = self._lines.get(cell) or self._open_line(cell)
        outcome = await line.submit(claim)
        while outcome.code == "retry":
            outcome = await line.submit(claim)
        if outcome.code == "sold_out":
            await self.remember_sold_out(claim.type)
        return outcome

    async def close(self) -> None:
        for line in self._lines.values():
            await line.close()

    def forget_sold_out(self) -> None:
        """Look at the stock again: a round was changed, or its vouchers were recycled."""
        self._winners.clear()

    def _open_line(self, cell: int) -> Batcher[Claim, ClaimOutcome]:
        async def run(connection: Connection, claims: Sequence[Claim]) -> Sequence[ClaimOutcome]:
            return await self.take(connection, cell, claims)

        # Small batches on three connections keep the server and PostgreSQL busy at the same time.
        kind = BatchKind(f"claim-{cell}", run, lambda claim: claim.citizen, limit=64)
        self._lines[cell] = Batcher(self._database, kind, drains=3)
        return self._lines[cell]

    def knows_sold_out(self, claim: Claim) -> bool:
        """Whether memory can say so: the type is sold out, and this citizen won none of it."""
        winners = self._winners.get(claim.type.type_hex)
        return winners is not None and claim.citizen not in winners

    async def remember_sold_out(self, offer: TypeOffer) -> None:
        """The database has said that a type is sold out."""
        if offer.type_hex in self._winners:
            return
        # The database has said "sold out", so nobody can join the winners: a winner whose answer was lost still
        # reaches the database and gets the voucher again; everybody else is answered from memory.
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(_WINNERS, [offer.type_hex])).fetchall()
        self._winners[offer.type_hex] = frozenset(row[0].hex for row in rows)

    async def take(self, connection: Connection, cell: int, claims: Sequence[Claim]) -> Sequence[ClaimOutcome]:
        """Run claims of one cell, one a citizen, in one SQL call."""
        now = self._clock.now()
        stamps = {
            type_.type_hex: type_.validity.stamps(now) for type_ in {c.type.type_hex: c.type for c in claims}.values()
        }
        offers = {c.offer.round_hex: c.offer for c in claims}
        refusals = {round_hex: offer.refusal_at(now) for round_hex, offer in offers.items()}
        listed = self._listed(claims, now)
        vouchers = fresh_hexes([bucket_of_hex(c.citizen) for c in claims])
        cursor = await connection.execute(
            _CLAIM,
            [
                cell,
                self._cells,
                now,
                _array(c.citizen for c in claims),
                _array(c.offer.round_hex for c in claims),
                _array(c.type.type_hex for c in claims),
                _array(vouchers),
                _array(c.key for c in claims),
                _array(c.body_hash for c in claims),
                _array(stamps[c.type.type_hex][0] for c in claims),
                _array(stamps[c.type.type_hex][1] for c in claims),
                _array(refusals[c.offer.round_hex] or c.refused or listed.get(c.citizen, "null") for c in claims),
                _array(c.device or "null" for c in claims) if any(c.device for c in claims) else None,
                _array(c.platform or "null" for c in claims) if any(c.platform for c in claims) else None,
                any(offer.asks for offer in offers.values()),
            ],
            prepare=True,
        )
        outcomes = [SOLD_OUT] * len(claims)
        for ord_, code, claim_no, earlier in await cursor.fetchall():
            claim = claims[ord_ - 1]
            if code == "claimed":
                outcomes[ord_ - 1] = _won(claim, vouchers[ord_ - 1], claim_no, stamps[claim.type.type_hex])
            elif code == "again":
                outcomes[ord_ - 1] = _won_before(claim, earlier)
            else:
                refusal, _, reason = code.partition(":")
                outcomes[ord_ - 1] = ClaimOutcome(refusal, reason=reason)
        observe_claims(outcome.code for outcome in outcomes)
        return outcomes

    def _listed(self, claims: Sequence[Claim], now: datetime) -> dict[str, str]:
        """What the risk lists refuse, from memory, by citizen; the key still comes first, in the database."""
        if self._lists is None or self._lists.is_empty:
            return {}
        refused: dict[str, str] = {}
        for claim in claims:
            parties = {Entity.CITIZEN: dashed(claim.citizen)}
            if claim.device:
                parties[Entity.DEVICE] = claim.device
            treatment = treatment_of(self._lists.hits(parties, at=now))
            if not treatment.may_take_part or not treatment.may_grab:
                refused[claim.citizen] = "blocked"
        return refused


def _won(claim: Claim, voucher: str, claim_no: int, stamps: tuple[str, str]) -> ClaimOutcome:
    return ClaimOutcome(
        "claimed",
        dashed(voucher),
        claim.offer.round_id,
        claim.type.type_id,
        claim_no,
        claim.type.amount_fen,
        claim.type.threshold_fen,
        *stamps,
    )


def _won_before(claim: Claim, earlier: object) -> ClaimOutcome:
    before = msgspec.convert(earlier, ClaimOutcome)
    return before if before.claim_hash.replace("-", "") == claim.body_hash else CONFLICT


def _array(values: Iterable[str]) -> str:
    # A PostgreSQL array literal of ids, times and codes: nothing in them needs quoting.
    return "{" + ",".join(values) + "}"
