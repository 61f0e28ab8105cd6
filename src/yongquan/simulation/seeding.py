"""A minimal city for load tests: citizens with tokens, open grab rounds, stores."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from yongquan.citizens.model import NewCitizen
from yongquan.citizens.store import register_many
from yongquan.kernel.ids import bucket_from
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.tokens import Holder, Tokens
from yongquan.vouchers.model import Campaign, Caps, Round, RoundState, VoucherType
from yongquan.vouchers.store import divide_stock, move_rounds, save_campaign, save_rounds

VOUCHER_FEN = 500
THRESHOLD_FEN = 2_500
LASTS = timedelta(days=7)


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
    cells: int
    now: datetime

    async def seed(self, connection: Connection, wanted: Seeding) -> dict[str, object]:
        """Make it all in the caller's transaction; the answer is the document of `sandbox seed --json`."""
        return {
            "citizens": await self._citizens(connection, wanted.citizens),
            "rounds": await self._rounds(connection, wanted),
        }

    async def _citizens(self, connection: Connection, count: int) -> list[dict[str, str]]:
        # Numbers in a row from a random start: no two alike, and two seedings hardly ever meet.
        first = random.SystemRandom().randrange(13_000_000_000, 20_000_000_000 - count)
        people = [self._citizen(str(first + n)) for n in range(count)]
        await register_many(connection, people, self.sealing, cells=self.cells, now=self.now)
        expires_at = self.now + LASTS
        return [
            {
                "citizen_id": str(person.citizen_id),
                "token": self.tokens.issue(Holder.CITIZEN, person.citizen_id, expires_at=expires_at),
            }
            for person in people
        ]

    def _citizen(self, phone: str) -> NewCitizen:
        bucket = bucket_from(self.sealing.index(phone, what="phone"))
        return NewCitizen(fresh_id(bucket), phone, "测试市民")

    async def _rounds(self, connection: Connection, wanted: Seeding) -> list[dict[str, object]]:
        campaign = Campaign(
            campaign_id=fresh_id(),
            code=f"seed-{fresh_id().hex}",
            name="压测活动",
            name_en="Load test",
            funder_id="city",
            adcode=None,
            starts_at=self.now,
            ends_at=self.now + LASTS,
            budget_fen=VOUCHER_FEN * wanted.stock * wanted.rounds,
        )
        rounds = [
            Round(
                round_id=fresh_id(),
                campaign_id=campaign.campaign_id,
                name=f"第 {n + 1} 轮",
                name_en=f"Round {n + 1}",
                opens_at=self.now,
                closes_at=self.now + LASTS,
                caps=Caps(per_round=1),
            )
            for n in range(wanted.rounds)
        ]
        types = [
            VoucherType(
                type_id=fresh_id(),
                round_id=round_.round_id,
                name="满25减5元",
                name_en="5 off 25",
                amount_fen=VOUCHER_FEN,
                threshold_fen=THRESHOLD_FEN,
                stock=wanted.stock,
                valid_days=7,
            )
            for round_ in rounds
        ]
        ids = [round_.round_id for round_ in rounds]
        await save_campaign(connection, campaign, now=self.now)
        await save_rounds(connection, rounds, types)
        await divide_stock(connection, ids, cells=self.cells)
        await move_rounds(connection, ids, origins=[RoundState.DRAFT], to=RoundState.PUBLISHED)
        return [{"round_id": str(id_), "stock": wanted.stock} for id_ in ids]
