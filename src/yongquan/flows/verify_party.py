"""An institution asks whether a party is bad: facts -> decision -> answer, kept for the asker alone."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from yongquan.flows.party_standing import findings_on
from yongquan.institutions.risk_terms import RiskCaller
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.once import once
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.verification import store
from yongquan.risk.verification.deciding import decide
from yongquan.risk.verification.marks import Marks, marks_of
from yongquan.risk.verification.model import (
    ASKING_WINDOW,
    HISTORY_DAYS,
    HISTORY_MAX,
    VALID_FOR,
    About,
    Answer,
    Facts,
    Identifiers,
    Scene,
    UnknownVerification,
)
from yongquan.risk.verification.reasons import REASONS
from yongquan.risk.verification.sandbox import sandbox_facts
from yongquan.risk.verification.store import Transfer

Score = Callable[[Sequence[Transfer]], float]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the scene, what the parties are known by, and what a transfer moves (fen)."""

    scene: Scene
    identifiers: Identifiers
    amount_fen: int | None = None

    def digest(self) -> bytes:
        """What tells this question from another under the same key; keeps no identifier."""
        said = [self.scene.value, sorted((k.value, v) for k, v in self.identifiers.items()), self.amount_fen]
        return hashlib.sha256(msgspec.json.encode(said)).digest()


@dataclass(frozen=True, slots=True)
class Verifying:
    """Answers institutions. `score` is the event model, None where no model file is set."""

    database: Database
    sealing: Sealing
    clock: Clock
    cells: int
    score: Score | None = None

    async def verify(self, caller: RiskCaller, asked: Asked, *, key: str) -> Mapping[str, object]:
        """The answer to a question; the same key brings the same answer. Raises `ConflictingRequest`."""
        now = self.clock.now()
        marks = marks_of(asked.identifiers, self.sealing)
        score = await self._scored(caller, asked, marks, now=now)
        async with (
            self.database.transaction() as connection,
            once(connection, caller=_name(caller), key=key, body=asked.digest()) as request,
        ):
            if request.answer is not None:
                return request.answer
            facts = await self._facts(connection, caller, asked, marks, now=now)
            facts = facts if score is None else replace(facts, score=score)
            decision = decide(asked.scene, facts, asker=caller.institution)
            until = now + VALID_FOR[asked.scene]
            answer = Answer(fresh_id(), asked.scene, decision, now, until, caller.is_test)
            await self._keep(connection, caller, asked, marks, answer)
            request.answer = document_of(answer)
            return request.answer

    async def answer_of(self, caller: RiskCaller, verification_id: UUID) -> Mapping[str, object]:
        """An answer again, for whoever asked. Raises `UnknownVerification`."""
        async with self.database.transaction() as connection:
            found = await store.answer_of(connection, verification_id, institution=caller.institution, mode=caller.mode)
        if found is None:
            raise UnknownVerification("no such answer was given to this institution")
        return document_of(found)

    async def forget(self) -> None:
        """Forget askings that are too old to count, and transfers that are too old for a score."""
        async with self.database.transaction() as connection:
            await store.forget_askings(connection, before=self.clock.now() - 2 * ASKING_WINDOW)
            await store.forget_transfers(connection, before=self.clock.now() - HISTORY_DAYS)

    async def _facts(
        self, connection: Connection, caller: RiskCaller, asked: Asked, marks: Marks, *, now: datetime
    ) -> Facts:
        reports = await store.standing(connection, marks, asker=caller.institution, mode=caller.mode, now=now)
        if caller.is_test:
            return sandbox_facts(asked.identifiers, reports, amount_fen=asked.amount_fen)
        return Facts(
            reports=tuple(reports),
            findings=await findings_on(connection, asked.identifiers, self.sealing, cells=self.cells, now=now),
            askers=await store.askers_of(connection, marks, asker=caller.institution, now=now),
        )

    async def _keep(
        self, connection: Connection, caller: RiskCaller, asked: Asked, marks: Marks, answer: Answer
    ) -> None:
        await store.save_answer(connection, answer, institution=caller.institution, mode=caller.mode)
        if caller.is_test:
            return
        await store.note_asking(connection, marks, asker=caller.institution, now=answer.asked_at)
        if (transfer := _transfer(asked, marks, answer.asked_at)) is not None:
            await store.save_transfer(connection, answer.verification_id, caller.institution, transfer)

    async def _scored(self, caller: RiskCaller, asked: Asked, marks: Marks, *, now: datetime) -> float | None:
        transfer = _transfer(asked, marks, now)
        if self.score is None or transfer is None or caller.is_test:
            return None
        async with self.database.transaction() as connection:
            past = await store.own_transfers(
                connection, caller.institution, since=now - HISTORY_DAYS, limit=HISTORY_MAX
            )
        return await asyncio.to_thread(self.score, [*past, transfer])


def document_of(answer: Answer) -> dict[str, object]:
    """An answer as its asker reads it."""
    decision = answer.decision
    return {
        "verification_id": str(answer.verification_id),
        "scene": answer.scene.value,
        "level": decision.level.value,
        "reasons": [
            {
                "code": reason.code,
                "about": reason.about.value,
                "text": REASONS[reason.code][0],
                "text_en": REASONS[reason.code][1],
            }
            for reason in decision.reasons
        ],
        "advice": decision.advice.value,
        "asked_at": answer.asked_at.isoformat(),
        "valid_until": answer.valid_until.isoformat(),
        "sandbox": answer.is_test,
    }


def _transfer(asked: Asked, marks: Marks, now: datetime) -> Transfer | None:
    if asked.scene is not Scene.TRANSFER or asked.amount_fen is None:
        return None
    return Transfer(now, marks[About.PAYER], marks[About.ACCOUNT], marks.get(About.DEVICE), asked.amount_fen)


def _name(caller: RiskCaller) -> str:
    return f"risk:{caller.mode}:{caller.institution}"
