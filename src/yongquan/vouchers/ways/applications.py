"""Applications with proof: their life, and their SQL. Answers and proofs are sealed before they get here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection
from yongquan.vouchers.ways.application_form import Form


class ApplicationState(StrEnum):
    SUBMITTED = "submitted"
    SECONDING = "seconding"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"


_IN_REVIEW = frozenset({ApplicationState.RETURNED, ApplicationState.REFUSED, ApplicationState.APPROVED})
APPLICATION_MOVES: Mapping[ApplicationState, frozenset[ApplicationState]] = {
    ApplicationState.SUBMITTED: _IN_REVIEW | {ApplicationState.SECONDING},
    ApplicationState.SECONDING: _IN_REVIEW,
    ApplicationState.RETURNED: frozenset({ApplicationState.SUBMITTED}),
    ApplicationState.APPROVED: frozenset(),
    ApplicationState.REFUSED: frozenset(),
}
_SAVE_FORM = """
insert into vouchers.application_form (round_id, fields, second_from_fen, benefit) values (%s, %s, %s, %s)
"""
_FORMS = """
select r.round_id, r.name, r.name_en, r.opens_at, r.closes_at, r.state = 'published' and c.state = 'published',
       f.fields, f.second_from_fen, f.benefit, t.type_id, t.amount_fen, t.threshold_fen, c.adcode
  from vouchers.application_form f
  join vouchers.round r on r.round_id = f.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
  join vouchers.voucher_type t on t.round_id = r.round_id
 where (%(round)s::uuid is null or r.round_id = %(round)s) and r.state <> 'draft'
   and (%(now)s::timestamptz is null or r.closes_at > %(now)s)
 order by r.opens_at desc, r.round_id, t.amount_fen
"""
_COLUMNS = """
select a.cell, a.application_id, a.round_id, a.type_id, a.citizen_id, a.state, a.answers_sealed, a.amount_fen, a.turn,
       a.reason, a.note, a.first_by, a.held_by, a.held_until, a.voucher_id, a.submitted_at, a.decided_at,
       r.name, r.name_en, c.adcode, r.campaign_id,
       (select count(distinct o.application_id)::int from vouchers.application_mark m
          join vouchers.application_mark o on o.kind = m.kind and o.mark = m.mark
         where m.application_id = a.application_id and o.application_id <> a.application_id)
  from vouchers.application a
  join vouchers.round r on r.round_id = a.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
"""
_ONE = f"{_COLUMNS} where a.application_id = %s"
_LOCK = "select 1 from vouchers.application where cell = %s and application_id = %s for no key update"
_QUEUE = f"""{_COLUMNS}
 where a.state in ('submitted', 'seconding') and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 order by a.submitted_at limit 200
"""
_DECIDED = f"""{_COLUMNS}
 where a.state in ('approved', 'refused', 'returned') and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 order by a.decided_at desc limit 50
"""
_OF_CITIZEN = f"{_COLUMNS} where a.cell = %s and a.citizen_id = %s order by a.submitted_at desc"
_SAVE = """
insert into vouchers.application (cell, application_id, round_id, type_id, citizen_id, state, answers_sealed,
                                  amount_fen, submitted_at)
values (%s, %s, %s, %s, %s, 'submitted', %s, %s, %s) on conflict do nothing
"""
_RESUBMIT = """
update vouchers.application set state = 'submitted', answers_sealed = %s, amount_fen = %s, submitted_at = %s,
       turn = turn + 1, first_by = null, held_by = null, held_until = null, decided_at = null
 where cell = %s and application_id = %s
