"""HTTP calls of the bank services: authorities, movements, names, statements, and the bank's own back office."""

from functools import partial
from typing import Annotated, Literal

import msgspec

from yongquan_sandbox import mandates, movements, retail
from yongquan_sandbox.accounts import Day, Name
from yongquan_sandbox.books import Books
from yongquan_sandbox.faults import FaultBench
from yongquan_sandbox.http_door import Call, Reply, Routes
from yongquan_sandbox.turn import Turn

NEWEST = 2**62


class StatementQuery(msgspec.Struct, frozen=True):
    """Which lines of a statement: older than `before`, the newest by default."""

    account: Name
    before: Annotated[int, msgspec.Meta(ge=0)] = NEWEST
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20


class ReturnsQuery(msgspec.Struct, frozen=True):
    """Which returned credits: those after `after`."""

    after: Annotated[int, msgspec.Meta(ge=0)] = 0


class BillQuery(msgspec.Struct, frozen=True):
    """Whose bill, on which day."""

    card_no: str
    today: Day


class HoldingsQuery(msgspec.Struct, frozen=True):
    """Whose shares."""

    holder: Name


class Ban(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account closed, dormant, or (empty) open again."""

    account: Name
    why: Literal["closed", "dormant", ""]


class ServiceCalls:
    """The calls; what changes books goes through the turn's commit."""

    def __init__(self, *, code: str, books: Books, turn: Turn, bench: FaultBench) -> None:
        self._code = code
        self._books = books
        self._turn = turn
        self._bench = bench

    def routes(self, *, issues_cards: bool) -> Routes:
        """Everybody moves money and tells names; only who issues cards holds authorities."""
        routes: Routes = {
            ("POST", "movements"): self._move,
            ("POST", "names"): self._tell_names,
            ("GET", "statements"): self._statement,
            ("GET", "returned-credits"): self._returns,
            ("POST", "returned-credits"): self._send_back,
            ("POST", "bans"): self._ban,
        }
        if issues_cards:
            routes["POST", "mandates"] = self._hold
            routes["GET", "mandates/{}"] = self._tell_mandate
            routes["POST", "mandates/revoke"] = self._revoke
            routes["GET", "funds"] = self._funds
            routes["POST", "fund-orders"] = self._buy
            routes["GET", "fund-holdings"] = self._holdings
            routes["POST", "credit-cards"] = self._issue
            routes["GET", "bills"] = self._bill
            routes["POST", "repayments"] = self._repay
        return routes

    async def _move(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=movements.Movements)
        results = await self._turn.run(partial(movements.move_all, self._books, asked))
        mishap = self._bench.deal(asked.movements[0].id if asked.movements else "")
        return Reply(200, {"results": results}, is_lost=mishap.copies == 0)

    async def _tell_names(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=movements.NamesAsked)
        return Reply(200, {"names": movements.look_up(self._books, asked)})

    async def _statement(self, call: Call) -> Reply:
        asked = msgspec.convert(call.query, StatementQuery, strict=False)
        lines = movements.statement(self._books, asked.account, before=asked.before, limit=asked.limit)
        if lines is None:
            return Reply(404, {"code": "unknown_account"})
        following = lines[-1].booking_id if len(lines) == asked.limit else None
        balance_fen = movements.balance(self._books, asked.account)
        return Reply(200, {"balance_fen": balance_fen, "lines": lines, "next": following})

    async def _returns(self, call: Call) -> Reply:
        asked = msgspec.convert(call.query, ReturnsQuery, strict=False)
        return Reply(200, {"returned": movements.returns_after(self._books, asked.after)})

    async def _send_back(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=movements.ReturnAsked)
        returned = await self._turn.run(partial(movements.send_back, self._books, asked))
        return Reply(409, {"code": "not_returnable"}) if returned is None else Reply(200, returned)

    async def _ban(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=Ban)
        done = await self._turn.run(partial(movements.ban, self._books, asked.account, asked.why))
        return Reply(200 if done else 404, {"code": "done" if done else "unknown_account"})

    async def _hold(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=mandates.NewMandate)
        return Reply(200, await self._turn.run(partial(mandates.hold, self._books, asked)))

    async def _revoke(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=mandates.Revocation)
        return Reply(200, await self._turn.run(partial(mandates.revoke, self._books, asked)))

    async def _tell_mandate(self, call: Call) -> Reply:
        return Reply(200, mandates.tell(self._books, call.tail))

    async def _funds(self, _: Call) -> Reply:
        return Reply(200, {"funds": retail.FUNDS.get(self._code, ())})

    async def _buy(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=retail.FundOrder)
        return Reply(200, await self._turn.run(partial(retail.buy, self._books, self._code, asked)))

    async def _holdings(self, call: Call) -> Reply:
        asked = msgspec.convert(call.query, HoldingsQuery, strict=False)
        return Reply(200, {"holdings": retail.holdings(self._books, self._code, asked.holder)})

    async def _issue(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=retail.NewCreditCard)
        done = await self._turn.run(partial(retail.issue, self._books, asked))
        return Reply(200 if done else 404, {"code": "issued" if done else "unknown_card"})

    async def _bill(self, call: Call) -> Reply:
        asked = msgspec.convert(call.query, BillQuery, strict=False)
        found = retail.bill(self._books, asked.card_no, asked.today)
        return Reply(404, {"code": "unknown_card"}) if found is None else Reply(200, found)

    async def _repay(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=retail.Repayment)
        return Reply(200, {"code": await self._turn.run(partial(retail.repay, self._books, asked))})
