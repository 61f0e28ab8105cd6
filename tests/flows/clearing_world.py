"""A small city on real parts: three issuers, two acquirers, a prepaid and an advanced funder, five shops."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))

from launching import Sandbox, card_number, make_key, running

from yongquan import app
from yongquan.app import Platform
from yongquan.citizens.model import NewCitizen
from yongquan.citizens.store import register_many
from yongquan.flows.claim_voucher import Claim
from yongquan.flows.fund_campaign import fund_campaign, open_books, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.flows.take_payment import Order
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.store import Funder, save_institutions
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.ids import bucket_of
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.payments.model import Payment, PaymentState
from yongquan.payments.store import NewInstrument, bind_many
from yongquan.plumbing.clock import set_clock
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.settings import Settings
from yongquan.simulation.provisioning import open_accounts, take_on_stores
from yongquan.vouchers.model import Campaign, Caps, Round, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds

DAY = date(2022, 2, 15)
NOON = datetime(2022, 2, 15, 4, 0, tzinfo=UTC)
ISSUERS = ("chaoxin", "yuehu", "quanfu")
ACQUIRERS = ("donggang", "suihe")
PREFIXES = {"chaoxin": "629901", "yuehu": "629902", "quanfu": "629951"}
BUREAU = Funder("bureau", "东城商务局", "East bureau", "bureau", None, "chaoxin", "sup-bureau")
BRAND = Funder("brand", "甬味餐饮", "Yongwei", "merchant", None, "yuehu", "sup-brand", "suihe", 300_000)
BALANCE_FEN = 1_000_000


@dataclass(frozen=True, slots=True)
class Person:
    """A citizen with one card or wallet."""

    citizen_id: UUID
    instrument_id: UUID
    issuer: str
    account_no: str


@dataclass(frozen=True, slots=True)
class World:
    """Everything a test needs of the city."""

    platform: Platform
    sandbox: Sandbox
    people: tuple[Person, ...]
    stores: tuple[NewStore, ...]
    types: dict[str, tuple[UUID, UUID]]  # funder -> (round, type)

    async def buy(self, person: Person, store: NewStore, fen: int, *, voucher: str | None = None) -> Payment:
        """Pay at a store, with a fresh voucher of a funder if one is named."""
        chosen: tuple[UUID, ...] = () if voucher is None else (await self.claim(person, voucher),)
        order = Order(
            caller_id=person.citizen_id,
            key=uuid4(),
            body_hash=uuid4(),
            bucket=bucket_of(person.citizen_id),
            store_id=store.store_id,
            amount_fen=fen,
            citizen_id=person.citizen_id,
            instrument_id=person.instrument_id,
            vouchers=chosen,
        )
        paid = await self.platform.payments.take(order)
        assert paid.state is PaymentState.SUCCEEDED, paid
        return paid

    async def claim(self, person: Person, funder: str) -> UUID:
        """A fresh voucher of a funder's round."""
        round_id, type_id = self.types[funder]
        offer = await self.platform.find_round(round_id.hex)
        assert offer is not None
        type_ = self.platform.catalogue.type(type_id.hex)
        assert type_ is not None
        won = await self.platform.claims.claim(Claim(person.citizen_id.hex, offer, type_, uuid4().hex, uuid4().hex))
        assert won.code == "claimed", won
        return UUID(won.voucher_id)

    async def refund(self, paid: Payment) -> None:
        """Give a payment back in full."""
        now = self.platform.clock.now()
        await self.platform.refunds.refund(0, paid.payment_id, store_id=paid.store_id, now=now)

    async def shop_balance(self, store: NewStore) -> int:
        """What a shop has on its settlement account."""
        async with self.sandbox.client(store.acquirer) as acquirer:
            return (await acquirer.account(store.account_no)).balance_fen

    async def require_agreement(self, day: date = DAY) -> None:
        """Every institution's books hold, and after clearing its clearing account with the network is even."""
        async with self.platform.database.transaction() as connection:
            rows = await (
                await connection.execute(
                    "select institution, sum(net_fen)::bigint from payments.position where day = %s group by 1", [day]
                )
            ).fetchall()
        ours = dict(rows)
        assert sum(ours.values()) == 0
        for code in (*ISSUERS, *ACQUIRERS):
            async with self.sandbox.client(code) as member:
                assert (await member.proof()).balanced
                assert (await member.totals(day)).net_fen == ours.get(code, 0)


@contextmanager
def outside(folder: Path) -> Iterator[Sandbox]:
    """The counterparts, with the key that the platform uses."""
    (folder / "keys").mkdir(exist_ok=True)
    make_key(folder / "keys")
    with running(folder / "keys", *ISSUERS, *ACQUIRERS) as sandbox:
        yield sandbox


def settings_of(folder: Path, conninfo: str) -> Settings:
    """A platform's settings in a test's folder; a busy machine takes its time over a verdict."""
    return Settings(folder, conninfo, 1, folder / "keys" / "sandbox" / "sandbox.json", risk_within_s=30.0)


