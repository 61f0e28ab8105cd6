"""A minimal city for load tests: citizens with cards and tokens, open grab rounds, stores with tokens."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.citizens.model import NewCitizen
from yongquan.citizens.store import register_many
from yongquan.flows.fund_campaign import fund_campaign, open_books, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.links import Links
from yongquan.institutions.store import Funder, save_institutions
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.ids import bucket_from
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.payments.store import NewInstrument, bind_many
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.tokens import Holder, Tokens
from yongquan.simulation.provisioning import number_at, open_accounts, take_on_stores
from yongquan.vouchers.model import Campaign, Caps, Round, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds

VOUCHER_FEN = 500
THRESHOLD_FEN = 2_500
LASTS = timedelta(days=7)
BALANCE_FEN = 100_000_00
BANKS = ("chaoxin", "yuehu", "yunfan", "daoxiang", "zhenlan")
ACQUIRERS = ("donggang", "suihe")
FUNDER = Funder("seed", "压测资金", "Load-test funds", "bureau", None, "zhenlan", "seed-supervised")


@dataclass(frozen=True, slots=True)
class Seeding:
    """How much to make: `stock` is each round's."""

    citizens: int
    rounds: int
    stock: int
    stores: int


@dataclass(frozen=True, slots=True)
class Seeder:
    """What seeding needs of a running platform."""

    sealing: Sealing
    tokens: Tokens
    links: Links
    cells: int
    now: datetime

    async def seed(self, database: Database, wanted: Seeding) -> dict[str, object]:
        """Make it all; the answer is the document of `sandbox seed --json`."""
        start = random.SystemRandom().randrange(0, 900_000_000 - wanted.citizens)
        people = [self._citizen(start + n) for n in range(wanted.citizens)]
        instruments = [self._instrument(person, start + n) for n, person in enumerate(people)]
        stores = [_store(n) for n in range(wanted.stores)]
        await open_accounts(self.links, [(i.issuer, _opening(i)) for i in instruments])
        await open_accounts(self.links, [(FUNDER.bank, _supervised())])
        await take_on_stores(self.links, stores)
        async with database.transaction() as connection:
            members = self.links.registry.members if self.links.registry else ()
            await save_institutions(connection, members)
            await open_books(connection, [m.code for m in members], [FUNDER], cells=self.cells, now=self.now)
            await register_many(connection, people, self.sealing, cells=self.cells, now=self.now)
            await bind_many(connection, instruments, self.sealing, cells=self.cells, now=self.now)
            await register_stores(connection, stores, now=self.now)
            rounds = await self._rounds(connection, wanted)
        return {
            "citizens": self._citizen_rows(people, instruments),
            "rounds": [{"round_id": str(id_), "stock": wanted.stock} for id_ in rounds],
            "stores": [
                {"store_id": str(store.store_id), "token": self._token(Holder.STORE, store.store_id)}
                for store in stores
            ],
        }

    async def seed_claims(self, database: Database, wanted: Seeding) -> dict[str, object]:
        """Only what claims need: citizens without cards, and rounds; no bank is asked."""
        start = random.SystemRandom().randrange(0, 900_000_000 - wanted.citizens)
        people = [self._citizen(start + n) for n in range(wanted.citizens)]
        async with database.transaction() as connection:
            await open_books(connection, [], [FUNDER], cells=self.cells, now=self.now)
            await register_many(connection, people, self.sealing, cells=self.cells, now=self.now)
            rounds = await self._rounds(connection, wanted)
        return {
            "citizens": [{"token": self._token(Holder.CITIZEN, person.citizen_id)} for person in people],
            "rounds": [{"round_id": str(id_), "stock": wanted.stock} for id_ in rounds],
        }

    def _citizen(self, ordinal: int) -> NewCitizen:
        # Numbers in a row from a random start: no two alike, and two seedings hardly ever meet.
        phone = f"19{ordinal:09d}"
        bucket = bucket_from(self.sealing.index(phone, what="phone"))
        return NewCitizen(fresh_id(bucket), phone, "测试市民")

    def _instrument(self, person: NewCitizen, ordinal: int) -> NewInstrument:
        issuer = BANKS[ordinal % len(BANKS)]
        pan = number_at(self.links, issuer, ordinal)
        return NewInstrument(fresh_id(), person.citizen_id, issuer, "card", pan)

    def _citizen_rows(self, people: Sequence[NewCitizen], instruments: Sequence[NewInstrument]) -> list[dict[str, str]]:
        return [
            {
                "citizen_id": str(person.citizen_id),
                "token": self._token(Holder.CITIZEN, person.citizen_id),
                "instrument_id": str(instrument.instrument_id),
            }
            for person, instrument in zip(people, instruments, strict=True)
        ]

    def _token(self, holder: Holder, id_: UUID) -> str:
        return self.tokens.issue(holder, id_, expires_at=wall_now() + LASTS)

    async def _rounds(self, connection: Connection, wanted: Seeding) -> list[UUID]:
        campaign = Campaign(
            campaign_id=fresh_id(),
            code=f"seed-{fresh_id().hex}",
            name="压测活动",
            name_en="Load test",
            funder_id=FUNDER.funder_id,
            adcode=None,
            starts_at=self.now,
            ends_at=self.now + LASTS,
            budget_fen=VOUCHER_FEN * wanted.stock * wanted.rounds,
        )
        rounds = [_round(campaign, n) for n in range(wanted.rounds)]
        types = [_type(round_, wanted.stock) for round_ in rounds]
        ids = [round_.round_id for round_ in rounds]
        budget_fen = campaign.budget_fen
        await save_campaign(connection, campaign, now=self.now)
        await record_prepayment(
            connection, receipt=campaign.code, funder_id=FUNDER.funder_id, amount_fen=budget_fen, now=self.now
        )
        await fund_campaign(
            connection,
            campaign_id=campaign.campaign_id,
            funder_id=FUNDER.funder_id,
            cash_fen=budget_fen,
            now=self.now,
        )
        await save_rounds(connection, rounds, types)
        await publish_rounds(connection, campaign.campaign_id, ids, cells=self.cells, now=self.now)
        return ids


