"""Institutions hear of a refund: one event a refund, with what became of the vouchers."""

from pathlib import Path

from clearing_world import BUREAU, World
from test_refund_in_parts import in_city, refund, refused

from yongquan.plumbing.outbox import events_for


def test_issuer_hears_of_every_part_once_with_the_vouchers_fate(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person = world.people[0]
        paid = await world.buy(person, world.stores[0], 9_999, voucher=BUREAU.funder_id)

        await refund(world, paid, 3_333, "one")
        await refund(world, paid, 3_333, "one")
        await refund(world, paid, None, "rest")

        assert await refused(world, paid, 1, "more") == "not_refundable"
        async with world.platform.database.transaction() as connection:
            events, _ = await events_for(connection, person.issuer, after="")
            others, _ = await events_for(connection, "nobody", after="")
        told = [event for event in events if event.kind == "payment.refunded"]
        assert others == []
        assert {event.subject for event in told} == {paid.payment_id}
        assert [(e.payload["amount_fen"], e.payload["state"]) for e in told] == [
            (3_333, "succeeded"),
            (6_666, "refunded"),
        ]
        effects = [effect for event in told for effect in event.payload["vouchers"]]
        assert [effect["became"] for effect in effects] == ["used", "forfeited"]
        assert sum(effect["refunded_fen"] for effect in effects) == paid.discount_fen

    in_city(tmp_path, fresh_database, scene)
