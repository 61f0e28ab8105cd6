"""Signed HTTP calls to one institution: accounts, transfers, settlement, clearing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yongquan.institutions.connectors.account_messages import (
    AccountOpening,
    AccountView,
    BooksProof,
    BookTransfer,
    DayTotals,
    Identity,
    IdentityFound,
    NetSettled,
    NetSettlement,
    OpeningAnswer,
    SettlementInstruction,
    SettlementReport,
    ShopOpening,
    TransactionPage,
    TransferResult,
)
from yongquan.institutions.connectors.signatures import AnswerCheck, NetworkSignature
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.kernel.errors import Refusal

TIMEOUT_S: Final = 60.0
Value = TypeVar("Value")


class InstitutionRefused(Refusal):
    """The institution said no; the facts are its `status` and its own `their_code`."""

    code = "institution_refused"


@dataclass(frozen=True, slots=True)
class _Results:
    results: tuple[TransferResult, ...]


class SignedClient:
    """Calls to one institution, each idempotent by the id in its body.

    Raises `InstitutionUnreachable` when there was no answer, or none signed by them for this call;
    `InstitutionRefused` when they declined (conflicting_request, funds_short, unknown_account ..).
    """

    def __init__(
        self,
        base_url: str,
        *,
        institution: str,
        our_private_key: Ed25519PrivateKey,
        their_public_key: Ed25519PublicKey,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.institution = institution
        self._check = AnswerCheck(code=institution, their_public_key=their_public_key)
        self._http = httpx.AsyncClient(
            base_url=base_url, auth=NetworkSignature(our_private_key), timeout=timeout_s, trust_env=False
        )

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection pool."""
        await self._http.aclose()

    async def open_accounts(self, accounts: Sequence[AccountOpening]) -> OpeningAnswer:
        """Open accounts in bulk (some 10,000 a call); those already open alike are left alone."""
        return await self._post("/accounts/provision", {"accounts": accounts}, OpeningAnswer)

    async def account(self, account_no: str) -> AccountView:
        """One account and its balance."""
        return await self._get(f"/accounts/{account_no}", {}, AccountView)

    async def transfer(self, transfers: Sequence[BookTransfer]) -> tuple[TransferResult, ...]:
        """Do book transfers in their order, each on its own; a refused one may be tried again later."""
        return (await self._post("/transfers", {"transfers": transfers}, _Results)).results

    async def take_on_shops(self, shops: Sequence[ShopOpening]) -> OpeningAnswer:
        """Open shops' settlement accounts at an acquirer."""
        return await self._post("/merchants/provision", {"merchants": shops}, OpeningAnswer)

    async def instruct_settlement(self, instruction: SettlementInstruction) -> SettlementReport:
        """Have an acquirer pay its shops; the answer has sums only."""
        return await self._post("/settlement-instructions", instruction, SettlementReport)

    async def settlement_report(self, instruction_id: str) -> SettlementReport:
        """What became of an instruction, line by line."""
        return await self._get(f"/settlement-reports/{instruction_id}", {}, SettlementReport)

    async def check_identity(self, person: Identity) -> str:
        """Whether the state's register, as a bank can ask it, knows the person so: matches, differs or unknown."""
        return (await self._post("/identities/check", person, IdentityFound)).result

    async def enter_identity(self, person: Identity) -> str:
        """Enter an invented person in a sandbox bank's register; who stands there already stays as entered."""
        return (await self._post("/identities/enter", person, IdentityFound)).result

    async def settle_net(self, position: NetSettlement) -> NetSettled:
        """Have the institution book a day's net position."""
        return await self._post("/net-settlements", position, NetSettled)

    async def totals(self, settlement_date: date) -> DayTotals:
        """What moved there on one settlement date."""
        return await self._get("/totals", {"settlement_date": settlement_date.isoformat()}, DayTotals)

    async def transactions(self, settlement_date: date, *, after: int = 0, limit: int = 10_000) -> TransactionPage:
        """Their approved bookings of one settlement date, at most 50,000 a page."""
        query = {"settlement_date": settlement_date.isoformat(), "after": str(after), "limit": str(limit)}
        return await self._get("/transactions", query, TransactionPage)

    async def proof(self) -> BooksProof:
        """Their recount of their own books."""
        return await self._get("/proof", {}, BooksProof)

    async def _get(self, path: str, query: Mapping[str, str], kind: type[Value]) -> Value:
        return await self._call(self._http.build_request("GET", path, params=dict(query)), kind)

    async def _post(self, path: str, body: object, kind: type[Value]) -> Value:
        content = msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"}
        return await self._call(self._http.build_request("POST", path, content=content, headers=headers), kind)

    async def _call(self, request: httpx.Request, kind: type[Value]) -> Value:
        try:
            response = await self._http.send(request)
        except httpx.TransportError as trouble:
            raise InstitutionUnreachable(f"{self.institution}: {type(trouble).__name__} {trouble}") from trouble
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise InstitutionUnreachable(f"{self.institution} does not know our signature")
        if not self._check.holds(response):
            raise InstitutionUnreachable(f"{self.institution} gave an answer that it did not sign for us")
        if response.is_error:
            their_code = _their_code(response.content)
            raise InstitutionRefused(
                f"{self.institution} refused {request.url.path}: {their_code or response.status_code}",
                status=response.status_code,
                their_code=their_code,
            )
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.ValidationError, msgspec.DecodeError) as problem:
            raise InstitutionUnreachable(f"{self.institution} answered in another form: {problem}") from problem


def _their_code(content: bytes) -> str:
    try:
        return str(msgspec.json.decode(content, type=dict[str, object]).get("code", ""))
    except (msgspec.ValidationError, msgspec.DecodeError):
        return ""
