"""Pre-authorisations at a bank that is a process of its own."""

from datetime import date
from typing import Any

import pytest
from launching import Sandbox, following, purchase
from test_card_line import OpenCard, T, balance_of, on_line

from yongquan.institutions.connectors.card_messages import (
    CancelRequest,
    CompletionRequest,
    HoldCancelRequest,
    HoldRequest,
    InquiryRequest,
    OriginalState,
    PurchaseRequest,
    ReversalRequest,
)
from yongquan.institutions.connectors.iso8583 import IssuerLine


def hold_of(like: PurchaseRequest) -> HoldRequest:
    return HoldRequest(**{name: getattr(like, name) for name in HoldRequest.__dataclass_fields__})


async def held(line: IssuerLine, like: PurchaseRequest) -> str:
    answer = await line.ask_purchase(hold_of(like), timeout_s=T)
    assert answer.approved
    assert answer.authorization is not None
    return answer.authorization


def test_a_hold_keeps_money_back_and_its_completion_takes_it(sandbox: Sandbox, open_card: OpenCard) -> None:
    deposit = purchase(open_card(balance_fen=10_000), 6_000, 301)

    async def talk(line: IssuerLine) -> None:
        authorization = await held(line, deposit)
        assert await held(line, deposit) == authorization
        assert await balance_of(line, deposit) == 4_000
        refused = await line.purchase(purchase(deposit.card_no, 4_001, 302), timeout_s=T)
        assert refused.response_code == "51"

        completion = following(CompletionRequest, deposit, stan=303, amount_fen=5_000, authorization=authorization)
        answers = [await line.ask_purchase(completion, timeout_s=T) for _ in range(2)]
        again = following(CompletionRequest, deposit, stan=304, amount_fen=1_000, authorization=authorization)

        assert [one.response_code for one in answers] == ["00", "00"]
        assert await balance_of(line, deposit) == 5_000
        assert (await line.ask_purchase(again, timeout_s=T)).response_code == "22"

    on_line(sandbox, talk)


@pytest.mark.parametrize(("amount_fen", "code", "left_fen"), [(6_900, "00", 3_100), (6_901, "64", 4_000)])
def test_a_completion_takes_at_most_115_percent(
    sandbox: Sandbox, open_card: OpenCard, amount_fen: int, code: str, left_fen: int
) -> None:
    deposit = purchase(open_card(balance_fen=10_000), 6_000, amount_fen)

    async def talk(line: IssuerLine) -> None:
        authorization = await held(line, deposit)
        facts: dict[str, Any] = {"amount_fen": amount_fen, "authorization": authorization}
        answer = await line.ask_purchase(
            following(CompletionRequest, deposit, stan=amount_fen + 10_000, **facts), timeout_s=T
        )

        assert answer.response_code == code
        assert await balance_of(line, deposit) == left_fen

    on_line(sandbox, talk)


def test_a_cancel_frees_the_hold_for_good(sandbox: Sandbox, open_card: OpenCard) -> None:
    deposit = purchase(open_card(balance_fen=10_000), 6_000, 311)

    async def talk(line: IssuerLine) -> None:
        authorization = await held(line, deposit)
        wrong = following(HoldCancelRequest, deposit, stan=312, authorization="999999")
        cancel = following(HoldCancelRequest, deposit, stan=313, authorization=authorization)
        completion = following(CompletionRequest, deposit, stan=314, authorization=authorization)

        assert (await line.ask_purchase(wrong, timeout_s=T)).response_code == "25"
        assert [(await line.ask_purchase(cancel, timeout_s=T)).response_code for _ in range(2)] == ["00", "00"]
        assert await balance_of(line, deposit) == 10_000
        assert (await line.ask_purchase(completion, timeout_s=T)).response_code == "22"

    on_line(sandbox, talk)


def test_a_completion_that_is_cancelled_leaves_the_hold_standing(sandbox: Sandbox, open_card: OpenCard) -> None:
    deposit = purchase(open_card(balance_fen=10_000), 6_000, 321)

    async def talk(line: IssuerLine) -> None:
        authorization = await held(line, deposit)
        completion = following(CompletionRequest, deposit, stan=322, amount_fen=5_000, authorization=authorization)
        await line.ask_purchase(completion, timeout_s=T)
        part = following(CancelRequest, completion, stan=323, amount_fen=4_999, is_of_hold=True)
        whole = following(CancelRequest, completion, stan=324, is_of_hold=True)

        assert (await line.ask_purchase(part, timeout_s=T)).response_code == "13"
        assert (await line.ask_purchase(whole, timeout_s=T)).approved
        assert await balance_of(line, deposit) == 4_000
        later = following(CompletionRequest, deposit, stan=325, amount_fen=6_000, authorization=authorization)
        assert (await line.ask_purchase(later, timeout_s=T)).approved
        assert await balance_of(line, deposit) == 4_000

    on_line(sandbox, talk)


def test_a_hold_lapses_after_thirty_days(sandbox: Sandbox, open_card: OpenCard) -> None:
    deposit = purchase(open_card(balance_fen=10_000), 6_000, 331)
    last, over = date(2022, 3, 17), date(2022, 3, 18)

    async def talk(line: IssuerLine) -> None:
        authorization = await held(line, deposit)
        on_last = purchase(deposit.card_no, 4_001, 332, business_date=last)
        late = following(CompletionRequest, deposit, stan=333, authorization=authorization)
        object.__setattr__(late, "business_date", over)
        after = purchase(deposit.card_no, 10_000, 334, business_date=over)

        assert (await line.purchase(on_last, timeout_s=T)).response_code == "51"
        assert (await line.ask_purchase(late, timeout_s=T)).response_code == "22"
        assert (await line.purchase(after, timeout_s=T)).approved

    on_line(sandbox, talk)


def test_an_unknown_hold_is_asked_about_and_one_never_seen_can_do_nothing_later(
    sandbox: Sandbox, open_card: OpenCard
) -> None:
    deposit = purchase(open_card(balance_fen=10_000), 6_000, 341)
    never = purchase(deposit.card_no, 3_000, 342)

    async def talk(line: IssuerLine) -> None:
        await held(line, deposit)
        known = following(InquiryRequest, deposit, stan=343, original_type="0100")
        reversal = following(ReversalRequest, never, stan=344, original_type="0100")

        assert (await line.inquire(known, timeout_s=T)).state is OriginalState.APPROVED
        assert (await line.reverse(reversal, timeout_s=T)).undone
        assert (await line.ask_purchase(hold_of(never), timeout_s=T)).response_code == "22"
        undo = following(ReversalRequest, deposit, stan=345, original_type="0100")
        assert (await line.reverse(undo, timeout_s=T)).undone
        assert await balance_of(line, deposit) == 10_000

    on_line(sandbox, talk)


def test_a_purchase_under_the_name_of_a_hold_is_refused(sandbox: Sandbox, open_card: OpenCard) -> None:
    deposit = purchase(open_card(balance_fen=10_000), 6_000, 351)

    async def talk(line: IssuerLine) -> None:
        await held(line, deposit)

        assert (await line.purchase(deposit, timeout_s=T)).response_code == "94"

    on_line(sandbox, talk)
