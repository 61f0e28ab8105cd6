"""The rounds that a process keeps in memory, reloaded within a second of any change."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.rows import TupleRow

from yongquan.kernel.places import Zone
from yongquan.kernel.regions import Regions
from yongquan.plumbing.db import Connection
from yongquan.vouchers.areas import Area, areas_of
from yongquan.vouchers.hours import is_in_hours, is_on_weekday
from yongquan.vouchers.model import CampaignRules, CampaignState, Conditions, RoundMode, UseRules
from yongquan.vouchers.sharing import FunderPart, FunderShare, parts_of
from yongquan.vouchers.terms import ASKING, TERMS_COLUMNS, RoundTerms, read_terms, read_use
from yongquan.vouchers.usability import TypeRules
from yongquan.vouchers.validity import Validity
from yongquan.vouchers.ways.packs import Pack, packs_of
from yongquan.vouchers.zones import Zones

_CHANGED = "select round_id, version from vouchers.round"
# A round of a paused campaign is paused, whatever its own state.
_ROUNDS = f"""
select r.round_id, r.version, r.campaign_id, case when c.state = 'published' then r.state else c.state end,
       r.opens_at, r.closes_at, r.mode, {TERMS_COLUMNS}
  from vouchers.round r join vouchers.campaign c on c.campaign_id = r.campaign_id where r.round_id = any (%s)
"""
_TYPES = """
select t.type_id, t.round_id, t.amount_fen, t.threshold_fen, t.valid_from, t.valid_until, t.valid_days,
       t.name, t.name_en, t.rate_bp, t.industry, t.districts, t.hardship_only,
       c.campaign_id, c.funder_id, c.state, c.rules, t.use,
       array(select s.funder_id from vouchers.type_share s where s.type_id = t.type_id order by s.place),
       array(select s.share_bp from vouchers.type_share s where s.type_id = t.type_id order by s.place),
       t.part_of, t.reserved_for
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
    part_of: str | None = None  # a quota: the 32 hex digits of the type it was taken from
    reserved_for: str | None = None

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
    mode: RoundMode
    conditions: Conditions
    zone: Zone | None
    asks: bool
    types: dict[str, TypeOffer]
    quotas: dict[tuple[str, str], TypeOffer]  # (institution, type): stock that only its app can claim
    pack: Pack | None = None

    def refusal_at(self, now: datetime) -> str | None:
        """Why nobody can claim at this time, as code:reason; None if somebody can."""
        if self.mode is not RoundMode.GRAB:
            return "not_open:other_way"
        if now >= self.closes_at:
            return "closed"
        if self.state != "published":
            return "not_open:paused" if self.state == "paused" else "not_open"
        if now < self.opens_at:
            return "not_open:before_opening"
        return self._refusal_by_hours(now)

    def refusal_to_sign_up(
        self, now: datetime, place: tuple[float, float] | None, *, platform: str | None
    ) -> str | None:
        """Why nobody can sign up for the round's draw now, from here, through this app; its window is the draw's."""
        return self._refusal_by_hours(now) or self.refusal_from(place, platform=platform)

    def _refusal_by_hours(self, now: datetime) -> str | None:
        if not is_on_weekday(self.conditions.weekdays, now):
            return "not_open:outside_weekdays"
        return None if is_in_hours(self.conditions.daily, now) else "not_open:outside_hours"

    def refusal_from(self, place: tuple[float, float] | None, *, platform: str | None) -> str | None:
        """Why nobody can claim from here (longitude, latitude) or through this app; None if somebody can."""
        wanted = self.conditions.platforms
        if wanted is not None and (platform or "") not in wanted:
            return "not_eligible:other_platform"
        if self.zone is None:
            return None
        if place is None:
            return "wrong_place:no_location"
        return None if self.zone.covers(*place) else "wrong_place:outside_area"


class Catalogue:
    """Rounds and types by the 32 hex digits of their ids. `refresh` loads what changed; `load` fetches more."""

    def __init__(self, regions: Regions | None = None) -> None:
        self._rounds: dict[str, RoundOffer] = {}
        self._types: dict[str, TypeOffer] = {}
        self._zones = Zones(regions)

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
        terms = {row[0]: read_terms(row[7:]) for row in rounds}
        uses = {row[0]: read_use(row[17]) for row in types}
        named = [t.conditions.areas for t in terms.values()] + [use.areas for use in uses.values()]
        codes = {code for areas in named for code in areas or ()}
        areas = {area.code: area for area in await areas_of(connection, codes)} if codes else {}
        of_round: dict[UUID, dict[str, TypeOffer]] = {row[0]: {} for row in rounds}
        quotas: dict[UUID, dict[tuple[str, str], TypeOffer]] = {row[0]: {} for row in rounds}
        for row in types:
            offer = _type_offer(row, uses[row[0]], self._use_zone(uses[row[0]], areas))
            self._types[offer.type_hex] = offer
            if offer.part_of and offer.reserved_for:
                quotas[row[1]][offer.reserved_for, offer.part_of] = offer
            else:
                of_round[row[1]][offer.type_hex] = offer
        for row in rounds:
            round_terms = terms[row[0]]
            zone = self._claim_zone(round_terms.conditions, areas)
            self._rounds[row[0].hex] = _round_offer(
                row, round_terms, zone, (of_round[row[0]], quotas[row[0]]), packs.get(row[0])
            )

    def _claim_zone(self, c: Conditions, areas: dict[str, Area]) -> Zone | None:
        if c.districts is None and c.areas is None:
            return None
        named = [areas[code] for code in c.areas or () if code in areas]
        return self._zones.of(districts=c.districts or (), areas=named, tolerance_m=c.tolerance_m)

    def _use_zone(self, use: UseRules, areas: dict[str, Area]) -> Zone | None:
        if use.areas is None:
            return None
        return self._zones.of(districts=(), areas=[areas[code] for code in use.areas if code in areas])


def _round_offer(
    row: TupleRow,
    terms: RoundTerms,
    zone: Zone | None,
    types: tuple[dict[str, TypeOffer], dict[tuple[str, str], TypeOffer]],
    pack: Pack | None,
) -> RoundOffer:
    asked = {field.name for field in fields(Conditions) if getattr(terms.conditions, field.name)}
    return RoundOffer(
        round_hex=row[0].hex,
        round_id=str(row[0]),
        version=row[1],
        campaign_id=row[2],
        state=row[3],
        opens_at=row[4],
        closes_at=row[5],
        mode=RoundMode(row[6]),
        conditions=terms.conditions,
        zone=zone,
        asks=not asked.isdisjoint(ASKING),
        types=types[0],
        quotas=types[1],
        pack=pack,
    )


def _type_offer(row: TupleRow, use: UseRules, zone: Zone | None) -> TypeOffer:
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
            use=use,
            zone=zone,
        ),
        campaign_rules=rules,
        shares=tuple(FunderShare(*share) for share in zip(row[18], row[19], strict=True)),
        part_of=None if row[20] is None else row[20].hex,
        reserved_for=row[21],
    )
