"""A shop asks, staff answer. What helps many is then published as an answer for all, by `publish_to_merchants`."""

from datetime import datetime
from uuid import UUID

from yongquan.flows.space_parties import SPACE_ROLES, BadField, NotInSpace, checked, store_in_space
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.questions import store as questions
from yongquan.merchants.questions.model import ANSWER_MAX, BODY_MAX, Topic
from yongquan.payments.holds import hold_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff


class AnsweredBefore(Refusal):
    """Somebody answered this question before."""

    code = "answered_before"


async def ask_question(
    database: Database,
    store_id: UUID,
    *,
    topic: Topic,
    body: str,
    hold_id: UUID | None = None,
    key: str,
    now: datetime,
) -> UUID:
    """Ask; an appeal names the hold it is against, of this shop. The same key again is the same question.

    Raises `BadField`, `NotInSpace`.
    """
    body = checked("body", body, longest=BODY_MAX)
    if (topic is Topic.APPEAL) != (hold_id is not None):
        raise BadField("topic", "appeal_from_hold")
    question_id = named_id("question", store_id, key)
    async with database.transaction() as connection:
        await store_in_space(connection, store_id)
        if hold_id is not None:
            await _require_own_hold(connection, hold_id, store_id)
        is_new = await questions.add_question(
            connection, question_id, store_id=store_id, topic=topic, hold_id=hold_id, body=body, now=now
        )
        if is_new and hold_id is not None:
            actor = f"store:{store_id}"
            entry = AuditEntry(actor=actor, action="hold.appealed", subject=actor, after={"hold": str(hold_id)})
            await append(connection, entry, now=now)
    return question_id


async def answer_question(database: Database, staff: Staff, question_id: UUID, *, answer: str, now: datetime) -> None:
    """Answer a shop's question; a repeat of the same answer changes nothing.

    Raises `BadField`, `NotInSpace`, `Forbidden`, `AnsweredBefore`.
    """
    answer = checked("answer", answer, longest=ANSWER_MAX)
    async with database.transaction() as connection:
        found = await questions.question_of(connection, question_id)
        if found is None:
            raise NotInSpace
        staff.require(*SPACE_ROLES, adcode=found.adcode)
        if not await questions.answer_question(connection, question_id, answer, by=staff.actor, now=now):
            if found.answer == answer and found.answered_by == staff.actor:
                return
            raise AnsweredBefore
        entry = AuditEntry(
            actor=staff.actor,
            action="question.answered",
            subject=f"store:{found.store_id}",
            after={"question": str(question_id), "topic": found.topic.value},
        )
        await append(connection, entry, now=now)


async def _require_own_hold(connection: Connection, hold_id: UUID, store_id: UUID) -> None:
    hold = await hold_of(connection, hold_id)
    if hold is None or hold.store_id != store_id or hold.state in {"proposed", "refused"}:
        raise NotInSpace
