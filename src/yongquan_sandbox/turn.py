"""Group commit: what arrives in one turn of the event loop becomes durable together, then is answered."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from yongquan_sandbox.books import Books

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


class Turn:
    """Collects work until the event loop comes round, applies it in one commit, then hands out answers.

    Work that raises is a bug: the whole commit is undone, nobody is answered and `on_bug` is called.
    """

    def __init__(self, books: Books, *, on_bug: Callable[[], None]) -> None:
        self._books = books
        self._on_bug = on_bug
        self._waiting: list[Callable[[], Callable[[], None]]] = []
        self.commits = 0
        self.broken = False

    def submit(self, work: Callable[[], Result], answer: Callable[[Result], None]) -> None:
        """Do `work` in the coming commit and call `answer` with its result once that is durable."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._apply)

        def apply() -> Callable[[], None]:
            result = work()
            return lambda: answer(result)

        self._waiting.append(apply)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do `work` in the coming commit and return its result once that is durable."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def answer(result: Result) -> None:
            if not done.done():
                done.set_result(result)

        self.submit(work, answer)
        return await done

    def _apply(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            with self._books.one_commit():
                answers = [apply() for apply in waiting]
        except Exception:
            _log.exception("a commit of %d requests failed", len(waiting))
            self.broken = True
            self._on_bug()
            raise
        self.commits += 1
        for answer in answers:
            answer()
