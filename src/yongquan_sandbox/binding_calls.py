"""HTTP calls of binding: a code by text, its confirmation, the cards and accounts that the bank's app lists."""

from functools import partial

import msgspec

from yongquan_sandbox import binding
from yongquan_sandbox.books import Books
from yongquan_sandbox.http_door import Call, Reply, Routes
from yongquan_sandbox.turn import Turn


class BindingCalls:
    """The calls of an issuer."""

    def __init__(self, *, books: Books, turn: Turn) -> None:
        self._books = books
        self._turn = turn

    def routes(self) -> Routes:
        """Only who issues cards serves them."""
        return {
            ("POST", "bindings"): self._text_code,
            ("POST", "bindings/confirm"): self._confirm,
            ("POST", "numbers-of-holder"): self._numbers,
            ("GET", "texts/{}"): self._text,
        }

    async def _text_code(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=binding.CodeAsked)
        return Reply(200, await self._turn.run(partial(binding.text_code, self._books, asked)))

    async def _confirm(self, call: Call) -> Reply:
        told = msgspec.json.decode(call.body, type=binding.CodeTold)
        return Reply(200, await self._turn.run(partial(binding.confirm, self._books, told)))

    async def _numbers(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=binding.Holder)
        return Reply(200, binding.numbers_of(self._books, asked))

    async def _text(self, call: Call) -> Reply:
        return Reply(200, {"text": binding.last_text(self._books, call.tail)})
