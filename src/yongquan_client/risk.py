"""The standard risk API, signed: is a party bad, what one reports, what one is warned of (docs/risk-api.md)."""

from yongquan_client.calls import Call, Id, get, post
from yongquan_client.shapes import Report, Reports, Verification, Warned, WarningPage

_PATH = "/v1/risk"


def verify_opening(
    *, id_no: str, phone: str, account: str | None = None, device: str | None = None, key: str | None = None
) -> Call[Verification]:
    """Somebody opens an account."""
    said = {"scene": "account_opening", "id_no": id_no, "phone": phone, "account": account, "device": device}
    return post(f"{_PATH}/verifications", Verification, said, key=key)


def verify_merchant(
    *,
    licence_no: str,
    representative_id_no: str | None = None,
    phone: str | None = None,
    account: str | None = None,
    key: str | None = None,
) -> Call[Verification]:
    """A shop applies to be a merchant; `account` is where it will be settled (`bank:number`)."""
    who = {"licence_no": licence_no, "representative_id_no": representative_id_no, "phone": phone, "account": account}
    return post(f"{_PATH}/verifications", Verification, {"scene": "merchant_application", **who}, key=key)


def verify_transfer(
    *,
    payer_account: str,
    payee_account: str,
    amount_fen: int,
    payer_phone: str | None = None,
    device: str | None = None,
    key: str | None = None,
) -> Call[Verification]:
    """A transfer is under way."""
    who = {"payer_account": payer_account, "payee_account": payee_account, "payer_phone": payer_phone}
    said = {"scene": "transfer", "amount_fen": amount_fen, "device": device, **who}
    return post(f"{_PATH}/verifications", Verification, said, key=key)


def get_verification(verification_id: Id) -> Call[Verification]:
    """An answer again."""
    return get(f"{_PATH}/verifications/{verification_id}", Verification)


def report_party(
    subject_kind: str,
    value: str,
    *,
    kind: str,
    evidence: str,
    reference: str,
    note: str | None = None,
    days: int | None = None,
    key: str | None = None,
) -> Call[Report]:
    """Report a bad party by an account, phone, id_no, licence_no or device; `note` stays the reporter's own."""
    said = {"kind": kind, "evidence": evidence, "reference": reference, "note": note, "days": days}
    return post(f"{_PATH}/reports", Report, {"subject": {"kind": subject_kind, "value": value}, **said}, key=key)


def list_own_reports(after: Id | None = None) -> Call[Reports]:
    """One's own reports, the oldest first, a hundred a page."""
    return get(f"{_PATH}/reports", Reports, after=after)


def withdraw_report(report_id: Id, reason: str) -> Call[Report]:
    """A report stands no longer; again changes nothing."""
    return post(f"{_PATH}/reports/{report_id}/withdrawal", Report, {"reason": reason})


def list_warnings(after: str = "") -> Call[WarningPage]:
    """The next warnings of one's own merchants, terminals and accounts."""
    return get(f"{_PATH}/warnings", WarningPage, after=after or None)


def answer_warning(warning_id: Id, verdict: str, note: str | None = None) -> Call[Warned]:
    """What was found: seen, confirmed or false; a later word replaces it."""
    body = {"verdict": verdict} | ({"note": note} if note else {})
    return Call(method="PUT", path=f"{_PATH}/warnings/{warning_id}/feedback", answer=Warned, body=body)
