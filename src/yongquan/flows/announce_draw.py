"""A draw is announced: its rules, beacon and commitment go out before sign-up opens; the secret is sealed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_secret
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.draw_plan import Beacon, Category, DrawPlan, announcement_of, commitment_to
from yongquan.vouchers.draw_store import DrawRow, draw_of_round, save_draw
from yongquan.vouchers.draw_views import round_to_draw
from yongquan.vouchers.model import DrawState
from yongquan.vouchers.store import types_of

SECRET, KEY = "draw_secret", "draw_key"


class NotDrawable(Refusal):
    """The round is not of mode draw, is not published or has opened already."""

    code = "forbidden_move"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a bureau decides of a draw; `quotas` by type and district, None shares places out by registrants."""

    closes_at: datetime
    beacon: Beacon
    reveal_by: datetime
    wishes_max: int
    strata: Sequence[str]
    quotas: Mapping[UUID, Mapping[str, int]] | None = None


async def announce_draw(
    connection: Connection,
    round_id: UUID,
    terms: Terms,
    sealing: Sealing,
    *,
    actor: str,
    now: datetime,
    make_secret: Callable[[], bytes] = fresh_secret,
) -> DrawRow:
    """Announce the draw of a published round before its sign-up opens; a round has one, and a repeat gets it.

    The rules are written once: nobody can change them afterwards. Raises `NotDrawable`, `BadInput`.
    """
    before = await draw_of_round(connection, round_id)
    if before is not None:
        return before
    round_ = await round_to_draw(connection, round_id)
    if round_ is None or now >= round_.opens_at:
        raise NotDrawable("only a published draw round that has not opened can be announced")
    if not round_.opens_at < terms.closes_at or not terms.reveal_by < round_.closes_at:
        raise BadInput("sign-up closes after it opens, and the secret is revealed before the round ends")
    plan = await _plan_of(connection, round_id, terms)
    announcement = announcement_of(plan)
    secret, key = make_secret(), make_secret()
    row = DrawRow(
        draw_id=plan.draw_id,
        round_id=round_id,
        state=DrawState.ANNOUNCED,
        opens_at=round_.opens_at,
        closes_at=terms.closes_at,
        beacon_at=terms.beacon.at,
        reveal_by=terms.reveal_by,
        announcement=announcement,
        commitment=commitment_to(announcement, secret),
        announced_at=now,
        secret_sealed=sealing.seal(secret.hex(), what=SECRET),
        key_sealed=sealing.seal(key.hex(), what=KEY),
    )
    await save_draw(connection, row)
    facts = {"commitment": row.commitment.hex(), "announcement": announcement}
    entry = AuditEntry(actor=actor, action="draw.announced", subject=f"draw:{row.draw_id}", after={**facts})
    await append(connection, entry, now=now)
    return row


async def _plan_of(connection: Connection, round_id: UUID, terms: Terms) -> DrawPlan:
    found = await types_of(connection, [round_id])
    types = sorted(found, key=lambda t: (t.industry or "", t.threshold_fen, t.type_id))
    quotas = terms.quotas
    return DrawPlan(
        draw_id=named_id("draw", round_id),
        closes_at=terms.closes_at,
        beacon=terms.beacon,
        reveal_by=terms.reveal_by,
        wishes_max=terms.wishes_max,
        strata=tuple(terms.strata),
        categories=tuple(Category(str(t.type_id), t.name, t.name_en, t.stock) for t in types),
        quotas=None
        if quotas is None
        else tuple(tuple(quotas.get(t.type_id, {}).get(s, 0) for s in terms.strata) for t in types),
    )
