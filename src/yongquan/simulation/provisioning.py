"""Opens accounts and cards at the sandbox banks, and stores' settlement accounts at the acquirers, in bulk."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from stdnum import luhn

from yongquan.institutions.connectors.account_messages import AccountOpening, OpeningAnswer, ShopOpening
from yongquan.institutions.links import Links
from yongquan.institutions.published_cards import PUBLISHED_TEST_CARDS, TEST_HOLDER
from yongquan.kernel.errors import BadInput
from yongquan.merchants.model import NewStore

AT_ONCE = 10_000
TEST_CARD_FEN = 10_000_000_00


def card_number(prefix: str, ordinal: int) -> str:
    """A bank card: six digits of prefix, nine of ordinal, a Luhn check digit."""
    body = f"{prefix}{ordinal:09d}"
    return body + luhn.calc_check_digit(body)


def wallet_number(prefix: str, ordinal: int) -> str:
    """A wallet account: six digits of prefix and thirteen of ordinal."""
    return f"{prefix}{ordinal:013d}"


def number_at(links: Links, issuer: str, ordinal: int) -> str:
    """The card or wallet number of an ordinal at an issuer of the directory."""
    if links.registry is None:
        raise BadInput("the sandbox does not run: start `yongquan serve` or `yongquan sandbox run` first")
    member = links.registry[issuer]
    return (wallet_number if member.kind == "wallet" else card_number)(member.bins[0], ordinal)


async def open_accounts(links: Links, openings: Iterable[tuple[str, AccountOpening]]) -> None:
    """Open (issuer, account) pairs, all issuers at the same time. Raises `BadInput` if one is refused."""
    by_issuer: dict[str, list[AccountOpening]] = defaultdict(list)
    for issuer, opening in openings:
        by_issuer[issuer].append(opening)
    await asyncio.gather(*(_open_at(links, issuer, accounts) for issuer, accounts in by_issuer.items()))


async def open_test_cards(links: Links) -> None:
    """Fund UnionPay's published test cards at the banks that answer for their prefixes; a repeat changes nothing."""
    if links.registry is None:
        return
    known = [(links.registry.route(pan).code, pan) for pan in sorted(PUBLISHED_TEST_CARDS)]
    await open_accounts(
        links,
        [
            (
                issuer,
                AccountOpening(
                    account_no=f"test-{pan}", holder=TEST_HOLDER, opening_balance_fen=TEST_CARD_FEN, card_no=pan
                ),
            )
            for issuer, pan in known
        ],
    )


async def take_on_stores(links: Links, stores: Iterable[NewStore]) -> None:
    """Give each store its settlement account at its acquirer. Raises `BadInput` if one is refused."""
    by_acquirer: dict[str, list[ShopOpening]] = defaultdict(list)
    for store in stores:
        shop = ShopOpening(shop_id=str(store.store_id), name=store.name, account_no=store.account_no)
        by_acquirer[store.acquirer].append(shop)
    await asyncio.gather(*(_take_on_at(links, acquirer, shops) for acquirer, shops in by_acquirer.items()))


async def _open_at(links: Links, issuer: str, accounts: Sequence[AccountOpening]) -> None:
    async with links.client(issuer) as bank:
        for start in range(0, len(accounts), AT_ONCE):
            _require_all(issuer, await bank.open_accounts(accounts[start : start + AT_ONCE]))


async def _take_on_at(links: Links, acquirer: str, shops: Sequence[ShopOpening]) -> None:
    async with links.client(acquirer) as client:
        for start in range(0, len(shops), AT_ONCE):
            _require_all(acquirer, await client.take_on_shops(shops[start : start + AT_ONCE]))


def _require_all(institution: str, answer: OpeningAnswer) -> None:
    if answer.refused:
        first = answer.refused[0]
        raise BadInput(f"{institution} refused {len(answer.refused)} accounts, the first because of {first.code}")
