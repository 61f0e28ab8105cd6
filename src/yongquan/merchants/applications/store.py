"""The SQL of applications: drafts, revisions, photos, the queue and its claims, decisions."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.merchants.applications.model import Application, Revision, Risk, State
from yongquan.merchants.applications.photos import Photo
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

COLUMNS = """
application_id, citizen_id, state, revision_no, licence_no, shop_name, industry, adcode, risk, created_at, changed_at,
submitted_at, due_at, asked, claimed_by, claimed_until, first_by, store_id
"""
_BEGIN = """
insert into merchants.application (application_id, citizen_id, begun_key, state, created_at, changed_at)
values (%s, %s, %s, 'draft', %s, %s) on conflict (citizen_id, begun_key) do nothing
"""
_BEGUN = "select application_id from merchants.application where citizen_id = %s and begun_key = %s"
_ONE = f"select {COLUMNS} from merchants.application where application_id = %s"
_MINE = f"select {COLUMNS} from merchants.application where citizen_id = %s order by created_at desc, application_id"
_NEW_REVISION = """
insert into merchants.application_revision (application_id, revision_no, fields_sealed, begun_at)
values (%s, %s, %s, %s) on conflict do nothing
"""
_FIELDS = """
update merchants.application_revision set fields_sealed = %s where application_id = %s and revision_no = %s
"""
_SUMMARY = """
update merchants.application
   set revision_no = %s, licence_no = %s, shop_name = %s, industry = %s, adcode = %s, changed_at = %s
 where application_id = %s
"""
_REVISIONS = """
select revision_no, fields_sealed, begun_at, submitted_at, record_sealed, findings, links
  from merchants.application_revision where application_id = %s order by revision_no
"""
_SENT = """
update merchants.application_revision set submitted_at = %s where application_id = %s and revision_no = %s
"""
_MOVE = """
update merchants.application
   set state = %(state)s, changed_at = %(now)s, claimed_by = null, claimed_until = null,
       submitted_at = case when %(state)s = 'submitted' then %(now)s else submitted_at end,
       due_at = coalesce(%(due_at)s, due_at), ask_at = %(ask_at)s, asked = %(asked)s,
       risk = coalesce(%(risk)s, risk), first_by = %(first_by)s, store_id = coalesce(%(store)s, store_id)
 where application_id = %(id)s
"""
_CHECKED = """
update merchants.application_revision set record_sealed = %s, findings = %s, links = %s
 where application_id = %s and revision_no = %s
"""
_TO_ASK = """
with due as (select application_id from merchants.application
              where ask_at <= %s and state = any (%s) order by ask_at limit %s
                for no key update skip locked)
update merchants.application a set ask_at = %s, asked = a.asked + 1 from due where a.application_id = due.application_id
returning a.application_id
"""
_ASK_AT = "update merchants.application set ask_at = %s where application_id = %s and ask_at is not null"
_CLAIM = """
update merchants.application set claimed_by = %(who)s, claimed_until = %(until)s
 where application_id = %(id)s and state in ('in_review', 'second_review', 'appealed')
   and (claimed_by is null or claimed_by = %(who)s or claimed_until <= %(now)s)
"""
_RELEASE = """
update merchants.application set claimed_by = null, claimed_until = null where application_id = %s and claimed_by = %s
"""
_DECISION = """
insert into merchants.application_decision (application_id, seq, revision_no, decision, reason, note, actor, at)
select %(id)s, coalesce(max(seq), 0) + 1, %(revision)s, %(decision)s, %(reason)s, %(note)s, %(actor)s, %(now)s
  from merchants.application_decision where application_id = %(id)s
"""
_DECISIONS = """
select revision_no, decision, reason, note, actor, at from merchants.application_decision
 where application_id = %s order by seq
