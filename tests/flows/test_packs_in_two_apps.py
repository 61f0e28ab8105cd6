"""Packs claimed through a bank's app and our own at once: exact, whole, the bank's own quota first."""

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import UUID

import pytest
from flows.test_packs import claim, counted, packed_round
from stores.city import SEALING, SmallCity, small_city
from stores.vouchers.test_claims import proved
from stores.vouchers.test_quotas import BANK, reserve

from yongquan.flows.claim_pack import PackDesk, PackOutcome
from yongquan.flows.serve_app import AppDesk
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.outbox import events_for
from yongquan.vouchers.model import Round
from yongquan.vouchers.quotas import QuotaRefused, quotas_of


@dataclass(frozen=True, slots=True)
class Apps:
    """Both apps of a city."""

    city: SmallCity
    packs: PackDesk

    async def by_bank(self, citizen: UUID, round_: Round, key: str = "") -> PackOutcome:
        offer = self.city.catalogue.get(round_.round_id.hex)
        assert offer is not None
        assert offer.pack is not None
        desk = AppDesk(self.city.database, SEALING, self.city.desk, self.packs, self.city.cells)
        body = hashlib.blake2b(b"", digest_size=16).hexdigest()
        number = key or fresh_id().hex
        return await desk.claim_pack(BANK, citizen, offer, offer.pack, key=number, body_hash=body, place=None)


def test_both_apps_racing_for_the_last_packs_never_oversell(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            apps = Apps(city, PackDesk(city.database, Clock(), city.desk, cells=1))
            round_ = await packed_round(city, packs=7)
            await reserve(city, round_, 3_000)
            citizens = [await city.citizen() for _ in range(30)]

            outcomes = await asyncio.gather(
                *(
                    apps.by_bank(citizen, round_) if n % 2 else claim(city, apps.packs, citizen, round_)
                    for n, citizen in enumerate(citizens)
                )
            )
            await apps.packs.close()

            ours, banks = ([o.first.code for o in outcomes[n::2]].count("claimed") for n in (0, 1))
            assert ours + banks == 7
            assert banks >= 2  # 30 % of 7, rounded down to a pack, were the bank's own
            assert await counted(city) == [5] * 7
            assert await proved(city)

    asyncio.run(scene())


def test_a_banks_pack_names_its_own_types_comes_from_its_quota_and_is_told(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            apps = Apps(city, PackDesk(city.database, Clock(), city.desk, cells=1))
            round_ = await packed_round(city, packs=10)
            with pytest.raises(QuotaRefused):
                await reserve(city, round_, 900)
            await reserve(city, round_, 2_500)
            citizen = await city.citizen()

            first = await apps.by_bank(citizen, round_, key="one")
            again = await apps.by_bank(citizen, round_, key="one")
            capped = await apps.by_bank(citizen, round_, key="two")
            await apps.packs.close()

            offer = city.catalogue.get(round_.round_id.hex)
            assert offer is not None
            assert offer.pack is not None
            async with city.database.transaction() as connection:
                quotas = {q.part_of: q for q in await quotas_of(connection, [round_.round_id])}
                events, _ = await events_for(connection, BANK.institution, after="")
            assert (first.first.code, again.first.code, capped.first.code) == ("claimed", "again", "cap_reached")
            assert first.vouchers == again.vouchers
            assert {v.type_id for v in first.vouchers} == {item.type_id for item in offer.pack.items}
            for item in offer.pack.items:
                own = quotas[item.type_id]
                assert (own.stock, own.claimed) == (2 * item.copies, item.copies)
            assert {e.subject for e in events} == {v.voucher_id for v in first.vouchers}

    asyncio.run(scene())
