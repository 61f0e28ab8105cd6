"""Three funders pay one voucher: shares to the fen through payment, clearing, refund, expiry and recycling."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import DAY, NOON, Person, World, city, outside
from launching import Sandbox

from yongquan import ledger
from yongquan.flows.expire_vouchers import expire_vouchers, recycle_rounds
from yongquan.flows.fund_campaign import fund_campaign, open_books, record_prepayment
from yongquan.flows.funds import FundsShort
from yongquan.flows.look_as_auditor import NothingToLookAt, Question, look_at_redemption, sample_redemptions
from yongquan.flows.prove_books import prove_books
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.flows.take_payment import Order
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.store import Funder
from yongquan.kernel.ids import bucket_of
from yongquan.ledger import Kind
from yongquan.payments.funding_store import set_cap
from yongquan.payments.model import Payment
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.clock import set_clock
from yongquan.plumbing.fresh import fresh_id
from yongquan.simulation.provisioning import open_accounts
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import Campaign, CampaignRules, RefundPolicy, Round, VoucherType
from yongquan.vouchers.selection import VoucherNotUsable
from yongquan.vouchers.sharing import FunderShare
from yongquan.vouchers.store import save_campaign, save_rounds

BANK = Funder("bank", "东山银行", "East bank", "bank", None, "chaoxin", "sup-bank")
SHARES = (FunderShare("bureau", 5_000), FunderShare("brand", 3_000), FunderShare("bank", 2_000))


@pytest.fixture(scope="module")
def outside_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Sandbox]]:
    folder = tmp_path_factory.mktemp("many")
    with outside(folder) as sandbox:
        yield folder, sandbox


async def _co_funded(
    world: World, *, stock: int = 10, bank_fen: int = 100_000, rate_bp: int | None = None, days: int = 7
) -> tuple[UUID, UUID]:
    """A campaign of the bureau whose one type (10.01 off 10.01) three funders pay; its campaign and type."""
    now = world.platform.clock.now()
    campaign = Campaign(
        *(fresh_id(), fresh_id().hex, "三方", "Three", "bureau", None),
        *(now - timedelta(hours=1), now + timedelta(days=30), 0, CampaignRules(refund=RefundPolicy.RETURN)),
    )
    round_ = Round(fresh_id(), campaign.campaign_id, "一", "One", campaign.starts_at, now + timedelta(days=1))
    type_ = VoucherType(fresh_id(), round_.round_id, "券", "Voucher", 1_001, 1_001, stock, rate_bp=rate_bp)
    type_ = replace(type_, valid_days=days, shares=SHARES)
    await open_accounts(
        world.platform.links,
        [("chaoxin", AccountOpening(account_no="sup-bank", holder="东山银行", opening_balance_fen=100_000))],
    )
    async with world.platform.database.transaction() as connection:
        await open_books(connection, [], [BANK], cells=1, now=now)
        await save_campaign(connection, campaign, now=now)
        for funder, cash in (("bureau", 50_000), ("bank", bank_fen)):
            await record_prepayment(connection, receipt="3", funder_id=funder, amount_fen=cash, now=now)
            await fund_campaign(connection, campaign_id=campaign.campaign_id, funder_id=funder, cash_fen=cash, now=now)
        await fund_campaign(
            connection, campaign_id=campaign.campaign_id, funder_id="brand", cash_fen=0, advance_fen=50_000, now=now
        )
        await save_rounds(connection, [round_], [type_])
        await publish_rounds(connection, campaign.campaign_id, [round_.round_id], cells=1, now=now)
    await world.platform.refresh()
    world.types["three"] = (round_.round_id, type_.type_id)
    return campaign.campaign_id, type_.type_id


async def _pay(world: World, person: Person, voucher: UUID | None, store: int) -> Payment:
    return await world.platform.payments.take(
        Order(
            caller_id=person.citizen_id,
            key=fresh_id(),
            body_hash=fresh_id(),
            bucket=bucket_of(person.citizen_id),
            store_id=world.stores[store].store_id,
            amount_fen=1_001,
            citizen_id=person.citizen_id,
            instrument_id=person.instrument_id,
            vouchers=None if voucher is None else (voucher,),
        )
    )


async def _balance(world: World, owner: object, kind: Kind) -> int:
    id_ = ledger.account_id(owner, kind)
    async with world.platform.database.transaction() as connection:
        balances = await ledger.balances_of(connection, [id_], cell=0)
    return balances[id_].credit_fen if id_ in balances else 0


async def _budgets(world: World, campaign_id: UUID) -> list[int]:
    owners = (campaign_id, f"{campaign_id}:brand", f"{campaign_id}:bank")
    return [await _balance(world, owner, Kind.BUDGET) for owner in owners]


async def _require_proof(world: World) -> None:
    connection = await world.platform.database.connect()
    try:
        proof = await prove_books(connection)
    finally:
        await connection.close()
    assert proof.holds, [check for check in proof.checks if check.faults]


def test_three_funders_pay_one_voucher_to_the_fen(outside_world: tuple[Path, Sandbox], fresh_database: str) -> None:
    async def story() -> None:
        folder, sandbox = outside_world
        async with city(folder, fresh_database, sandbox) as world:
            campaign_id, _ = await _co_funded(world)
            reserved = await _budgets(world, campaign_id)

            paid = await world.buy(world.people[0], world.stores[0], 5_000, voucher="three")
            again = await world.platform.payments.payment(0, paid.payment_id)
            report = await world.platform.clearing.clear_day(DAY, patience_s=30)

            assert reserved == [50_000 - 5_010, 50_000 - 3_000, 100_000 - 2_000]
            parts = [("bureau", 501), ("brand", 300), ("bank", 200)]
            assert [(s.funder_id, s.amount_fen) for s in paid.shares] == parts
            assert sorted((s.funder_id, s.amount_fen) for s in again.shares) == sorted(parts)
            assert report.state == "settled", report
            assert [-await _balance(world, f, Kind.SPENT) for f in ("bureau", "brand", "bank")] == [501, 300, 200]
            assert await _balance(world, "brand", Kind.ADVANCED) == 300
            await world.require_agreement()
            await _require_proof(world)
            await _require_seat(world, paid)

    asyncio.run(story())


async def _require_seat(world: World, paid: Payment) -> None:
    """An auditor of the bank draws the same sample twice and follows it to the instruction; others have no seat."""
    database, now = world.platform.database, world.platform.clock.now()
    auditor = Staff(fresh_id(), "a", "审", frozenset({RoleGrant(Role.AUDITOR, institution="bank")}))
    question = Question(DAY, DAY + timedelta(days=1), "42", 5)

    drawn = [await sample_redemptions(database, auditor, question, now=now) for _ in range(2)]

    assert drawn[0] == drawn[1]
    assert (drawn[0][0].count, drawn[0][0].sum_fen) == (1, 200)
    (one,) = drawn[0][1]
    found = await look_at_redemption(database, auditor, one.payment_id, one.voucher_id, cells=1, now=now)
    assert found.payment.payment_id == paid.payment_id
    assert sum(t.amount_fen for t in found.transfers if t.posting is ledger.Posting.SUBSIDISE) == 1_001
    assert [line.state for line in found.settled] == ["paid"]
    with pytest.raises(NothingToLookAt):
        await look_at_redemption(database, auditor, fresh_id(), one.voucher_id, cells=1, now=now)
    with pytest.raises(Forbidden):
        await sample_redemptions(
            database, replace(auditor, grants=frozenset({RoleGrant(Role.AUDITOR)})), question, now=now
        )
    async with database.transaction() as connection:
        looks = await audit_page(connection)
    assert [row.action for row in looks][:3] == ["seat.looked", "seat.sampled", "seat.sampled"]


def test_refund_expiry_and_recycling_return_each_its_own(
    outside_world: tuple[Path, Sandbox], fresh_database: str
) -> None:
    async def story() -> None:
        folder, sandbox = outside_world
        async with city(folder, fresh_database, sandbox) as world:
            campaign_id, _ = await _co_funded(world, rate_bp=3_333, days=1)

            kept = await world.buy(world.people[1], world.stores[0], 1_517, voucher="three")
            back = await world.buy(world.people[2], world.stores[1], 2_009, voucher="three")
            await world.refund(back)
            await world.claim(world.people[2], "three")
            database = world.platform.database
            async with database.transaction() as connection:
                await set_clock(connection, shows=NOON + timedelta(days=3))
            now = NOON + timedelta(days=3)
            await recycle_rounds(database, now=now)
            await expire_vouchers(database, cells=1, now=now)
            await recycle_rounds(database, now=now)
            await recycle_rounds(database, now=now)

            spent = {s.funder_id: s.amount_fen for s in kept.shares}
            assert sum(spent.values()) == kept.discount_fen == 505
            assert await _budgets(world, campaign_id) == [
                50_000 - spent["bureau"],
                50_000 - spent["brand"],
                100_000 - spent["bank"],
            ]
            assert [await _balance(world, f, Kind.SUBSIDY_DUE) for f in spent] == [-fen for fen in spent.values()]
            await _require_proof(world)

    asyncio.run(story())


def test_a_funders_cap_holds_to_the_fen_when_many_pay_at_once(
    outside_world: tuple[Path, Sandbox], fresh_database: str
) -> None:
    async def story() -> None:
        folder, sandbox = outside_world
        async with city(folder, fresh_database, sandbox) as world:
            await _co_funded(world)
            async with world.platform.database.transaction() as connection:
                await set_cap(connection, "bank", "day", 400)
                await set_cap(connection, "bureau", "shop", 501)
            people = world.people[3:6]
            vouchers = [await world.claim(person, "three") for person in people]
            extra = await world.claim(people[0], "three")

            taken = await asyncio.gather(
                *(_pay(world, p, v, n) for n, (p, v) in enumerate(zip(people, vouchers, strict=True))),
                return_exceptions=True,
            )

            paid = [t for t in taken if isinstance(t, Payment)]
            refused = [t for t in taken if isinstance(t, VoucherNotUsable)]
            assert (len(paid), [r.facts["reason"] for r in refused]) == (2, ["funder_day_cap"])
            # Chosen for the citizen: without the vouchers of the spent funder the whole bill is the citizen's.
            free = await _pay(world, people[0], None, 3)
            assert free.discount_fen == 0
            await world.refund(paid[0])
            again = await _pay(world, people[0], extra, 4)
            assert again.discount_fen == 1_001
            await _require_proof(world)

    asyncio.run(story())


def test_a_round_beyond_one_funders_part_is_refused_naming_it(
    outside_world: tuple[Path, Sandbox], fresh_database: str
) -> None:
    async def story() -> None:
        folder, sandbox = outside_world
        async with city(folder, fresh_database, sandbox) as world:
            with pytest.raises(FundsShort) as refused:
                await _co_funded(world, stock=10, bank_fen=1_999)

            facts = refused.value.facts
            assert (facts["funder_id"], facts["place"], facts["short_fen"]) == ("bank", "budget", 1)

    asyncio.run(story())
