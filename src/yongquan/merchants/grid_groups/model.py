"""A grid's group, its posts and the shops' replies."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

POST_MAX, REPLY_MAX = 2_000, 500


@dataclass(frozen=True, slots=True)
class GridGroup:
    """A group called by its grid's code; `owner` is the one member of staff who posts."""

    code: str
    adcode: str
    owner: str
    opened_at: datetime
    posts: int
    replies: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a shop answered under a post."""

    reply_id: UUID
    post_id: UUID
    store_id: UUID
    shop: str
    body: str
    replied_at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """What the owner wrote, with the replies."""

    post_id: UUID
    code: str
    author: str
    body: str
    posted_at: datetime
    replies: tuple[Reply, ...] = field(default=())
