"""What a shop sent is laid beside the registers: business, identities, accounts; then beside everybody who is listed.

Each is asked outside any transaction. Without an answer the application waits and is asked about again, ever more
rarely; nothing is guessed. What only the applicant can mend goes back at once, a listed identity is stopped, all else
waits for a reviewer.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from yongquan.citizens.identity import count_try
from yongquan.citizens.store import phone_of
from yongquan.flows.bind_demo_card import demo_banks
from yongquan.flows.onboard_merchant import identity_of, note, record_from
from yongquan.institutions.connectors.account_messages import Identity
from yongquan.institutions.connectors.service_messages import NameAsked
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.institutions.links import Links
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import cell_of
from yongquan.merchants.applications import store
from yongquan.merchants.applications.model import (
    SERVICE_LEVEL,
    SERVICE_LEVEL_RAISED,
    Application,
    Risk,
    State,
)
from yongquan.merchants.identity.checking import SENT_BACK, Declared, Finding, check_licence
from yongquan.merchants.identity.linking import Newcomer, as_rows, links_of
from yongquan.merchants.identity.marks import Traits, marks_of
from yongquan.merchants.identity.model import Event, LicenceKind, LicenceStatus, Record
from yongquan.merchants.identity.rules import Judgement, Standing
from yongquan.merchants.identity.store import forget_marks, lock_identities, save_marks
from yongquan.plumbing.clock import Clock, business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing

AT_ONCE = 20
PUT_OFF = timedelta(seconds=60)
WAITS = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 1800))
ASKING = (State.SUBMITTED, State.CHECKING)
REGISTER_RULE = "system:register"
LIST_RULE = "system:yellow_list"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered from outside: matches, differs, unknown; an account may also be new."""

    record: Record | None
    head: Record | None
    owner: str
    person: str
    account: str


