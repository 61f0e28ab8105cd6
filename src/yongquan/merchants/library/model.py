"""What the library is made of: lists, their rows as they came, shops, and how rows came to be one shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.matching.reading import Row


class SourceKind(StrEnum):
    """Who keeps a list; the most trusted of a value comes from here."""

    REGISTER = "register"
    OWN = "own"
    SURVEY = "survey"
    BUREAU = "bureau"
    ACQUIRER = "acquirer"
    MAP = "map"
    OTHER = "other"


class NearState(StrEnum):
    """What a person said of a near-match."""

    OPEN = "open"
    UNSURE = "unsure"
    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Source:
    """Who gives us a list, and under which licence or consent we hold it."""

    code: str
    name: str
    kind: SourceKind
    given_by: str
    basis: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """A cell that cannot be read. `line` is the line of the file, `code` one of `mapping.FAULT_WORDS`."""

    line: int
    heading: str
    code: str


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row of a list in the library, the shop it belongs to, and the list it came with."""

    row_id: UUID
    shop_id: UUID
    source: str
    kind: SourceKind
    given_at: datetime
    row: Row


@dataclass(frozen=True, slots=True)
class Merge:
    """`from_shop` went into `into_shop` with these rows, for these reasons. Made by the matcher or by a person."""

    merge_id: UUID
    into_shop: UUID
    from_shop: UUID
    row_ids: Sequence[UUID]
    score: float
    reasons: Sequence[str]
    made_by: str


@dataclass(frozen=True, slots=True)
class NearMatch:
    """Two rows of two shops that a person should look at."""

    near_id: UUID
    one_row: UUID
    other_row: UUID
    score: float
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Placement:
    """What an import changes: new shops, the shop of each new row, shops that became one, pairs for a person."""

    new_shops: Sequence[UUID]
    shop_of: Mapping[UUID, UUID]
    merges: Sequence[Merge]
    near: Sequence[NearMatch]


class UnknownShop(Refusal):
    """There is no such shop, merge, import or near-match in the library."""

    code = "not_found"


class MergeUndone(Refusal):
    """This merge was taken back already, or its rows have gone elsewhere since."""

    code = "forbidden_move"


class NearTaken(Refusal):
    """Somebody else is looking at this pair, or it was decided."""

    code = "near_taken"


def row_id_of(import_id: UUID, line: int) -> UUID:
    """The id of a file's row: the same file gives the same ids."""
    return named_id("row", import_id, line)


def own_shop_of(row_id: UUID) -> UUID:
    """The shop that a row is when it is alone."""
    return named_id("shop", row_id)


def near_id_of(one_row: UUID, other_row: UUID) -> UUID:
    """The id of a pair of rows, whichever comes first."""
    return named_id("near", *sorted((one_row, other_row)))
