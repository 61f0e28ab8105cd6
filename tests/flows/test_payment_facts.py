"""What risk knows of a payment: where its payer is and was, how old account and store are, is the device new."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from clearing_world import Person, World
from ordering import move_on
from test_judge_payment import Phones, in_city, order

from yongquan.risk.rules.judging import CompiledBook

BOOK = """
rules:
  - id: facts
    owner: risk.desk
    title: 事实
    title_en: Facts
    reason: 已记入观察
    reason_en: Watched
    events: [payment]
    when: |
      has(facts.new_device) && facts.new_device || has(facts.moved_m) && facts.moved_m > 1000
      || has(facts.age_days) && facts.age_days > 1
    action: watch
    severity: 1
"""
NINGBO = (121.55, 29.87)
Facts = Mapping[str, object]


class Strict:
    live = CompiledBook.of_text(BOOK)
    shadows = ()


async def facts_of(world: World, payment_id: UUID, person: Person) -> Facts:
    async with world.platform.database.transaction() as connection:
        rows = await (
            await connection.execute(
                "select event -> 'facts' from risk.verdict where event -> 'parties' ->> 'citizen' = %s"
                " order by at desc, batch_no desc limit 1",
                [str(person.citizen_id)],
            )
        ).fetchall()
    return dict(rows[0][0])


async def paid(world: World, person: Person, **more: object) -> Facts:
    payment = await world.platform.payments.take(order(world, person, 3_000, **more))
    return await facts_of(world, payment.payment_id, person)


def test_a_payment_tells_risk_device_place_and_ages_where_a_rule_asks(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, _: Phones) -> None:
        person, other = world.people[0], world.people[1]
        world.platform.risk.books = Strict()

        first = await paid(world, person, device="d1" * 16)
        await move_on(world, timedelta(minutes=5))
        again = await paid(world, person, device="d1" * 16, place=NINGBO)
        far = await paid(world, person, device="d2" * 16, place=(120.15, 30.28))
        online = await paid(world, person, is_online=True)
        await move_on(world, timedelta(days=3))
        later = await paid(world, person)
        plain = await paid(world, other)

        assert (first["new_device"], first["age_days"], first["store_age_days"]) == (True, 0, 0)
        assert "moved_m" not in first
        assert "distance_m" not in first
        assert again["new_device"] is False
        assert 0 <= again["distance_m"] < 60_000
        assert abs(again["moved_m"] - again["distance_m"]) < 2_000
        assert far["new_device"] is True
        assert 130_000 < far["moved_m"] < 160_000
        assert not {"spot", "moved_m", "new_device"} & set(online)
        assert (later["age_days"], later["store_age_days"]) == (3, 3)
        assert "moved_m" not in later
        assert "new_device" not in plain

    in_city(tmp_path, fresh_database, scene)


def test_facts_of_the_past_are_read_only_where_a_rule_asks(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, _: Phones) -> None:
        book = BOOK.replace("has(facts.moved_m) && facts.moved_m > 1000", "amount > 0")
        book = book.replace("has(facts.age_days) && facts.age_days > 1", "amount > 1")

        class Less:
            live = CompiledBook.of_text(book)
            shadows = ()

        world.platform.risk.books = Less()

        await paid(world, world.people[0])
        second = await paid(world, world.people[0], device="d1" * 16)

        assert second["new_device"] is True
        assert not {"moved_m", "age_days"} & set(second)

    in_city(tmp_path, fresh_database, scene)