@dataclass(frozen=True, slots=True)
class MerchantChecks:
    """Asks and judges; any number of processes may sweep beside each other."""

    database: Database
    clock: Clock
    links: Links
    sealing: Sealing
    cells: int

    async def sweep(self) -> int:
        """Go on with applications that wait for an answer; how many were looked at."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            due = await store.due_to_ask(connection, ASKING, now=now, limit=AT_ONCE, next_at=now + PUT_OFF)
        for application_id in due:
            await self.check(application_id)
        return len(due)

    async def check(self, application_id: UUID) -> State | None:
        """Ask about one application and put it where it belongs; its state, None if there is nothing to check.

        A register that does not answer leaves it `checking`.
        """
        async with self.database.transaction() as connection:
            found = await store.application_of(connection, application_id, lock=True)
            if found is None or found.state not in ASKING:
                return found.state if found else None
            if found.state is State.SUBMITTED:
                await store.move(connection, found, State.CHECKING, now=self.clock.now(), ask_at=self._later(0))
            fields = (await store.revisions_of(connection, application_id, self.sealing))[-1].fields
            phone = await phone_of(connection, cell_of(found.citizen_id, self.cells), found.citizen_id, self.sealing)
        try:
            answers = await self._ask(found, fields)
        except Outage as outage:
            log.warning("merchant_check_postponed", application_id=str(application_id), why=str(outage))
            async with self.database.transaction() as connection:
                await store.ask_later(connection, application_id, at=self._later(found.asked))
            return State.CHECKING
        return await self._put(found, fields, answers, phone or "")

    async def _ask(self, found: Application, fields: Mapping[str, str]) -> Answers:
        record, head, owner = None, None, "unknown"
        licence_no = found.licence_no
        if licence_no:
            async with self.links.business_register() as office:
                told = await office.licence(licence_no)
                record = record_from(told) if told else None
                of_head = await office.licence(told.head_no) if told and told.head_no else None
                head = record_from(of_head) if of_head else None
                owner = await office.check_owner(licence_no, name=fields["person_name"], id_no=fields["person_id_no"])
        person = await self._ask_person(found, fields["person_name"], fields["person_id_no"])
        if person == "matches" and fields.get("applicant") == "agent" and licence_no:
            person = await self._ask_person(found, fields["agent_name"], fields["agent_id_no"])
        async with self.links.client(fields["acquirer"]) as acquirer:
            (told_name,) = await acquirer.names(
                [NameAsked(account=fields["account_no"], name=fields["account_holder"])]
            )
        account = {"match": "matches", "unknown_account": "new"}.get(told_name.code, "differs")
        return Answers(record, head, owner, person, account)

    async def _ask_person(self, found: Application, name: str, id_no: str) -> str:
        index = self.sealing.index(f"{name}:{id_no}", what="person checked")
        cell, now = cell_of(found.citizen_id, self.cells), self.clock.now()
        async with self.database.transaction() as connection:
            if await store.was_person_checked(connection, found.citizen_id, index):
                return "matches"
            if found.asked == 0:
                await count_try(connection, cell, found.citizen_id, day=business_day(now))
        banks = demo_banks(self.links)
        if not banks:
            raise InstitutionUnreachable("no bank is there to ask the register of identities")
        async with self.links.client(banks[0].code) as bank:
            answer = await bank.check_identity(Identity(id_no=id_no, name=name))
        if answer == "matches":
            async with self.database.transaction() as connection:
                await store.note_person_checked(connection, found.citizen_id, index, now=now)
        return answer

    async def _put(self, asked: Application, fields: Mapping[str, str], answers: Answers, phone: str) -> State:
        now = self.clock.now()
        declared = Declared(
            asked.licence_no, fields["person_name"], asked.industry, fields["address"], fields["account_holder"]
        )
        findings = check_licence(
            answers.record,
            declared,
            owner=answers.owner,
            person=answers.person,
            account=answers.account,
            head=answers.head,
        )
        async with self.database.transaction() as connection:
            await lock_identities(connection)
            found = await store.application_of(connection, asked.application_id, lock=True)
            if found is None or found.state is not State.CHECKING:
                return found.state if found else State.WITHDRAWN
            proven = dict(fields) if answers.person == "matches" else {**fields, "person_id_no": ""}
            newcomer = newcomer_of(found, proven, answers.record, phone, self.sealing)
            judgement, links = await links_of(connection, newcomer, now=now)
            await forget_marks(connection, newcomer.identity)
            await save_marks(connection, newcomer.identity, newcomer.marks, since=business_day(now))
            await store.save_check(
                connection,
                found,
                self.sealing,
                record=_as_json(answers.record),
                findings=[finding.value for finding in findings],
                links=as_rows(links),
            )
            return await _settle(connection, found, findings, judgement, now=now)

    def _later(self, asked: int) -> datetime:
        return self.clock.now() + WAITS[min(asked, len(WAITS) - 1)]


def newcomer_of(
    application: Application, fields: Mapping[str, str], record: Record | None, phone: str, sealing: Sealing
) -> Newcomer:
    """An applicant as the rules of identity see it."""
    traits = Traits(
        id_no=fields.get("person_id_no", ""),
        acquirer=fields.get("acquirer", ""),
        account_no=fields.get("account_no", ""),
        address=fields.get("address", ""),
        phone=phone,
        serial_no=fields.get("serial_no", ""),
    )
    return Newcomer(
        identity_of(application),
        application.licence_no,
        record.head_no if record else "",
        record.owner_since if record else None,
        marks_of(traits, sealing),
    )


def record_of_json(value: Mapping[str, Any] | None) -> Record | None:
    """What the register told, as it was kept."""
    if value is None:
        return None
    facts = dict(value)
    facts["kind"], facts["status"] = LicenceKind(facts["kind"]), LicenceStatus(facts["status"])
    for day in ("owner_since", "established_on"):
        facts[day] = datetime.fromisoformat(facts[day]).date()
    facts["history"] = tuple(
        Event(datetime.fromisoformat(e["on_day"]).date(), e["what"], e["was"], e["became"]) for e in facts["history"]
    )
    return Record(**facts)


def _as_json(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    facts = dataclasses.asdict(record)
    for day in ("owner_since", "established_on"):
        facts[day] = facts[day].isoformat()
    facts["history"] = [{**event, "on_day": event["on_day"].isoformat()} for event in facts["history"]]
    return facts


async def _settle(
    connection: Connection, found: Application, findings: list[Finding], judgement: Judgement, *, now: datetime
) -> State:
    why = [reason.value for reason in judgement.reasons]
    if judgement.standing is Standing.BARRED:
        await store.move(connection, found, State.STOPPED, now=now, risk=Risk.BARRED)
        to, actor, reason = State.STOPPED, LIST_RULE, why[0]
    elif back := [finding for finding in findings if finding in SENT_BACK]:
        await store.move(connection, found, State.REJECTED, now=now)
        to, actor, reason = State.REJECTED, REGISTER_RULE, back[0].value
    else:
        raised = judgement.standing is Standing.RAISED or Finding.HEAD_MISSING in findings
        due_at = (found.submitted_at or now) + (SERVICE_LEVEL_RAISED if raised else SERVICE_LEVEL)
        risk = Risk.RAISED if raised else Risk.ORDINARY
        await store.move(connection, found, State.IN_REVIEW, now=now, due_at=due_at, risk=risk)
        to, actor, reason = State.IN_REVIEW, REGISTER_RULE, ""
    if reason:
        await store.add_decision(connection, found, to.value, actor=actor, reason=reason, note="", now=now)
    facts: dict[str, str | int | list[str]] = {"state": to.value, "findings": [f.value for f in findings], "links": why}
    await note(connection, actor, "checked", found, facts, now=now)
    return to
