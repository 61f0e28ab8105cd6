"""Publishing a warning: kept, put in each institution's feed, and sent as a callback of its own to each."""

from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.risk.warnings import store
from yongquan.risk.warnings.model import NewWarning, SubjectKind, Warned, WarningKind, WarningLevel, document_of

EVENT = "risk.warning"


async def publish_warning(connection: Connection, new: NewWarning, *, now: datetime) -> UUID:
    """Tell the institutions concerned, in the caller's transaction; the same key again changes and tells nothing."""
    if await store.save_warning(connection, new, mode="live", now=now):
        told = {institution: document_of(_warned(new, institution, now)) for institution in new.told}
        await store.tell(connection, new.warning_id, told, kind=EVENT, now=now)
    return new.warning_id


async def open_sandbox_feed(connection: Connection, institution: str, *, now: datetime) -> None:
    """Put one warning of each kind into an institution's sandbox, once."""
    for kind, subject_kind, subject, reasons in _SANDBOX:
        new = NewWarning(
            key=f"sandbox:{institution}",
            kind=kind,
            subject_kind=subject_kind,
            subject=subject,
            level=WarningLevel.MEDIUM,
            reasons=reasons,
            told={institution: {"store": "沙箱门店", "payments": 42}},
            by="system:sandbox",
        )
        await store.save_warning(connection, new, mode="test", now=now)


_SANDBOX = (
    (WarningKind.GAMBLING, SubjectKind.STORE, "sandbox-store-1", ("night", "round")),
    (WarningKind.RELOCATED, SubjectKind.TERMINAL, "sandbox-store-2/00000002", ("position",)),
    (WarningKind.GANG, SubjectKind.GANG, "sandbox-gang-1", ("density", "phones")),
)


def _warned(new: NewWarning, institution: str, now: datetime) -> Warned:
    return Warned(
        warning_id=new.warning_id,
        kind=new.kind,
        subject_kind=new.subject_kind,
        subject=new.subject,
        level=new.level,
        reasons=new.reasons,
        facts=new.told[institution],
        published_at=now,
    )