@asynccontextmanager
async def city(folder: Path, conninfo: str, sandbox: Sandbox) -> AsyncIterator[World]:
    """The city at noon of the day, open for business."""
    async with app.running(settings_of(folder, conninfo), conninfo, cells=1) as platform:
        async with platform.database.transaction() as connection:
            await set_clock(connection, shows=NOON)
        await platform.refresh()
        await platform.links.ready(timeout_s=10)
        people, stores = await _populate(platform)
        types = {
            BUREAU.funder_id: await _campaign(platform, BUREAU, cash_fen=100_000),
            BRAND.funder_id: await _campaign(platform, BRAND, advance_fen=100_000),
        }
        await platform.refresh()
        yield World(platform, sandbox, people, stores, types)


def kill(sandbox: Sandbox, code: str) -> int:
    """Kill one institution; its HTTP port."""
    place = [member.code for member in sandbox.registry.members].index(code)
    os.kill(sandbox.pids[place], signal.SIGKILL)
    return sandbox.registry[code].http_port


@contextmanager
def back_again(folder: Path, code: str, http_port: int, *, iso_port: int = 0) -> Iterator[None]:
    """The killed institution on its old ports and books."""
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "yongquan_sandbox.institution", "--code", code, "--http-port", str(http_port)),
            *("--iso-port", str(iso_port), "--dir", str(folder / "keys" / "sandbox" / code)),
            *("--network-key", str(folder / "keys" / "network.pub")),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline()
        yield
    finally:
        child.kill()
        child.wait(5)


async def _populate(platform: Platform) -> tuple[tuple[Person, ...], tuple[NewStore, ...]]:
    now, links = platform.clock.now(), platform.links
    people, openings, instruments = [], [], []
    for n, issuer in enumerate(ISSUERS * 2):
        pan = f"629951{n:013d}" if issuer == "quanfu" else card_number(PREFIXES[issuer], n)
        person = Person(fresh_id(n), fresh_id(n), issuer, f"acct-{pan}")
        people.append(person)
        openings.append(
            (
                issuer,
                AccountOpening(
                    account_no=person.account_no, holder="市民", opening_balance_fen=BALANCE_FEN, card_no=pan
                ),
            )
        )
        instruments.append(NewInstrument(person.instrument_id, person.citizen_id, issuer, "card", pan))
    stores = tuple(_store(n) for n in range(5))
    supervised = [
        (f.bank, AccountOpening(account_no=f.account_no, holder=f.name, opening_balance_fen=100_000))
        for f in (BUREAU, BRAND)
    ]
    await asyncio.gather(open_accounts(links, [*openings, *supervised]), take_on_stores(links, stores))
    async with platform.database.transaction() as connection:
        members = links.registry.members if links.registry else ()
        await save_institutions(connection, members)
        await open_books(connection, [m.code for m in members], [BUREAU, BRAND], cells=1, now=now)
        citizens = [NewCitizen(p.citizen_id, f"139{n:08d}", "市民") for n, p in enumerate(people)]
        await register_many(connection, citizens, platform.sealing, cells=1, now=now)
        await bind_many(connection, instruments, platform.sealing, cells=1, now=now)
        await register_stores(connection, stores, now=now)
    return tuple(people), stores


def _store(n: int) -> NewStore:
    store_id = fresh_id(n)
    return NewStore(
        store_id=store_id,
        name=f"小店 {n}",
        brand=None,
        licence_no=credit_code(n, adcode="330203", is_company=False),
        industry="dining",
        mcc="5812",
        adcode="330203",
        address="东街 1 号",
        lon=121.55,
        lat=29.87,
        acquirer=ACQUIRERS[n % 2],
        account_no=f"shop-{store_id.hex[:20]}",
    )


async def _campaign(
    platform: Platform, funder: Funder, *, cash_fen: int = 0, advance_fen: int = 0
) -> tuple[UUID, UUID]:
    now = platform.clock.now()
    campaign = Campaign(
        campaign_id=fresh_id(),
        code=f"c-{funder.funder_id}",
        name=funder.name,
        name_en=funder.name_en,
        funder_id=funder.funder_id,
        adcode=None,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=30),
        budget_fen=cash_fen + advance_fen,
    )
    round_ = Round(
        round_id=fresh_id(),
        campaign_id=campaign.campaign_id,
        name="一",
        name_en="One",
        opens_at=campaign.starts_at,
        closes_at=campaign.ends_at,
        caps=Caps(),
    )
    type_ = VoucherType(
        type_id=fresh_id(),
        round_id=round_.round_id,
        name="满10减10",
        name_en="10 off 10",
        amount_fen=1_000,
        threshold_fen=1_000,
        stock=100,
        valid_days=7,
    )
    async with platform.database.transaction() as connection:
        await save_campaign(connection, campaign, now=now)
        if cash_fen:
            await record_prepayment(connection, receipt="r", funder_id=funder.funder_id, amount_fen=cash_fen, now=now)
        await fund_campaign(
            connection,
            campaign_id=campaign.campaign_id,
            funder_id=funder.funder_id,
            cash_fen=cash_fen,
            advance_fen=advance_fen,
            now=now,
        )
        await save_rounds(connection, [round_], [type_])
        await publish_rounds(connection, campaign.campaign_id, [round_.round_id], cells=1, now=now)
    return round_.round_id, type_.type_id
