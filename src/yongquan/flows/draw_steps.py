"""The steps of a draw, each repeatable after a crash at any point: what is done already is not done again."""

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np
import structlog

from yongquan.flows.announce_draw import SECRET
from yongquan.flows.grant_vouchers import Grant, grant_vouchers
from yongquan.flows.register_for_draw import pseudonyms_of
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers import draw_store as store
from yongquan.vouchers.draw_file import publish
from yongquan.vouchers.draw_list import PSEUDONYM_BYTES, RegistrantList, list_of, record_of, tree_of
from yongquan.vouchers.draw_lots import Drawn, cutoffs_of, draw, seed_of, winners_of
from yongquan.vouchers.draw_plan import DrawPlan, read_announcement
from yongquan.vouchers.draw_store import DrawRow
from yongquan.vouchers.model import DrawState, Origin

GRANTED_AT_ONCE = 2_000
WRITTEN_AT_ONCE = 20_000
ENDED = frozenset({DrawState.PUBLISHED, DrawState.VOIDED})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DrawDesk:
    """The desk at which draws are run. A step may run in any event loop: see `Database.apart`."""

    database: Database
    clock: Clock
    sealing: Sealing
    cells: int


Step: TypeAlias = Callable[[DrawDesk, UUID], Awaitable[str]]
"""A step answers "" when it is done (or the draw is over), else what it waits for."""


async def open_sign_up(desk: DrawDesk, draw_id: UUID) -> str:
    """Open at the announced time."""
    async with desk.database.apart() as connection:
        found = await _locked(connection, draw_id)
        if found.state is not DrawState.ANNOUNCED:
            return ""
        if desk.clock.now() < found.opens_at:
            return "its opening"
        await store.move_draw(connection, draw_id, DrawState.OPEN)
    return ""


async def close_list(desk: DrawDesk, draw_id: UUID) -> str:
    """At the announced time, fix the list under pseudonyms and publish its hash."""
    async with desk.database.apart() as connection:
        found = await _locked(connection, draw_id)
        if found.state is not DrawState.OPEN:
            return ""
        now = desk.clock.now()
        if now < found.closes_at:
            return "its close"
        plan = read_announcement(found.announcement)
        names = pseudonyms_of(found, desk.sealing)
        records = [
            record_of(names.of(citizen), stratum, wishes, wishes_max=plan.wishes_max)
            async for _, citizen, stratum, wishes in store.registrants_of(connection, draw_id)
        ]
        listed, list_hash = await asyncio.to_thread(_hashed, records, plan)
        await store.keep_document(connection, draw_id, "records", listed.records)
        facts = {"registrants": listed.count, "list_hash": list_hash, "closed_at": now}
        await store.move_draw(connection, draw_id, DrawState.CLOSED, **facts)
    return ""


async def wait_for_beacon(desk: DrawDesk, draw_id: UUID) -> str:
    """Until the notary enters the beacon; a draw whose deadline passes before that is void, and says so."""
    async with desk.database.apart() as connection:
        found = await _locked(connection, draw_id)
        if found.state is not DrawState.CLOSED:
            return ""
        if not await _voided(desk, connection, found):
            return "the beacon"
    return ""


async def draw_lots(desk: DrawDesk, draw_id: UUID) -> str:
    """Draw: seed, lots and winners follow from what is fixed; write what it came to for each registrant."""
    async with desk.database.apart() as connection:
        found = await _locked(connection, draw_id)
        if found.state is not DrawState.BEACON_ENTERED or await _voided(desk, connection, found):
            return ""
        plan, listed, drawn, seed = await _drawn(desk, connection, found)
        await _write_outcomes(desk, connection, found, plan=plan, listed=listed, drawn=drawn)
        entries = winners_of(listed, drawn)
        await store.move_draw(
            connection,
            draw_id,
            DrawState.DRAWN,
            seed=seed,
            quotas=drawn.quotas,
            cutoffs=cutoffs_of(plan, listed, drawn),
            winners=int(drawn.won.sum()),
            winners_hash=hashlib.sha256(entries).digest(),
            drawn_at=desk.clock.now(),
        )
    return ""


async def publish_result(desk: DrawDesk, draw_id: UUID) -> str:
    """Reveal the secret: the result file goes out, and anyone can compute the draw again."""
    async with desk.database.apart() as connection:
        found = await _locked(connection, draw_id)
        if found.state is not DrawState.DRAWN:
            return ""
        _, listed, drawn, seed = await _drawn(desk, connection, found)
        content = publish(
            found.announcement,
            commitment=found.commitment,
            listed=listed,
            list_hash=found.list_hash or b"",
            beacon_value=found.beacon_value or "",
            secret=_secret(desk, found),
            seed=seed,
            drawn=drawn,
        )
        zipped = await asyncio.to_thread(gzip.compress, content, 1, mtime=0)
        await store.keep_document(connection, draw_id, "result", zipped)
        await store.move_draw(connection, draw_id, DrawState.PUBLISHED, published_at=desk.clock.now())
    return ""


