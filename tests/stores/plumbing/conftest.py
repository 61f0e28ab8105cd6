"""Stories of plumbing run on a fresh database of their own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing

Story: TypeAlias = Callable[[Database], Awaitable[None]]


@pytest.fixture
def run(fresh_database: str) -> Callable[[Story], None]:
    """Runs an async story on a fresh database."""

    async def told(story: Story) -> None:
        async with opened(fresh_database) as database:
            await story(database)

    return lambda story: asyncio.run(told(story))


@pytest.fixture
def sealing() -> Sealing:
    return Sealing(Keys(token=b"t" * 32, seal=b"s" * 32, index=b"i" * 32))
