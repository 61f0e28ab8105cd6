"""Staff open and close a line for card messages, and say what an issuer gives on its own; each in the audit log."""

from datetime import datetime

from yongquan.flows.steer_campaign import REASON_MAX
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.reasons import require_reason
from yongquan.payments.routes_store import promote_route as promote_stored_route
from yongquan.payments.routes_store import switch_route as switch_stored_route
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.staff import Role, Staff

PROMOTION_MAX = 60
ROUTING_ROLES = (Role.OPERATOR, Role.ADMIN)


class UnknownRoute(Refusal):
    """There is no such route."""

    code = "not_found"


async def switch_route(
    database: Database, staff: Staff, route: tuple[str, str, int], *, is_open: bool, reason: str, now: datetime
) -> None:
    """Open or close the route (issuer, card prefix, line). Raises `Forbidden`, `UnknownRoute`, `BadInput`."""
    require_reason(reason, most=REASON_MAX)
    staff.require(*ROUTING_ROLES)
    issuer, bin_, line = route
    async with database.transaction() as connection:
        if not await switch_stored_route(connection, issuer, bin_, line, is_open=is_open):
            raise UnknownRoute("no such route")
        entry = AuditEntry(
            actor=staff.actor,
            action="route.opened" if is_open else "route.closed",
            subject=f"route:{issuer}-{bin_ or 'all'}-{line}",
            before={"open": not is_open},
            after={"open": is_open, "reason": reason},
        )
        await append(connection, entry, now=now)


async def promote_route(
    database: Database, staff: Staff, route: tuple[str, str, int], *, promotion: str, promotion_en: str, now: datetime
) -> None:
    """Set the words shown beside the cards of a route, "" for none. Raises as `switch_route`."""
    if max(len(promotion), len(promotion_en)) > PROMOTION_MAX or bool(promotion) is not bool(promotion_en):
        raise BadInput(f"a promotion is told in both languages, in at most {PROMOTION_MAX} characters each")
    staff.require(*ROUTING_ROLES)
    issuer, bin_, line = route
    async with database.transaction() as connection:
        found = await promote_stored_route(
            connection, issuer, bin_, line, promotion=promotion, promotion_en=promotion_en
        )
        if not found:
            raise UnknownRoute("no such route")
        entry = AuditEntry(
            actor=staff.actor,
            action="route.promoted",
            subject=f"route:{issuer}-{bin_ or 'all'}-{line}",
            after={"promotion": promotion, "promotion_en": promotion_en},
        )
        await append(connection, entry, now=now)
