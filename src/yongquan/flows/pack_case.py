"""The joint-enforcement pack of a case: a paper and data in a zip with hashes, for one bureau, with what it may see.

    police   all evidence and payments; payers by name and phone only within an approved request about the case
    market   shops, alerts, tips, holds, files, payments; payers masked
    finance  shops, payments with each funder's part, holds and recoveries; no people, no tips
    audit    shops, payments with funders, alerts, holds, the whole timeline; payers masked

Who sent a tip is in no pack. Every pack is hashed and stands in the case's list, its timeline and the audit log.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.flows.case_facts import (
    PAYMENT_HEAD,
    PEOPLE_HEAD,
    PaidHere,
    Shop,
    payments_by_id,
    people,
    pseudonym,
    shops_by_id,
)
from yongquan.flows.work_fraud_case import locked, sealed_as, told
from yongquan.flows.zip_files import as_csv, as_json, zip_files
from yongquan.kernel.money import yuan
from yongquan.payments.holds import HeldShop, hold_of
from yongquan.plumbing.clock import SHANGHAI, business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.papers import make_paper
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.cases import store
from yongquan.risk.cases.model import Bureau, Case, CaseEvent, Evidence, EvidenceKind, Pack, Party, PartyKind
from yongquan.risk.requests.store import DataRequest, approved_of_case
from yongquan.risk.tips.model import Tip
from yongquan.risk.tips.store import tips_of_case
from yongquan.risk.watching.store import Alert, alerts_of
from yongquan.risk.watching.wording import said_of
from yongquan.staff import Staff

SEES: Final[Mapping[Bureau, frozenset[str]]] = {
    Bureau.POLICE: frozenset({"payments", "funders", "people", "alerts", "tips", "holds", "files", "timeline"}),
    Bureau.MARKET: frozenset({"payments", "people", "alerts", "tips", "holds", "files"}),
    Bureau.FINANCE: frozenset({"payments", "funders", "holds"}),
    Bureau.AUDIT: frozenset({"payments", "funders", "people", "alerts", "holds", "timeline"}),
}
NAMES: Final = {Bureau.POLICE: "公安", Bureau.MARKET: "市场监管", Bureau.FINANCE: "财政", Bureau.AUDIT: "审计"}
PAPER_ROWS: Final = 40


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack as it leaves."""

    name: str
    content: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class _Whole:
    """All that belongs to a case."""

    case: Case
    parties: Sequence[Party]
    shops: Sequence[Shop]
    alerts: Sequence[Alert]
    payments: Sequence[PaidHere]
    tips: Sequence[Tip]
    holds: Sequence[HeldShop]
    evidence: Sequence[Evidence]
    files: Mapping[str, bytes]
    timeline: Sequence[CaseEvent]
    people: Sequence[Sequence[object]]
    request: DataRequest | None


