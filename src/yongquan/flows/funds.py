"""Where each funder's part of a campaign's budget sits, and the refusal that names a funder who is short."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from yongquan import ledger
from yongquan.ledger import Kind, PostingRefused
from yongquan.plumbing.db import Connection

HOME_CELL = 0


class FundsShort(PostingRefused):
    """A funder's cash, advance limit or part of a budget does not cover what it would promise; the facts name it."""

    code: ClassVar[str] = "funds_short"

    def __init__(self, refused: PostingRefused, *, funder_id: str, place: str, short_fen: int) -> None:
        super().__init__([refused.outcome])
        self.facts = {**self.facts, "funder_id": funder_id, "place": place, "short_fen": short_fen}
        self.args = (f"{funder_id} is short of {short_fen} fen of {place}",)


def budget_owner(campaign_id: UUID, funder_id: str, *, lead: str | None) -> str:
    """The owner of a funder's part of a campaign's budget: the campaign itself for the funder it belongs to."""
    return str(campaign_id) if lead in {None, funder_id} else f"{campaign_id}:{funder_id}"


async def post_or_name(
    connection: Connection,
    transfers: Sequence[ledger.Transfer],
    needs: Mapping[tuple[str, str, Kind], int],
    *,
    cell: int = HOME_CELL,
    now: datetime,
) -> None:
    """Post, and if money is short raise `FundsShort` for the first of `needs` (funder, owner, kind) that is."""
    try:
        async with connection.transaction():
            await ledger.post(connection, transfers, cell=cell, now=now)
    except PostingRefused as refused:
        if refused.outcome != "exceeds_credits":
            raise
        ids = {key: ledger.account_id(key[1], key[2]) for key in needs}
        balances = await ledger.balances_of(connection, list(ids.values()), cell=cell)
        for key, id_ in ids.items():
            short_fen = needs[key] - (balances[id_].credit_fen if id_ in balances else 0)
            if short_fen > 0:
                raise FundsShort(refused, funder_id=key[0], place=key[2].value, short_fen=short_fen) from refused
        raise
