"""Lays an applicant beside everybody who is known: who has marks in common, and what their listings mean."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from yongquan.merchants.identity.listing import listings_in_force
from yongquan.merchants.identity.model import Level, Listing, MarkKind
from yongquan.merchants.identity.rules import Judgement, Link, judge
from yongquan.merchants.identity.store import AlikeMark, alike, branches_of, names_of_identities
from yongquan.plumbing.db import Connection

APPLICATION = "application:"
SHOP = "shop:"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who asks to come in: the identity that the application's own marks stand under, its licence and its marks."""

    identity: str
    licence_no: str
    head_no: str
    owner_since: date | None
    marks: Mapping[MarkKind, bytes]


async def links_of(connection: Connection, newcomer: Newcomer, *, now: datetime) -> tuple[Judgement, list[Link]]:
    """Whom a newcomer is linked to, and what that comes to. Read under `lock_identities` where it decides something."""
    own = [newcomer.identity] + ([newcomer.licence_no] if newcomer.licence_no else [])
    found: dict[str, list[AlikeMark]] = defaultdict(list)
    for mark in await alike(connection, newcomer.marks, without=[newcomer.identity]):
        found[mark.identity].append(mark)
    family = {newcomer.head_no} - {""} | set(await branches_of(connection, newcomer.licence_no) if own[1:] else [])
    identities = sorted({*found, *family, *own[1:]})
    if newcomer.head_no:
        # Branches of one head share much; they are shown only if they do.
        family |= set(await branches_of(connection, newcomer.head_no)) & set(found)
    listed = await listings_in_force(connection, identities, now=now)
    names = await names_of_identities(connection, identities)
    links = [
        _link(
            newcomer,
            identity,
            found.get(identity, []),
            listing=listed.get(identity),
            family=family,
            names=names,
        )
        for identity in identities
    ]
    links = [link for link in links if link.marks and (link.identity != newcomer.licence_no or link.level)]
    return judge(links), links


def as_rows(links: Iterable[Link]) -> list[dict[str, Any]]:
    """Links as they are kept beside a revision."""
    return [
        {
            "identity": link.identity,
            "name": link.name,
            "marks": sorted(link.marks),
            "level": link.level,
            "then": sorted(link.then),
            "succeeded": link.succeeded,
            "spared": link.spared,
        }
        for link in links
    ]


def from_rows(rows: Sequence[Mapping[str, Any]]) -> list[Link]:
    """Links as they were kept."""
    return [
        Link(
            row["identity"],
            row["name"],
            frozenset(map(MarkKind, row["marks"])),
            Level(row["level"]) if row["level"] else None,
            frozenset(map(MarkKind, row["then"])),
            row["succeeded"],
            row["spared"],
        )
        for row in rows
    ]


def _link(
    newcomer: Newcomer,
    identity: str,
    marks: Sequence[AlikeMark],
    *,
    listing: Listing | None,
    family: set[str],
    names: Mapping[str, str],
) -> Link:
    kinds = {mark.kind for mark in marks}
    then = {mark.kind for mark in marks if listing is not None and mark.was_on(listing.facts_on)}
    is_own = identity == newcomer.licence_no != ""
    if is_own:
        kinds.add(MarkKind.LICENCE)
    if identity in family:
        kinds.add(MarkKind.HEAD)
    if identity == newcomer.head_no != "":
        then.add(MarkKind.HEAD)
    succeeded = (
        is_own
        and listing is not None
        and newcomer.owner_since is not None
        and newcomer.owner_since > listing.facts_on
        and MarkKind.PERSON not in then
    )
    return Link(
        identity,
        listing.name if listing else names.get(identity, ""),
        frozenset(kinds),
        listing.level if listing else None,
        frozenset(then),
        succeeded,
        spared=listing is not None and listing.spared_at is not None,
    )
