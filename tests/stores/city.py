"""A small city for store and flow tests: citizens, a funded campaign, rounds, a desk that takes claims."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from yongquan.app import load_regions
from yongquan.citizens.model import NewCitizen
from yongquan.citizens.store import register_many
from yongquan.flows.claim_voucher import Claim, ClaimDesk, ClaimOutcome
from yongquan.flows.fund_campaign import fund_campaign, open_books, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.institutions.store import Funder
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.catalogue import Catalogue
from yongquan.vouchers.model import Campaign, CampaignRules, Round, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds

REGIONS = load_regions()
SEALING = Sealing(Keys(b"t" * 32, b"s" * 32, b"i" * 32))
FUNDER = Funder("bureau", "商务局", "Commerce bureau", "bureau", None, "zhenlan", "supervised-1")


@dataclass
class SmallCity:
    """What a test works with."""

    database: Database
    desk: ClaimDesk
    catalogue: Catalogue
    cells: int
    now: datetime
    made: int = 0

    async def citizen(self, **facts: object) -> UUID:
        """A new citizen."""
        self.made += 1
        person = NewCitizen(fresh_id(self.made), f"139{self.made:08d}", "某人")
        person = replace(person, **facts)
        async with self.database.transaction() as connection:
            await register_many(connection, [person], SEALING, cells=self.cells, now=self.now)
        return person.citizen_id

    async def round(
        self,
        *,
        stock: int = 10,
        rules: CampaignRules | None = None,
        types: int = 1,
        each: Sequence[dict[str, object]] = ({},),
        **facts: object,
    ) -> Round:
        """A published round of a new, fully prepaid campaign; its types are 5 yuan off 25, with `each` in turn."""
        campaign = Campaign(
            fresh_id(),
            fresh_id().hex,
            "活动",
            "Campaign",
            FUNDER.funder_id,
            None,
            self.now - timedelta(hours=1),
            self.now + timedelta(days=9),
            500 * stock * types,
            rules or CampaignRules(),
        )
        round_ = Round(
            fresh_id(),
            campaign.campaign_id,
            "轮",
            "Round",
            self.now - timedelta(minutes=1),
            self.now + timedelta(days=1),
        )
        round_ = replace(round_, **facts)
        kinds = [
            replace(
                VoucherType(id_, round_.round_id, "券", "Voucher", 500, 2500, stock, valid_days=3),
                **each[n % len(each)],
            )
            for n, id_ in enumerate(sorted(fresh_id() for _ in range(types)))
        ]
        async with self.database.transaction() as connection:
            await open_books(connection, [], [FUNDER], cells=self.cells, now=self.now)
            await record_prepayment(
                connection, receipt=campaign.code, funder_id="bureau", amount_fen=campaign.budget_fen, now=self.now
            )
            await save_campaign(connection, campaign, now=self.now)
            await fund_campaign(
                connection,
                campaign_id=campaign.campaign_id,
                funder_id="bureau",
                cash_fen=campaign.budget_fen,
                now=self.now,
            )
            await save_rounds(connection, [round_], kinds)
            await publish_rounds(connection, campaign.campaign_id, [round_.round_id], cells=self.cells, now=self.now)
        await self.refresh()
        return round_

    async def refresh(self) -> None:
        """Read changed rounds into memory."""
        async with self.database.transaction() as connection:
            await self.catalogue.refresh(connection)

    async def claim(
        self,
        citizen: UUID,
        round_: Round,
        *,
        key: str = "",
        adcode: str | None = None,
        place: tuple[float, float] | None = None,
        body: str = "",
        nth: int = 0,
        device: str = "",
        platform: str | None = None,
    ) -> ClaimOutcome:
        """Claim the round's `nth` type, at a place or somewhere in a division."""
        offer = self.catalogue.get(round_.round_id.hex)
        assert offer is not None
        type_ = list(offer.types.values())[nth]
        if adcode is not None:
            inside = REGIONS.division(adcode).outline.representative_point()
            place = (inside.x, inside.y)
        return await self.desk.claim(
            Claim(
                citizen.hex,
                offer,
                type_,
                _hash(key or fresh_id().hex),
                _hash(body),
                offer.refusal_from(place, platform=platform),
                _hash(device) if device else None,
                platform,
            )
        )


@asynccontextmanager
async def small_city(conninfo: str, *, cells: int = 1) -> AsyncIterator[SmallCity]:
    """A city on a migrated database; the clock is the machine's."""
    async with opened(conninfo) as database:
        clock = Clock()
        desk = ClaimDesk(database, clock, cells=cells)
        try:
            yield SmallCity(database, desk, Catalogue(REGIONS), cells, datetime.now(UTC))
        finally:
            await desk.close()


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
