"""System trace audit numbers (ISO 8583 field 11), taken from the database in blocks."""

import asyncio

from yongquan.plumbing.db import Database

BLOCK = 1_000
# 999 blocks of 1,000: numbers 1 to 999,000 go round; with the second of sending they name a message.
_TAKE = "update payments.stan_block set next = (next + 1) % 999 returning next"


class Stans:
    """Hands out trace numbers of 1 to 999000, no two processes the same within a round."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = 0
        self._end = 0
        self._taking = asyncio.Lock()

    async def next(self) -> int:
        """The next number."""
        while self._next >= self._end:
            await self._take_block()
        self._next += 1
        return self._next - 1

    async def _take_block(self) -> None:
        async with self._taking:
            if self._next < self._end:
                return
            async with self._database.transaction() as connection:
                row = await (await connection.execute(_TAKE)).fetchone()
            if row is not None:
                self._next, self._end = row[0] * BLOCK + 1, (row[0] + 1) * BLOCK + 1
