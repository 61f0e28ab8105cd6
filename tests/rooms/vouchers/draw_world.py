"""A small draw whose every number is known."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from yongquan.vouchers.draw_file import publish
from yongquan.vouchers.draw_list import RegistrantList, list_of, record_of, tree_of
from yongquan.vouchers.draw_lots import Drawn, draw, seed_of
from yongquan.vouchers.draw_plan import Beacon, Category, DrawPlan, announcement_of, commitment_to

DRAW_ID = UUID("00000000-0000-8000-8000-0000000000d1")
SECRET = bytes(range(32))
BEACON = "03 08 14 21 27 33 + 09"


@dataclass(frozen=True)
class World:
    plan: DrawPlan
    listed: RegistrantList
    drawn: Drawn
    content: bytes


def plan_of(
    places: Sequence[int] = (40, 25, 30), *, quotas: tuple[tuple[int, ...], ...] | None = None, wishes_max: int = 3
) -> DrawPlan:
    return DrawPlan(
        draw_id=DRAW_ID,
        closes_at=datetime(2022, 8, 21, 16, tzinfo=UTC),
        beacon=Beacon("公开摇奖 2022-097 期", datetime(2022, 8, 22, 13, 30, tzinfo=UTC)),
        reveal_by=datetime(2022, 8, 24, tzinfo=UTC),
        wishes_max=wishes_max,
        strata=("330203", "330205", "330225"),
        categories=tuple(Category(f"c{n}", f"第{n}类", f"category {n}", count) for n, count in enumerate(places)),
        quotas=quotas,
    )


def records(count: int, plan: DrawPlan) -> list[bytes]:
    """Registrants whose districts and wishes follow from their numbers; some wish for one thing, some for more."""
    found = []
    for n in range(count):
        thrown = hashlib.sha256(f"registrant {n}".encode()).digest()
        every = sorted(range(len(plan.categories)), key=lambda c: thrown[20 + c])
        wishes = every[: 1 + thrown[17] % min(plan.wishes_max, len(every))]
        found.append(record_of(thrown[:16], thrown[18] % len(plan.strata), wishes, wishes_max=plan.wishes_max))
    return found


def world(count: int = 300, plan: DrawPlan | None = None, *, beacon: str = BEACON, secret: bytes = SECRET) -> World:
    plan = plan or plan_of()
    announcement = announcement_of(plan)
    listed = list_of(records(count, plan), wishes_max=plan.wishes_max)
    root = tree_of(listed).root
    seed = seed_of(secret, root, beacon)
    drawn = draw(plan, listed, seed)
    content = publish(
        announcement,
        commitment=commitment_to(announcement, secret),
        listed=listed,
        list_hash=root,
        beacon_value=beacon,
        secret=secret,
        seed=seed,
        drawn=drawn,
    )
    return World(plan, listed, drawn, content)
