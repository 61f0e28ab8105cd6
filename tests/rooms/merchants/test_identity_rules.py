"""One licence, one identity: what links mean, who is stopped, who is looked at, who is left in peace."""

import pytest

from yongquan.merchants.identity.model import Level, MarkKind
from yongquan.merchants.identity.rules import Link, Standing, Why, judge

L, H, P, A, D, F, T = (
    MarkKind.LICENCE,
    MarkKind.HEAD,
    MarkKind.PERSON,
    MarkKind.ACCOUNT,
    MarkKind.ADDRESS,
    MarkKind.PHONE,
    MarkKind.TERMINAL,
)


def barred(*marks: MarkKind, then: tuple[MarkKind, ...] | None = None, **facts: bool) -> Link:
    known = frozenset(marks if then is None else then) - {L}
    return Link("92330203YQ0000017J", "旧店", frozenset(marks), Level.BARRED, known, **facts)


def watched(*marks: MarkKind, **facts: bool) -> Link:
    return Link("x", "旧店", frozenset(marks), Level.WATCHED, frozenset(marks) - {L}, **facts)


def unlisted(*marks: MarkKind) -> Link:
    return Link("x", "邻店", frozenset(marks))


@pytest.mark.parametrize(
    ("link", "standing", "why"),
    [
        # The listed licence, under whatever name, number, terminal.
        (barred(L), Standing.BARRED, Why.LISTED_LICENCE),
        (barred(L, P, A, D), Standing.BARRED, Why.LISTED_LICENCE),
        # A new licence of the owner of that day, or paid to its account.
        (barred(P), Standing.BARRED, Why.LISTED_OWNER),
        (barred(A), Standing.BARRED, Why.LISTED_ACCOUNT),
        (barred(H), Standing.BARRED, Why.LISTED_HEAD),
        # An innocent successor is looked at, not punished; a straw who is paid to the old account is stopped.
        (barred(L, succeeded=True), Standing.RAISED, Why.SUCCESSOR),
        (barred(L, D, succeeded=True), Standing.RAISED, Why.SUCCESSOR),
        (barred(L, A, succeeded=True), Standing.BARRED, Why.LISTED_ACCOUNT),
        # Whoever came to own the listed licence only later opens another shop.
        (barred(P, then=()), Standing.LINKED, Why.LINKED),
        (barred(A, then=()), Standing.RAISED, Why.SHARED_ACCOUNT),
        # An address holds many licences; two traces together are another matter.
        (barred(D), Standing.LINKED, Why.LINKED),
        (barred(F), Standing.RAISED, Why.LISTED_TRACES),
        (barred(T), Standing.RAISED, Why.LISTED_TRACES),
        (barred(D, F), Standing.RAISED, Why.LISTED_TRACES),
        # The licence was cleared for a successor: it may come, its old owner and account may not.
        (barred(L, spared=True), Standing.CLEAR, None),
        (barred(H, spared=True), Standing.LINKED, Why.LINKED),
        (barred(P, spared=True), Standing.BARRED, Why.LISTED_OWNER),
        (watched(L), Standing.RAISED, Why.WATCHED),
        (watched(P), Standing.RAISED, Why.WATCHED),
        (watched(L, succeeded=True), Standing.RAISED, Why.SUCCESSOR),
        (watched(D), Standing.LINKED, Why.LINKED),
        (unlisted(P), Standing.LINKED, Why.LINKED),
        (unlisted(D), Standing.LINKED, Why.LINKED),
        (unlisted(F), Standing.LINKED, Why.LINKED),
        (unlisted(P, A), Standing.LINKED, Why.LINKED),
        (unlisted(H, A), Standing.LINKED, Why.LINKED),
        # One account of two owners is the mark of a shell.
        (unlisted(A), Standing.RAISED, Why.SHARED_ACCOUNT),
        (unlisted(A, D), Standing.RAISED, Why.SHARED_ACCOUNT),
    ],
)
def test_what_one_link_means(link: Link, standing: Standing, why: Why | None) -> None:
    told = judge([link])

    assert told.standing is standing
    assert told.reasons[:1] == ((why,) if why else ())


def test_the_worst_link_decides_and_every_reason_is_told() -> None:
    told = judge([unlisted(D), watched(P), barred(A)])

    assert told.standing is Standing.BARRED
    assert told.reasons == (Why.LISTED_ACCOUNT, Why.WATCHED, Why.LINKED)


def test_nobody_is_linked_by_nothing() -> None:
    assert judge([]) == judge([unlisted()])
    assert judge([]).standing is Standing.CLEAR
