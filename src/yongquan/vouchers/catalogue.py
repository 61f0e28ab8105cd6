"""The rounds that a process keeps in memory, reloaded within a second of any change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

import msgspec
from psycopg.rows import TupleRow

from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import CampaignRules, CampaignState, RoundMode
from yongquan.vouchers.sharing import FunderPart, FunderShare, parts_of
from yongquan.vouchers.usability import TypeRules
from yongquan.vouchers.validity import Validity
from yongquan.vouchers.ways.packs import Pack, packs_of

_CHANGED = "select round_id, version from vouchers.round"
# A round of a paused campaign is paused, whatever its own state.
_ROUNDS = """
select r.round_id, r.version, r.campaign_id, case when c.state = 'published' then r.state else c.state end,
       r.opens_at, r.closes_at, r.daily_from, r.daily_until, r.mode, r.districts
  from vouchers.round r join vouchers.campaign c on c.campaign_id = r.campaign_id where r.round_id = any (%s)
"""
_TYPES = """
select t.type_id, t.round_id, t.amount_fen, t.threshold_fen, t.valid_from, t.valid_until, t.valid_days,
       t.name, t.name_en, t.rate_bp, t.industry, t.districts, t.hardship_only,
       c.campaign_id, c.funder_id, c.state, c.rules,
       array(select s.funder_id from vouchers.type_share s where s.type_id = t.type_id order by s.place),
       array(select s.share_bp from vouchers.type_share s where s.type_id = t.type_id order by s.place)
  from vouchers.voucher_type t
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where t.round_id = any (%s) order by t.type_id
"""
_ROUNDS_OF_TYPES = "select distinct round_id from vouchers.voucher_type where type_id = any (%s)"


@dataclass(frozen=True, slots=True)
class TypeOffer:
    """What a voucher of one type is worth, and where. Amounts in fen; `rate_bp` None is a fixed amount."""

    type_hex: str
    type_id: str
    amount_fen: int
    threshold_fen: int
    validity: Validity
    name: str
    name_en: str
    rate_bp: int | None
    campaign_hex: str
    funder_id: str
    rules: TypeRules
    campaign_rules: CampaignRules
    shares: tuple[FunderShare, ...] = ()  # empty: the campaign's funder pays it all

    @property
    def funders(self) -> frozenset[str]:
        """Everybody who pays for it."""
        return frozenset(share.funder_id for share in self.shares) or frozenset({self.funder_id})

    def parts_of(self, amount_fen: int, *, held_fen: int) -> tuple[FunderPart, ...]:
        """Who pays what of a redemption of `amount_fen` by a voucher that can take off `held_fen`."""
        if not self.shares:
            return (FunderPart(self.funder_id, amount_fen, held_fen),)
        return parts_of(amount_fen, self.shares, held_fen=held_fen, face_fen=self.amount_fen)


@dataclass(frozen=True, slots=True)
class RoundOffer:
    """A round as the door sees it: what can be refused before the database is asked."""

    round_hex: str
    round_id: str
    version: int
    campaign_id: UUID
    state: str
    opens_at: datetime
    closes_at: datetime
    daily_from: time | None
    daily_until: time | None
    mode: RoundMode
    districts: frozenset[str] | None
    types: dict[str, TypeOffer]
    pack: Pack | None = None

    def refusal_at(self, now: datetime, *, adcode: str | None) -> str | None:
        """Why nobody at this time and place can claim: not_open, closed, wrong_place; None if somebody can."""
        if self.mode is not RoundMode.GRAB:
            return "not_open"
        if now >= self.closes_at:
            return "closed"
        if self.state != "published" or now < self.opens_at or not self._in_hours(now):
            return "not_open"
        if self.districts is not None and adcode not in self.districts:
            return "wrong_place"
        return None

    def _in_hours(self, now: datetime) -> bool:
        if self.daily_from is None or self.daily_until is None:
            return True
        return self.daily_from <= now.astimezone(SHANGHAI).time() < self.daily_until


class Catalogue:
    """Rounds and types by the 32 hex digits of their ids. `refresh` loads what changed; `load` fetches more."""

    def __init__(self) -> None:
        self._rounds: dict[str, RoundOffer] = {}
        self._types: dict[str, TypeOffer] = {}

    def get(self, round_hex: str) -> RoundOffer | None:
        """A round, if memory has it."""
        return self._rounds.get(round_hex)

    def type(self, type_hex: str) -> TypeOffer | None:
        """A voucher type, if memory has it."""
        return self._types.get(type_hex)

    def missing(self, type_hexes: Iterable[str]) -> list[str]:
        """Those types that memory does not have."""
        return [type_hex for type_hex in type_hexes if type_hex not in self._types]

    async def refresh(self, connection: Connection) -> bool:
        """Reload every round whose version moved; say whether there was one."""
        rows = await (await connection.execute(_CHANGED)).fetchall()
        changed = [
            id_ for id_, version in rows if (known := self._rounds.get(id_.hex)) is None or known.version != version
        ]
        if changed:
            await self.load(connection, changed)
        return bool(changed)

    async def load_types(self, connection: Connection, type_hexes: list[str]) -> None:
        """Fetch the rounds of some types."""
        rows = await (await connection.execute(_ROUNDS_OF_TYPES, [[UUID(hex=h) for h in type_hexes]])).fetchall()
        await self.load(connection, [row[0] for row in rows])

    async def load(self, connection: Connection, round_ids: list[UUID]) -> None:
        """Fetch rounds and their types into memory; unknown ids are left out."""
        rounds = await (await connection.execute(_ROUNDS, [round_ids])).fetchall()
        types = await (await connection.execute(_TYPES, [round_ids])).fetchall()
        packs = await packs_of(connection, round_ids)
        of_round: dict[UUID, dict[str, TypeOffer]] = {row[0]: {} for row in rounds}
        for row in types:
            offer = _type_offer(row)
            of_round[row[1]][offer.type_hex] = offer
            self._types[offer.type_hex] = offer
        for row in rounds:
            mode, districts = RoundMode(row[8]), None if row[9] is None else frozenset(row[9])
            self._rounds[row[0].hex] = RoundOffer(
                *(row[0].hex, str(row[0]), *row[1:8], mode, districts, of_round[row[0]], packs.get(row[0]))
            )


def _type_offer(row: TupleRow) -> TypeOffer:
    rules = msgspec.convert(row[16], CampaignRules)
    return TypeOffer(
        type_hex=row[0].hex,
        type_id=str(row[0]),
        amount_fen=row[2],
        threshold_fen=row[3],
        validity=Validity(starts=row[4], until=row[5], days=row[6]),
        name=row[7],
        name_en=row[8],
        rate_bp=row[9],
        campaign_hex=row[13].hex,
        funder_id=row[14],
        rules=TypeRules(
            campaign_active=row[15] in {CampaignState.PUBLISHED, CampaignState.ENDED},
            industry=row[10],
            districts=None if row[11] is None else frozenset(row[11]),
            hardship_only=row[12],
            direction=rules.direction,
            threshold_fen=row[3],
        ),
        campaign_rules=rules,
        shares=tuple(FunderShare(*share) for share in zip(row[17], row[18], strict=True)),
    )
