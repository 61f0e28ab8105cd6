"""Approved applications paid to cards at real sandbox banks: by two, in the applicant's name, once, and again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import BALANCE_FEN, BUREAU, DAY, Person, World
from flows.test_push_vouchers import OFFICER
from launching import card_number
from ordering import move_on
from rooms.vouchers.test_application_form import FORM
from test_take_payment import balance, in_city

from yongquan import ledger
from yongquan.flows.apply_with_proof import Filled, apply, open_form
from yongquan.flows.expire_vouchers import recycle_rounds
from yongquan.flows.fund_campaign import fund_campaign, record_prepayment
from yongquan.flows.pay_application import CardChoice, CardPayments
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.flows.review_application import SamePerson, Verdict, decide_application, take_application
from yongquan.institutions.connectors.account_messages import BookTransfer
from yongquan.ledger import Kind
from yongquan.payments.clearing import DayState
from yongquan.payments.payouts import PayoutRefused
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Staff
from yongquan.vouchers.model import Campaign, ForbiddenMove, Round, RoundMode, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds
from yongquan.vouchers.views import wallet_of
from yongquan.vouchers.ways.application_form import Benefit, Form, WrongAnswers
from yongquan.vouchers.ways.applications import ApplicationState
from yongquan.vouchers.ways.card_payments import CardPayment, CardPaymentState, card_payment_of, unpaid

COLLEAGUE = replace(OFFICER, staff_id=fresh_id(), login="colleague")
TEXTS = {"invoice": "12345678", "plate": "浙B12345", "price": "50000"}
PHOTO = b"\xff\xd8\xff photo"
CARS = Form(FORM.fields, None, Benefit.CARD)
PAYS_FEN = 30_000
PLACES = 2


@dataclass(frozen=True)
class Case:
    """A round that pays to cards, and what people do with it."""

    world: World
    round_: Round
    type_: VoucherType

    @property
    def desk(self) -> CardPayments:
        return self.world.platform.card_payments

    async def sent(self, person: Person, choice: CardChoice | None = None, *, invoice: str = "12345678") -> UUID:
        platform = self.world.platform
        chosen = choice or CardChoice(instrument_id=person.instrument_id)
        card = await self.desk.check(person.citizen_id, chosen)
        texts = TEXTS | {"invoice": invoice, "plate": f"浙B{invoice[-5:]}"}
        return await apply(
            platform.database,
            platform.sealing,
            Filled(texts, {"photo": PHOTO + invoice.encode()}, card),
            round_id=self.round_.round_id,
            citizen_id=person.citizen_id,
            cells=1,
            now=platform.clock.now(),
        )

    async def decided(self, id_: UUID, staff: Staff, to: str = "approved") -> ApplicationState:
        platform, now = self.world.platform, self.world.platform.clock.now()
        verdict = Verdict(ApplicationState(to), None if to == "approved" else "mismatch")
        await take_application(platform.database, id_, staff=staff, now=now)
        return await decide_application(
            platform.database, platform.sealing, id_, verdict, staff=staff, cells=1, now=now
        )

    async def approved(self, person: Person, choice: CardChoice | None = None) -> UUID:
        id_ = await self.sent(person, choice)
        assert await self.decided(id_, OFFICER) is ApplicationState.SECONDING
        assert await self.decided(id_, COLLEAGUE) is ApplicationState.APPROVED
        return id_

    async def payment(self, id_: UUID) -> CardPayment:
        async with self.world.platform.database.transaction() as connection:
            found = await card_payment_of(connection, id_)
        assert found is not None
        return found

    async def holds(self, kind: Kind, owner: object | None = None) -> int:
        """What is on an account of the type, or of another owner."""
        account = ledger.account_id(owner or self.type_.type_id, kind)
        async with self.world.platform.database.transaction() as connection:
            return (await ledger.balances_of(connection, [account], cell=0))[account].credit_fen


def play(tmp_path: Path, conninfo: str, scene: Callable[[Case], Awaitable[None]]) -> None:
    async def with_round(world: World) -> None:
        await scene(await _case(world))

    in_city(tmp_path, conninfo, with_round)


async def _case(world: World) -> Case:
    now = world.platform.clock.now()
    facts = {"campaign_id": fresh_id(), "funder_id": BUREAU.funder_id}
    campaign = Campaign(
        **facts,
        code="cars",
        name="汽车置换",
        name_en="Cars",
        adcode=None,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=9),
        budget_fen=PAYS_FEN * PLACES,
    )
    round_ = Round(
        round_id=fresh_id(),
        campaign_id=campaign.campaign_id,
        name="汽车置换补贴",
        name_en="Car replacement",
        opens_at=campaign.starts_at,
        closes_at=now + timedelta(hours=2),
        mode=RoundMode.APPLY,
    )
    type_ = VoucherType(
        type_id=fresh_id(),
        round_id=round_.round_id,
        name="补贴三百元",
        name_en="300 yuan",
        amount_fen=PAYS_FEN,
        threshold_fen=0,
        stock=PLACES,
        valid_days=30,
    )
    money = {"funder_id": BUREAU.funder_id, "now": now}
    async with world.platform.database.transaction() as connection:
        await save_campaign(connection, campaign, now=now)
        await record_prepayment(connection, receipt="cars", amount_fen=campaign.budget_fen, **money)  # type: ignore[arg-type]
        await fund_campaign(connection, campaign_id=campaign.campaign_id, cash_fen=campaign.budget_fen, **money)  # type: ignore[arg-type]
        await save_rounds(connection, [round_], [type_])
        await open_form(connection, round_.round_id, CARS, mode=RoundMode.APPLY)
        await publish_rounds(connection, campaign.campaign_id, [round_.round_id], cells=1, now=now)
    return Case(world, round_, type_)


def test_two_approve_and_the_money_arrives_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(cars: Case) -> None:
        world, person = cars.world, cars.world.people[1]
        id_ = await cars.sent(person)
        assert await cars.decided(id_, OFFICER) is ApplicationState.SECONDING
        with pytest.raises(SamePerson):
            await cars.decided(id_, OFFICER)
        await move_on(world, timedelta(minutes=16))
        assert await cars.decided(id_, COLLEAGUE) is ApplicationState.APPROVED
        assert (await cars.holds(Kind.STOCK), await cars.holds(Kind.LOCKED)) == (PAYS_FEN, PAYS_FEN)

        await asyncio.gather(cars.desk.sweep(), cars.desk.pay(id_), cars.desk.sweep())
        await cars.desk.pay(id_)

        paid = await cars.payment(id_)
        assert (paid.state, paid.attempt, len(paid.card_tail)) == (CardPaymentState.PAID, 1, 4)
        assert await balance(world, person) == BALANCE_FEN + PAYS_FEN
        assert (await cars.holds(Kind.LOCKED), await cars.holds(Kind.REDEEMED)) == (0, PAYS_FEN)
        async with world.platform.database.transaction() as connection:
            assert await unpaid(connection, places=None) == []
            assert list(await wallet_of(connection, 0, person.citizen_id, now=world.platform.clock.now())) == []
        report = await world.platform.clearing.clear_day(DAY, patience_s=30)
        assert report.state is DayState.SETTLED, report.waiting_for
        await world.require_agreement()

    play(tmp_path, fresh_database, scene)


def test_only_a_card_in_the_applicants_name_is_taken(tmp_path: Path, fresh_database: str) -> None:
    async def scene(cars: Case) -> None:
        world, person = cars.world, cars.world.people[0]
        for choice, reason in (
            (CardChoice("6299010000000001"), "bad_account"),
            (CardChoice(card_number("629901", 99)), "unknown_account"),
            (CardChoice(card_number("688888", 1)), "unknown_bank"),
            (CardChoice(instrument_id=world.people[1].instrument_id), "instrument_unknown"),
        ):
            with pytest.raises(PayoutRefused) as refused:
                await cars.sent(person, choice)
            assert refused.value.reason == reason
        with pytest.raises(WrongAnswers, match="card: missing"):
            await apply(
                world.platform.database,
                world.platform.sealing,
                Filled(TEXTS, {"photo": PHOTO}),
                round_id=cars.round_.round_id,
                citizen_id=person.citizen_id,
                cells=1,
                now=world.platform.clock.now(),
            )

        id_ = await cars.approved(person, CardChoice(f" {_card(0)} "))

        await cars.desk.pay(id_)
        assert (await cars.payment(id_)).state is CardPaymentState.PAID
        assert await balance(world, person) == BALANCE_FEN + PAYS_FEN

    play(tmp_path, fresh_database, scene)


def test_a_payment_that_comes_back_is_paid_to_another_card(tmp_path: Path, fresh_database: str) -> None:
    async def scene(cars: Case) -> None:
        world, person = cars.world, cars.world.people[1]
        async with world.sandbox.client("yuehu") as bank:
            await bank.ban(_card(1), "dormant")
            id_ = await cars.approved(person)
            await cars.desk.pay(id_)
            first = await cars.payment(id_)
            account = await world.platform.payouts.of_funder(BUREAU.funder_id)
            payout = await world.platform.payouts.find(account, first.payout_no)
            assert payout is not None
            with pytest.raises(ForbiddenMove):
                await cars.desk.pay_to_another(person.citizen_id, id_, CardChoice(_card(4)))
            await bank.send_back(f"{payout.payout_id.hex}-1-c", "长期不动户")
        await world.platform.payouts.take_returns()
        await cars.desk.sweep()
        back = await cars.payment(id_)
        assert (back.state, back.reason) == (CardPaymentState.RETURNED, "长期不动户")
        assert (await cars.holds(Kind.LOCKED), await cars.holds(Kind.REDEEMED)) == (PAYS_FEN, 0)

        again = await cars.desk.pay_to_another(person.citizen_id, id_, CardChoice(_card(4)))
        await cars.desk.sweep()

        assert (again.state, again.attempt) == (CardPaymentState.PAID, 2)
        assert await balance(world, world.people[4]) == BALANCE_FEN + PAYS_FEN
        assert await balance(world, person) == BALANCE_FEN
        assert (await cars.holds(Kind.LOCKED), await cars.holds(Kind.REDEEMED)) == (0, PAYS_FEN)

    play(tmp_path, fresh_database, scene)


def test_a_silent_bank_is_asked_again_and_pays_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(cars: Case) -> None:
        world, person = cars.world, cars.world.people[1]
        id_ = await cars.approved(person)
        world.sandbox.switch_faults("yuehu", lose_answer_next=2)

        await cars.desk.pay(id_)
        assert (await cars.payment(id_)).state is CardPaymentState.PAYING
        for _ in range(3):
            await move_on(world, timedelta(minutes=1))
            await world.platform.payouts.sweep()
            await cars.desk.sweep()

        assert (await cars.payment(id_)).state is CardPaymentState.PAID
        assert await balance(world, person) == BALANCE_FEN + PAYS_FEN

    play(tmp_path, fresh_database, scene)


def test_what_cannot_be_paid_is_tried_again_or_given_up_and_recycled(tmp_path: Path, fresh_database: str) -> None:
    async def scene(cars: Case) -> None:
        world, person, other = cars.world, cars.world.people[1], cars.world.people[3]
        await _drain(world)
        id_ = await cars.approved(person)
        await cars.desk.pay(id_)
        refused = await cars.payment(id_)
        assert (refused.state, refused.reason) == (CardPaymentState.REFUSED, "payer_insufficient_funds")
        async with world.platform.database.transaction() as connection:
            assert [one.application_id for one in await unpaid(connection, places=None)] == [id_]
        assert (await cars.desk.pay_again(OFFICER, id_)).state is CardPaymentState.REFUSED
        rejected = await cars.sent(other, invoice="87654321")

        await cars.desk.give_up(OFFICER, id_, reason="申请人撤回")
        with pytest.raises(ForbiddenMove):
            await cars.desk.pay_again(OFFICER, id_)
        await move_on(world, timedelta(hours=3))
        assert await recycle_rounds(world.platform.database, now=world.platform.clock.now()) == 0
        await cars.decided(rejected, OFFICER, "refused")
        await recycle_rounds(world.platform.database, now=world.platform.clock.now())

        assert (await cars.payment(id_)).state is CardPaymentState.GIVEN_UP
        assert await balance(world, person) == BALANCE_FEN
        for kind in (Kind.STOCK, Kind.CLAIMED, Kind.LOCKED, Kind.REDEEMED, Kind.RECYCLED):
            assert await cars.holds(kind) == 0, kind
        assert await cars.holds(Kind.BUDGET, cars.round_.campaign_id) == PAYS_FEN * PLACES

    play(tmp_path, fresh_database, scene)


async def _drain(world: World) -> None:
    async with world.sandbox.client(BUREAU.bank) as bank:
        left = (await bank.account(BUREAU.account_no)).balance_fen
        gone = BookTransfer(
            id="gone",
            from_account=BUREAU.account_no,
            to_account="own-funds",
            amount_fen=left,
            settlement_date=DAY,
        )
        await bank.transfer([gone])


def _card(n: int) -> str:
    return card_number({0: "629901", 1: "629902", 3: "629901", 4: "629902"}[n], n)
