"""From facts to an answer. Pure.

What others reported counts without their names, and how many of them only as "more than one". The asker's own reports
are looked at apart from the others' and have one reason of their own: planting a report changes nothing that an answer
says of others.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from yongquan.risk.verification.model import (
    About,
    Advice,
    Decision,
    Evidence,
    Facts,
    Level,
    OwnFinding,
    Reason,
    Scene,
    Told,
)
from yongquan.risk.verification.reasons import REASONS

SEVERAL: Final = 2
ASKED_OFTEN: Final = 3
ASKED_VERY_OFTEN: Final = 8
UNUSUAL: Final = 0.5
VERY_UNUSUAL: Final = 0.9
_ALONE: Final[Mapping[Evidence, Level]] = {
    Evidence.SUSPECTED: Level.LOW,
    Evidence.DOCUMENTED: Level.MEDIUM,
    Evidence.OFFICIAL: Level.HIGH,
}
_TOGETHER: Final[Mapping[Evidence, Level]] = {
    Evidence.SUSPECTED: Level.MEDIUM,
    Evidence.DOCUMENTED: Level.HIGH,
    Evidence.OFFICIAL: Level.HIGH,
}
# A number or a device passes from hand to hand: what was reported of it never refuses its next holder by itself.
_PASSING: Final = frozenset({About.PHONE, About.DEVICE})
_FINDINGS: Final[Mapping[OwnFinding, Level]] = {
    OwnFinding.BLOCKED: Level.HIGH,
    OwnFinding.LISTED_BLACK: Level.HIGH,
    OwnFinding.LISTED_GREY: Level.MEDIUM,
    OwnFinding.LISTED_YELLOW: Level.LOW,
    OwnFinding.BARRED_MERCHANT: Level.HIGH,
    OwnFinding.NEAR_BARRED: Level.MEDIUM,
    OwnFinding.SHARED_MARKS: Level.LOW,
}
# Another merchant's settlement account or representative says much of a merchant, little of a person's own account.
_OF_MERCHANTS: Final = frozenset({OwnFinding.BARRED_MERCHANT, OwnFinding.NEAR_BARRED})
_ADVICE: Final[Mapping[Scene, Mapping[Level, Advice]]] = {
    Scene.ACCOUNT_OPENING: {
        Level.NONE: Advice.ACCEPT,
        Level.LOW: Advice.STEP_UP,
        Level.MEDIUM: Advice.CHECK,
        Level.HIGH: Advice.REFUSE,
    },
    Scene.MERCHANT_APPLICATION: {
        Level.NONE: Advice.ACCEPT,
        Level.LOW: Advice.CHECK,
        Level.MEDIUM: Advice.CHECK,
        Level.HIGH: Advice.REFUSE,
    },
    Scene.TRANSFER: {
        Level.NONE: Advice.ACCEPT,
        Level.LOW: Advice.ACCEPT,
        Level.MEDIUM: Advice.STEP_UP,
        Level.HIGH: Advice.REFUSE,
    },
}
_ORDER: Final = {code: place for place, code in enumerate(REASONS)}
Sign = tuple[Level, Reason]


def decide(scene: Scene, facts: Facts, *, asker: str) -> Decision:
    """What the facts come to for this asker: the worst sign's level, every reason in the order of the list."""
    signs = [
        *_reported([told for told in facts.reports if told.institution != asker]),
        *_own([told for told in facts.reports if told.institution == asker]),
        *_found(scene, facts),
        *_asked(facts.askers or {}),
        *_scored(scene, facts.score),
    ]
    level = max((level for level, _ in signs), key=lambda one: one.severity, default=Level.NONE)
    reasons = sorted({reason for _, reason in signs}, key=lambda one: (_ORDER[one.code], one.about))
    return Decision(level, tuple(reasons), _ADVICE[scene][level])


def _reported(others: Iterable[Told]) -> Iterator[Sign]:
    by_about: dict[About, list[Told]] = defaultdict(list)
    for told in others:
        by_about[told.about].append(told)
    for about, reports in by_about.items():
        several = len({told.institution for told in reports}) >= SEVERAL
        founded = _TOGETHER if several else _ALONE
        for told in reports:
            level = _capped(about, founded[told.evidence])
            yield level, Reason(f"reported_{told.kind.value}", about)
            if told.evidence is Evidence.OFFICIAL:
                yield level, Reason("official_finding", about)
            if several:
                yield level, Reason("reported_by_several", about)


def _own(reports: Iterable[Told]) -> Iterator[Sign]:
    for told in reports:
        yield _capped(told.about, _ALONE[told.evidence]), Reason("own_report", told.about)


def _found(scene: Scene, facts: Facts) -> Iterator[Sign]:
    for about, finding in facts.findings:
        if scene is not Scene.MERCHANT_APPLICATION and finding is OwnFinding.SHARED_MARKS:
            continue
        level = _capped(about, _FINDINGS[finding])
        if scene is not Scene.MERCHANT_APPLICATION and finding in _OF_MERCHANTS:
            level = min(level, Level.MEDIUM, key=lambda one: one.severity)
        yield level, Reason(finding.value, about)


def _asked(askers: Mapping[About, int]) -> Iterator[Sign]:
    for about, count in askers.items():
        if count >= ASKED_OFTEN:
            yield Level.MEDIUM if count >= ASKED_VERY_OFTEN else Level.LOW, Reason("asked_often", about)


def _scored(scene: Scene, score: float | None) -> Iterator[Sign]:
    if scene is Scene.TRANSFER and score is not None and score >= UNUSUAL:
        yield Level.MEDIUM if score >= VERY_UNUSUAL else Level.LOW, Reason("unusual_transfer", About.TRANSFER)


def _capped(about: About, level: Level) -> Level:
    return Level.MEDIUM if about in _PASSING and level is Level.HIGH else level
