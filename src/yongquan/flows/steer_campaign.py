"""Staff pause, resume and end campaigns and rounds, each time with a reason that goes into the audit log."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.kernel.reasons import require_reason
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import CAMPAIGN_MOVES, ROUND_MOVES, CampaignState, RoundState, require_move
from yongquan.vouchers.steering import Steered, lock_campaign, lock_round, rounds_of
from yongquan.vouchers.store import move_campaign, move_rounds

STEERING_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
REASON_MAX = 200
_RUNNING = (RoundState.PUBLISHED, RoundState.PAUSED)


class UnknownCampaign(Refusal):
    """There is no such campaign or round."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member of staff wants of a campaign or round, and why (1 to `REASON_MAX` characters)."""

    staff: Staff
    to: str
    reason: str

    def __post_init__(self) -> None:
        require_reason(self.reason, most=REASON_MAX)

    def entry(self, noun: str, id_: UUID, *, before: str) -> AuditEntry:
        """The audit entry of the change."""
        return AuditEntry(
            actor=self.staff.actor,
            action=f"{noun}.{self.to}",
            subject=f"{noun}:{id_}",
            before={"state": before},
            after={"state": self.to, "reason": self.reason},
        )


async def steer_round(database: Database, round_id: UUID, wish: Wish, *, now: datetime) -> UUID:
    """Pause, resume (`published`) or end a round; returns its campaign. `now` is real time in UTC.

    Locks campaign, then round. Raises `UnknownCampaign`, `Forbidden`, `ForbiddenMove`.
    """
    to = RoundState(wish.to)
    async with database.transaction() as connection:
        found = _require(wish, await lock_round(connection, round_id))
        origin = RoundState(found.state)
        require_move(ROUND_MOVES, origin, to)
        await move_rounds(connection, [round_id], origins=[origin], to=to)
        await append(connection, wish.entry("round", round_id, before=origin), now=now)
    return found.campaign_id


async def steer_campaign(database: Database, campaign_id: UUID, wish: Wish, *, now: datetime) -> None:
    """Pause, stop, resume (`published`) or end a campaign. Its end is its rounds' end; vouchers in wallets stay valid.

    `now` is real time in UTC. Locks campaign, then rounds. Raises as `steer_round`.
    """
    to = CampaignState(wish.to)
    async with database.transaction() as connection:
        found = _require(wish, await lock_campaign(connection, campaign_id))
        origin = CampaignState(found.state)
        require_move(CAMPAIGN_MOVES, origin, to)
        await move_campaign(connection, campaign_id, origins=[origin], to=to)
        if to is CampaignState.ENDED:
            rounds = await rounds_of(connection, campaign_id)
            await move_rounds(connection, rounds, origins=_RUNNING, to=RoundState.ENDED)
        await append(connection, wish.entry("campaign", campaign_id, before=origin), now=now)


def _require(wish: Wish, found: Steered | None) -> Steered:
    """What is there, is this person's to steer, and is no draft: a draft is published by its budget, not from here."""
    if found is None:
        raise UnknownCampaign
    wish.staff.require(*STEERING_ROLES, adcode=found.adcode)
    if found.state == CampaignState.DRAFT:
        raise UnknownCampaign("a draft is published by its budget, not from here")
    return found
