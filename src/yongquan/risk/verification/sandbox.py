"""The sandbox: identifiers that everybody may try, and what is known of them (docs/risk-api.md). Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from yongquan.risk.verification.marks import plain
from yongquan.risk.verification.model import (
    Evidence,
    Facts,
    Identifiers,
    Kind,
    OwnFinding,
    ReportKind,
    Told,
)

_OTHER, _THIRD = "sandbox:one", "sandbox:two"  # no institution has a colon in its code
REPORTED: Final[Mapping[tuple[Kind, str], tuple[tuple[ReportKind, Evidence, str], ...]]] = {
    (Kind.ACCOUNT, "6200000000000001"): ((ReportKind.MULE, Evidence.SUSPECTED, _OTHER),),
    (Kind.ACCOUNT, "6200000000000002"): ((ReportKind.MULE, Evidence.DOCUMENTED, _OTHER),),
    (Kind.ACCOUNT, "6200000000000003"): (
        (ReportKind.FRAUD, Evidence.DOCUMENTED, _OTHER),
        (ReportKind.GAMBLING, Evidence.DOCUMENTED, _THIRD),
    ),
    (Kind.ACCOUNT, "6200000000000004"): ((ReportKind.FRAUD, Evidence.OFFICIAL, _OTHER),),
    (Kind.ID_NO, "330200190001010027"): ((ReportKind.STOLEN_IDENTITY, Evidence.DOCUMENTED, _OTHER),),
    (Kind.PHONE, "13800000002"): ((ReportKind.FRAUD, Evidence.OFFICIAL, _OTHER),),
    (Kind.LICENCE_NO, "91330200SANDBOX002"): ((ReportKind.FALSE_MERCHANT, Evidence.DOCUMENTED, _OTHER),),
    (Kind.DEVICE, "sandbox-device-2"): ((ReportKind.CASH_OUT, Evidence.DOCUMENTED, _OTHER),),
}
FOUND: Final[Mapping[tuple[Kind, str], OwnFinding]] = {
    (Kind.LICENCE_NO, "91330200SANDBOX003"): OwnFinding.BARRED_MERCHANT,
    (Kind.LICENCE_NO, "91330200SANDBOX004"): OwnFinding.NEAR_BARRED,
    (Kind.ID_NO, "330200190001010035"): OwnFinding.BLOCKED,
}
ASKED: Final[Mapping[tuple[Kind, str], int]] = {
    (Kind.ACCOUNT, "6200000000000005"): 3,
    (Kind.ACCOUNT, "6200000000000006"): 9,
}
UNUSUAL_FROM_FEN: Final = 9_000_000  # a sandbox transfer from 90,000 yuan on is unusual


def sandbox_facts(identifiers: Identifiers, own: Iterable[Told], *, amount_fen: int | None) -> Facts:
    """What the sandbox knows of these; `own` are the asker's own sandbox reports."""
    named = {about: (about.kind, plain(about.kind, value)) for about, value in identifiers.items()}
    told = [Told(about, *report) for about, key in named.items() for report in REPORTED.get(key, ())]
    return Facts(
        reports=(*told, *own),
        findings=frozenset((about, FOUND[key]) for about, key in named.items() if key in FOUND),
        askers={about: ASKED[key] for about, key in named.items() if key in ASKED},
        score=None if amount_fen is None else 0.95 if amount_fen >= UNUSUAL_FROM_FEN else 0.1,
    )
