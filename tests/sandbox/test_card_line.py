"""Card messages to a bank that is a process of its own."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import pytest
from launching import Sandbox, following, purchase

from yongquan.institutions import NotSent, OutcomeUnknown
from yongquan.institutions.connectors.card_messages import (
    BalanceRequest,
    InquiryRequest,
    MessageStamp,
    OriginalState,
    PurchaseRequest,
    RefundRequest,
    ReversalRequest,
)
from yongquan.institutions.connectors.iso8583 import IssuerLine

Result = TypeVar("Result")
OpenCard = Callable[..., str]
T = 5.0


def on_line(sandbox: Sandbox, talk: Callable[[IssuerLine], Awaitable[Result]]) -> Result:
    """Talk on a fresh line to 潮信银行."""

    async def whole() -> Result:
        async with sandbox.line("chaoxin") as line:
            await line.wait_ready(timeout_s=T)
            return await talk(line)

    return asyncio.run(whole())


async def balance_of(line: IssuerLine, of: PurchaseRequest) -> int | None:
    asked: BalanceRequest = following(BalanceRequest, of, stan=900_000, amount_fen=0)
    return (await line.balance(asked, timeout_s=T)).balance_fen


@pytest.fixture(autouse=True)
def _sound(sandbox: Sandbox) -> Any:
    yield
    sandbox.switch_faults("chaoxin")


def test_purchase_debits_the_card_once(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=10_000), 4_000, 101)

    async def talk(line: IssuerLine) -> None:
        first = await line.purchase(bought, timeout_s=T)
        again = await line.purchase(bought, timeout_s=T)

        assert first.approved
        assert first.authorization
        assert again == first
        assert await balance_of(line, bought) == 6_000

    on_line(sandbox, talk)


def test_same_stamp_with_other_content_is_refused(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=10_000), 4_000, 102)

    async def talk(line: IssuerLine) -> None:
        await line.purchase(bought, timeout_s=T)
        other = await line.purchase(dataclasses.replace(bought, amount_fen=4_001), timeout_s=T)

        assert other.response_code == "94"
        assert await balance_of(line, bought) == 6_000

    on_line(sandbox, talk)


def test_same_time_and_stan_a_year_later_is_another_message(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=10_000), 4_000, 103)
    later = dataclasses.replace(
        bought,
        stamp=MessageStamp(sent_at=datetime(2023, 2, 15, 2, 0, tzinfo=UTC), stan=103),
        business_date=date(2023, 2, 15),
        settlement_date=date(2023, 2, 15),
    )

    async def talk(line: IssuerLine) -> None:
        answers = [await line.purchase(one, timeout_s=T) for one in (bought, later)]

        assert [answer.approved for answer in answers] == [True, True]
        assert await balance_of(line, bought) == 2_000

    on_line(sandbox, talk)


@pytest.mark.parametrize(
    ("card", "amount_fen", "code"),
    [
        ({"balance_fen": 3_999}, 4_000, "51"),
        ({"balance_fen": 10_000, "daily_limit_fen": 3_999}, 4_000, "61"),
        ("6299010000000009", 4_000, "14"),
        ({}, 0, "13"),
    ],
    ids=["insufficient_funds", "over_daily_limit", "no_such_card", "no_amount"],
)
def test_purchase_is_declined_with_the_trades_code(
    sandbox: Sandbox, open_card: OpenCard, card: dict[str, int] | str, amount_fen: int, code: str
) -> None:
    card_no = card if isinstance(card, str) else open_card(**card)
    bought = purchase(card_no, amount_fen, 110_000 + int(code))

    answer = on_line(sandbox, lambda line: line.purchase(bought, timeout_s=T))

    assert (answer.response_code, answer.authorization) == (code, None)


def test_daily_limit_counts_by_business_date(sandbox: Sandbox, open_card: OpenCard) -> None:
    card_no = open_card(balance_fen=10_000, daily_limit_fen=5_000)
    next_day = purchase(card_no, 3_000, 123, business_date=date(2022, 2, 16))

    async def talk(line: IssuerLine) -> list[str]:
        bought = [purchase(card_no, 3_000, 121), purchase(card_no, 3_000, 122), next_day]
        return [(await line.purchase(one, timeout_s=T)).response_code for one in bought]

    assert on_line(sandbox, talk) == ["00", "61", "00"]


def test_refunds_never_exceed_the_purchase(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=10_000), 4_000, 131)
    refunds = [
        following(RefundRequest, bought, stan=132 + n, amount_fen=fen) for n, fen in enumerate([3_000, 1_001, 1_000])
    ]

    async def talk(line: IssuerLine) -> None:
        await line.purchase(bought, timeout_s=T)
        codes = [(await line.refund(one, timeout_s=T)).response_code for one in [*refunds, refunds[0]]]

        assert codes == ["00", "13", "00", "00"]
        assert await balance_of(line, bought) == 10_000

    on_line(sandbox, talk)


def test_refund_without_its_purchase_is_refused(sandbox: Sandbox, open_card: OpenCard) -> None:
    never_sent = purchase(open_card(), 4_000, 141)

    answer = on_line(sandbox, lambda line: line.refund(following(RefundRequest, never_sent, stan=142), timeout_s=T))

    assert answer.response_code == "25"


def test_reversal_undoes_a_purchase_once_and_frees_the_daily_limit(sandbox: Sandbox, open_card: OpenCard) -> None:
    card_no = open_card(balance_fen=10_000, daily_limit_fen=4_000)
    bought, again = purchase(card_no, 4_000, 151), purchase(card_no, 4_000, 154)
    reversal, second = (following(ReversalRequest, bought, stan=stan) for stan in (152, 153))

    async def talk(line: IssuerLine) -> None:
        await line.purchase(bought, timeout_s=T)
        answers = [await line.reverse(one, timeout_s=T) for one in (reversal, reversal, second)]
        told = await line.inquire(following(InquiryRequest, bought, stan=155), timeout_s=T)

        assert [answer.response_code for answer in answers] == ["00", "00", "00"]
        assert told.state is OriginalState.REVERSED
        assert await balance_of(line, bought) == 10_000
        assert (await line.purchase(again, timeout_s=T)).approved

    on_line(sandbox, talk)


def test_reversal_before_its_purchase_declines_the_late_purchase(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=10_000), 4_000, 161)

    async def talk(line: IssuerLine) -> None:
        before = await line.inquire(following(InquiryRequest, bought, stan=163), timeout_s=T)
        reversal = await line.reverse(following(ReversalRequest, bought, stan=162), timeout_s=T)
        late = await line.purchase(bought, timeout_s=T)

        assert before.state is OriginalState.NEVER_SEEN
        assert (reversal.response_code, reversal.undone) == ("25", True)
        assert late.response_code == "22"
        assert await balance_of(line, bought) == 10_000

    on_line(sandbox, talk)


def test_refunded_purchase_is_not_reversed(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=10_000), 4_000, 171)

    async def talk(line: IssuerLine) -> None:
        await line.purchase(bought, timeout_s=T)
        await line.refund(following(RefundRequest, bought, stan=172, amount_fen=1), timeout_s=T)
        reversal = await line.reverse(following(ReversalRequest, bought, stan=173), timeout_s=T)

        assert (reversal.response_code, reversal.undone) == ("12", False)
        assert await balance_of(line, bought) == 6_001

    on_line(sandbox, talk)


def test_lost_answer_is_found_approved_by_inquiry(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=10_000), 4_000, 181)
    sandbox.switch_faults("chaoxin", lose_answer_next=1)

    async def talk(line: IssuerLine) -> None:
        with pytest.raises(OutcomeUnknown):
            await line.purchase(bought, timeout_s=0.3)
        told = await line.inquire(following(InquiryRequest, bought, stan=182), timeout_s=T)

        assert (told.state, told.response_code) == (OriginalState.APPROVED, "00")
        assert told.authorization
        assert await balance_of(line, bought) == 6_000

    on_line(sandbox, talk)


def test_declined_purchase_is_told_by_inquiry(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=1), 4_000, 191)

    async def talk(line: IssuerLine) -> None:
        await line.purchase(bought, timeout_s=T)
        told = await line.inquire(following(InquiryRequest, bought, stan=192), timeout_s=T)

        assert (told.state, told.response_code) == (OriginalState.DECLINED, "51")

    on_line(sandbox, talk)


def test_slow_answer_is_late_and_dropped(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(), 4_000, 201)
    sandbox.switch_faults("chaoxin", slow_next=1, slow_ms=300)

    async def talk(line: IssuerLine) -> None:
        with pytest.raises(OutcomeUnknown):
            await line.purchase(bought, timeout_s=0.1)
        await asyncio.sleep(0.4)

        assert (line.counts.unknown, line.counts.late) == (1, 1)

    on_line(sandbox, talk)


def test_answer_sent_twice_counts_once(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(balance_fen=10_000), 4_000, 211)
    sandbox.switch_faults("chaoxin", duplicate_next=1)

    async def talk(line: IssuerLine) -> None:
        assert (await line.purchase(bought, timeout_s=T)).approved
        assert await balance_of(line, bought) == 6_000
        assert line.counts.late == 1

    on_line(sandbox, talk)


def test_rate_of_lost_answers_is_drawn_by_seed(sandbox: Sandbox, open_card: OpenCard) -> None:
    card_no = open_card(balance_fen=100_000)
    bought = [purchase(card_no, 1, 1_000 + n) for n in range(60)]
    sandbox.switch_faults("chaoxin", seed=7, lose_answer_rate_bp=3_000)

    async def lost(line: IssuerLine) -> set[int]:
        asked = [line.purchase(one, timeout_s=0.5) for one in bought]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return {n for n, answer in enumerate(answers) if isinstance(answer, OutcomeUnknown)}

    first, second = on_line(sandbox, lost), on_line(sandbox, lost)

    assert first == second
    assert 5 <= len(first) <= 35


def test_message_on_a_line_that_is_down_is_not_sent(sandbox: Sandbox, open_card: OpenCard) -> None:
    card_no = open_card()

    async def talk(line: IssuerLine) -> None:
        sandbox.switch_faults("chaoxin", down="refuse")
        await asyncio.sleep(0.1)
        with pytest.raises(NotSent):
            await line.purchase(purchase(card_no, 1, 221), timeout_s=T)

        sandbox.switch_faults("chaoxin")
        await line.wait_ready(timeout_s=T)
        assert (await line.purchase(purchase(card_no, 1, 222), timeout_s=T)).approved

    on_line(sandbox, talk)


def test_line_that_breaks_leaves_the_outcome_unknown(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(), 1, 231)
    sandbox.switch_faults("chaoxin", slow_next=1, slow_ms=3_000)

    async def talk(line: IssuerLine) -> None:
        asked = asyncio.create_task(line.purchase(bought, timeout_s=T))
        await asyncio.sleep(0.1)
        sandbox.switch_faults("chaoxin", down="refuse")
        with pytest.raises(OutcomeUnknown):
            await asked

    on_line(sandbox, talk)


def test_bank_that_swallows_messages_leaves_the_outcome_unknown(sandbox: Sandbox, open_card: OpenCard) -> None:
    bought = purchase(open_card(), 1, 241)

    async def talk(line: IssuerLine) -> OriginalState:
        sandbox.switch_faults("chaoxin", down="drop")
        with pytest.raises(OutcomeUnknown):
            await line.purchase(bought, timeout_s=0.2)
        sandbox.switch_faults("chaoxin")
        return (await line.inquire(following(InquiryRequest, bought, stan=242), timeout_s=T)).state

    assert on_line(sandbox, talk) is OriginalState.NEVER_SEEN


def test_echo_is_answered(sandbox: Sandbox) -> None:
    on_line(sandbox, lambda line: line.echo(timeout_s=T))