"""
_FORGET_MARKS = "delete from vouchers.application_mark where application_id = %s"
_MARK = """
insert into vouchers.application_mark (mark, kind, cell, application_id) values (%s, %s, %s, %s) on conflict do nothing
"""
# One at a time asks about a mark and writes it, so that two with the same receipt are not both approved.
_MARK_LOCK = "select pg_advisory_xact_lock(20008, hashtext(%s))"
_SAME = f"""{_COLUMNS}
 where a.application_id in (
       select o.application_id from vouchers.application_mark m
         join vouchers.application_mark o on o.kind = m.kind and o.mark = m.mark
        where m.application_id = %(id)s and o.application_id <> %(id)s
       union
       select q.application_id from vouchers.application_proof p
         join vouchers.application_proof q on q.sha256 = p.sha256
        where p.application_id = %(id)s and q.application_id <> %(id)s)
 order by a.submitted_at
"""
_PROOF = """
insert into vouchers.application_proof (cell, application_id, name, turn, media_type, sha256, sealed)
values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_PROOFS = """
select distinct on (name) name, media_type, sha256, sealed from vouchers.application_proof
 where cell = %s and application_id = %s order by name, turn desc
"""
_HOLD = """
update vouchers.application set held_by = %(who)s, held_until = %(until)s
 where cell = %(cell)s and application_id = %(id)s and (held_by is null or held_by = %(who)s or held_until <= %(now)s)
"""
_DECIDE = """
update vouchers.application
   set state = %(state)s, reason = %(reason)s, note = %(note)s, first_by = coalesce(first_by, %(first_by)s),
       voucher_id = %(voucher)s, held_by = null, held_until = null,
       decided_at = case when %(state)s = 'seconding' then null else %(now)s::timestamptz end
 where cell = %(cell)s and application_id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A round that takes applications, with its form and the voucher an approved one gets."""

    round_id: UUID
    name: str
    name_en: str
    opens_at: datetime
    closes_at: datetime
    is_out: bool
    form: Form
    type_id: UUID
    amount_fen: int
    threshold_fen: int
    adcode: str | None

    def is_open(self, now: datetime) -> bool:
        return self.is_out and self.opens_at <= now < self.closes_at


@dataclass(frozen=True, slots=True)
class Application:
    """An application as it stands; `alike` counts others with a number of it. `answers_sealed` is JSON inside."""

    cell: int
    application_id: UUID
    round_id: UUID
    type_id: UUID
    citizen_id: UUID
    state: ApplicationState
    answers_sealed: bytes
    amount_fen: int
    turn: int
    reason: str | None
    note: str | None
    first_by: str | None
    held_by: str | None
    held_until: datetime | None
    voucher_id: UUID | None
    submitted_at: datetime
    decided_at: datetime | None
    round_name: str
    round_name_en: str
    adcode: str | None
    campaign_id: UUID
    alike: int


@dataclass(frozen=True, slots=True)
class Proof:
    """An uploaded document, sealed."""

    name: str
    media_type: str
    sha256: bytes
    sealed: bytes


async def save_form(connection: Connection, round_id: UUID, form: Form) -> None:
    """Give a round of mode apply its form."""
    fields = Jsonb(msgspec.to_builtins(form.fields))
    await connection.execute(_SAVE_FORM, [round_id, fields, form.second_from_fen, form.benefit])


async def open_forms(
    connection: Connection, *, round_id: UUID | None = None, now: datetime | None = None
) -> list[OpenForm]:
    """Rounds with a form, by the lowest voucher: one of them, or those not over at `now`."""
    rows = await (await connection.execute(_FORMS, {"round": round_id, "now": now})).fetchall()
    forms: dict[UUID, OpenForm] = {}
    for row in rows:
        form = msgspec.convert({"fields": row[6], "second_from_fen": row[7], "benefit": row[8]}, Form)
        forms.setdefault(row[0], OpenForm(*(*row[:6], form, *row[9:])))
    return list(forms.values())


async def save_application(
    connection: Connection,
    cell: int,
    application_id: UUID,
    *,
    form: OpenForm,
    citizen_id: UUID,
    sealed: bytes,
    amount_fen: int,
    now: datetime,
) -> bool:
    """Write an application down; False if it is there already."""
    values = [cell, application_id, form.round_id, form.type_id, citizen_id, sealed, amount_fen, now]
    return (await connection.execute(_SAVE, values)).rowcount == 1


