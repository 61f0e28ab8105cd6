"""What the platform itself knows of a party that an institution asks about: citizens, merchants, their lists."""

from datetime import datetime
from uuid import UUID

from yongquan.citizens.identity import holder_of_identity
from yongquan.citizens.store import find_by_phones
from yongquan.citizens.views import asked_facts_of
from yongquan.flows.name_parties import card_token, device_token
from yongquan.institutions.account_names import bank_of, bare_number, is_account
from yongquan.merchants.identity.linking import Newcomer, links_of
from yongquan.merchants.identity.marks import Traits, marks_of
from yongquan.merchants.identity.model import MarkKind
from yongquan.merchants.identity.rules import Standing, judge
from yongquan.payments.store import citizens_of_card
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.events import Entity
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.store import in_force_on
from yongquan.risk.verification.model import About, Identifiers, OwnFinding

Findings = frozenset[tuple[About, OwnFinding]]
# Nobody in particular asks: what is asked about is no application of ours.
_NOBODY = "verification"
_COLOURS = {
    Colour.BLACK: OwnFinding.LISTED_BLACK,
    Colour.GREY: OwnFinding.LISTED_GREY,
    Colour.YELLOW: OwnFinding.LISTED_YELLOW,
}
_STANDINGS = {
    Standing.BARRED: OwnFinding.BARRED_MERCHANT,
    Standing.RAISED: OwnFinding.NEAR_BARRED,
    Standing.LINKED: OwnFinding.SHARED_MARKS,
}
_MARKS = {
    MarkKind.ACCOUNT: About.ACCOUNT,
    MarkKind.PERSON: About.ID_NO,
    MarkKind.PHONE: About.PHONE,
    MarkKind.LICENCE: About.LICENCE_NO,
    MarkKind.HEAD: About.LICENCE_NO,
}


async def findings_on(
    connection: Connection, identifiers: Identifiers, sealing: Sealing, *, cells: int, now: datetime
) -> Findings:
    """Blocked citizens and listed merchants behind these identifiers; no name, no id of theirs leaves this function."""
    people = await _citizens(connection, identifiers, sealing, cells=cells)
    blocked = set[tuple[About, OwnFinding]]()
    if people:
        facts = await asked_facts_of(connection, sorted({who for _, who in people}))
        states = {one.citizen_id: one.state for one in facts}
        blocked = {(about, OwnFinding.BLOCKED) for about, who in people if states.get(who) == "blocked"}
    listed = await _listed(connection, identifiers, people, sealing, now=now)
    return frozenset(blocked | listed | await _merchants(connection, identifiers, sealing, now=now))


async def _citizens(
    connection: Connection, identifiers: Identifiers, sealing: Sealing, *, cells: int
) -> list[tuple[About, UUID]]:
    """Who is known by these identifiers: by each, nobody, somebody or several."""
    found: list[tuple[About, UUID]] = []
    if phone := identifiers.get(About.PHONE):
        of_phone = await find_by_phones(connection, [phone], sealing, cells=cells)
        found += [(About.PHONE, who) for who in of_phone.values()]
    if id_no := identifiers.get(About.ID_NO):
        holder = await holder_of_identity(connection, id_no.upper(), sealing, cells=cells)
        found += [(About.ID_NO, holder)] if holder else []
    for about in (About.ACCOUNT, About.PAYER):
        if account := identifiers.get(about):
            found += [(about, who) for who in await citizens_of_card(connection, account, sealing)]
    return found


async def _listed(
    connection: Connection,
    identifiers: Identifiers,
    people: list[tuple[About, UUID]],
    sealing: Sealing,
    *,
    now: datetime,
) -> set[tuple[About, OwnFinding]]:
    """What the risk lists say of the people, cards, device and licence behind the identifiers."""
    named: dict[Entity, list[tuple[About, str]]] = {Entity.CITIZEN: [(about, str(who)) for about, who in people]}
    cards = [about for about in (About.ACCOUNT, About.PAYER) if about in identifiers]
    named[Entity.CARD] = [(about, card_token(identifiers[about], sealing)) for about in cards]
    if About.DEVICE in identifiers:
        named[Entity.DEVICE] = [(About.DEVICE, device_token(identifiers[About.DEVICE], sealing))]
    if About.LICENCE_NO in identifiers:
        named[Entity.LICENCE] = [(About.LICENCE_NO, identifiers[About.LICENCE_NO].upper())]
    found = set[tuple[About, OwnFinding]]()
    for party, values in named.items():
        if values:
            records = await in_force_on(connection, party, [value for _, value in values], now=now)
            colours = {(record.entry.value, record.entry.colour) for record in records}
            said = [(about, colour) for about, value in values for listed, colour in colours if listed == value]
            found |= {(about, _COLOURS[colour]) for about, colour in said if colour in _COLOURS}
    return found


async def _merchants(
    connection: Connection, identifiers: Identifiers, sealing: Sealing, *, now: datetime
) -> set[tuple[About, OwnFinding]]:
    account = identifiers.get(About.ACCOUNT, "")
    traits = Traits(
        id_no=identifiers.get(About.ID_NO, "").upper(),
        acquirer=bank_of(account) if is_account(account) else "",
        account_no=bare_number(account) if is_account(account) else "",
        phone=identifiers.get(About.PHONE, ""),
    )
    licence = identifiers.get(About.LICENCE_NO, "").upper()
    newcomer = Newcomer(_NOBODY, licence, "", None, marks_of(traits, sealing))
    if not newcomer.marks and not licence:
        return set()
    _, links = await links_of(connection, newcomer, now=now)
    return {
        (_MARKS[mark], finding)
        for link in links
        if (finding := _STANDINGS.get(judge([link]).standing)) is not None
        for mark in link.marks
        if mark in _MARKS
    }
