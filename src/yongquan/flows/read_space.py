"""What a shop finds when it opens Merchant Space: what needs doing, what it was paid, what is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.join_campaign import CallForShop, calls_for_shop
from yongquan.flows.space_parties import reader_of
from yongquan.merchants.grid_groups.model import Post
from yongquan.merchants.grid_groups.store import posts_of
from yongquan.merchants.materials.model import OrderState
from yongquan.merchants.materials.store import orders_of_store
from yongquan.merchants.publications.store import unread_notices
from yongquan.merchants.questions.store import unseen_answers
from yongquan.merchants.services.model import RequestState, ServiceRequest
from yongquan.merchants.services.store import requests_of_store
from yongquan.payments.holds import HeldShop, HoldState, holds_listed
from yongquan.payments.shop_statement import PaidDay, paid_days
from yongquan.plumbing.db import Connection

NEWS_FOR = timedelta(days=3)
DAYS_SHOWN = 14
STANDING = frozenset({HoldState.ACTIVE, HoldState.ENDING, HoldState.EXECUTING})
SHOWN_TO_SHOP = STANDING | {HoldState.RELEASED, HoldState.RECOVERED}


@dataclass(frozen=True, slots=True)
class SpaceHome:
    """What a shop's first page tells; `broken` are calls it joined and no longer meets, `delivered` is
    whether materials wait for its word."""

    unread: int
    answers: int
    offers: Sequence[ServiceRequest]
    open_calls: Sequence[CallForShop]
    broken: Sequence[CallForShop]
    holds: Sequence[HeldShop]
    last_day: PaidDay | None
    grid: str | None
    news: Sequence[Post]
    delivered: bool

    @property
    def is_quiet(self) -> bool:
        """Whether nothing needs doing."""
        waits = (self.offers, self.open_calls, self.broken, self.holds)
        return not (self.unread or self.answers or self.delivered or any(waits))


async def home_of(connection: Connection, store_id: UUID, *, now: datetime) -> SpaceHome:
    """All of a shop's first page. Raises `NotInSpace`."""
    reader = await reader_of(connection, store_id, now=now)
    calls = await calls_for_shop(connection, store_id, now=now)
    days = await paid_days(connection, store_id, limit=1)
    posts = await posts_of(connection, reader.grid) if reader.grid else ()
    return SpaceHome(
        unread=await unread_notices(connection, reader),
        answers=await unseen_answers(connection, store_id),
        offers=[one for one in await requests_of_store(connection, store_id) if one.state is RequestState.OFFERED],
        open_calls=[one for one in calls if one.is_eligible and not one.is_joined],
        broken=[one for one in calls if one.is_joined and not one.still_met],
        holds=[one for one in await holds_listed(connection, store_id=store_id) if one.state in STANDING],
        last_day=days[0] if days else None,
        grid=reader.grid,
        delivered=any(one.state is OrderState.DELIVERED for one in await orders_of_store(connection, store_id)),
        news=[post for post in posts if post.posted_at > now - NEWS_FOR],
    )


async def money_of_shop(connection: Connection, store_id: UUID) -> tuple[Sequence[PaidDay], Sequence[HeldShop]]:
    """The last days with what was due, paid and held, and the holds a shop is told of."""
    holds = await holds_listed(connection, store_id=store_id)
    days = await paid_days(connection, store_id, limit=DAYS_SHOWN)
    return days, [hold for hold in holds if hold.state in SHOWN_TO_SHOP]
