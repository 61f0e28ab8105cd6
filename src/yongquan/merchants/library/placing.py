"""Where new rows go: to shops of the library, or to new ones; and which shops turn out to be one. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.merchants.library.model import (
    KeptRow,
    Merge,
    NearMatch,
    Placement,
    SourceKind,
    near_id_of,
    own_shop_of,
)
from yongquan.merchants.matching.matcher import Extension, Known, Tie

MATCHER = "matcher:1"
TOLD_APART = "store:another"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The library before an import: its rows, the shops people told apart, and which shop is which store of ours."""

    rows: Sequence[KeptRow]
    apart: frozenset[tuple[UUID, UUID]] = frozenset()
    stores: Mapping[UUID, UUID] = field(default_factory=dict)


def known_of(shelf: Shelf, fresh: int) -> Known:
    """What the matcher has to take as decided: the shops of the library's rows, then so many new rows."""
    number: dict[UUID, int] = {}
    groups = [number.setdefault(kept.shop_id, len(number)) for kept in shelf.rows]
    pairs = ((number.get(one), number.get(other)) for one, other in shelf.apart)
    apart = frozenset((a, b) for a, b in pairs if a is not None and b is not None)
    return Known([*groups, *[-1] * fresh], apart)


def place(shelf: Shelf, fresh: Sequence[KeptRow], found: Extension) -> Placement:
    """Turn the matcher's clusters into shops, members, merges and near-matches, each with score and reasons.

    Two stores of ours are never made one by the matcher: that is for a person.
    """
    placing = _Placing(shelf, fresh, _best_ties(shelf, found))
    clusters: dict[int, list[int]] = defaultdict(list)
    for position, number in enumerate(found.clusters):
        clusters[number].append(position)
    for positions in clusters.values():
        if positions[-1] >= len(shelf.rows):
            placing.settle(positions)
    for tie in found.near:
        placing.note(tie)
    return Placement(placing.new_shops, placing.shop_of, placing.merges, placing.near)


def rows_after(shelf: Shelf, fresh: Sequence[KeptRow], placed: Placement) -> list[KeptRow]:
    """The library's rows once the placement holds; `fresh` are the new rows, each in a shop of its own."""
    gone = {merge.from_shop: merge.into_shop for merge in placed.merges}
    kept = [replace(one, shop_id=gone[one.shop_id]) if one.shop_id in gone else one for one in shelf.rows]
    return [*kept, *(replace(one, shop_id=placed.shop_of[one.row_id]) for one in fresh)]


def _best_ties(shelf: Shelf, found: Extension) -> dict[object, Tie]:
    """The strongest tie of each new row (by position) and of each known shop (by id)."""
    best: dict[object, Tie] = {}
    for tie in found.ties:
        for position in (tie.one, tie.other):
            holder = shelf.rows[position].shop_id if position < len(shelf.rows) else position
            if holder not in best or best[holder].score < tie.score:
                best[holder] = tie
    return best


@dataclass(slots=True)
class _Placing:
    shelf: Shelf
    fresh: Sequence[KeptRow]
    ties: dict[object, Tie]
    new_shops: list[UUID] = field(default_factory=list)
    shop_of: dict[UUID, UUID] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    near: list[NearMatch] = field(default_factory=list)

    def settle(self, positions: Sequence[int]) -> None:
        """Give the new rows of one cluster their shop, and join the shops that they show to be one."""
        size = len(self.shelf.rows)
        rows_of: dict[UUID, list[UUID]] = {}
        for position in positions:
            if position < size:
                kept = self.shelf.rows[position]
                rows_of.setdefault(kept.shop_id, []).append(kept.row_id)
        fresh = [(self.fresh[at - size], at) for at in positions if at >= size]
        fresh.sort(key=lambda one: one[0].kind is not SourceKind.OWN)
        anchor, store = self._anchor(rows_of, [one for one, _ in fresh])
        for shop_id, row_ids in rows_of.items():
            if shop_id != anchor:
                self._join_shop(shop_id, row_ids, anchor=anchor, store=store)
        for one, at in fresh:
            self._join_row(one, at, anchor=anchor, store=store)

    def _anchor(self, rows_of: Mapping[UUID, Sequence[UUID]], fresh: Sequence[KeptRow]) -> tuple[UUID, UUID | None]:
        if rows_of:
            anchor = min(rows_of, key=lambda shop: (shop not in self.shelf.stores, -len(rows_of[shop]), shop))
            store = self.shelf.stores.get(anchor)
        else:
            anchor, store = own_shop_of(fresh[0].row_id), None
            self.new_shops.append(anchor)
        own = next((UUID(one.row.id) for one in fresh if one.kind is SourceKind.OWN), None)
        return anchor, store or own

    def _join_shop(self, shop_id: UUID, row_ids: Sequence[UUID], *, anchor: UUID, store: UUID | None) -> None:
        tie = self.ties.get(shop_id)
        if self.shelf.stores.get(shop_id) not in (None, store):
            self._near(tie, TOLD_APART)
            return
        self.merges.append(_merge(anchor, shop_id, row_ids, tie))

    def _join_row(self, one: KeptRow, at: int, *, anchor: UUID, store: UUID | None) -> None:
        alone = own_shop_of(one.row_id)
        if one.kind is SourceKind.OWN and UUID(one.row.id) != store:
            self.new_shops.append(alone)
            self.shop_of[one.row_id] = alone
            self._near(self.ties.get(at), TOLD_APART)
            return
        self.shop_of[one.row_id] = anchor
        if alone != anchor:
            self.merges.append(_merge(anchor, alone, [one.row_id], self.ties.get(at)))

    def note(self, tie: Tie) -> None:
        """Keep a pair that the matcher would not decide, for a person."""
        self._near(tie, "")

    def _near(self, tie: Tie | None, why: str) -> None:
        if tie is None:
            return
        one, other = (self._row_at(position) for position in (tie.one, tie.other))
        reasons = (*tie.reasons, why) if why else tie.reasons
        self.near.append(NearMatch(near_id_of(one, other), one, other, tie.score, reasons))

    def _row_at(self, position: int) -> UUID:
        size = len(self.shelf.rows)
        return self.shelf.rows[position].row_id if position < size else self.fresh[position - size].row_id


def _merge(into: UUID, source: UUID, row_ids: Sequence[UUID], tie: Tie | None) -> Merge:
    score, reasons = (tie.score, tie.reasons) if tie else (1.0, ())
    return Merge(named_id("merge", into, source, *row_ids), into, source, row_ids, score, reasons, MATCHER)
