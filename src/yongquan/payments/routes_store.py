"""The payments room's SQL for routes."""

from collections.abc import Iterable, Sequence

from yongquan.payments.routes import Route
from yongquan.plumbing.db import Connection

_ROUTES = """
select issuer, bin, line, cost_fen, is_open, promotion, promotion_en from payments.route order by issuer, bin, line
"""
_ENSURE = """
insert into payments.route (issuer, bin, line, cost_fen) values (%s, '', %s, %s) on conflict do nothing
"""
_SWITCH = "update payments.route set is_open = %s where issuer = %s and bin = %s and line = %s"
_PROMOTE = "update payments.route set promotion = %s, promotion_en = %s where issuer = %s and bin = %s and line = %s"
_SAVE = """
insert into payments.route (issuer, bin, line, cost_fen, is_open, promotion, promotion_en)
values (%s, %s, %s, %s, %s, %s, %s)
on conflict (issuer, bin, line) do update
   set cost_fen = excluded.cost_fen, is_open = excluded.is_open, promotion = excluded.promotion,
       promotion_en = excluded.promotion_en
"""
SECOND_LINE_COST_FEN = 1


async def all_routes(connection: Connection) -> Sequence[Route]:
    """Every route."""
    return [Route(*row) for row in await (await connection.execute(_ROUTES)).fetchall()]


async def ensure_routes(connection: Connection, issuers: Iterable[str], *, lines: int) -> None:
    """Give issuers that are new a route over each of their lines; the first is the cheapest."""
    rows = [(code, n, (n - 1) * SECOND_LINE_COST_FEN) for code in issuers for n in range(1, lines + 1)]
    async with connection.cursor() as cursor:
        await cursor.executemany(_ENSURE, rows)


async def save_route(connection: Connection, route: Route) -> None:
    """Write a route, new or changed."""
    values = [route.issuer, route.bin, route.line, route.cost_fen, route.is_open, route.promotion, route.promotion_en]
    await connection.execute(_SAVE, values)


async def promote_route(
    connection: Connection, issuer: str, bin_: str, line: int, *, promotion: str, promotion_en: str
) -> bool:
    """Say what the issuer gives on its own ("": nothing); False if there is no such route."""
    values = [promotion, promotion_en, issuer, bin_, line]
    return (await connection.execute(_PROMOTE, values)).rowcount == 1


async def switch_route(connection: Connection, issuer: str, bin_: str, line: int, *, is_open: bool) -> bool:
    """Open or close a route; False if there is none."""
    return (await connection.execute(_SWITCH, [is_open, issuer, bin_, line])).rowcount == 1
