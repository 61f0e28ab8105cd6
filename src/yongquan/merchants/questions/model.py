"""A shop's question and its answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

BODY_MAX, ANSWER_MAX = 1_000, 2_000


class Topic(StrEnum):
    """What a question is about; an appeal is against one hold."""

    CAMPAIGN = "campaign"
    MONEY = "money"
    APPEAL = "appeal"
    ACCOUNT = "account"
    DEVICE = "device"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Question:
    """A question; `shop` and `adcode` are the store's. `answer` is None while nobody answered."""

    question_id: UUID
    store_id: UUID
    topic: Topic
    hold_id: UUID | None
    body: str
    asked_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    seen_at: datetime | None
    shop: str
    adcode: str