def _opening(instrument: NewInstrument) -> AccountOpening:
    return AccountOpening(
        account_no=f"acct-{instrument.pan}", holder="测试市民", opening_balance_fen=BALANCE_FEN, card_no=instrument.pan
    )


def _supervised() -> AccountOpening:
    return AccountOpening(account_no=FUNDER.account_no, holder=FUNDER.name, opening_balance_fen=10**13)


def _store(ordinal: int) -> NewStore:
    store_id = fresh_id(random.SystemRandom().randrange(1024))
    return NewStore(
        store_id=store_id,
        name=f"压测门店 {ordinal + 1}",
        brand=None,
        licence_no=credit_code(random.SystemRandom().randrange(31**6), adcode="330203", is_company=False),
        industry="dining",
        mcc="5812",
        adcode="330203",
        address="压测路 1 号",
        lon=121.55,
        lat=29.87,
        acquirer=ACQUIRERS[ordinal % len(ACQUIRERS)],
        account_no=f"shop-{store_id.hex}",
    )


def _round(campaign: Campaign, ordinal: int) -> Round:
    return Round(
        round_id=fresh_id(),
        campaign_id=campaign.campaign_id,
        name=f"第 {ordinal + 1} 轮",
        name_en=f"Round {ordinal + 1}",
        opens_at=campaign.starts_at,
        closes_at=campaign.ends_at,
        caps=Caps(per_round=1),
    )


def _type(round_: Round, stock: int) -> VoucherType:
    return VoucherType(
        type_id=fresh_id(),
        round_id=round_.round_id,
        name="满25减5元",
        name_en="5 off 25",
        amount_fen=VOUCHER_FEN,
        threshold_fen=THRESHOLD_FEN,
        stock=stock,
        valid_days=7,
    )
