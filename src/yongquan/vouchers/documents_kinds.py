"""How one value stands in a campaign document: what JSON Schema asks of it, how it is read and written. Pure.

Amounts are yuan with their unit (`20元`, `20.50元`), times Shanghai's wall clock (`2026-03-01 10:00`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.clock import SHANGHAI

MONEY_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,2})?元$"
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
HOURS_PATTERN = rf"^{_CLOCK}-{_CLOCK}$"
PERCENT_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,2})?%$"
ADCODE_PATTERN = r"^[0-9]{6}$"
KEY_PATTERN = r"^[a-z0-9][a-z0-9-]{0,79}$"
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

OWN_APP = "own"
"""How our own platform is called among those of institutions."""


class NotThisValue(Refusal):
    """A value has the right shape and still cannot be: the 30th of February, 25 o'clock."""

    code = "bad_request"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its JSON Schema, the way in and the way out."""

    schema: Mapping[str, Any]
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    items: Any = None  # the `Record` of a list of small parts


def text(longest: int, *, pattern: str | None = None, example: str = "") -> Kind:
    """Text of 1 to `longest` characters."""
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": longest}
    return Kind(_with(schema, pattern=pattern, example=example), str, str)


def whole(least: int, most: int | None = None) -> Kind:
    """A whole number within bounds."""
    bounds = {"minimum": least} | ({"maximum": most} if most is not None else {})
    return Kind({"type": "integer", **bounds}, int, int)


def texts(pattern: str, *, example: str) -> Kind:
    """A list of different texts, at least one."""
    items = _with({"type": "string"}, pattern=pattern, example=example)
    return Kind({"type": "array", "minItems": 1, "uniqueItems": True, "items": items}, tuple, list)


def choice(options: type[StrEnum]) -> Kind:
    """One of the codes of an enum."""
    return Kind({"type": "string", "enum": [option.value for option in options]}, options, str)


def choices(options: type[StrEnum]) -> Kind:
    """A list of different codes of an enum, at least one."""
    items = {"type": "string", "enum": [option.value for option in options]}
    schema = {"type": "array", "minItems": 1, "uniqueItems": True, "items": items}
    return Kind(schema, lambda values: tuple([options(v) for v in values]), lambda values: [str(v) for v in values])


def numbers(least: int, most: int) -> Kind:
    """A list of different whole numbers within bounds, at least one."""
    items = {"type": "integer", "minimum": least, "maximum": most}
    return Kind({"type": "array", "minItems": 1, "uniqueItems": True, "items": items}, tuple, list)


def read_amount(value: str) -> int:
    """`20.50元` is 2050 fen. The pattern has been checked."""
    yuan, _, fen = value.removesuffix("元").partition(".")
    return int(yuan) * 100 + int(fen.ljust(2, "0") or "0")


def write_amount(amount_fen: int) -> str:
    """2050 fen is `20.50元`, 2000 fen is `20元`."""
    yuan, fen = divmod(amount_fen, 100)
    return f"{yuan}.{fen:02d}元" if fen else f"{yuan}元"


def read_moment(value: str) -> datetime:
    """Shanghai's wall clock to UTC. Raises `NotThisValue`."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=SHANGHAI).astimezone(UTC)
    except ValueError as error:
        raise NotThisValue(f"{value}: there is no such day or time") from error


def write_moment(at: datetime) -> str:
    """UTC to Shanghai's wall clock, as short as it is exact."""
    local = at.astimezone(SHANGHAI)
    return f"{local.date().isoformat()} {_clock_text(local.time())}"


def read_percent(value: str) -> int:
    """`12.5%` is 1250 basis points. Raises `NotThisValue` above 100%."""
    part, _, rest = value.removesuffix("%").partition(".")
    basis_points = int(part) * 100 + int(rest.ljust(2, "0") or "0")
    if not 1 <= basis_points <= 10_000:
        raise NotThisValue(f"{value}: write more than 0% and at most 100%")
    return basis_points


def write_percent(basis_points: int) -> str:
    """1250 basis points are `12.5%`."""
    part, rest = divmod(basis_points, 100)
    return f"{part}.{rest:02d}".rstrip("0").rstrip(".") + "%" if rest else f"{part}%"


def _read_apps(values: Sequence[str]) -> tuple[str, ...]:
    return tuple("" if value == OWN_APP else value for value in values)


def _write_apps(values: Sequence[str]) -> list[str]:
    return [value or OWN_APP for value in values]


def _read_hours(value: str) -> tuple[time, time]:
    since, _, until = value.partition("-")
    return _read_clock(since), _read_clock(until)


def _read_clock(value: str) -> time:
    try:
        return time.fromisoformat(value)
    except ValueError as error:
        raise NotThisValue(f"{value}: there is no such time of day") from error


def _write_hours(hours: Sequence[time]) -> str:
    return "-".join(_clock_text(at) for at in hours)


def _clock_text(at: time) -> str:
    if at.microsecond:
        return at.strftime("%H:%M:%S.%f")
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def _with(schema: Mapping[str, Any], *, pattern: str | None, example: str) -> dict[str, Any]:
    return dict(schema) | ({"pattern": pattern} if pattern else {}) | ({"examples": [example]} if example else {})


def _shaped(pattern: str, example: str) -> dict[str, Any]:
    return _with({"type": "string"}, pattern=pattern, example=example)


AMOUNT = Kind(_shaped(MONEY_PATTERN, "20元"), read_amount, write_amount)
MOMENT = Kind(_shaped(MOMENT_PATTERN, "2026-03-01 10:00"), read_moment, write_moment)
HOURS = Kind(_shaped(HOURS_PATTERN, "10:00-22:00"), _read_hours, _write_hours)
PERCENT = Kind(_shaped(PERCENT_PATTERN, "40%"), read_percent, write_percent)
TRUTH = Kind({"type": "boolean"}, bool, bool)
ID = Kind(_shaped(UUID_PATTERN, "00000000-0000-0000-0000-000000000000"), UUID, str)
ADCODE = text(6, pattern=ADCODE_PATTERN, example="330203")
ADCODES = texts(ADCODE_PATTERN, example="330203")
CODES = texts(r"^[a-z0-9][a-z0-9_-]{0,63}$", example="yuehu")
BINS = texts(r"^[0-9]{1,8}(-[0-9]{1,8})?$", example="622200-622299")
KINDS = texts(r"^[a-z][a-z0-9_]*$", example="bureau")
LABELS = texts(r"^\S(.{0,78}\S)?$", example="A0001")
GROUP = text(64, pattern=r"^\S(.*\S)?$", example="dining")
GROUPS = texts(r"^\S(.{0,62}\S)?$", example="dining")
WEEKDAYS = numbers(1, 7)
FUNDER = text(64)
APPS = Kind(CODES.schema, _read_apps, _write_apps)
KEY = text(80, pattern=KEY_PATTERN, example="weekend-1")
is_key = re.compile(KEY_PATTERN).match
is_uuid = re.compile(UUID_PATTERN).match