async def grant_winners(desk: DrawDesk, draw_id: UUID) -> str:
    """Grant what was won, a commit a batch; who was served is noted in the same commit."""
    while await _grant_batch(desk, draw_id):
        pass
    return ""


STEPS: Sequence[tuple[str, Step]] = (
    ("open", open_sign_up),
    ("close", close_list),
    ("beacon", wait_for_beacon),
    ("draw", draw_lots),
    ("grant", grant_winners),
    ("publish", publish_result),
)


async def _grant_batch(desk: DrawDesk, draw_id: UUID) -> bool:
    async with desk.database.apart() as connection:
        found = await _locked(connection, draw_id)
        if found.state not in {DrawState.DRAWN, DrawState.PUBLISHED}:
            return False
        winners = await store.winners_to_grant(connection, draw_id, limit=GRANTED_AT_ONCE)
        if not winners:
            return False
        types = [UUID(category.code) for category in read_announcement(found.announcement).categories]
        grants = [
            Grant(citizen, types[wish], draw_id)
            for _, citizen, wishes, won in winners
            for turn, wish in enumerate(wishes)
            if won >> turn & 1
        ]
        now = desk.clock.now()
        outcomes = await grant_vouchers(connection, grants, origin=Origin.DRAW, cells=desk.cells, now=now)
        granted = sum(1 for outcome in outcomes if outcome.voucher_id is not None)
        served = [(cell, citizen) for cell, citizen, _, _ in winners]
        refused = len(outcomes) - granted
        await store.note_granted(connection, draw_id, served, granted=granted, undelivered=refused, now=now)
    return True


async def _voided(desk: DrawDesk, connection: Connection, found: DrawRow) -> bool:
    """Whether its deadline has passed: then the draw is void, and says so."""
    now = desk.clock.now()
    if now < found.reveal_by:
        return False
    reason = "the secret was not revealed by its deadline"
    await store.move_draw(connection, found.draw_id, DrawState.VOIDED, void_reason=reason, voided_at=now)
    log.error("draw_void", draw=str(found.draw_id), why=reason)
    return True


async def _locked(connection: Connection, draw_id: UUID) -> DrawRow:
    found = await store.draw_of(connection, draw_id, lock=True)
    if found is None:
        raise ValueError(f"there is no draw {draw_id}")
    return found


async def _drawn(
    desk: DrawDesk, connection: Connection, found: DrawRow
) -> tuple[DrawPlan, RegistrantList, Drawn, bytes]:
    plan = read_announcement(found.announcement)
    records = await store.document_of(connection, found.draw_id, "records")
    listed = RegistrantList(records or b"", PSEUDONYM_BYTES + 1 + plan.wishes_max)
    seed = seed_of(_secret(desk, found), found.list_hash or b"", found.beacon_value or "")
    return plan, listed, await asyncio.to_thread(draw, plan, listed, seed), seed


async def _write_outcomes(
    desk: DrawDesk, connection: Connection, found: DrawRow, *, plan: DrawPlan, listed: RegistrantList, drawn: Drawn
) -> None:
    # In the order in which the registrations lie in the table, which the published list's is not: a million rows are
    # then written from the first page to the last, and not here and there.
    names = pseudonyms_of(found, desk.sealing)
    size = PSEUDONYM_BYTES
    place_of = {listed.record(n)[:size]: n for n in range(listed.count)}
    places = drawn.places.tolist()
    won = (drawn.won.astype(int) << np.arange(plan.wishes_max)).sum(axis=1).tolist()
    outcomes: list[store.Outcome] = []
    everybody = [(cell, citizen) async for cell, citizen, _, _ in store.registrants_of(connection, found.draw_id)]
    for cell, citizen in everybody:
        n = place_of[names.of(citizen)]
        outcomes.append(store.Outcome(cell, citizen, [p for p in places[n] if p], won[n]))
        if len(outcomes) == WRITTEN_AT_ONCE:
            await store.write_outcomes(connection, found.draw_id, outcomes)
            outcomes = []
    await store.write_outcomes(connection, found.draw_id, outcomes)


def _hashed(records: Sequence[bytes], plan: DrawPlan) -> tuple[RegistrantList, bytes]:
    listed = list_of(records, wishes_max=plan.wishes_max)
    return listed, tree_of(listed).root


def _secret(desk: DrawDesk, found: DrawRow) -> bytes:
    return bytes.fromhex(desk.sealing.open(found.secret_sealed, what=SECRET))
