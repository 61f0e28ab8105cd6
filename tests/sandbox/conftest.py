"""One outside world for the tests that do not break it, with a funded card for each test."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from launching import Sandbox, card_number, running

from yongquan.institutions.connectors.account_messages import AccountOpening

_serials = itertools.count(1)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder: Path = tmp_path_factory.mktemp("outside")
    with running(folder, "chaoxin", "quanfu", "donggang") as started:
        yield started


@pytest.fixture
def open_card(sandbox: Sandbox) -> Callable[..., str]:
    """Opens a card at 潮信银行 with this balance and daily limit, in fen."""

    def open_one(*, balance_fen: int = 100_000, daily_limit_fen: int = 1_000_000) -> str:
        card_no = card_number("629901", next(_serials))
        account = AccountOpening(
            account_no=f"A{card_no}",
            holder="陈小满",
            opening_balance_fen=balance_fen,
            card_no=card_no,
            daily_limit_fen=daily_limit_fen,
        )

        async def open_it() -> None:
            async with sandbox.client("chaoxin") as client:
                answer = await client.open_accounts([account])
            assert answer.opened == 1

        asyncio.run(open_it())
        return card_no

    return open_one
