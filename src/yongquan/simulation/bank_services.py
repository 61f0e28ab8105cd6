"""The demo's bank services: two banks sell funds and take repayments, each with a credit card that owes something."""

from datetime import datetime
from uuid import UUID

from stdnum import luhn

from yongquan.flows.fund_campaign import open_books
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.connectors.service_messages import CreditCardOpening
from yongquan.institutions.links import Links
from yongquan.institutions.store import save_institutions
from yongquan.kernel.ids import named_id
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.merchants.views import paying_account_of
from yongquan.programmes.bank_goods import BankGoods
from yongquan.simulation.provisioning import take_on_stores

BANKS = {"chaoxin": "潮信银行", "yuehu": "月湖银行"}
GOODS = {"fund": ("基金销售", "6211"), "repayment": ("信用卡还款", "6012")}
ACQUIRER = "donggang"
LIMIT_FEN, OWED_FEN = 20_000_00, 3_280_00
STATEMENT_DAY, DUE_DAY = 5, 25


async def open_bank_services(goods: BankGoods, links: Links, *, now: datetime) -> None:
    """Let the demo's banks sell; a repeat changes nothing."""
    if links.registry is None or any(links.registry.find(code) is None for code in (*BANKS, ACQUIRER)):
        return
    stores = [_store(bank, kind) for bank in BANKS for kind in GOODS]
    database = goods.mandates.database
    async with database.transaction() as connection:
        known = [await paying_account_of(connection, store.store_id) for store in stores]
        fresh = [store for store, found in zip(stores, known, strict=True) if found is None]
        await register_stores(connection, fresh, now=now)
        await save_institutions(connection, links.registry.members)
        members = [member.code for member in links.registry.members]
        await open_books(connection, members, [], cells=goods.mandates.cells, now=now)
    await take_on_stores(links, stores)
    for store, (bank, kind) in zip(stores, ((bank, kind) for bank in BANKS for kind in GOODS), strict=True):
        await goods.offer(bank, kind, store.store_id)
    for bank in BANKS:
        await _open_credit_card(links, bank)


def example_cards(links: Links) -> tuple[str, ...]:
    """The numbers of the demo's credit cards."""
    if links.registry is None:
        return ()
    return tuple(_card_no(links, bank) for bank in BANKS if links.registry.find(bank) is not None)


async def _open_credit_card(links: Links, bank: str) -> None:
    card_no = _card_no(links, bank)
    account_no = f"credit-{card_no}"
    # What may still be spent is the limit less what is owed.
    opening = AccountOpening(
        account_no=account_no, holder="演示持卡人", opening_balance_fen=LIMIT_FEN - OWED_FEN, card_no=card_no
    )
    async with links.client(bank) as client:
        await client.open_accounts([opening])
        await client.open_credit_card(
            CreditCardOpening(
                account_no=account_no,
                card_no=card_no,
                limit_fen=LIMIT_FEN,
                statement_day=STATEMENT_DAY,
                due_day=DUE_DAY,
            )
        )


def _card_no(links: Links, bank: str) -> str:
    if links.registry is None:
        raise ValueError("no directory of institutions")
    body = f"{links.registry[bank].bins[0]}800000001"
    return body + luhn.calc_check_digit(body)


def _store(bank: str, kind: str) -> NewStore:
    what, mcc = GOODS[kind]
    store_id = UUID(int=named_id("bank store", bank, kind).int & ~(0x3FF << 66))
    return NewStore(
        store_id=store_id,
        name=f"{BANKS[bank]}{what}",
        brand=None,
        licence_no="",
        industry="convenience",
        mcc=mcc,
        adcode="330203",
        address="网上",
        lon=121.545,
        lat=29.872,
        acquirer=ACQUIRER,
        account_no=f"shop-{store_id.hex[:20]}",
    )
