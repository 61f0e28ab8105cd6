"""What a record of a visit is, its states, and what about it asks for a second look (docs/surveys.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from rapidfuzz.fuzz import partial_ratio

from yongquan.kernel.errors import Refusal
from yongquan.merchants.roads import great_circle_m

PHOTO_KINDS: Final = ("front", "inside", "licence", "terminal")
PHOTOS_MAX: Final = 8
PHOTO_BYTES_MAX: Final = 8 * 2**20
PART_BYTES_MAX: Final = 512 * 1024
STATUSES: Final = ("open", "paused", "closed", "moved", "not_found")
NEAR_M: Final = 150.0
ACCURATE_M: Final = 100.0
SIGN_ALIKE: Final = 50.0
CLOCK_AHEAD: Final = timedelta(minutes=10)
KEPT_LONG: Final = timedelta(days=7)
# Of the 64 bits of two pictures' difference hashes, so many may differ between prints of one picture.
LOOKS_ALIKE_BITS: Final = 4


class SurveyState(StrEnum):
    """Where a record stands."""

    RECEIVING = "receiving"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class SurveyStep(StrEnum):
    """What happens to it."""

    COMPLETE = "complete"
    REVISE = "revise"
    RETURN = "return"
    ACCEPT = "accept"


_S, _T = SurveyState, SurveyStep
SURVEY_STEPS: Final[Mapping[tuple[SurveyState, SurveyStep], SurveyState]] = MappingProxyType(
    {
        (_S.RECEIVING, _T.COMPLETE): _S.SUBMITTED,
        (_S.RECEIVING, _T.REVISE): _S.RECEIVING,
        (_S.RETURNED, _T.REVISE): _S.RECEIVING,
        (_S.SUBMITTED, _T.RETURN): _S.RETURNED,
        (_S.SUBMITTED, _T.ACCEPT): _S.ACCEPTED,
    }
)


class UnknownSurvey(Refusal):
    """There is no such record, or it is somebody else's."""

    code = "not_found"


class ForbiddenSurveyStep(Refusal):
    """A record in this state cannot take this step."""

    code = "forbidden_move"


class OtherRevision(Refusal):
    """Another content came under this id and revision before."""

    code = "conflicting_request"


class ReasonMissing(Refusal):
    """A record is sent back with a reason, in 1 to 500 characters."""

    code = "note_missing"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a phone stood (WGS-84) and within how many metres it was sure of that."""

    lon: float
    lat: float
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class PhotoClaim:
    """A photo that is to come: made known before its bytes."""

    photo_id: UUID
    kind: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Visit:
    """One revision as it came from the phone; `answers` by name as `docs/surveys.md` lists them."""

    survey_id: UUID
    revision: int
    task_id: UUID | None
    store_id: UUID | None
    answers: Mapping[str, Any]
    position: Position | None
    photos: Sequence[PhotoClaim]
    captured_at: datetime
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Shop:
    """What is known of the visited shop."""

    name: str
    lon: float
    lat: float


def next_survey_state(state: SurveyState, step: SurveyStep) -> SurveyState:
    """The state after a step. Raises `ForbiddenSurveyStep`."""
    found = SURVEY_STEPS.get((state, step))
    if found is None:
        raise ForbiddenSurveyStep(f"a record that is {state} cannot take the step {step}")
    return found


def flags_of(visit: Visit, shop: Shop | None, *, received_at: datetime) -> list[str]:
    """What about a record asks for a second look; flags, not verdicts."""
    flags = []
    if shop is None:
        flags.append("new_shop")
    if visit.position is None:
        flags.append("no_position")
    else:
        if visit.position.accuracy_m > ACCURATE_M:
            flags.append("poor_accuracy")
        if shop is not None and _metres_off(visit.position, shop) - visit.position.accuracy_m > NEAR_M:
            flags.append("far_from_shop")
    if visit.answers["status"] != "open":
        flags.append("not_open")
    elif not any(photo.kind == "front" for photo in visit.photos):
        flags.append("no_front_photo")
    sign = visit.answers.get("sign_name", "")
    if shop is not None and sign and partial_ratio(sign, shop.name) < SIGN_ALIKE:
        flags.append("sign_differs")
    if visit.captured_at > received_at + CLOCK_AHEAD:
        flags.append("clock_ahead")
    if visit.captured_at < received_at - KEPT_LONG:
        flags.append("kept_long")
    return flags


def _metres_off(position: Position, shop: Shop) -> float:
    """How far from the shop somebody stood."""
    return great_circle_m((position.lon, position.lat), (shop.lon, shop.lat))
