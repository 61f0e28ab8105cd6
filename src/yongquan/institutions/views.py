"""What screens read of institutions: the names of banks, wallets, acquirers and funders."""

from dataclasses import dataclass

from yongquan.plumbing.db import Connection

_BANKS = "select code, name, name_en from institutions.institution where kind = 'bank' order by code"
_PARTIES = """
select code, name, name_en from institutions.institution
union all
select funder_id, name, name_en from institutions.funder
"""


@dataclass(frozen=True, slots=True)
class Party:
    """An institution or a funder by its code, named in both languages."""

    code: str
    name: str
    name_en: str


async def parties(connection: Connection) -> dict[str, Party]:
    """Everybody who issues, acquires or funds, by code."""
    return {row[0]: Party(*row) for row in await (await connection.execute(_PARTIES)).fetchall()}


async def funder_ids(connection: Connection) -> frozenset[str]:
    """The codes of all who may fund a campaign."""
    rows = await (await connection.execute("select funder_id from institutions.funder")).fetchall()
    return frozenset(row[0] for row in rows)


async def institution_kinds(connection: Connection) -> dict[str, str]:
    """bank, wallet or acquirer, by institution; an app belongs to one of them."""
    rows = await (await connection.execute("select code, kind from institutions.institution order by code")).fetchall()
    return {row[0]: row[1] for row in rows}


async def banks(connection: Connection) -> list[Party]:
    """The banks of the network, by code."""
    return [Party(*row) for row in await (await connection.execute(_BANKS)).fetchall()]


async def network_ids(connection: Connection) -> dict[str, str]:
    """How each institution is named in messages, by code."""
    rows = await (await connection.execute("select code, network_id from institutions.institution")).fetchall()
    return dict(rows)
