"""Whatever comes in whatever order, a bank's books hold and a repeat changes nothing."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from launching import card_number

from yongquan_sandbox import accounts
from yongquan_sandbox.books import Books, House
from yongquan_sandbox.card_request import CardRequest
from yongquan_sandbox.issuing import CardDesk, Outcome
from yongquan_sandbox.roster import BY_CODE

BANK = BY_CODE["chaoxin"]
CARD = card_number("629901", 1)
OPENING_FEN = 1_000
TYPES = {"purchase": ("0200", "000000"), "refund": ("0220", "200000"), "reversal": ("0420", "000000")}

asked = st.tuples(
    st.sampled_from(sorted(TYPES)),
    st.integers(min_value=1, max_value=6),
    st.integers(min_value=1, max_value=6),
    st.sampled_from([0, 1, 300, 700, 2_000]),
)


def request(kind: str, stan: int, original: int, amount_fen: int) -> CardRequest:
    message_type, processing_code = TYPES[kind]
    return CardRequest(
        message_type=message_type,
        processing_code=processing_code,
        key=f"{kind}-{stan}",
        card_no=CARD,
        amount_fen=amount_fen,
        currency="156",
        business_date="2022-02-15",
        settlement_date="2022-02-15",
        payment_id="p",
        retrieval_ref="r",
        merchant_no="m",
        original_type="" if kind == "purchase" else "0200",
        original_key="" if kind == "purchase" else f"purchase-{original}",
        fingerprint=f"{kind}{original}{amount_fen}".encode(),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(asked, max_size=25))
def test_books_hold_and_repeats_change_nothing(sequence: list[tuple[str, int, int, int]]) -> None:
    requests = [request(*one) for one in sequence]

    with tempfile.TemporaryDirectory() as folder:
        books = Books(Path(folder) / "books.sqlite")
        desk = CardDesk(books, BANK)
        _open_card(books)
        first = _decide(books, desk, requests)
        balance_fen, proof = books.balance("A1"), books.prove()
        again = _decide(books, desk, requests)
        proof_again, due_fen = books.prove(), books.balance(House.DUE_TO_NETWORK.value)
        books.close()

    assert again == first
    assert proof == proof_again
    assert proof.balanced
    assert balance_fen is not None
    assert 0 <= balance_fen <= OPENING_FEN
    assert due_fen == OPENING_FEN - balance_fen


def _open_card(books: Books) -> None:
    account = accounts.NewAccount("A1", "陈小满", OPENING_FEN, CARD)
    with books.one_commit():
        assert accounts.provision(books, BANK, accounts.Provision([account])).opened == 1


def _decide(books: Books, desk: CardDesk, requests: list[CardRequest]) -> list[Outcome]:
    outcomes = []
    for one in requests:
        with books.one_commit():
            outcomes.append(desk.decide(one))
    return outcomes
