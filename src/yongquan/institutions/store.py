"""The institutions room's SQL: members of the network, and those who fund vouchers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yongquan.institutions.registry import Institution
from yongquan.plumbing.db import Connection

_SAVE_INSTITUTION = """
insert into institutions.institution (code, name, name_en, kind, network_id) values (%s, %s, %s, %s, %s)
on conflict (code) do update set name = excluded.name, name_en = excluded.name_en
"""
_SAVE_FUNDER = """
insert into institutions.funder (funder_id, name, name_en, kind, adcode, bank, account_no, advancer,
                                 advance_limit_fen)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (funder_id) do nothing
"""
_FUNDERS = """
select funder_id, name, name_en, kind, adcode, bank, account_no, advancer, advance_limit_fen
  from institutions.funder order by funder_id
"""


@dataclass(frozen=True, slots=True)
class Funder:
    """Who pays for vouchers: from a supervised account at a bank, then through an advancer up to a limit (fen)."""

    funder_id: str
    name: str
    name_en: str
    kind: str
    adcode: str | None
    bank: str
    account_no: str
    advancer: str | None = None
    advance_limit_fen: int = 0


async def save_institutions(connection: Connection, members: Iterable[Institution]) -> None:
    """Write the members of the network, new or renamed."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _SAVE_INSTITUTION, [(m.code, m.name, m.name_en, m.kind, m.network_id) for m in members]
        )


async def save_funders(connection: Connection, funders: Sequence[Funder]) -> None:
    """Write funders that are not there yet."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _SAVE_FUNDER,
            [
                (
                    f.funder_id,
                    f.name,
                    f.name_en,
                    f.kind,
                    f.adcode,
                    f.bank,
                    f.account_no,
                    f.advancer,
                    f.advance_limit_fen,
                )
                for f in funders
            ],
        )


async def all_funders(connection: Connection) -> list[Funder]:
    """Every funder, by id."""
    return [Funder(*row) for row in await (await connection.execute(_FUNDERS)).fetchall()]
