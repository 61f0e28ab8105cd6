"""A version is tried on the payments of the last days."""

from datetime import timedelta

from stores.merchants.trading import NOW, Trade, living

from yongquan.flows.try_rule_book import try_rule_book
from yongquan.risk.rules.judging import CompiledBook

BOOK = """
rules:
  - id: again
    owner: desk
    title: 再来
    title_en: Again
    reason: 已记入观察
    reason_en: Watched
    events: [payment]
    when: count('payment', 'citizen', '1h') >= 1
    action: watch
    severity: 2
  - id: far
    owner: desk
    title: 远
    title_en: Far
    reason: 已记入观察
    reason_en: Watched
    events: [payment]
    when: facts.distance_m > 5
    action: refuse
    severity: 2
"""


def test_payments_of_the_days_asked_for_are_judged(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        for minutes, shop, who in ((0, 0, 1), (5, 1, 1), (10, 1, 2)):
            await world.pay(shop, who, at=NOW - timedelta(hours=1, minutes=-minutes))
        await world.pay(2, 1, at=NOW - timedelta(days=3))
        book = CompiledBook.of_text(BOOK)

        async with world.database.transaction() as connection:
            today = await try_rule_book(connection, book, days=1, now=NOW)
            week = await try_rule_book(connection, book, days=7, now=NOW)

        again, far = today.found["by_rule"]
        assert (today.found["events"], today.is_cut, week.found["events"]) == (3, False, 4)
        assert (again["events"], again["payees"]) == (1, 1)
        assert [shop["payee_id"] for shop in today.found["by_payee"]] == [str(world.stores[1])]
        assert (far["events"], far["failed"], far["problem"]) == (0, 3, "not known: facts.distance_m")

    living(fresh_database, story)