@dataclass(frozen=True, slots=True)
class PackDesk:
    """Makes packs; `template` is the paper's typst template, `events` what each kind of event is called in it."""

    database: Database
    sealing: Sealing
    cells: int
    template: str
    events: Mapping[str, str]

    async def pack(self, staff: Staff, case_id: UUID, bureau: Bureau, *, now: datetime) -> Packed:
        """Make a pack and note that it left. Raises `UnknownCase`, `Forbidden`, `FontsMissing`."""
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id)
            whole = await self._whole(connection, case, bureau)
        paper = await asyncio.to_thread(
            make_paper, self.template, _paper(whole, bureau, now, self.events), title=case.case_no
        )
        facts = {
            "case_no": case.case_no,
            "bureau": bureau.value,
            "request": whole.request.number if whole.request else None,
            "announcement": case.announcement,
            "made_at": now.astimezone(SHANGHAI).isoformat(),
            "made_by": staff.actor,
        }
        content = zip_files({"case.pdf": paper, **_tables(whole, bureau)}, facts)
        digest = hashlib.sha256(content).digest()
        request_id = whole.request.request_id if whole.request else None
        pack = Pack(fresh_id(), bureau, request_id, digest, len(content), staff.actor, now)
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id)
            await store.note_pack(connection, case_id, pack)
            await told(connection, staff.actor, case, "pack", f"{bureau.value} {digest.hex()}", now=now)
        return Packed(f"case-{case.case_no}-{bureau.value}.zip", content, digest)

    async def _whole(self, connection: Connection, case: Case, bureau: Bureau) -> _Whole:
        parties = await store.parties_of(connection, case.case_id)
        evidence = await store.evidence_of(connection, case.case_id)
        alerts = await alerts_of(connection, [UUID(ref) for ref in _refs(evidence, EvidenceKind.ALERT)])
        wanted = {UUID(ref) for ref in _refs(evidence, EvidenceKind.PAYMENT)}
        wanted |= {payment for alert in alerts for payment in alert.payments}
        payments = await payments_by_id(connection, sorted(wanted), cells=self.cells)
        holds = [await hold_of(connection, UUID(ref)) for ref in _refs(evidence, EvidenceKind.HOLD)]
        named = {UUID(party.value) for party in parties if party.kind is PartyKind.STORE}
        request = await self._request(connection, case, bureau)
        whom = {one.citizen_id for one in payments}
        whom |= {UUID(party.value) for party in parties if party.kind is PartyKind.CITIZEN}
        return _Whole(
            case,
            parties,
            await shops_by_id(connection, named | {one.store_id for one in payments}),
            alerts,
            payments,
            await tips_of_case(connection, case.case_id, self.sealing),
            [hold for hold in holds if hold is not None],
            evidence,
            await self._files(connection, case, evidence) if "files" in SEES[bureau] else {},
            await store.timeline_of(connection, case.case_id),
            await people(
                connection, case.case_id, whom, _opened(payments, request), sealing=self.sealing, cells=self.cells
            ),
            request,
        )

    async def _request(self, connection: Connection, case: Case, bureau: Bureau) -> DataRequest | None:
        if bureau is not Bureau.POLICE:
            return None
        return next(iter(await approved_of_case(connection, case.case_id, self.sealing)), None)

    async def _files(self, connection: Connection, case: Case, evidence: Sequence[Evidence]) -> dict[str, bytes]:
        found = {}
        for one in evidence:
            if one.kind is EvidenceKind.FILE:
                kept = await store.sealed_file(connection, case.case_id, one.evidence_id)
                if kept is not None:
                    found[f"files/{one.ref}"] = self.sealing.open_bytes(kept[1], what=sealed_as(case.case_id))
        return found


def _refs(evidence: Sequence[Evidence], kind: EvidenceKind) -> list[str]:
    return [one.ref for one in evidence if one.kind is kind]


def _opened(payments: Sequence[PaidHere], request: DataRequest | None) -> set[UUID]:
    """The payers whom an approved request lets the police see: of its shops on its days, or named in it."""
    if request is None:
        return set()
    stores, citizens = set(request.stores), set(request.citizens)
    return citizens | {
        one.citizen_id
        for one in payments
        if one.store_id in stores and request.from_day <= business_day(one.at) <= request.until_day
    }


def _tables(whole: _Whole, bureau: Bureau) -> dict[str, bytes]:
    """The data of a pack, by file name: only what the bureau sees."""
    case_id, sees = whole.case.case_id, SEES[bureau]
    files = {
        "case.json": as_json(_document(whole, bureau)),
        "shops.csv": as_csv(
            ("store_id", "name", "licence_no", "address", "adcode"), [list(asdict(s).values()) for s in whole.shops]
        ),
    }
    if "payments" in sees:
        named = "people" in sees
        rows = [one.row(pseudonym(case_id, one.citizen_id) if named else "") for one in whole.payments]
        files["payments.csv"] = as_csv(PAYMENT_HEAD, rows)
    if "funders" in sees:
        parts = [[str(p.payment_id), funder, fen] for p in whole.payments for funder, fen in sorted(p.funders.items())]
        files["funders.csv"] = as_csv(("payment_id", "funder", "fen"), parts)
    if "people" in sees:
        files["people.csv"] = as_csv(PEOPLE_HEAD, whole.people)
    return files | dict(whole.files)


