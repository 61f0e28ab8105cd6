"""Grades of a month out of payments, and providers' statements that tie to them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from stores.merchants.trading import CHECKER, FEBRUARY, MAKER, NOW, Trade, living, staff

from yongquan.flows.change_rules import decide_rules, propose_rules
from yongquan.flows.deciding import OwnVersion
from yongquan.flows.grade_shops import grade_month, grade_what_is_due
from yongquan.flows.pay_contribution import (
    OwnStatement,
    Territory,
    decide_statement,
    draw_statements,
    lines_of,
    replay_statement,
    report_fake,
    try_formula,
)
from yongquan.kernel.errors import BadInput
from yongquan.merchants.contribution import FIRST_FORMULA
from yongquan.merchants.contribution.store import inputs_of, shops_of_statement, statement_of, statements_of
from yongquan.merchants.grids.store import grids_of_stores, shops_to_visit
from yongquan.merchants.rulebooks.store import NewRules, RuleKind
from yongquan.merchants.tiers import FIRST_RULES
from yongquan.merchants.tiers.views import (
    graded_months,
    grids_graded,
    minutes_of_grids,
    shops_graded,
    tiers_of_shop,
)
from yongquan.staff import Forbidden, Role
from yongquan.vouchers.model import ForbiddenMove

MARCH = date(2022, 3, 1)
MID = datetime(2022, 2, 14, 4, tzinfo=UTC)
JANUARY = datetime(2022, 1, 20, 4, tzinfo=UTC)
APRIL = datetime(2022, 4, 3, 2, tzinfo=UTC)


async def trade(world: Trade) -> None:
    """Shop 0 is busy, shop 1 has one payment; shop 2 traded in January already; shop 3 gave all back."""
    for day in range(4):
        for who in range(3):
            await world.pay(0, who, at=MID + timedelta(days=day))
    await world.pay(1, 1, at=MID)
    await world.pay(2, 1, at=JANUARY)
    for who in range(3):
        await world.pay(2, who, 500, at=MID)
    back = await world.pay(3, 1, at=MID)
    await world.refund(back, 1_000, at=MID + timedelta(days=1))


async def territory(world: Trade) -> Territory:
    async with world.database.transaction() as connection:
        grids = await grids_of_stores(connection, FEBRUARY, world.stores)
    return Territory("p1", "甲服务商", frozenset(grids.values()), {world.stores[4]: 2})


async def drawn(world: Trade, month: date = FEBRUARY, now: datetime = NOW) -> object:
    ids = await draw_statements(
        world.database, [await territory(world)], month, actor=MAKER.actor, now=now, real_now=now
    )
    async with world.database.transaction() as connection:
        return await statement_of(connection, ids[0]) if ids else None


def test_month_is_graded_once_it_has_ended_and_then_stays(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await trade(world)
        assert await grade_what_is_due(world.database, now=NOW - timedelta(days=2), real_now=NOW) is False
        assert await grade_what_is_due(world.database, now=NOW, real_now=NOW) is True
        assert await grade_what_is_due(world.database, now=NOW, real_now=NOW) is False

        async with world.database.transaction() as connection:
            months = await graded_months(connection)
            shops = await shops_graded(connection, FEBRUARY)
            grids = await grids_graded(connection, FEBRUARY)
            factors = await minutes_of_grids(connection, NOW.date())
            best = await tiers_of_shop(connection, world.stores[0])
            served = await shops_to_visit(connection)

        assert [(m.month, m.shops) for m in months] == [(FEBRUARY, 6)]
        assert [s.store_id for s in shops][:3] == [world.stores[0], world.stores[2], world.stores[1]]
        assert (list(best[0].measures), best[0].tier) == ([12, 12_000, 4, 3], "A")
        assert {s.tier for s in shops[3:]} == {"D"}
        assert len(grids) == len({s.grid for s in shops})
        assert set(factors) == {g.code for g in grids}
        assert {shop.served_bp for shop in served} >= {10_000}

        await grade_month(world.database, MARCH, actor="command:tiers", now=NOW, real_now=NOW)
        with pytest.raises(BadInput, match="stays"):
            await grade_month(world.database, FEBRUARY, actor="command:tiers", now=NOW, real_now=NOW)

    living(fresh_database, story)


def test_same_payments_and_rules_grade_alike(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await trade(world)
        first = await grade_month(world.database, FEBRUARY, actor="command:tiers", now=NOW, real_now=NOW)
        again = await grade_month(world.database, FEBRUARY, actor="command:tiers", now=NOW, real_now=NOW)

        assert first == again

    living(fresh_database, story)


def test_rules_are_decided_by_another_and_hold_from_their_month(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        rules = NewRules(RuleKind.TIERS, MARCH, FIRST_RULES.replace("within: industry", "within: city"), "全市同排")
        with pytest.raises(Forbidden):
            await propose_rules(world.database, staff(9, Role.AUDITOR), rules, now=NOW, real_now=NOW)
        with pytest.raises(BadInput):
            past = NewRules(RuleKind.TIERS, FEBRUARY, FIRST_RULES, "太晚")
            await propose_rules(world.database, MAKER, past, now=NOW, real_now=NOW)
        number = await propose_rules(world.database, MAKER, rules, now=NOW, real_now=NOW)
        facts = {"approve": True, "now": NOW, "real_now": NOW}
        with pytest.raises(OwnVersion):
            await decide_rules(world.database, MAKER, RuleKind.TIERS, number, **facts)
        await decide_rules(world.database, CHECKER, RuleKind.TIERS, number, **facts)
        with pytest.raises(ForbiddenMove):
            await decide_rules(world.database, CHECKER, RuleKind.TIERS, number, **facts)

        before = await grade_month(world.database, FEBRUARY, actor="command:tiers", now=NOW, real_now=NOW)
        after = await grade_month(world.database, MARCH, actor="command:tiers", now=NOW, real_now=NOW)

        assert (before.rule_no, after.rule_no) == (0, 1)

    living(fresh_database, story)


def test_statement_ties_to_payments_and_comes_out_again(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await trade(world)
        statement = await drawn(world)
        async with world.database.transaction() as connection:
            inputs = await inputs_of(connection, statement.input_digest)
            lines = await lines_of(connection, statement, inputs)
            shops = await shops_of_statement(connection, statement.statement_id)

        by = {line.measure: line for line in statement.pay.lines}
        assert by["transactions"].units == len(lines) == 16
        assert by["new_active_shops"].units == 1
        assert (by["users"].units, by["inspections_passed"].units) == (7, 2)
        assert sum(shop.earned_fen for shop in shops) == statement.earned_fen == statement.total_fen
        assert (await replay_statement(world.database, statement.statement_id)).is_sound

        late = lines[0].payment_id
        await world.refund(late, 1_000, at=NOW + timedelta(days=1))
        assert (await replay_statement(world.database, statement.statement_id)).is_sound

    living(fresh_database, story)


def test_statement_is_approved_by_another_and_then_stays(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await trade(world)
        first = await drawn(world)
        second = await drawn(world)
        with pytest.raises(OwnStatement):
            await decide_statement(world.database, MAKER, second.statement_id, approve=True, real_now=NOW)
        await decide_statement(world.database, CHECKER, second.statement_id, approve=True, real_now=NOW)
        with pytest.raises(ForbiddenMove):
            await decide_statement(world.database, CHECKER, second.statement_id, approve=False, real_now=NOW)

        assert await drawn(world) is None
        async with world.database.transaction() as connection:
            assert await statement_of(connection, first.statement_id) is None
            standing = await statements_of(connection, FEBRUARY)
        assert [(s.state, s.input_digest) for s in standing] == [("approved", first.input_digest)]

    living(fresh_database, story)


def test_fake_shop_counts_no_more_and_gives_back(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await trade(world)
        february = await drawn(world)
        await decide_statement(world.database, CHECKER, february.statement_id, approve=True, real_now=NOW)
        async with world.database.transaction() as connection:
            earned = {s.store_id: s.earned_fen for s in await shops_of_statement(connection, february.statement_id)}
        await world.pay(0, 1, at=NOW)
        await world.pay(2, 1, at=NOW)

        await report_fake(world.database, CHECKER, world.stores[0], "无人经营", now=NOW, real_now=NOW)
        march = await drawn(world, MARCH, APRIL)

        assert march.pay.lines[1].units == 1
        assert [(c.store_id, c.back_fen) for c in march.pay.claws] == [(world.stores[0], earned[world.stores[0]])]
        assert march.total_fen == 0
        assert march.owed_fen == earned[world.stores[0]] + 5_000 - march.earned_fen
        assert (await replay_statement(world.database, march.statement_id)).is_sound

    living(fresh_database, story)


def test_another_formula_is_tried_on_past_months_and_changes_nothing(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await trade(world)
        statement = await drawn(world)
        document = FIRST_FORMULA.replace("transactions, each_fen: 5", "transactions, each_fen: 7")

        found = await try_formula(world.database, document, first=FEBRUARY, last=FEBRUARY)

        assert [(d.provider, d.fen) for d in found] == [("p1", 2 * 16)]
        async with world.database.transaction() as connection:
            assert await statement_of(connection, statement.statement_id) == statement

    living(fresh_database, story)
