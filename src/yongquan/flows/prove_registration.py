"""A citizen's own proof: the record under the pseudonym, its way up to the list's hash, the places of its wishes."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from yongquan.flows.register_for_draw import pseudonyms_of
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers import draw_store as store
from yongquan.vouchers.draw_list import PSEUDONYM_BYTES, MerkleTree, RegistrantList, tree_of
from yongquan.vouchers.draw_plan import DrawPlan, read_announcement
from yongquan.vouchers.draw_store import DrawRow, Registration

TREES_KEPT = 4


@dataclass(frozen=True, slots=True)
class WishOutcome:
    """What came of one wish; `place` is counted in the queue of the category and district, of which `quota` win."""

    type_id: str
    place: int | None
    won: bool | None
    quota: int | None


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where a record stands in the closed list, and the hashes that lead from it to the list's hash. Hex."""

    index: int
    count: int
    record: str
    path: list[str]
    list_hash: str


@dataclass(frozen=True, slots=True)
class OwnRegistration:
    """What a citizen is told of the own registration; `receipt` is for the citizen alone."""

    draw_id: UUID
    round_id: UUID
    citizen_id: UUID
    state: str
    registered_at: datetime
    platform: str
    district: str
    wishes: list[WishOutcome]
    receipt: str
    pseudonym: str
    inclusion: Inclusion | None
    seed: str | None


@dataclass(slots=True)
class Proofs:
    """Proves registrations; keeps the hashed lists of the last few draws in memory."""

    database: Database
    sealing: Sealing
    cells: int
    _trees: dict[UUID, tuple[RegistrantList, MerkleTree]] = field(default_factory=dict)

    async def own_registration(self, draw: DrawRow, citizen_id: UUID) -> OwnRegistration | None:
        """The citizen's registration as it stands; None if there is none."""
        async with self.database.transaction() as connection:
            cell = cell_of(citizen_id, self.cells)
            mine = await store.registration_of(connection, cell, draw.draw_id, citizen_id)
        if mine is None:
            return None
        plan = read_announcement(draw.announcement)
        names = pseudonyms_of(draw, self.sealing)
        pseudonym = names.of(str(citizen_id))
        return OwnRegistration(
            draw_id=draw.draw_id,
            round_id=draw.round_id,
            citizen_id=citizen_id,
            state=draw.state,
            registered_at=mine.registered_at,
            platform=mine.platform,
            district=plan.strata[mine.stratum],
            wishes=[_wish(draw, plan, mine, turn) for turn in range(len(mine.wishes))],
            receipt=names.receipt(str(citizen_id)),
            pseudonym=pseudonym.hex(),
            inclusion=await self._inclusion(draw, plan, pseudonym),
            seed=draw.seed.hex() if draw.seed else None,
        )

    async def _inclusion(self, draw: DrawRow, plan: DrawPlan, pseudonym: bytes) -> Inclusion | None:
        if draw.list_hash is None:
            return None
        listed, tree = self._trees.get(draw.draw_id) or await self._load(draw, plan)
        index = _find(listed, pseudonym)
        if index is None:
            return None
        path = [step.hex() for step in tree.path(index)]
        return Inclusion(index, listed.count, listed.record(index).hex(), path, draw.list_hash.hex())

    async def _load(self, draw: DrawRow, plan: DrawPlan) -> tuple[RegistrantList, MerkleTree]:
        async with self.database.transaction() as connection:
            records = await store.document_of(connection, draw.draw_id, "records")
        listed = RegistrantList(records or b"", PSEUDONYM_BYTES + 1 + plan.wishes_max)
        tree = await asyncio.to_thread(tree_of, listed)
        if len(self._trees) >= TREES_KEPT:
            self._trees.pop(next(iter(self._trees)))
        self._trees[draw.draw_id] = listed, tree
        return listed, tree


def _wish(draw: DrawRow, plan: DrawPlan, mine: Registration, turn: int) -> WishOutcome:
    category = mine.wishes[turn]
    return WishOutcome(
        type_id=plan.categories[category].code,
        place=mine.places[turn] if mine.places else None,
        won=None if mine.won is None else bool(mine.won >> turn & 1),
        quota=draw.quotas[category][mine.stratum] if draw.quotas else None,
    )


def _find(listed: RegistrantList, pseudonym: bytes) -> int | None:
    low, high = 0, listed.count
    while low < high:
        middle = (low + high) // 2
        if listed.record(middle)[:PSEUDONYM_BYTES] < pseudonym:
            low = middle + 1
        else:
            high = middle
    return low if low < listed.count and listed.record(low)[:PSEUDONYM_BYTES] == pseudonym else None
