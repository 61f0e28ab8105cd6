"""Rule books of tests, in few words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from yongquan.risk.events import Entity, EventKind, RiskEvent

NOON = datetime(2026, 10, 2, 4, 0, tzinfo=UTC)
PARTIES = {Entity.CITIZEN: "c1", Entity.DEVICE: "d1", Entity.STORE: "s1"}


def rule(rule_id: str, when: str, *, action: str = "watch", events: str = "payment", more: str = "") -> str:
    """One rule as it stands in a book; `when` on a line of its own."""
    return f"""
  - id: {rule_id}
    owner: desk
    title: 规则
    title_en: Rule
    reason: 理由
    reason_en: Reason
    events: [{events}]
    when: |
      {when}
    action: {action}
    severity: 2
{more}"""


def book(*rules: str, head: str = "") -> str:
    return f"{head}\nrules:{''.join(rules)}"


def event(
    *,
    kind: EventKind = EventKind.PAYMENT,
    parties: Mapping[Entity, str] = PARTIES,
    amount_fen: int = 0,
    voucher_fen: int = 0,
    at: datetime = NOON,
    **facts: bool | int | str,
) -> RiskEvent:
    return RiskEvent(
        event_id=UUID(int=1),
        kind=kind,
        at=at,
        parties=parties,
        amount_fen=amount_fen,
        voucher_fen=voucher_fen,
        facts=facts,
    )
