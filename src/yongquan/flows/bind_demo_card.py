"""A citizen who tries the demo gets a fresh card at a sandbox bank and binds it. Only where the sandbox runs."""

import secrets
from datetime import datetime
from uuid import UUID

from stdnum import luhn

from yongquan.citizens.store import name_of, note_card, phone_of
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.institutions.links import Links
from yongquan.institutions.registry import Institution, InstitutionKind
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import cell_of
from yongquan.payments.store import NewInstrument, bind_many
from yongquan.plumbing.db import Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing

BALANCE_FEN = 5_000_00
HOLDER = "演示市民"


class NoSuchBank(Refusal):
    """No bank of the sandbox has this code."""

    code = "not_found"


def demo_banks(links: Links) -> list[Institution]:
    """The banks that open a demo card, none without a directory."""
    return [m for m in links.registry.issuers if m.kind is InstitutionKind.BANK] if links.registry else []


async def bind_demo_card(
    database: Database,
    links: Links,
    sealing: Sealing,
    *,
    cells: int,
    citizen_id: UUID,
    bank: str,
    now: datetime,
) -> UUID:
    """Open an account with a card and 5,000 yuan at a bank in the citizen's name and phone; bind the card, return it.

    Raises `NoSuchBank`, and `InstitutionUnreachable` if the bank does not answer or opens no card.
    """
    cell = cell_of(citizen_id, cells)
    async with database.transaction() as connection:
        holder = await name_of(connection, cell, citizen_id, sealing)
        phone = await phone_of(connection, cell, citizen_id, sealing)
    pan = await open_demo_card(links, bank=bank, holder=holder or HOLDER, phone=phone or "")
    instrument = NewInstrument(fresh_id(), citizen_id, bank, "card", pan)
    async with database.transaction() as connection:
        await bind_many(connection, [instrument], sealing, cells=cells, now=now)
        await note_card(connection, cell, citizen_id, issuer=bank, pan=pan, now=now)
    return instrument.instrument_id


async def open_demo_card(links: Links, *, bank: str, holder: str, phone: str = "") -> str:
    """Open an account with a card and 5,000 yuan at a bank; the card's number. Raises as `bind_demo_card`."""
    member = _demo_bank(links, bank)
    # Ordinals from 9e8 up: the demo city's and the load tests' cards lie below.
    body = f"{member.bins[0]}9{secrets.randbelow(10**8):08d}"
    pan = body + luhn.calc_check_digit(body)
    opening = AccountOpening(
        account_no=f"acct-{pan}", holder=holder, opening_balance_fen=BALANCE_FEN, card_no=pan, phone=phone
    )
    await _open(links, bank, opening)
    return pan


async def open_demo_account(links: Links, *, bank: str, holder: str, phone: str = "") -> str:
    """Open an account without a card and 5,000 yuan at a bank; its number. Raises as `bind_demo_card`."""
    member = _demo_bank(links, bank)
    number = f"{member.network_id[-4:]}{secrets.randbelow(10**14):014d}"
    opening = AccountOpening(account_no=number, holder=holder, opening_balance_fen=BALANCE_FEN, phone=phone)
    await _open(links, bank, opening)
    return number


def _demo_bank(links: Links, bank: str) -> Institution:
    member = next((m for m in demo_banks(links) if m.code == bank), None)
    if member is None:
        raise NoSuchBank("no such bank opens demo cards")
    return member


async def _open(links: Links, bank: str, opening: AccountOpening) -> None:
    async with links.client(bank) as client:
        answer = await client.open_accounts([opening])
    if answer.refused:
        raise InstitutionUnreachable(f"the bank opened no account: {answer.refused[0].code}")
