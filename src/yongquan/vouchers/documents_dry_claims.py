"""Who would have held which vouchers on the day of a dry run: by lot, within the caps, packs whole. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final
from uuid import UUID

from yongquan.vouchers.documents import CampaignDocument
from yongquan.vouchers.documents_dry_caps import within_caps
from yongquan.vouchers.documents_dry_people import Payer, asks_of_people, may_claim
from yongquan.vouchers.model import Round, VoucherType
from yongquan.vouchers.ways.packs import caps_of_packs

_WHOLE: Final = 1 << 64


@dataclass(slots=True)
class TypeOutcome:
    """What became of one type: odds of those who may claim in basis points, vouchers held and used, cost in fen."""

    type: VoucherType
    odds_bp: int
    held: int = 0
    eligible: int = 0  # payers who pass the round's conditions
    entitled: int = 1  # how many of the city are taken to pass them
    used: int = 0
    cost_fen: int = 0

    @property
    def claims(self) -> int:
        """How many citizens can claim it: its stock, or the packs that hold it."""
        return self.type.stock // self.type.copies


@dataclass(slots=True)
class PackOutcome:
    """What became of a round's packs: held whole, vouchers of them used, and how many citizens used any."""

    round: Round
    types: tuple[TypeOutcome, ...]
    held: int = 0
    used: int = 0
    cost_fen: int = 0
    helped: set[UUID] = field(default_factory=set)

    def note(self, citizen: UUID, discount_fen: int) -> None:
        """One of its vouchers was used."""
        self.used += 1
        self.cost_fen += discount_fen
        self.helped.add(citizen)


@dataclass(frozen=True, slots=True)
class _Bundle:
    """What comes with one claim: a voucher, or all of a pack with the claimed one first."""

    lot_of: UUID
    first: TypeOutcome
    copies: Mapping[UUID, int]


def eligible_payers(
    document: CampaignDocument, payers: Sequence[UUID], people: Mapping[UUID, Payer] | None, *, on: date | None
) -> dict[UUID, frozenset[UUID]]:
    """The payers who pass each round's conditions."""
    everybody = frozenset(payers)
    if people is None or on is None:
        return {r.round_id: everybody for r in document.rounds}
    known = [(citizen, people[citizen]) for citizen in payers if citizen in people]
    return {
        r.round_id: frozenset(citizen for citizen, payer in known if may_claim(r.conditions, payer, on=on))
        if asks_of_people(r.conditions)
        else everybody
        for r in document.rounds
    }


def outcome_of(type_: VoucherType, eligible: frozenset[UUID], payers: Sequence[UUID], citizens: int) -> TypeOutcome:
    """The odds, with as large a part of the city passing the conditions as of the payers."""
    entitled = max(citizens * len(eligible) // max(len(payers), 1), len(eligible), 1)
    outcome = TypeOutcome(type_, 0, eligible=len(eligible), entitled=entitled)
    outcome.odds_bp = min(10_000, outcome.claims * 10_000 // entitled)
    return outcome


def packs_of_document(document: CampaignDocument, outcomes: Mapping[UUID, TypeOutcome]) -> dict[UUID, PackOutcome]:
    """The rounds that give packs."""
    return {
        r.round_id: PackOutcome(r, tuple(one for one in outcomes.values() if one.type.round_id == r.round_id))
        for r in document.rounds
        if r.pack is not None
    }


def claim_by_lot(
    document: CampaignDocument,
    payers: Iterable[UUID],
    outcomes: Mapping[UUID, TypeOutcome],
    packs: Mapping[UUID, PackOutcome],
    *,
    eligible: Mapping[UUID, frozenset[UUID]],
    seed: str,
) -> dict[UUID, list[VoucherType]]:
    """The vouchers of each payer who gets any; counts what is held in `outcomes` and `packs`."""
    rounds = {r.round_id: _with_caps_in_vouchers(r, packs) for r in document.rounds}
    bundles = _bundles(outcomes, packs)
    wallets: dict[UUID, list[VoucherType]] = {}
    for citizen in payers:
        lots = sorted(((_lot(seed, citizen, b.lot_of), b) for b in bundles), key=lambda pair: (pair[0], pair[1].lot_of))
        won = [
            bundle
            for lot, bundle in lots
            if citizen in eligible[bundle.first.type.round_id]
            and lot * bundle.first.entitled < bundle.first.claims * _WHOLE
        ]
        kept: list[VoucherType] = []
        for types in within_caps([_vouchers(bundle, outcomes) for bundle in won], rounds):
            kept += _take(types, outcomes, packs)
        if kept:
            wallets[citizen] = kept
    return wallets


def _with_caps_in_vouchers(round_: Round, packs: Mapping[UUID, PackOutcome]) -> Round:
    """A document counts packs where the tables, and a dry run, count vouchers."""
    pack = packs.get(round_.round_id)
    if pack is None:
        return round_
    return replace(round_, caps=caps_of_packs(round_.caps, sum(one.type.copies for one in pack.types)))


def _bundles(outcomes: Mapping[UUID, TypeOutcome], packs: Mapping[UUID, PackOutcome]) -> list[_Bundle]:
    single = [_Bundle(id_, one, {id_: 1}) for id_, one in outcomes.items() if one.type.round_id not in packs]
    whole = [
        _Bundle(id_, pack.types[0], {one.type.type_id: one.type.copies for one in pack.types})
        for id_, pack in packs.items()
        if pack.types
    ]
    return single + whole


def _vouchers(bundle: _Bundle, outcomes: Mapping[UUID, TypeOutcome]) -> list[VoucherType]:
    return [outcomes[id_].type for id_, copies in bundle.copies.items() for _ in range(copies)]


def _take(
    types: Sequence[VoucherType], outcomes: Mapping[UUID, TypeOutcome], packs: Mapping[UUID, PackOutcome]
) -> Sequence[VoucherType]:
    """All of them if the stock has them, else none."""
    wanted = Counter(t.type_id for t in types)
    if any(outcomes[id_].held + many > outcomes[id_].type.stock for id_, many in wanted.items()):
        return ()
    for id_, many in wanted.items():
        outcomes[id_].held += many
    if pack := packs.get(types[0].round_id):
        pack.held += 1
    return types


def _lot(seed: str, citizen: UUID, of: UUID) -> int:
    text = f"{seed}:{citizen.hex}:{of.hex}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