"""
_PHOTO = """
insert into merchants.application_photo (photo_id, application_id, kind, sha256, media_type, width, height, sealed,
                                         kept_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (application_id, kind, sha256) do nothing
"""
_KEPT = "select photo_id from merchants.application_photo where application_id = %s and kind = %s and sha256 = %s"
_READ_PHOTO = "select media_type, sealed from merchants.application_photo where application_id = %s and photo_id = %s"
_CHECKED_PERSON = "select 1 from merchants.person_checked where citizen_id = %s and person_index = %s"
_CHECK_PERSON = """
insert into merchants.person_checked (citizen_id, person_index, checked_at) values (%s, %s, %s) on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on a revision, by whom (staff, the applicant, or `system:` and a rule), and why."""

    revision_no: int
    decision: str
    reason: str
    note: str
    actor: str
    at: datetime


async def begin(connection: Connection, application_id: UUID, *, citizen_id: UUID, key: str, now: datetime) -> UUID:
    """A new draft, or the one begun under the same key."""
    await connection.execute(_BEGIN, [application_id, citizen_id, key, now, now])
    row = await (await connection.execute(_BEGUN, [citizen_id, key])).fetchone()
    if row is None:
        raise LookupError("an application that was just begun is not there")
    return UUID(str(row[0]))


async def application_of(connection: Connection, application_id: UUID, *, lock: bool = False) -> Application | None:
    """One application."""
    query = _ONE + (" for update" if lock else "")
    row = await (await connection.execute(query, [application_id])).fetchone()
    return as_application(row) if row else None


async def applications_of(connection: Connection, citizen_id: UUID) -> list[Application]:
    """An account's applications, the newest first."""
    return [as_application(row) for row in await (await connection.execute(_MINE, [citizen_id])).fetchall()]


async def save_fields(
    connection: Connection,
    application: Application,
    revision_no: int,
    fields: Mapping[str, str],
    sealing: Sealing,
    *,
    now: datetime,
) -> None:
    """Keep what was typed, and what the queue shows of it."""
    id_ = application.application_id
    sealed = sealing.seal(json.dumps(dict(fields), ensure_ascii=False, sort_keys=True), what=_place(id_, "fields"))
    await connection.execute(_NEW_REVISION, [id_, revision_no, sealed, now])
    await connection.execute(_FIELDS, [sealed, id_, revision_no])
    licence_no = "" if fields.get("has_licence") == "no" else fields.get("licence_no", "")
    summary = [licence_no, fields.get("shop_name", ""), fields.get("industry", ""), fields.get("adcode") or None]
    await connection.execute(_SUMMARY, [revision_no, *summary, now, id_])


async def revisions_of(connection: Connection, application_id: UUID, sealing: Sealing) -> list[Revision]:
    """Every revision as it was sent, the first one first."""
    rows = await (await connection.execute(_REVISIONS, [application_id])).fetchall()
    return [
        Revision(
            row[0],
            json.loads(sealing.open(bytes(row[1]), what=_place(application_id, "fields"))),
            row[2],
            row[3],
            json.loads(sealing.open(bytes(row[4]), what=_place(application_id, "record"))) if row[4] else None,
            row[5],
            row[6],
        )
        for row in rows
    ]


async def mark_sent(connection: Connection, application: Application, *, now: datetime) -> None:
    """The revision in hand is sent as it stands."""
    await connection.execute(_SENT, [now, application.application_id, application.revision_no])


async def move(
    connection: Connection,
    application: Application,
    to: State,
    *,
    now: datetime,
    due_at: datetime | None = None,
    ask_at: datetime | None = None,
    asked: int = 0,
    risk: Risk | None = None,
    first_by: str | None = None,
    store_id: UUID | None = None,
) -> None:
    """Write a new state; whoever held the application holds it no longer."""
    facts = {"state": to.value, "now": now, "due_at": due_at, "ask_at": ask_at, "asked": asked, "first_by": first_by}
    more = {"risk": risk.value if risk else None, "store": store_id, "id": application.application_id}
    await connection.execute(_MOVE, {**facts, **more})


async def save_check(
    connection: Connection,
    application: Application,
    sealing: Sealing,
    *,
    record: Mapping[str, Any] | None,
    findings: Sequence[str],
    links: Sequence[Mapping[str, Any]],
) -> None:
    """Keep what the registers told and what was found, beside the revision that it is about."""
    id_ = application.application_id
    sealed = sealing.seal(json.dumps(record, ensure_ascii=False), what=_place(id_, "record")) if record else None
    await connection.execute(_CHECKED, [sealed, list(findings), Jsonb(list(links)), id_, application.revision_no])


async def due_to_ask(
    connection: Connection, states: Collection[State], *, now: datetime, limit: int, next_at: datetime
) -> list[UUID]:
    """Applications in these states for which somebody is asked now, put off until `next_at`, lest two askers meet."""
    values = [now, [state.value for state in states], limit, next_at]
    return [row[0] for row in await (await connection.execute(_TO_ASK, values)).fetchall()]


async def ask_later(connection: Connection, application_id: UUID, *, at: datetime) -> None:
    """Ask again at a moment."""
    await connection.execute(_ASK_AT, [at, application_id])


async def claim(connection: Connection, application_id: UUID, *, who: str, until: datetime, now: datetime) -> bool:
    """Take an application to look at; False if somebody else holds it, or it waits for nobody."""
    facts = {"id": application_id, "who": who, "until": until, "now": now}
    return (await connection.execute(_CLAIM, facts)).rowcount == 1


async def release(connection: Connection, application_id: UUID, *, who: str) -> None:
    """Put an application back."""
    await connection.execute(_RELEASE, [application_id, who])


async def add_decision(
    connection: Connection,
    application: Application,
    decision: str,
    *,
    actor: str,
    reason: str,
    note: str,
    now: datetime,
) -> None:
    """Write a decision on the revision in hand down."""
    facts = {"id": application.application_id, "revision": application.revision_no, "decision": decision}
    await connection.execute(_DECISION, {**facts, "actor": actor, "reason": reason, "note": note, "now": now})


async def decisions_of(connection: Connection, application_id: UUID) -> list[Decision]:
    """What was decided, the first decision first."""
    return [Decision(*row) for row in await (await connection.execute(_DECISIONS, [application_id])).fetchall()]


async def save_photo(
    connection: Connection,
    photo_id: UUID,
    application_id: UUID,
    kind: str,
    *,
    photo: Photo,
    sealing: Sealing,
    now: datetime,
) -> UUID:
    """Keep a photo, sealed; the id of the one that is kept already if it is the same picture."""
    known = await (await connection.execute(_KEPT, [application_id, kind, photo.sha256])).fetchone()
    if known is not None:
        return UUID(str(known[0]))
    sealed = sealing.seal_bytes(photo.content, what=_place(application_id, f"photo:{photo_id}"))
    values = [photo_id, application_id, kind, photo.sha256, photo.media_type, photo.width, photo.height, sealed, now]
    await connection.execute(_PHOTO, values)
    return photo_id


async def photo_of(
    connection: Connection, application_id: UUID, photo_id: UUID, sealing: Sealing
) -> tuple[str, bytes] | None:
    """A photo's media type and content."""
    row = await (await connection.execute(_READ_PHOTO, [application_id, photo_id])).fetchone()
    if row is None:
        return None
    return row[0], sealing.open_bytes(bytes(row[1]), what=_place(application_id, f"photo:{photo_id}"))


async def was_person_checked(connection: Connection, citizen_id: UUID, index: bytes) -> bool:
    """Whether this name and number were verified for this account before."""
    return await (await connection.execute(_CHECKED_PERSON, [citizen_id, index])).fetchone() is not None


async def note_person_checked(connection: Connection, citizen_id: UUID, index: bytes, *, now: datetime) -> None:
    """Remember that they were."""
    await connection.execute(_CHECK_PERSON, [citizen_id, index, now])


def as_application(row: Sequence[Any]) -> Application:
    """A row of `COLUMNS`."""
    return Application(*[*row[:2], State(row[2]), *row[3:8], Risk(row[8]), *row[9:]])


def _place(application_id: UUID, part: str) -> str:
    return f"application:{application_id}:{part}"
