"""What the pages of bank services share: the citizen's own cards by name, and the words for banks' answers."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import Request, Response

from yongquan.institutions.views import Party, parties
from yongquan.kernel.ids import cell_of
from yongquan.payments.views import CardRow, cards_of
from yongquan.web.bank_words import bank_word
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render


async def own_cards(door: Door, who: UUID) -> tuple[list[CardRow], Mapping[str, Party]]:
    """A citizen's cards and accounts, and what everybody is called."""
    async with door.database.transaction() as connection:
        return list(await cards_of(connection, cell_of(who, door.cells), who)), await parties(connection)


def show(request: Request, template: str, facts: Mapping[str, object], *, bad: bool = False) -> Response:
    """A page with the banks' words; `bad`: what was typed was refused."""
    said = speech_of(request)
    words = {"word": lambda listed, code: bank_word(said, listed, code)}
    return render(request, template, {**facts, **words}, status=422 if bad else 200)
