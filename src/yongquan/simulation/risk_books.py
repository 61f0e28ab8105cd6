"""Risk rules of the demo city: a stricter book that runs in shadow, and a version that waits for its checker.

Both are made after the day by the demo's staff through the same flows as people use, so that no count of it moves.
"""

from datetime import datetime
from typing import Final

from yongquan.flows.change_rule_book import decide_book, propose_book
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.rules.reading import first_book
from yongquan.risk.rules.store import book_versions
from yongquan.staff.sandbox import CHECKER_LOGIN, MAKER_LOGIN
from yongquan.staff.store import find_by_login

# What the shadow book says otherwise than the shipped one, and what the waiting one does.
STRICTER: Final = (
    ("distinct('payment', 'device', 'citizen', '24h') >= 4", "distinct('payment', 'device', 'citizen', '24h') >= 2"),
    ("distinct('payment', 'card', 'citizen', '7d') >= 4", "distinct('payment', 'card', 'citizen', '7d') >= 2"),
)
LATER: Final = (("hour >= 1 && hour < 5", "(hour >= 23 || hour < 5)"), ("凌晨大额用券", "夜间大额用券"))


async def propose_demo_books(database: Database, sealing: Sealing, *, real_now: datetime) -> None:
    """Write both versions, if there is none; `real_now` is real time in UTC."""
    async with database.transaction() as connection:
        written = await book_versions(connection)
        maker = await find_by_login(connection, MAKER_LOGIN, sealing, now=real_now)
        checker = await find_by_login(connection, CHECKER_LOGIN, sealing, now=real_now)
    if written or maker is None or checker is None:
        return
    shadow = f"shadow: true\n{_changed(STRICTER)}"
    number = await propose_book(
        database, maker, shadow, reason="一机多人、一卡多人的门槛试运行，只记录不处置", real_now=real_now
    )
    await decide_book(database, checker, number, approve=True, real_now=real_now)
    await propose_book(database, maker, _changed(LATER), reason="夜间时段从二十三点起观察", real_now=real_now)


def _changed(changes: tuple[tuple[str, str], ...]) -> str:
    book = first_book()
    for before, after in changes:
        if before not in book:
            raise LookupError(before)
        book = book.replace(before, after)
    return book
