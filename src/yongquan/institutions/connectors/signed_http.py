"""Signed HTTP calls to one institution: accounts, transfers, settlement, clearing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yongquan.institutions.account_names import account_name, bare_number, is_account_number
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
    ShopAccountChange,
    ShopAccountChanged,
    ShopOpening,
    TransactionPage,
    TransferResult,
)
from yongquan.institutions.connectors.service_messages import (
    CardBill,
    CreditCardOpening,
    FundBought,
    FundHolding,
    FundOnSale,
    HeldMandate,
    MandateTold,
    Movement,
    MovementResult,
    NameAsked,
    NameTold,
    ReturnedCredit,
    StatementPage,
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
class _Coded:
    code: str


@dataclass(frozen=True, slots=True)
class _Numbers:
    cards: tuple[str, ...]
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    text: str | None


@dataclass(frozen=True, slots=True)
class FaultsTold:
    """How often each fault was dealt since the institution began."""

    dealt: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Results:
    results: tuple[TransferResult, ...]


@dataclass(frozen=True, slots=True)
class _Moved:
    results: tuple[MovementResult, ...]


@dataclass(frozen=True, slots=True)
class _Names:
    names: tuple[NameTold, ...]


@dataclass(frozen=True, slots=True)
class _Returned:
    returned: tuple[ReturnedCredit, ...]


@dataclass(frozen=True, slots=True)
class _Funds:
    funds: tuple[FundOnSale, ...]


@dataclass(frozen=True, slots=True)
class _Holdings:
    holdings: tuple[FundHolding, ...]


@dataclass(frozen=True, slots=True)
class _DayFile:
    content: str


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

    async def change_shop_account(self, change: ShopAccountChange) -> ShopAccountChanged:
        """Have an acquirer settle a shop to another account, opened if it is new."""
        return await self._post("/merchants/account", change, ShopAccountChanged)

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

    async def day_file(self, settlement_date: date) -> bytes:
        """An issuer's file of purchases and refunds of a settlement date, or an acquirer's of what it paid shops."""
        answer = await self._get("/day-file", {"settlement_date": settlement_date.isoformat()}, _DayFile)
        return answer.content.encode()

    async def proof(self) -> BooksProof:
        """Their recount of their own books."""
        return await self._get("/proof", {}, BooksProof)

    async def text_binding_code(self, *, binding_id: str, number: str, phone: str) -> str:
        """Have the issuer of a card or account text its customer a code: sent, phone_differs or unknown_card."""
        body = {"binding_id": binding_id, "number": bare_number(number), "phone": phone}
        return (await self._post("/bindings", body, _Coded)).code

    async def confirm_binding(self, *, binding_id: str, code: str) -> str:
        """Have the issuer compare the code: bound, wrong_code, too_many_tries or unknown_binding."""
        return (await self._post("/bindings/confirm", {"binding_id": binding_id, "code": code}, _Coded)).code

    async def numbers_of_holder(self, *, holder: str, phone: str) -> tuple[str, ...]:
        """The cards, and the accounts without one, that the bank's own app lists for a customer who agreed (S11)."""
        told = await self._post("/numbers-of-holder", {"holder": holder, "phone": phone}, _Numbers)
        named = (account_name(self.institution, no) for no in told.accounts if is_account_number(no))
        return (*told.cards, *named)

    async def last_text(self, phone: str) -> str | None:
        """The newest text that a sandbox bank wrote to a phone."""
        return (await self._get(f"/texts/{phone}", {}, _Text)).text

    async def switch_faults(self, faults: Mapping[str, object]) -> FaultsTold:
        """Have a sandbox institution misbehave in this manner from now on; none of it if empty."""
        return await self._send("PUT", "/faults", dict(faults), FaultsTold)

    async def faults_dealt(self) -> FaultsTold:
        """How often a sandbox institution misbehaved."""
        return await self._get("/faults", {}, FaultsTold)

    async def move(self, movements: Sequence[Movement]) -> tuple[MovementResult, ...]:
        """Debit and credit accounts, each on its own; a refused movement may be tried again later."""
        bare = [replace(movement, account=bare_number(movement.account)) for movement in movements]
        return (await self._post("/movements", {"movements": bare}, _Moved)).results

    async def names(self, accounts: Sequence[NameAsked]) -> tuple[NameTold, ...]:
        """Whether accounts exist, take money and are called as asked, in their order."""
        bare = [replace(asked, account=bare_number(asked.account)) for asked in accounts]
        return (await self._post("/names", {"accounts": bare}, _Names)).names

    async def statement(self, account: str, *, before: int | None = None, limit: int = 20) -> StatementPage:
        """The last movements of an account or card."""
        query = {"account": bare_number(account), "limit": str(limit)} | (
            {} if before is None else {"before": str(before)}
        )
        return await self._get("/statements", query, StatementPage)

    async def returned_credits(self, *, after: int) -> tuple[ReturnedCredit, ...]:
        """Credits that the institution wants taken back since the one numbered `after`, 1,000 at most."""
        return (await self._get("/returned-credits", {"after": str(after)}, _Returned)).returned

    async def send_back(self, movement_id: str, reason: str) -> ReturnedCredit:
        """Sandbox only: its back office wants a credit to go back."""
        return await self._post("/returned-credits", {"movement_id": movement_id, "reason": reason}, ReturnedCredit)

    async def ban(self, account: str, why: str) -> None:
        """Sandbox only: close an account (`closed`), let it lie (`dormant`), or open it again ("")."""
        await self._post("/bans", {"account": account, "why": why}, dict)

    async def hold_mandate(self, mandate: HeldMandate) -> MandateTold:
        """Have the account's bank keep an authority."""
        bare = replace(mandate, card_no=bare_number(mandate.card_no))
        return await self._post("/mandates", bare, MandateTold)

    async def mandate(self, mandate_id: str) -> MandateTold:
        """An authority as the account's bank has it."""
        return await self._get(f"/mandates/{mandate_id}", {}, MandateTold)

    async def revoke_mandate(self, mandate_id: str, *, by: str = "network") -> MandateTold:
        """Take an authority back at the account's bank."""
        return await self._post("/mandates/revoke", {"mandate_id": mandate_id, "by": by}, MandateTold)

    async def funds(self) -> tuple[FundOnSale, ...]:
        """The funds that the bank sells."""
        return (await self._get("/funds", {}, _Funds)).funds

    async def buy_fund(self, order_id: str, *, fund_code: str, holder: str, amount_fen: int, day: date) -> FundBought:
        """Have a paid order turned into shares, once for the order."""
        asked = {"order_id": order_id, "fund_code": fund_code, "holder": holder, "amount_fen": amount_fen, "day": day}
        return await self._post("/fund-orders", asked, FundBought)

    async def fund_holdings(self, holder: str) -> tuple[FundHolding, ...]:
        """What somebody holds at the bank."""
        return (await self._get("/fund-holdings", {"holder": holder}, _Holdings)).holdings

    async def open_credit_card(self, card: CreditCardOpening) -> None:
        """Make an account's card a credit card."""
        await self._post("/credit-cards", card, dict)

    async def bill(self, card_no: str, *, today: date) -> CardBill:
        """A credit card's last bill."""
        return await self._get("/bills", {"card_no": card_no, "today": today.isoformat()}, CardBill)

    async def repay_card(self, order_id: str, *, card_no: str, amount_fen: int, day: date) -> str:
        """Tell the issuer of a repayment that an order paid for: booked, or its reason."""
        asked = {"order_id": order_id, "card_no": card_no, "amount_fen": amount_fen, "day": day}
        return str((await self._post("/repayments", asked, dict[str, str]))["code"])

    async def _get(self, path: str, query: Mapping[str, str], kind: type[Value]) -> Value:
        return await self._call(self._http.build_request("GET", path, params=dict(query)), kind)

    async def _post(self, path: str, body: object, kind: type[Value]) -> Value:
        return await self._send("POST", path, body, kind)

    async def _send(self, method: str, path: str, body: object, kind: type[Value]) -> Value:
        content = msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"}
        return await self._call(self._http.build_request(method, path, content=content, headers=headers), kind)

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