async def resubmit(
    connection: Connection, application: Application, *, sealed: bytes, amount_fen: int, now: datetime
) -> None:
    """A returned application comes again."""
    values = [sealed, amount_fen, now, application.cell, application.application_id]
    await connection.execute(_RESUBMIT, values)
    await connection.execute(_FORGET_MARKS, [application.application_id])


async def save_marks(
    connection: Connection, cell: int, application_id: UUID, marks: Sequence[tuple[str, bytes]]
) -> None:
    """Note the numbers of an application by their blind indexes."""
    for kind, mark in marks:
        await connection.execute(_MARK, [mark, kind, cell, application_id])


async def lock_marks(connection: Connection, marks: Sequence[tuple[str, bytes]]) -> None:
    """Let nobody else decide on the same numbers until the commit."""
    for kind, mark in sorted(marks):
        await connection.execute(_MARK_LOCK, [f"{kind}:{mark.hex()}"])


async def save_proof(connection: Connection, cell: int, application_id: UUID, *, turn: int, proof: Proof) -> None:
    """Keep an uploaded document of a turn."""
    values = [cell, application_id, proof.name, turn, proof.media_type, proof.sha256, proof.sealed]
    await connection.execute(_PROOF, values)


async def proofs_of(connection: Connection, application: Application) -> list[Proof]:
    """The latest document under each name."""
    rows = await connection.execute(_PROOFS, [application.cell, application.application_id])
    return [Proof(row[0], row[1], bytes(row[2]), bytes(row[3])) for row in await rows.fetchall()]


async def application_of(
    connection: Connection, application_id: UUID, *, lock_cell: int | None = None
) -> Application | None:
    """One application; with `lock_cell` (its cell) it is kept from others until the commit."""
    if lock_cell is not None:
        await connection.execute(_LOCK, [lock_cell, application_id])
    found = await _read(connection, _ONE, [application_id])
    return found[0] if found else None


async def applications_of(connection: Connection, cell: int, citizen_id: UUID) -> list[Application]:
    """A citizen's applications, the latest first."""
    return await _read(connection, _OF_CITIZEN, [cell, citizen_id])


async def queue(connection: Connection, *, places: Sequence[str] | None) -> list[Application]:
    """What waits for a reviewer, the oldest first."""
    return await _read(connection, _QUEUE, {"places": None if places is None else list(places)})


async def decided(connection: Connection, *, places: Sequence[str] | None) -> list[Application]:
    """What was decided last."""
    return await _read(connection, _DECIDED, {"places": None if places is None else list(places)})


async def alike(connection: Connection, application_id: UUID) -> list[Application]:
    """Other applications, of anybody in any campaign, with the same number or the same document."""
    return await _read(connection, _SAME, {"id": application_id})


async def hold(connection: Connection, application: Application, *, who: str, until: datetime, now: datetime) -> bool:
    """Take an application to look at; False while somebody else has it."""
    facts = {"who": who, "until": until, "now": now, "cell": application.cell, "id": application.application_id}
    return (await connection.execute(_HOLD, facts)).rowcount == 1


async def decide(
    connection: Connection,
    application: Application,
    *,
    state: ApplicationState,
    reason: str | None,
    note: str,
    first_by: str | None,
    voucher_id: UUID | None,
    now: datetime,
) -> None:
    """Write a decision down; the caller has asked `APPLICATION_MOVES`."""
    facts = {
        "state": state,
        "reason": reason,
        "note": note or None,
        "first_by": first_by,
        "voucher": voucher_id,
        "now": now,
        "cell": application.cell,
        "id": application.application_id,
    }
    await connection.execute(_DECIDE, facts)


async def _read(
    connection: Connection, statement: str, values: Sequence[object] | Mapping[str, object]
) -> list[Application]:
    rows = await (await connection.execute(statement, values)).fetchall()
    return [Application(*(*row[:5], ApplicationState(row[5]), bytes(row[6]), *row[7:])) for row in rows]
