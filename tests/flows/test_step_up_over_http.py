"""The one-time code that risk asks for, over HTTP: payments, orders, the cashier, a v3 order's page, a card alone."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from clearing_world import Person, World, city, outside
from ordering import desk_of, wanted

from yongquan.app import make_application
from yongquan.flows.find_payer import Card
from yongquan.flows.judge_payment import PaymentRisk
from yongquan.institutions.acp import codes
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import OrderState
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.tokens import Holder
from yongquan.risk.rules.judging import CompiledBook

BOOK = """
rules:
  - id: everybody
    owner: risk.desk
    title: 一律验证
    title_en: Everybody
    reason: 请输入短信验证码
    reason_en: Please enter the code we send you
    events: [payment]
    when: amount >= yuan(1)
    action: step_up
    severity: 1
"""


class Texts:
    """A phone that keeps the last text."""

    last = ""

    async def send(self, phone: str, text: str) -> None:
        self.last = text

    @property
    def code(self) -> str:
        return self.last.split("验证码 ")[1][:6]

    @property
    def wrong(self) -> str:
        return "000000" if self.code != "000000" else "111111"


@dataclass(frozen=True)
class Strict:
    """A book in force that asks for a code before every payment."""

    live: CompiledBook
    shadows: tuple[CompiledBook, ...] = ()


@dataclass
class Site:
    """The city with its site, where risk asks everybody for a code."""

    world: World
    http: httpx.AsyncClient
    texts: Texts

    def token(self, person: Person) -> str:
        until = wall_now() + timedelta(hours=1)
        return self.world.platform.tokens.issue(Holder.CITIZEN, person.citizen_id, expires_at=until)

    def headers(self, person: Person) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(person)}"}

    async def opened(self, order_no: str = "A-1") -> UUID:
        return (await desk_of(self.world).open(wanted(self.world, 5_000, order_no=order_no))).order_id

    async def tries(self, order_id: UUID) -> list[tuple[str, str]]:
        return [(one.state.value, one.reason) for one in await desk_of(self.world).attempts(order_id)]


def on_site(folder: Path, conninfo: str, scene: Callable[[Site], Awaitable[None]]) -> None:
    async def play() -> None:
        with outside(folder) as sandbox:
            async with city(folder, conninfo, sandbox) as world:
                platform, texts = world.platform, Texts()
                platform.risk.books = Strict(CompiledBook.of_text(BOOK))
                platform.payments.risk = PaymentRisk(platform.risk, platform.sealing, 1, texts)
                transport = httpx.ASGITransport(make_application(platform))
                async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as http:
                    await scene(Site(world, http, texts))

    asyncio.run(play())


def asks_for_code(page: httpx.Response, why: str) -> bool:
    field = re.search(r'<input[^>]*name="code"[^>]*>', page.text)
    assert field is not None
    said = 'autocomplete="one-time-code"' in field[0] and 'aria-describedby="error"' in field[0]
    told = re.search(r'id="error" role="alert">([^<]*)<', page.text)
    return page.status_code == 422 and said and told is not None and told[1] == why


def test_a_payment_goes_through_with_the_code_under_the_same_key_and_body(tmp_path: Path, fresh_database: str) -> None:
    async def scene(site: Site) -> None:
        person = site.world.people[0]
        store_id, instrument_id = site.world.stores[0].store_id, person.instrument_id
        body = {"store_id": str(store_id), "amount_fen": 5_000, "instrument_id": str(instrument_id)}

        async def send(code: str = "") -> httpx.Response:
            told = {**site.headers(person), "Idempotency-Key": "one", **({"Step-Up-Code": code} if code else {})}
            return await site.http.post("/v1/payments", json=body, headers=told)

        asked = await send()
        wrong = await send(site.texts.wrong)
        paid = await send(site.texts.code)
        again = await send()

        assert (asked.status_code, asked.json()["code"]) == (403, "step_up_required")
        assert wrong.json()["code"] == "wrong_code"
        assert (paid.status_code, paid.json()["state"]) == (201, "succeeded")
        assert again.json()["payment_id"] == paid.json()["payment_id"]

    on_site(tmp_path, fresh_database, scene)


def test_an_order_is_paid_with_the_code_by_the_api_at_the_cashier_and_on_a_v3_orders_page(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(site: Site) -> None:
        platform = site.world.platform
        orders = [await site.opened(f"A-{number}") for number in range(3)]
        by_api, at_cashier, on_phone = orders
        caller, payer, scanner = site.world.people[:3]
        pages = (
            (payer, "yq_cashier", f"/cashier/{at_cashier}/pay?t={platform.cashier.token(at_cashier)}"),
            (scanner, "yq_citizen", f"/c/orders/{on_phone}"),
        )

        async def send(code: str = "") -> httpx.Response:
            told = {**site.headers(caller), **({"Step-Up-Code": code} if code else {})}
            body = {"instrument_id": str(caller.instrument_id), "device_id": "phone-1"}
            return await site.http.post(f"/v1/orders/{by_api}/payments", json=body, headers=told)

        asked, wrong, paid = await send(), await send(site.texts.wrong), await send(site.texts.code)
        for person, cookie, path in pages:
            site.http.cookies = httpx.Cookies({cookie: site.token(person)})
            form = {"card": str(person.instrument_id)}
            first = await site.http.post(path, data=form)
            second = await site.http.post(path, data={**form, "code": site.texts.wrong})
            third = await site.http.post(path, data={**form, "code": site.texts.code})

            assert asks_for_code(first, "请输入发到您手机的验证码，再付同一笔")
            assert asks_for_code(second, "验证码错误或已过期")
            assert third.status_code == 303

        assert (asked.status_code, asked.json()["code"]) == (403, "step_up_required")
        assert wrong.json()["code"] == "wrong_code"
        assert (paid.status_code, paid.json()["state"]) == (201, "succeeded")
        tried = [("failed", "step_up_required"), ("failed", "wrong_code"), ("succeeded", "00")]
        assert [await site.tries(order_id) for order_id in orders] == [tried] * 3

    on_site(tmp_path, fresh_database, scene)


def test_who_has_just_given_back_the_code_of_the_cards_bank_is_not_asked_for_another(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(site: Site) -> None:
        person, desk = site.world.people[0], desk_of(site.world)
        card = Card(person.citizen_id, person.instrument_id, person.issuer)
        order_id, other = await site.opened(), await site.opened("A-2")

        paid = await desk.pay(order_id, replace(card, is_proven=True).payer())
        sent = site.texts.last
        with pytest.raises(PaymentRefused) as refused:
            await desk.pay(other, card.payer())

        assert (paid.state, sent) == (OrderState.SUCCEEDED, "")
        assert refused.value.reason == "step_up_required"
        assert codes.of_refusal("step_up_required") == codes.ONE_TIME_CODE

    on_site(tmp_path, fresh_database, scene)
