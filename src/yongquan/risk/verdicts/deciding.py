"""From what lists and rules say to one answer. Pure, and the same for live events and for a replay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from yongquan.risk.events import RiskEvent
from yongquan.risk.features.model import Feature
from yongquan.risk.lists.model import ListEntry
from yongquan.risk.lists.treatment import Treatment, treatment_of
from yongquan.risk.rules.judging import CompiledBook, Judgement, answer_questions
from yongquan.risk.verdicts.model import Action, strictest

WAIT: Final = timedelta(minutes=10)  # of a delay that a rule asks for
LOWERED: Final = frozenset({Action.STEP_UP, Action.DELAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to an event, and what spoke for it."""

    action: Action
    treatment: Treatment
    judgement: Judgement | None
    retry_at: datetime | None


def decide(
    event: RiskEvent,
    values: Mapping[Feature, int],
    entries: Sequence[ListEntry],
    book: CompiledBook | None,
    shadows: Sequence[CompiledBook] = (),
    *,
    is_attended: bool = True,
    is_done: bool = False,
) -> Decision:
    """The strictest of what the lists' treatment and the live book ask for.

    Who is trusted (and on no other list) is asked for no code and no wait by rules; a refusal stands. Where nobody is
    there to be asked for a code (a debit by mandate, the completion of a hold) a step-up becomes watching. Of what is
    done already the rules alone speak, each with its own action: lists answered before it, and nobody comes again.
    """
    treatment = treatment_of(entries)
    by_lists = (
        Action.ALLOW if is_done else treatment.action_for(amount_fen=event.amount_fen, voucher_fen=event.voucher_fen)
    )
    judgement = _judge(event, values, entries, book, shadows)
    by_rules = judgement.action if judgement is not None else Action.ALLOW
    if treatment.is_trusted and by_rules in LOWERED:
        by_rules = Action.WATCH
    action = strictest((by_lists, by_rules))
    if action is Action.STEP_UP and not is_attended and not is_done:
        action = Action.WATCH
    retry_at = event.at + max(treatment.wait, WAIT) if action is Action.DELAY and not is_done else None
    return Decision(action=action, treatment=treatment, judgement=judgement, retry_at=retry_at)


def _judge(
    event: RiskEvent,
    values: Mapping[Feature, int],
    entries: Sequence[ListEntry],
    book: CompiledBook | None,
    shadows: Sequence[CompiledBook],
) -> Judgement | None:
    listed = answer_questions(entries)
    judgement = book.judge(event, values, listed) if book is not None else None
    for shadow in shadows:
        beside = shadow.judge(event, values, listed)
        judgement = beside_nothing(beside) if judgement is None else judgement.beside(beside)
    return judgement


def beside_nothing(shadow: Judgement) -> Judgement:
    """A judgement that never acts, where there is no live book."""
    return Judgement(version="", action=Action.ALLOW).beside(shadow)
