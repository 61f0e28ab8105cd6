"""`yongquan bench draw`: a draw of a million registrants, made and verified, beside as many plain SHA-256 calls.

Once in memory, and once with the database as the platform does it.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

from yongquan.bench.draw_stored import bench_stored
from yongquan.bench.machine import describe_machine
from yongquan.kernel.ids import make_id
from yongquan.vouchers.draw_file import publish, read_draw_file
from yongquan.vouchers.draw_list import Pseudonyms, RegistrantList, list_of, record_of, tree_of
from yongquan.vouchers.draw_lots import draw, seed_of
from yongquan.vouchers.draw_plan import Beacon, Category, DrawPlan, announcement_of, commitment_to
from yongquan.vouchers.draw_verification import verify

REGISTRANTS = 1_000_000
OVERSUBSCRIBED = 2.5
DISTRICTS, CATEGORIES, WISHES = 10, 8, 3


def bench_draw() -> dict[str, Any]:
    """Draw and verify once; seconds from the registrations to the file, and from the file to the verdict."""
    plan = _plan()
    citizens = [str(make_id(at_ms=n, bucket=n % 1024, entropy=n)) for n in range(REGISTRANTS)]
    yardstick_s = _plain_hashes(REGISTRANTS)
    _say(f"{REGISTRANTS:,} plain SHA-256: {yardstick_s:.2f} s")
    started = perf_counter()
    listed = _close(plan, citizens)
    root = tree_of(listed).root
    closed = perf_counter()
    _say(f"pseudonyms, list and its hash: {closed - started:.2f} s")
    content = _draw(plan, listed, root)
    drawn = perf_counter()
    _say(f"drawn and written, {len(content) / 1e6:.0f} MB: {drawn - closed:.2f} s")
    verdict = verify(read_draw_file(content))
    verified = perf_counter()
    _say(f"read and verified: {verified - drawn:.2f} s")
    stored = bench_stored(plan, registrants=REGISTRANTS)
    return {
        "registrants": REGISTRANTS,
        "vouchers": verdict.winners,
        "file_mb": round(len(content) / 1e6, 1),
        "close_s": round(closed - started, 2),
        "draw_s": round(drawn - started, 2),
        "verify_s": round(verified - drawn, 2),
        "sha256_s": round(yardstick_s, 2),
        "ratio_draw": round((drawn - started) / yardstick_s, 1),
        "ratio_verify": round((verified - drawn) / yardstick_s, 1),
        "verified": verdict.difference is None,
        **stored,
        "machine": describe_machine(),
    }


def _plan() -> DrawPlan:
    closes_at = datetime(2022, 8, 21, 16, tzinfo=UTC)
    places = int(REGISTRANTS * WISHES / OVERSUBSCRIBED / CATEGORIES)
    return DrawPlan(
        draw_id=UUID(int=1),
        closes_at=closes_at,
        beacon=Beacon("bench", closes_at + timedelta(hours=20)),
        reveal_by=closes_at + timedelta(days=2),
        wishes_max=WISHES,
        strata=tuple(f"{330200 + n}" for n in range(DISTRICTS)),
        categories=tuple(Category(f"c{n}", f"c{n}", f"c{n}", places) for n in range(CATEGORIES)),
    )


def _close(plan: DrawPlan, citizens: Sequence[str]) -> RegistrantList:
    names = Pseudonyms(plan.draw_id, os.urandom(32))
    wishes = [[(n + step * (1 + n % 2)) % CATEGORIES for step in range(WISHES)] for n in range(CATEGORIES * 2)]
    return list_of(
        (
            record_of(names.of(c), n % DISTRICTS, wishes[n % len(wishes)], wishes_max=WISHES)
            for n, c in enumerate(citizens)
        ),
        wishes_max=WISHES,
    )


def _draw(plan: DrawPlan, listed: RegistrantList, root: bytes) -> bytes:
    secret, beacon = os.urandom(32), "03 08 14 21 27 33 + 09"
    announcement = announcement_of(plan)
    seed = seed_of(secret, root, beacon)
    return publish(
        announcement,
        commitment=commitment_to(announcement, secret),
        listed=listed,
        list_hash=root,
        beacon_value=beacon,
        secret=secret,
        seed=seed,
        drawn=draw(plan, listed, seed),
    )


def _plain_hashes(count: int) -> float:
    started = perf_counter()
    for n in range(count):
        hashlib.sha256(n.to_bytes(32, "big")).digest()
    return perf_counter() - started


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
