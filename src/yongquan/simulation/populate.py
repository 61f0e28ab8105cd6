"""Registers the demo city: citizens with bound cards, stores with accounts, bureaux with funded campaigns."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from yongquan.citizens.model import NewCitizen
from yongquan.citizens.store import BIN_DIGITS, register_many
from yongquan.flows.fund_campaign import fund_campaign, open_books, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.institutions.account_names import account_name, bare_number, is_account
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.links import Links
from yongquan.institutions.store import Funder, save_institutions
from yongquan.kernel.ids import bucket_from, make_id, named_id
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.payments.store import NewInstrument, bind_many
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.simulation.city import City
from yongquan.simulation.city_people import Card, Citizen
from yongquan.simulation.city_shops import Shop
from yongquan.simulation.dice import key_of
from yongquan.simulation.provisioning import number_at, open_accounts, take_on_stores
from yongquan.simulation.season import Season
from yongquan.vouchers.areas import read_areas, save_areas
from yongquan.vouchers.model import Campaign, Round, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds

AT_ONCE = 20_000
BALANCE_FEN = 30_000_00
DAILY_LIMIT_FEN = 20_000_00
SUPERVISED_FEN = 10**12
ACCOUNT_ORDINAL, ACCOUNT_PREFIX = 2, "01"
# Divisions prepay this part of a budget (basis points); their advancer stands for the rest.
PREPAID_BP = 8_000

Tick = Callable[[int], None]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Population:
    """Ids of the city's people and stores by their numbers; `instruments[n]` are citizen n's, cards then wallets."""

    citizens: Sequence[UUID]
    instruments: Sequence[Sequence[tuple[str, UUID]]]
    stores: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Populating:
    """What populating needs of a running platform."""

    database: Database
    sealing: Sealing
    links: Links
    cells: int
    now: datetime

    async def register_city(self, city: City, *, tick: Tick) -> Population:
        """Register everybody; `tick` is told how many people and stores were done."""
        citizens: list[UUID] = []
        instruments: list[Sequence[tuple[str, UUID]]] = []
        for people in _chunks(city.citizens):
            new = [self._citizen(person, city.seed) for person in people]
            cards = [self._instruments(person, row) for person, row in zip(people, new, strict=True)]
            flat = [card for of_one in cards for card in of_one]
            await open_accounts(self.links, [(card.issuer, _account(card)) for card in flat])
            async with self.database.transaction() as connection:
                await register_many(connection, new, self.sealing, cells=self.cells, now=self.now)
                await bind_many(connection, flat, self.sealing, cells=self.cells, now=self.now)
            citizens += [row.citizen_id for row in new]
            instruments += [tuple((card.issuer, card.instrument_id) for card in of_one) for of_one in cards]
            tick(len(people))
        stores: list[UUID] = []
        for shops in _chunks(city.shops):
            new_stores = [_store(shop, city.seed) for shop in shops]
            await take_on_stores(self.links, new_stores)
            async with self.database.transaction() as connection:
                await register_stores(connection, new_stores, now=self.now)
            stores += [store.store_id for store in new_stores]
            tick(len(shops))
        return Population(citizens, instruments, stores)

    async def open_season(self, season: Season) -> None:
        """Fund every campaign and publish its rounds."""
        funders = {planned.funder.funder_id: planned.funder for planned in season.campaigns}
        await open_accounts(self.links, [(f.bank, _supervised(f)) for f in funders.values()])
        members = self.links.registry.members if self.links.registry else ()
        async with self.database.transaction() as connection:
            await save_institutions(connection, members)
            codes = [member.code for member in members]
            await open_books(connection, codes, list(funders.values()), cells=self.cells, now=self.now)
        for planned in season.campaigns:
            rounds = [r.round for r in planned.rounds]
            types = [type_ for r in planned.rounds for type_ in r.types]
            await self._open_campaign(planned.campaign, planned.funder, rounds, types)
        city = next(planned.funder for planned in season.campaigns if planned.funder.adcode is None)
        await self._open_campaign(season.draw.campaign, city, [season.draw.round], season.draw.types)
        async with self.database.transaction() as connection:
            zones = Path(str(files("yongquan.simulation") / "ningbo/functional_zones.geojson"))
            await save_areas(connection, read_areas(zones), now=self.now)

    async def _open_campaign(
        self, campaign: Campaign, funder: Funder, rounds: Sequence[Round], types: Sequence[VoucherType]
    ) -> None:
        prepaid_fen = campaign.budget_fen
        if funder.advancer is not None:
            prepaid_fen = campaign.budget_fen * PREPAID_BP // 10_000
        async with self.database.transaction() as connection:
            await record_prepayment(
                connection,
                receipt=campaign.code,
                funder_id=funder.funder_id,
                amount_fen=prepaid_fen,
                now=self.now,
            )
            await save_campaign(connection, campaign, now=self.now)
            await fund_campaign(
                connection,
                campaign_id=campaign.campaign_id,
                funder_id=funder.funder_id,
                cash_fen=prepaid_fen,
                advance_fen=campaign.budget_fen - prepaid_fen,
                now=self.now,
            )
            await save_rounds(connection, rounds, types)
            ids = [round_.round_id for round_ in rounds]
            await publish_rounds(connection, campaign.campaign_id, ids, cells=self.cells, now=self.now)

    def _citizen(self, person: Citizen, seed: int) -> NewCitizen:
        return NewCitizen(
            citizen_id=citizen_id_of(person, seed, self.sealing),
            phone=person.phone,
            name=person.name,
            born_on=person.born_on,
            home_adcode=person.adcode,
            card_issuers=tuple(sorted({card.bank for card in person.cards})),
            card_bins=self._card_bins(person),
            has_real_name=True,
        )

    def _card_bins(self, person: Citizen) -> tuple[str, ...]:
        names = (self._name_of(person, card) for card in person.cards)
        return tuple(sorted({name[:BIN_DIGITS] for name in names if not is_account(name)}))

    def _name_of(self, person: Citizen, card: Card) -> str:
        """What a citizen has at a bank: the third of them is an account without a card."""
        pan = number_at(self.links, card.bank, person.number * 3 + card.ordinal)
        return account_name(card.bank, f"{ACCOUNT_PREFIX}{pan}") if card.ordinal == ACCOUNT_ORDINAL else pan

    def _instruments(self, person: Citizen, row: NewCitizen) -> list[NewInstrument]:
        def bound(issuer: str, kind: str, ordinal: int, name: str) -> NewInstrument:
            return NewInstrument(named_id(row.citizen_id, issuer, ordinal), row.citizen_id, issuer, kind, name)

        first = person.number * 3
        names = [(card, self._name_of(person, card)) for card in person.cards]
        at_banks = [
            bound(card.bank, "account" if is_account(name) else "card", first + card.ordinal, name)
            for card, name in names
        ]
        wallets = [bound(wallet, "wallet", first, number_at(self.links, wallet, first)) for wallet in person.wallets]
        return at_banks + wallets


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _account(card: NewInstrument) -> AccountOpening:
    bare = is_account(card.pan)
    return AccountOpening(
        account_no=bare_number(card.pan) if bare else f"acct-{card.pan}",
        holder="持卡人",
        opening_balance_fen=BALANCE_FEN,
        card_no=None if bare else card.pan,
        daily_limit_fen=DAILY_LIMIT_FEN,
    )


def _supervised(funder: Funder) -> AccountOpening:
    return AccountOpening(account_no=funder.account_no, holder=funder.name, opening_balance_fen=SUPERVISED_FEN)


def citizen_id_of(person: Citizen, seed: int, sealing: Sealing) -> UUID:
    """The id that a citizen of the demo city has."""
    bucket = bucket_from(sealing.index(person.phone, what="phone"))
    return make_id(at_ms=person.number, bucket=bucket, entropy=key_of(seed, "citizen id", person.number))


def store_id_of(shop: Shop, seed: int) -> UUID:
    """The id that a shop of the demo city has."""
    entropy = key_of(seed, "store id", shop.number)
    return make_id(at_ms=shop.number, bucket=entropy & 1023, entropy=entropy)


def _store(shop: Shop, seed: int) -> NewStore:
    store_id = store_id_of(shop, seed)
    return NewStore(
        store_id=store_id,
        name=shop.name,
        brand=shop.brand.name if shop.brand else None,
        licence_no=shop.credit_code,
        industry=shop.industry.code,
        mcc=shop.industry.mcc,
        adcode=shop.adcode,
        address=shop.address,
        lon=shop.lon,
        lat=shop.lat,
        acquirer=shop.acquirer,
        account_no=f"shop-{store_id.hex}",
        hardship=shop.in_hardship,
    )
