"""What a draw promises before its sign-up closes: its rules, its beacon, and a commitment to its secret. Pure.

The announcement is a text: what is hashed is what is published, byte for byte. `docs/draw.md` is the specification.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from yongquan.kernel.errors import BadInput

FORMAT = "yongquan-draw-1"
SECRET_BYTES = 32
# A wish's lot is 8 of the 32 bytes of a registrant's hash; a category and a district are one byte each, 255 is none.
WISHES_MAX = 4
CODES_MAX = 255


@dataclass(frozen=True, slots=True)
class Beacon:
    """A number that will be public at `at` and that nobody can know before."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Category:
    """What can be wished for: `places` vouchers of one type (`code` is the type's id)."""

    code: str
    name: str
    name_en: str
    places: int


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """The rules of a draw. `quotas` holds places by category and district; None shares them out by registrants."""

    draw_id: UUID
    closes_at: datetime
    beacon: Beacon
    reveal_by: datetime
    wishes_max: int
    strata: tuple[str, ...]
    categories: tuple[Category, ...]
    quotas: tuple[tuple[int, ...], ...] | None = None

    def faults(self) -> str | None:
        """Why these rules cannot be announced; None if they can."""
        if not 1 <= self.wishes_max <= WISHES_MAX:
            return f"wishes_max must be 1 to {WISHES_MAX}"
        if not 1 <= len(self.categories) <= CODES_MAX or not 1 <= len(self.strata) <= CODES_MAX:
            return f"a draw has 1 to {CODES_MAX} categories and as many districts"
        if len({c.code for c in self.categories}) < len(self.categories) or len(set(self.strata)) < len(self.strata):
            return "a category or a district is named twice"
        if any(c.places < 0 for c in self.categories):
            return "places must not be negative"
        if self.beacon.at <= self.closes_at:
            return "the beacon must come after the close"
        if self.reveal_by <= self.beacon.at:
            return "the secret is revealed after the beacon"
        return self._quota_faults()

    def _quota_faults(self) -> str | None:
        if self.quotas is None:
            return None
        if len(self.quotas) != len(self.categories) or any(len(row) != len(self.strata) for row in self.quotas):
            return "quotas need a row a category and a number a district"
        for category, row in zip(self.categories, self.quotas, strict=True):
            if min(row) < 0 or sum(row) != category.places:
                return f"the quotas of {category.code} do not add up to its {category.places} places"
        return None


class _BeaconText(msgspec.Struct):
    name: str
    at: str


class _CategoryText(msgspec.Struct):
    code: str
    name: str
    name_en: str
    places: int


class _PlanText(msgspec.Struct):
    format: str
    draw: UUID
    closes_at: str
    beacon: _BeaconText
    reveal_by: str
    wishes_max: int
    strata: list[str]
    categories: list[_CategoryText]
    quotas: list[list[int]] | None


def announcement_of(plan: DrawPlan) -> str:
    """The text that is published and committed to. Raises `BadInput` if the rules contradict each other."""
    fault = plan.faults()
    if fault:
        raise BadInput(f"draw {plan.draw_id}: {fault}")
    text = _PlanText(
        format=FORMAT,
        draw=plan.draw_id,
        closes_at=_stamp(plan.closes_at),
        beacon=_BeaconText(plan.beacon.name, _stamp(plan.beacon.at)),
        reveal_by=_stamp(plan.reveal_by),
        wishes_max=plan.wishes_max,
        strata=list(plan.strata),
        categories=[_CategoryText(c.code, c.name, c.name_en, c.places) for c in plan.categories],
        quotas=None if plan.quotas is None else [list(row) for row in plan.quotas],
    )
    return msgspec.json.encode(text).decode()


def read_announcement(text: str) -> DrawPlan:
    """The rules out of a published announcement. Raises `BadInput` naming the field."""
    try:
        said = msgspec.json.decode(text, type=_PlanText)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadInput(f"announcement: {error}") from error
    if said.format != FORMAT:
        raise BadInput(f"announcement.format: {said.format!r} is not {FORMAT!r}")
    plan = DrawPlan(
        draw_id=said.draw,
        closes_at=_moment(said.closes_at, "closes_at"),
        beacon=Beacon(said.beacon.name, _moment(said.beacon.at, "beacon.at")),
        reveal_by=_moment(said.reveal_by, "reveal_by"),
        wishes_max=said.wishes_max,
        strata=tuple(said.strata),
        categories=tuple(Category(c.code, c.name, c.name_en, c.places) for c in said.categories),
        quotas=None if said.quotas is None else tuple(tuple(row) for row in said.quotas),
    )
    fault = plan.faults()
    if fault:
        raise BadInput(f"announcement: {fault}")
    return plan


def commitment_to(announcement: str, secret: bytes) -> bytes:
    """SHA-256 of the announcement's bytes and the secret's: binds both, and says nothing of the secret."""
    return hashlib.sha256(announcement.encode() + secret).digest()


def share_out(places: int, weights: list[int]) -> list[int]:
    """Places in proportion to whole weights, by largest remainder, equal remainders to the earlier one."""
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    shares = [places * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(places * weights[n] % total), n))
    for n in by_remainder[: places - sum(shares)]:
        shares[n] += 1
    return shares


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str, field: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadInput(f"announcement.{field}: {text!r} is not a time like 2022-08-21T16:00:00Z") from error
