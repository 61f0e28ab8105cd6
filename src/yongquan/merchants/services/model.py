"""A shop's request for a service, and its life."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

NOTE_MAX, ANSWER_MAX = 500, 1_000


class RequestState(StrEnum):
    """The life of a request: staff offer or refuse, the shop takes the offer or not."""

    REQUESTED = "requested"
    OFFERED = "offered"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


_S = RequestState
REQUEST_MOVES: Mapping[RequestState, frozenset[RequestState]] = {
    _S.REQUESTED: frozenset({_S.OFFERED, _S.REFUSED, _S.WITHDRAWN}),
    _S.OFFERED: frozenset({_S.ACCEPTED, _S.DECLINED}),
    _S.REFUSED: frozenset(),
    _S.ACCEPTED: frozenset(),
    _S.DECLINED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}
BY_SHOP = frozenset({_S.ACCEPTED, _S.DECLINED, _S.WITHDRAWN})
BY_STAFF = frozenset({_S.OFFERED, _S.REFUSED})


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A shop's request; `name` and `name_en` are the service's, `shop` and `adcode` the store's."""

    request_id: UUID
    publication_id: UUID
    store_id: UUID
    note: str
    state: RequestState
    answer: str
    requested_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    closed_at: datetime | None
    name: str
    name_en: str
    publisher: str
    shop: str
    adcode: str
