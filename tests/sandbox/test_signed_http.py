"""Signed HTTP between the network and institutions that are processes of their own."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TypeVar

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from launching import DAY, Sandbox, card_number, following, purchase

from yongquan.institutions import InstitutionUnreachable
from yongquan.institutions.connectors.account_messages import (
    NETWORK_ACCOUNT,
    AccountOpening,
    BookTransfer,
    Hold,
    NetSettlement,
    SettlementInstruction,
    SettlementLine,
    ShopOpening,
)
from yongquan.institutions.connectors.card_messages import RefundRequest, ReversalRequest
from yongquan.institutions.connectors.signatures import NetworkSignature, public_key
from yongquan.institutions.connectors.signed_http import InstitutionRefused, SignedClient

Result = TypeVar("Result")


def with_client(sandbox: Sandbox, code: str, talk: Callable[[SignedClient], Awaitable[Result]]) -> Result:
    async def whole() -> Result:
        async with sandbox.client(code) as client:
            return await talk(client)

    return asyncio.run(whole())


def account(account_no: str, **facts: object) -> AccountOpening:
    opening = AccountOpening(account_no=account_no, holder="林知夏", opening_balance_fen=50_000)
    return dataclasses.replace(opening, **facts)  # type: ignore[arg-type]


def test_request_without_signature_is_refused(sandbox: Sandbox) -> None:
    answer = httpx.get(f"{sandbox.registry['chaoxin'].http_url}/proof", trust_env=False)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")


def test_request_signed_by_another_key_is_refused(sandbox: Sandbox) -> None:
    stranger = NetworkSignature(Ed25519PrivateKey.generate())

    answer = httpx.get(f"{sandbox.registry['chaoxin'].http_url}/proof", auth=stranger, trust_env=False)

    assert answer.status_code == 401


def test_body_changed_after_signing_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.registry['chaoxin'].http_url}/transfers"
    request = httpx.Request("POST", url, content=b'{"transfers":[]}')
    signed = next(NetworkSignature(sandbox.our_key).auth_flow(request))
    tampered = httpx.Request("POST", url, content=b'{"transfers":{}}', headers=signed.headers)

    with httpx.Client(trust_env=False) as http:
        assert http.send(signed).status_code == 200
        assert http.send(tampered).status_code == 401


def test_signed_query_cannot_be_changed(sandbox: Sandbox) -> None:
    url = f"{sandbox.registry['chaoxin'].http_url}/totals?settlement_date=2022-02-"
    signed = next(NetworkSignature(sandbox.our_key).auth_flow(httpx.Request("GET", f"{url}15")))
    changed = httpx.Request("GET", f"{url}16", headers=signed.headers)

    with httpx.Client(trust_env=False) as http:
        assert http.send(changed).status_code == 401


def test_answer_of_another_institution_is_not_trusted(sandbox: Sandbox) -> None:
    bank, wallet = sandbox.registry["chaoxin"], sandbox.registry["quanfu"]

    async def ask() -> None:
        client = SignedClient(
            bank.http_url,
            institution="chaoxin",
            our_private_key=sandbox.our_key,
            their_public_key=public_key(wallet.public_key_pem),
        )
        async with client:
            await client.proof()

    with pytest.raises(InstitutionUnreachable):
        asyncio.run(ask())


def test_unknown_field_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.registry['chaoxin'].http_url}/net-settlements"

    answer = httpx.post(url, json={"id": "x", "sum": 1}, auth=NetworkSignature(sandbox.our_key), trust_env=False)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")


def test_accounts_are_opened_once_and_differences_refused(sandbox: Sandbox) -> None:
    good = card_number("629901", 700_000_001)
    asked = [
        account("H1", card_no=good),
        account("H1", card_no=good),
        account("H2", card_no=good),
        account("H3", card_no=good[:-1] + str((int(good[-1]) + 1) % 10)),
        account("H4", card_no=card_number("629902", 1)),
        account("H5"),
    ]

    first = with_client(sandbox, "chaoxin", lambda client: client.open_accounts(asked))
    changed = with_client(
        sandbox, "chaoxin", lambda client: client.open_accounts([account("H5"), account("H5", holder="别人")])
    )

    assert (first.opened, first.existing) == (2, 1)
    assert [(one.account_no, one.code) for one in first.refused] == [
        ("H2", "card_taken"),
        ("H3", "invalid_card_no"),
        ("H4", "invalid_card_no"),
    ]
    assert (changed.opened, changed.existing) == (0, 1)
    assert changed.refused[0].code == "account_differs"


def test_wallet_numbers_have_nineteen_digits(sandbox: Sandbox) -> None:
    asked = [account("W1", card_no="6299510000000000001"), account("W2", card_no="629951000000000001")]

    answer = with_client(sandbox, "quanfu", lambda client: client.open_accounts(asked))

    assert (answer.opened, [one.account_no for one in answer.refused]) == (1, ["W2"])


def test_funders_share_is_called_once_and_refused_when_short(sandbox: Sandbox) -> None:
    call = BookTransfer(
        id="call-1", from_account="F1", to_account=NETWORK_ACCOUNT, amount_fen=30_000, settlement_date=DAY
    )
    too_much = dataclasses.replace(call, id="call-2", amount_fen=20_001)
    asked = [call, call, too_much, dataclasses.replace(call, amount_fen=1)]

    async def talk(client: SignedClient) -> tuple[list[str], int]:
        await client.open_accounts([account("F1")])
        results = await client.transfer(asked)
        return [result.code for result in results], (await client.account("F1")).balance_fen

    codes, balance_fen = with_client(sandbox, "chaoxin", talk)

    assert codes == ["booked", "booked", "insufficient_funds", "conflicting_request"]
    assert balance_fen == 20_000


def test_settlement_instruction_pays_holds_and_reports_once(sandbox: Sandbox) -> None:
    shops = [ShopOpening(shop_id=f"S{n}", name=f"甬味小馆{n}店", account_no=f"SA{n}") for n in range(3)]
    lines = [
        SettlementLine(line_id="1", shop_id="S0", trade_fen=10_000, subsidy_fen=2_000, fee_fen=38),
        SettlementLine(line_id="2", shop_id="S1", trade_fen=5_000, subsidy_fen=1_000, fee_fen=19, hold=Hold.SUBSIDY),
        SettlementLine(line_id="3", shop_id="S2", trade_fen=700, subsidy_fen=0, fee_fen=2, hold=Hold.WHOLE),
        SettlementLine(line_id="4", shop_id="nobody", trade_fen=300, subsidy_fen=0, fee_fen=1),
    ]
    instruction = SettlementInstruction(
        instruction_id="day-1", settlement_date=DAY, expected_funds_fen=19_000, lines=lines
    )

    async def talk(client: SignedClient) -> None:
        await client.take_on_shops(shops)
        first = await client.instruct_settlement(instruction)
        again = await client.instruct_settlement(instruction)
        report = await client.settlement_report("day-1")
        balances = [(await client.account(f"SA{n}")).balance_fen for n in range(3)]

        assert again == first
        assert (first.paid_fen, first.held_fen, first.fee_fen, first.refused_lines) == (16_943, 1_698, 59, 1)
        assert [(line.state, line.paid_fen, line.held_fen) for line in report.lines] == [
            ("paid", 11_962, 0),
            ("part_held", 4_981, 1_000),
            ("held", 0, 698),
            ("refused", 0, 0),
        ]
        assert report.lines[3].reason == "unknown_shop"
        assert balances == [11_962, 4_981, 0]
        assert (await client.proof()).balanced

        with pytest.raises(InstitutionRefused) as other:
            await client.instruct_settlement(dataclasses.replace(instruction, expected_funds_fen=20_000))
        assert other.value.facts["their_code"] == "conflicting_request"

    with_client(sandbox, "donggang", talk)


def test_lines_beyond_the_funds_are_refused_whole(sandbox: Sandbox) -> None:
    instruction = SettlementInstruction(
        instruction_id="short",
        settlement_date=DAY,
        expected_funds_fen=100,
        lines=[SettlementLine(line_id="1", shop_id="P1", trade_fen=10**9, subsidy_fen=0, fee_fen=0)],
    )

    async def talk(client: SignedClient) -> None:
        await client.take_on_shops([ShopOpening(shop_id="P1", name="海曙书屋", account_no="PA1")])
        with pytest.raises(InstitutionRefused) as refused:
            await client.instruct_settlement(instruction)
        assert refused.value.facts["their_code"] == "funds_short"
        with pytest.raises(InstitutionRefused):
            await client.settlement_report("short")

    with_client(sandbox, "donggang", talk)


def test_net_settlement_brings_the_days_position_to_zero(sandbox: Sandbox) -> None:
    day = date(2022, 5, 1)
    card_no = card_number("629901", 710_000_001)
    bought = [purchase(card_no, 1_000 * n, 7_000 + n, business_date=day, settlement_date=day) for n in (1, 2, 3)]

    async def talk(client: SignedClient) -> None:
        await client.open_accounts([account("N1", card_no=card_no)])
        async with sandbox.line("chaoxin") as line:
            await line.wait_ready(timeout_s=5)
            for one in bought:
                await line.purchase(one, timeout_s=5)
            await line.refund(following(RefundRequest, bought[2], stan=7_010, amount_fen=500), timeout_s=5)
            await line.reverse(following(ReversalRequest, bought[0], stan=7_011), timeout_s=5)
        totals = await client.totals(day)
        page = await client.transactions(day, limit=2)
        rest = await client.transactions(day, after=page.next or 0)
        due_before = (
            await client.settle_net(NetSettlement(id="n0", settlement_date=day, net_fen=0))
        ).due_to_network_fen
        position = NetSettlement(id="n1", settlement_date=day, net_fen=totals.net_fen)
        settled = [await client.settle_net(position) for _ in range(2)]

        assert (totals.purchases.count, totals.purchases.sum_fen) == (3, 6_000)
        assert (totals.refunds.sum_fen, totals.reversals.sum_fen) == (500, 1_000)
        assert totals.net_fen == 4_500
        assert [one.kind for one in page.transactions + rest.transactions][:5] == [
            "purchase",
            "purchase",
            "purchase",
            "refund",
            "reversal",
        ]
        assert settled[0] == settled[1]
        assert due_before - settled[0].due_to_network_fen == 4_500

    with_client(sandbox, "chaoxin", talk)
