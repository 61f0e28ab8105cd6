"""Which HTTP calls an institution serves, and what each does."""

from functools import partial
from typing import Annotated

import msgspec

from yongquan_sandbox import accounts, acquiring, clearing, identities
from yongquan_sandbox.accounts import Day
from yongquan_sandbox.binding_calls import BindingCalls
from yongquan_sandbox.books import Books
from yongquan_sandbox.day_file import day_file
from yongquan_sandbox.faults import FaultBench, Faults
from yongquan_sandbox.http_door import Call, Reply, Routes
from yongquan_sandbox.iso_server import IsoServer
from yongquan_sandbox.roster import Institution, Kind
from yongquan_sandbox.service_calls import ServiceCalls
from yongquan_sandbox.shop_payments import acquirer_file
from yongquan_sandbox.turn import Turn


class DayQuery(msgspec.Struct, frozen=True):
    """The query of totals and transactions."""

    settlement_date: Day
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=50_000)] = 1000


class Endpoints:
    """The calls of one institution; what changes books goes through the turn's commit."""

    def __init__(
        self,
        *,
        institution: Institution,
        books: Books,
        turn: Turn,
        bench: FaultBench,
        iso: IsoServer | None,
    ) -> None:
        self._institution = institution
        self._books = books
        self._turn = turn
        self._bench = bench
        self._iso = iso

    def routes(self) -> Routes:
        """The table of calls: everybody's, and those of an acquirer or an issuer."""
        routes: Routes = {
            ("GET", "healthz"): self._health,
            ("GET", "proof"): self._proof,
            ("GET", "totals"): self._totals,
            ("GET", "transactions"): self._transactions,
            ("GET", "accounts/{}"): self._account,
            ("POST", "accounts/provision"): self._provision_accounts,
            ("POST", "transfers"): self._transfer,
            ("POST", "net-settlements"): self._settle_net,
        }
        if self._institution.kind is Kind.BANK:
            routes["POST", "identities/enter"] = self._enter_identity
            routes["POST", "identities/check"] = self._check_identity
        if self._institution.kind is Kind.ACQUIRER:
            routes["POST", "merchants/provision"] = self._provision_shops
            routes["POST", "merchants/account"] = self._change_account
            routes["POST", "settlement-instructions"] = self._settle
            routes["GET", "settlement-reports/{}"] = self._report
            routes["GET", "day-file"] = self._acquirer_file
        if self._iso is not None:
            routes |= BindingCalls(books=self._books, turn=self._turn).routes()
            routes["GET", "day-file"] = self._day_file
        services = ServiceCalls(code=self._institution.code, books=self._books, turn=self._turn, bench=self._bench)
        routes |= services.routes(issues_cards=self._institution.issues_cards)
        routes["GET", "faults"] = self._tell_faults
        routes["PUT", "faults"] = self._switch_faults
        return routes

    async def _health(self, _: Call) -> Reply:
        return Reply(200, {"code": self._institution.code, "status": "ok", "commits": self._turn.commits})

    async def _proof(self, _: Call) -> Reply:
        proof = self._books.prove()
        return Reply(200, {**msgspec.to_builtins(proof), "balanced": proof.balanced})

    async def _totals(self, call: Call) -> Reply:
        asked = msgspec.convert(call.query, DayQuery, strict=False)
        return Reply(200, clearing.totals(self._books, asked.settlement_date))

    async def _transactions(self, call: Call) -> Reply:
        asked = msgspec.convert(call.query, DayQuery, strict=False)
        found = clearing.transactions(
            self._books, settlement_date=asked.settlement_date, after=asked.after, limit=asked.limit
        )
        return Reply(200, {"transactions": found, "next": found[-1].id if len(found) == asked.limit else None})

    async def _day_file(self, call: Call) -> Reply:
        asked = msgspec.convert(call.query, DayQuery, strict=False)
        return Reply(200, {"content": day_file(self._books, self._institution.code, asked.settlement_date)})

    async def _acquirer_file(self, call: Call) -> Reply:
        asked = msgspec.convert(call.query, DayQuery, strict=False)
        return Reply(200, {"content": acquirer_file(self._books, self._institution.code, asked.settlement_date)})

    async def _account(self, call: Call) -> Reply:
        found = accounts.view(self._books, call.tail)
        return Reply(404, {"code": "unknown_account"}) if found is None else Reply(200, found)

    async def _provision_accounts(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=accounts.Provision)
        return Reply(200, await self._turn.run(partial(accounts.provision, self._books, self._institution, asked)))

    async def _transfer(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=accounts.Transfers)
        return Reply(200, {"results": await self._turn.run(partial(accounts.transfer_all, self._books, asked))})

    async def _settle_net(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=clearing.NetSettlement)
        settled = await self._turn.run(partial(clearing.settle_net, self._books, asked))
        return Reply(200 if settled.code == "booked" else 409, settled)

    async def _enter_identity(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=identities.Person)
        return Reply(200, await self._turn.run(partial(identities.enter, self._books, asked)))

    async def _check_identity(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=identities.Person)
        return Reply(200, identities.check(self._books, asked))

    async def _provision_shops(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=acquiring.ShopProvision)
        return Reply(200, await self._turn.run(partial(acquiring.take_on_shops, self._books, asked)))

    async def _change_account(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=acquiring.AccountChange)
        return Reply(200, await self._turn.run(partial(acquiring.change_account, self._books, asked)))

    async def _settle(self, call: Call) -> Reply:
        asked = msgspec.json.decode(call.body, type=acquiring.Instruction)
        settled = await self._turn.run(partial(acquiring.settle, self._books, asked))
        return Reply(409, {"code": settled}) if isinstance(settled, str) else Reply(200, settled)

    async def _report(self, call: Call) -> Reply:
        report = acquiring.report_on(self._books, call.tail)
        return Reply(404, {"code": "unknown_instruction"}) if report is None else Reply(200, report)

    async def _tell_faults(self, _: Call) -> Reply:
        return Reply(200, {"faults": self._bench.faults, "dealt": self._bench.dealt})

    async def _switch_faults(self, call: Call) -> Reply:
        self._bench.switch(msgspec.json.decode(call.body, type=Faults))
        if self._iso is not None:
            await self._iso.apply_faults()
        return await self._tell_faults(call)