def _document(whole: _Whole, bureau: Bureau) -> dict[str, object]:
    case, sees = whole.case, SEES[bureau]
    found: dict[str, object] = {
        "case_no": case.case_no,
        "title": case.title,
        "state": case.state.value,
        "outcome": case.outcome.value if case.outcome else None,
        "basis": case.basis,
        "announcement": case.announcement,
        "opened_at": case.opened_at.isoformat(),
        "stores": [p.value for p in whole.parties if p.kind is PartyKind.STORE],
        "licences": [p.value for p in whole.parties if p.kind is PartyKind.LICENCE],
    }
    if "alerts" in sees:
        found["alerts"] = [
            {
                "store_id": str(alert.store_id),
                "day": alert.day.isoformat(),
                "hour": alert.hour,
                "score": alert.score,
                "reasons": [dict(reason) for reason in alert.reasons],
            }
            for alert in whole.alerts
        ]
    if "tips" in sees:
        found["tips"] = [{"about": t.subject, "told": t.told, "sent_at": t.sent_at.isoformat()} for t in whole.tips]
    if "holds" in sees:
        found["holds"] = [
            {
                "hold_id": str(hold.hold_id),
                "store_id": str(hold.store_id),
                "scope": hold.scope,
                "state": hold.state.value,
                "basis": hold.basis,
                "held_fen": hold.held_fen,
                "recovered_fen": hold.recovered_fen,
            }
            for hold in whole.holds
        ]
    if "timeline" in sees:
        found["timeline"] = [
            {"at": event.at.isoformat(), "actor": event.actor, "what": event.what, "text": event.text}
            for event in whole.timeline
        ]
    return found


def _paper(whole: _Whole, bureau: Bureau, now: datetime, events: Mapping[str, str]) -> dict[str, object]:
    """The paper's facts: figures, then tables of what the bureau sees; long tables are in the data."""
    case, sees = whole.case, SEES[bureau]
    paid = whole.payments
    tiles = [("涉案付款", f"{len(paid)} 笔"), ("补贴", f"¥{yuan(sum(p.discount_fen for p in paid))}")]
    tiles += [("暂缓金额", f"¥{yuan(sum(h.held_fen for h in whole.holds))}")]
    tiles += [("已追回", f"¥{yuan(sum(h.recovered_fen for h in whole.holds))}")]
    cited = f"《联合公告》第 {case.announcement} 版" if case.announcement else "无"
    blocks = [
        _block(
            "案件", ("项目", "内容"), [["标题", case.title], ["引用公告", cited], ["依据", case.basis or "尚未结案"]]
        ),
        _block(
            "门店",
            ("名称", "统一社会信用代码", "地址"),
            [[s.name, s.licence_no, s.address] for s in whole.shops],
            (2, 2, 3),
        ),
    ]
    if "alerts" in sees:
        rows = [
            [f"{a.day} {a.hour:02}:00 得分 {a.score}", "；".join(said_of(r["rule"], r["facts"])[0] for r in a.reasons)]
            for a in whole.alerts
        ]
        blocks.append(_block("监控告警", ("时间", "原因"), rows))
    if "tips" in sees:
        blocks.append(_block("群众举报", ("对象", "内容"), [[t.subject, t.told] for t in whole.tips]))
    if "payments" in sees:
        rows = [
            [_moment(p.at), f"¥{yuan(p.amount_fen)}", f"¥{yuan(p.discount_fen)}", f"¥{yuan(p.refunded_fen)}"]
            for p in paid
        ]
        blocks.append(
            _block("涉案付款（全部明细见 payments.csv）", ("时间", "金额", "补贴", "已退"), rows, (2, 1, 1, 1))
        )
    if "files" in sees:
        listed = [[e.ref, e.sha256.hex()] for e in whole.evidence if e.sha256]
        blocks.append(_block("证据文件", ("文件", "SHA-256"), listed))
    if "timeline" in sees:
        rows = [[_moment(e.at), events.get(e.what, e.what), e.text] for e in whole.timeline]
        blocks.append(_block("经过", ("时间", "事项", "说明"), rows, (3, 2, 5)))
    return {
        "title": f"案件 {case.case_no}",
        "subtitle": f"{NAMES[bureau]}专用 · {_moment(now)}",
        "lang": "zh",
        "foot": f"涌泉 · 案件 {case.case_no} · {NAMES[bureau]}专用，不得转交",
        "tiles": [{"name": name, "figure": figure, "note": ""} for name, figure in tiles],
        "blocks": blocks,
    }


def _block(
    name: str, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int] = (2, 5)
) -> dict[str, object]:
    left = len(rows) - PAPER_ROWS
    notes = [f"另有 {left} 行，见数据文件"] if left > 0 else [] if rows else ["无"]
    shown = [list(row) for row in rows[:PAPER_ROWS]]
    return {"name": name, "head": list(head), "rows": shown, "notes": notes, "widths": list(widths)}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
