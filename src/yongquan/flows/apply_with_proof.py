"""A citizen applies for a voucher with proof: checked field by field, sealed at rest, sent again when returned."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import bucket_of, cell_of, make_id
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.model import RoundMode, require_move
from yongquan.vouchers.store import types_of
from yongquan.vouchers.ways import applications
from yongquan.vouchers.ways.application_form import (
    Benefit,
    Form,
    WrongAnswers,
    deciding_fen,
    marks_of,
    media_type_of,
    read_answers,
)
from yongquan.vouchers.ways.applications import APPLICATION_MOVES, Application, ApplicationState, OpenForm, Proof
from yongquan.vouchers.ways.card_payments import save_card

CARD_FIELD = "card"


class UnknownApplication(Refusal):
    """There is no such form or application, or it is not this person's."""

    code = "not_found"


class FormClosed(Refusal):
    """The round takes no applications now."""

    code = "not_open"


class AppliedAlready(Refusal):
    """A citizen has one application a round."""

    code = "cap_reached"


@dataclass(frozen=True, slots=True)
class CheckedCard:
    """A card to be paid on, sealed by the vault: its bank knows it under the applicant's name."""

    sealed: bytes
    tail: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What a citizen sent: texts and uploads, by the name of the field; the card, where the form pays to one."""

    texts: Mapping[str, str]
    uploads: Mapping[str, bytes]
    card: CheckedCard | None = None


async def open_form(connection: Connection, round_id: UUID, form: Form, *, mode: str) -> None:
    """Give a draft round of mode apply its form, in the caller's transaction. Raises `BadInput`."""
    if mode != RoundMode.APPLY:
        raise BadInput("a form belongs to a round of mode apply")
    if len(await types_of(connection, [round_id])) != 1:
        raise BadInput("a round of mode apply has one voucher type: the one that an approved application gets")
    await applications.save_form(connection, round_id, form)


async def apply(
    database: Database, sealing: Sealing, filled: Filled, *, round_id: UUID, citizen_id: UUID, cells: int, now: datetime
) -> UUID:
    """Submit an application; a citizen has one a round. `now` is business time.

    Raises `UnknownApplication`, `FormClosed`, `AppliedAlready`, `WrongAnswers`, `NotAProof`.
    """
    cell, application_id = cell_of(citizen_id, cells), _id_of(citizen_id, round_id)
    async with database.transaction() as connection:
        form = await _form(connection, round_id, now)
        answers, proofs = _read(form.form, filled, sealing, application_id, known=frozenset())
        saved = await applications.save_application(
            connection,
            cell,
            application_id,
            form=form,
            citizen_id=citizen_id,
            sealed=sealing.seal(json.dumps(answers, ensure_ascii=False), what="application"),
            amount_fen=deciding_fen(form.form, answers),
            now=now,
        )
        if not saved:
            raise AppliedAlready
        await _keep_card(connection, form.form, filled, cell, application_id)
        await _keep(connection, sealing, form.form, answers, proofs, cell=cell, id_=application_id, turn=1)
    return application_id


async def apply_again(
    database: Database, sealing: Sealing, filled: Filled, *, application_id: UUID, citizen_id: UUID, now: datetime
) -> None:
    """Send a returned application again; uploads that are left out stay as they were.

    Raises `UnknownApplication`, `FormClosed`, `ForbiddenMove`, `WrongAnswers`, `NotAProof`.
    """
    async with database.transaction() as connection:
        found = await own_application(connection, application_id, citizen_id)
        found = await applications.application_of(connection, application_id, lock_cell=found.cell) or found
        require_move(APPLICATION_MOVES, found.state, ApplicationState.SUBMITTED)
        form = await _form(connection, found.round_id, now)
        known = frozenset(proof.name for proof in await applications.proofs_of(connection, found))
        answers, proofs = _read(form.form, filled, sealing, application_id, known=known)
        sealed = sealing.seal(json.dumps(answers, ensure_ascii=False), what="application")
        amount_fen = deciding_fen(form.form, answers)
        await applications.resubmit(connection, found, sealed=sealed, amount_fen=amount_fen, now=now)
        if filled.card:
            await _keep_card(connection, form.form, filled, found.cell, application_id)
        await _keep(
            connection, sealing, form.form, answers, proofs, cell=found.cell, id_=application_id, turn=found.turn + 1
        )


async def own_application(connection: Connection, application_id: UUID, citizen_id: UUID) -> Application:
    """An application of this citizen. Raises `UnknownApplication`."""
    found = await applications.application_of(connection, application_id)
    if found is None or found.citizen_id != citizen_id:
        raise UnknownApplication
    return found


def answers_of(application: Application, sealing: Sealing) -> dict[str, str]:
    """What stands in an application, amounts as fen."""
    answers: dict[str, str] = json.loads(sealing.open(application.answers_sealed, what="application"))
    return answers


def mark_of(sealing: Sealing, kind: str, number: str) -> bytes:
    """How a number is known in the database."""
    return sealing.index(f"{kind}:{number}", what="proof number")


def proof_place(application_id: UUID, name: str) -> str:
    """What a proof is sealed as: it opens in this application and field only."""
    return f"proof:{application_id}:{name}"


def _read(
    form: Form, filled: Filled, sealing: Sealing, application_id: UUID, *, known: frozenset[str]
) -> tuple[dict[str, str], list[Proof]]:
    answers = read_answers(form, filled.texts)
    asked = [field for field in form.fields if field.kind == "upload"]
    given = {field.name: filled.uploads[field.name] for field in asked if filled.uploads.get(field.name)}
    missing = {f.name: "missing" for f in asked if f.required and f.name not in given and f.name not in known}
    if missing:
        raise WrongAnswers(missing)
    proofs = [
        Proof(
            name,
            media_type_of(content),
            hashlib.sha256(content).digest(),
            sealing.seal_bytes(content, what=proof_place(application_id, name)),
        )
        for name, content in given.items()
    ]
    return answers, proofs


async def _keep(
    connection: Connection,
    sealing: Sealing,
    form: Form,
    answers: Mapping[str, str],
    proofs: list[Proof],
    *,
    cell: int,
    id_: UUID,
    turn: int,
) -> None:
    marks = [(kind, mark_of(sealing, kind, number)) for kind, number in marks_of(form, answers)]
    await applications.save_marks(connection, cell, id_, marks)
    for proof in proofs:
        await applications.save_proof(connection, cell, id_, turn=turn, proof=proof)


async def _keep_card(connection: Connection, form: Form, filled: Filled, cell: int, id_: UUID) -> None:
    if form.benefit is not Benefit.CARD:
        return
    if filled.card is None:
        raise WrongAnswers({CARD_FIELD: "missing"})
    await save_card(connection, cell, id_, sealed=filled.card.sealed, tail=filled.card.tail)


async def _form(connection: Connection, round_id: UUID, now: datetime) -> OpenForm:
    found = await applications.open_forms(connection, round_id=round_id)
    if not found:
        raise UnknownApplication
    if not found[0].is_open(now):
        raise FormClosed
    return found[0]


def _id_of(citizen_id: UUID, round_id: UUID) -> UUID:
    # The same citizen and round always make the same id, in the citizen's bucket.
    digest = hashlib.blake2b(citizen_id.bytes + round_id.bytes, digest_size=14).digest()
    return make_id(
        at_ms=int.from_bytes(digest[:6], "big"),
        bucket=bucket_of(citizen_id),
        entropy=int.from_bytes(digest[6:], "big"),
    )
