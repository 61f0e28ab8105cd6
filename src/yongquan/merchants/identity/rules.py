"""The rules of identity: what links an applicant to others, and what a listed one's links mean. Pure.

A listing means a licence and whoever owned it on the day of its facts. The licence itself, that owner, and its account
of that day cannot come back under any name; a later owner of the licence is looked at by two people instead. An address
holds many licences, so an address alone shows a link and decides nothing; a name alone is not even a link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yongquan.merchants.identity.model import Level, MarkKind


class Standing(StrEnum):
    """What the links of an applicant come to, the worst last."""

    CLEAR = "clear"
    LINKED = "linked"
    RAISED = "raised"
    BARRED = "barred"


class Why(StrEnum):
    """The reasons of a standing, each with a sentence on the pages."""

    LISTED_LICENCE = "listed_licence"
    LISTED_OWNER = "listed_owner"
    LISTED_ACCOUNT = "listed_account"
    LISTED_HEAD = "listed_head"
    SUCCESSOR = "successor"
    LISTED_TRACES = "listed_traces"
    WATCHED = "watched"
    SHARED_ACCOUNT = "shared_account"
    LINKED = "linked"


@dataclass(frozen=True, slots=True)
class Link:
    """Another identity (or the licence's own past) that an applicant has marks in common with.

    `then` are the common marks that the identity already had on the day of the listing's facts. `succeeded`: the
    licence is the applicant's own, and the register has seen its owner change since that day.
    """

    identity: str
    name: str
    marks: frozenset[MarkKind]
    level: Level | None = None
    then: frozenset[MarkKind] = frozenset()
    succeeded: bool = False
    spared: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the links come to, and why, worst first."""

    standing: Standing
    reasons: tuple[Why, ...]


# What one mark of a barred identity means by itself; what is not here (an address) means nothing alone.
_BARRING: Final = {
    MarkKind.PERSON: Why.LISTED_OWNER,
    MarkKind.ACCOUNT: Why.LISTED_ACCOUNT,
    MarkKind.HEAD: Why.LISTED_HEAD,
}
_TRACES: Final = frozenset({MarkKind.PHONE, MarkKind.TERMINAL})
_STRONG: Final = frozenset({MarkKind.LICENCE, MarkKind.PERSON, MarkKind.ACCOUNT, MarkKind.HEAD})
_STANDINGS: Final = {
    Why.LISTED_LICENCE: Standing.BARRED,
    Why.LISTED_OWNER: Standing.BARRED,
    Why.LISTED_ACCOUNT: Standing.BARRED,
    Why.LISTED_HEAD: Standing.BARRED,
    Why.SUCCESSOR: Standing.RAISED,
    Why.LISTED_TRACES: Standing.RAISED,
    Why.WATCHED: Standing.RAISED,
    Why.SHARED_ACCOUNT: Standing.RAISED,
    Why.LINKED: Standing.LINKED,
}


def judge(links: Sequence[Link]) -> Judgement:
    """What an applicant's links come to."""
    found = {why for link in links for why in reasons_of(link)}
    reasons = tuple(why for why in Why if why in found)
    return Judgement(_STANDINGS[reasons[0]] if reasons else Standing.CLEAR, reasons)


def reasons_of(link: Link) -> frozenset[Why]:
    """What one link means."""
    if link.level is Level.BARRED:
        return _barred(link)
    if link.level is Level.WATCHED and link.marks & _STRONG:
        return frozenset({Why.SUCCESSOR if link.succeeded else Why.WATCHED})
    if link.marks == {MarkKind.LICENCE}:
        return frozenset()  # the applicant's own licence, with nothing against it
    return _unlisted(link)


def _barred(link: Link) -> frozenset[Why]:
    found = {why for mark, why in _BARRING.items() if mark in link.then}
    if MarkKind.LICENCE in link.marks and not link.spared:
        found.add(Why.SUCCESSOR if link.succeeded else Why.LISTED_LICENCE)
    if link.spared:
        # The licence is an innocent successor's: its branches may come, its old owner and account may not.
        found.discard(Why.LISTED_HEAD)
    weak = link.then & (_TRACES | {MarkKind.ADDRESS})
    if link.then & _TRACES or len(weak) > 1:
        found.add(Why.LISTED_TRACES)
    return frozenset(found) or _unlisted(link)


def _unlisted(link: Link) -> frozenset[Why]:
    others = link.marks - {MarkKind.LICENCE}
    if (
        MarkKind.ACCOUNT in others
        and not others & {MarkKind.PERSON, MarkKind.HEAD}
        and MarkKind.LICENCE not in link.marks
    ):
        # One account of two owners: the mark of a shell (套壳).
        return frozenset({Why.SHARED_ACCOUNT})
    return frozenset({Why.LINKED}) if others else frozenset()
