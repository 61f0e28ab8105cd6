"""The same vouchers in two apps: a bank's app that knows only the API, beside the platform's own."""

import asyncio
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from bank_app import BankApp, bank_app, command, linked
from conftest import Town
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from draw_rounds import open_quick_draw
from people import bind_card, charge, sign_in, sign_in_till
from playwright.sync_api import BrowserContext, Page, expect

from example_bank_app.platform import Platform, Refused
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import read_settings

CHECKED_WITHIN_S = 15
HAISHU = (121.55, 29.87)
SHOTS = os.environ.get("YONGQUAN_TEST_SHOTS")


@pytest.fixture(scope="module")
def bank(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankApp]:
    with bank_app(tmp_path_factory.mktemp("bank"), platform=town.address, data_dir=town.data_dir) as running:
        yield running


def seeded(town: Town, *, citizens: int, stock: int) -> tuple[list[dict[str, str]], str]:
    """Fresh citizens with tokens, and a round of their own."""
    wanted = ("--citizens", str(citizens), "--rounds", "1", "--stock", str(stock), "--stores", "0", "--json")
    document = json.loads(command(town.data_dir, "sandbox", "seed", *wanted))
    return document["citizens"], document["rounds"][0]["round_id"]


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.code


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_both_apps_racing_for_the_last_vouchers_never_oversell(town: Town, bank: BankApp) -> None:
    citizens, round_id = seeded(town, citizens=60, stock=25)
    bank.command("institutions", "quota", round_id, "--institution", "yuehu", "--share", "30")
    sessions = []
    open_ids = linked(town.data_dir, [row["citizen_id"] for row in citizens[::2]])
    for n, open_id in enumerate(open_ids):
        sessions.append(bank.store.sign_in(f"1770000{n:04d}", "顾客"))
        bank.store.note_open_id(f"1770000{n:04d}", open_id)
    (round_,) = [r for r in bank.client.rounds() if r["round_id"] == round_id]
    type_id = round_["types"][0]["type_id"]

    def through_bank(session: str) -> str:
        form = {"round_id": round_id, "type_id": type_id, "key": session}
        cookies = {"bank_session": session}
        answer = httpx.post(f"{bank.address}/claims", data=form, cookies=cookies, trust_env=False, timeout=60)
        return "claimed" if answer.status_code == 303 else "refused"

    def through_ours(row: dict[str, str]) -> str:
        headers = {"Authorization": f"Bearer {row['token']}", "Idempotency-Key": "race"}
        url = f"{town.address}/v1/rounds/{round_id}/claims"
        answer = httpx.post(url, headers=headers, trust_env=False, timeout=60)
        return "claimed" if answer.status_code == 201 else str(answer.json()["code"])

    with ThreadPoolExecutor(20) as pool:
        ours = pool.map(through_ours, citizens[1::2])
        theirs = pool.map(through_bank, sessions)
        by_ours, by_bank = Counter(ours), Counter(theirs)

    assert by_ours["claimed"] + by_bank["claimed"] == 25
    assert by_bank["claimed"] >= 7  # 30 % of 25, rounded down, were the bank's own
    assert set(by_ours) <= {"claimed", "sold_out"}
    assert "holds" in command(town.data_dir, "ledger", "proof")


def test_of_two_apps_that_race_to_sign_somebody_up_the_earliest_stands(town: Town, bank: BankApp) -> None:
    citizens, _ = seeded(town, citizens=12, stock=1)
    open_ids = linked(town.data_dir, [row["citizen_id"] for row in citizens])
    quick = open_quick_draw(town.data_dir)
    time.sleep(1.5)
    url = f"{town.address}/v1/rounds/{quick.round_id}/registrations"
    wishes = [quick.types[0]]

    def ours(n: int, key: str = "race") -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {citizens[n]['token']}", "Idempotency-Key": key}
        body = {"wishes": wishes, "location": {"lon": HAISHU[0], "lat": HAISHU[1]}}
        answer = httpx.post(url, headers=headers, json=body, trust_env=False, timeout=60)
        return answer.status_code, str(answer.json().get("code", ""))

    def theirs(n: int) -> tuple[int, str]:
        try:
            told = bank.client.sign_up(open_ids[n], quick.round_id, wishes, HAISHU, key=f"race{n}")
        except Refused as refused:
            return 409, refused.code
        assert told["platform"] == "yuehu"
        assert not {"receipt", "citizen_id"} & set(told)
        return 201, ""

    with ThreadPoolExecutor(8) as pool:
        one, other = pool.map(ours, range(12)), pool.map(theirs, range(12))
        pairs = list(zip(one, other, strict=True))

    assert all(sorted(pair) == [(201, ""), (409, "already_registered")] for pair in pairs)
    n = next(n for n, pair in enumerate(pairs) if pair[0][0] == 201)
    assert refusal(lambda: bank.client.withdraw(open_ids[n], quick.round_id, key="w")) == "not_found"
    headers = {"Authorization": f"Bearer {citizens[n]['token']}", "Idempotency-Key": "w"}
    assert [httpx.delete(url, headers=headers, trust_env=False).status_code for _ in range(2)] == [204, 204]
    assert ours(n) == (409, "withdrawn")
    assert theirs(n) == (201, "")
    assert bank.client.registration(open_ids[n], quick.round_id)["platform"] == "yuehu"
    bank.client.withdraw(open_ids[n], quick.round_id, key="w2")
    bank.client.withdraw(open_ids[n], quick.round_id, key="w2")
    assert ours(n, "again") == (201, "")


def test_signature_nonce_and_clock_are_checked(town: Town, bank: BankApp) -> None:
    stranger = Platform(town.address, key_id="nobody", key=bank.key)
    other_key = Platform(town.address, key_id="yuehu-1", key=Ed25519PrivateKey.generate())
    sent: list[httpx.Request] = []
    bank.client._client.event_hooks["request"] = [sent.append]
    try:
        assert bank.client.rounds()
    finally:
        bank.client._client.event_hooks["request"] = []
    again = httpx.get(sent[0].url, headers=sent[0].headers, trust_env=False)
    tampered = httpx.get(str(sent[0].url) + "?x=1", headers=sent[0].headers, trust_env=False)
    unsigned = httpx.get(f"{town.address}/v1/institutions/rounds", trust_env=False)

    assert refusal(stranger.rounds) == refusal(other_key.rounds) == "signature_refused"
    assert (again.status_code, again.json()["code"]) == (401, "signature_refused")
    assert "nonce was used" in again.json()["detail"]
    assert tampered.json()["code"] == unsigned.json()["code"] == "signature_refused"
    assert "RFC 9421" in unsigned.json()["detail"]


def test_nothing_is_done_for_a_citizen_who_has_not_agreed(town: Town, bank: BankApp) -> None:
    nobody = "00000000-0000-8000-8000-000000000000"

    assert refusal(lambda: bank.client.wallet(nobody)) == "not_linked"
    assert refusal(lambda: bank.client.claim(nobody, town.rounds[0], nobody, key="k")) == "not_linked"
    assert refusal(lambda: bank.client.pay(nobody, nobody, nobody, 100, key="k")) == "not_linked"
    assert refusal(lambda: bank.client.link("13900000000", "某人", "000000")) == "wrong_code"


def test_a_claim_is_idempotent_and_answers_what_the_contract_says(town: Town, bank: BankApp) -> None:
    citizens, round_id = seeded(town, citizens=1, stock=3)
    (open_id,) = linked(town.data_dir, [citizens[0]["citizen_id"]])
    (round_,) = [r for r in bank.client.rounds() if r["round_id"] == round_id]
    type_id = round_["types"][0]["type_id"]

    first = bank.client.claim(open_id, round_id, type_id, key="once")
    again = bank.client.claim(open_id, round_id, type_id, key="once")

    assert first == again
    assert set(first) == {
        *("voucher_id", "round_id", "type_id", "amount_fen", "threshold_fen", "valid_from", "valid_until", "claim_no"),
    }
    assert refusal(lambda: bank.client.claim(open_id, round_id, type_id, key="twice")) == "cap_reached"
    assert [v["voucher_id"] for v in bank.client.wallet(open_id)] == [first["voucher_id"]]


def test_a_customers_day_in_the_banks_app(
    town: Town, bank: BankApp, phones: Callable[[], BrowserContext], check_page: Callable[[Page], None]
) -> None:
    page = phones().new_page()
    phone = sign_in(page)
    bind_card(page)
    theirs = phones().new_page()

    theirs.goto(f"{bank.address}/")
    check_page(theirs)
    theirs.locator("#phone").fill(phone)
    theirs.locator("#name").fill("沈小湖")
    theirs.get_by_role("button", name="登录").click()
    after_a_minute(town)
    theirs.get_by_role("button", name="发送验证码").click()
    message = sms_of(town, phone)
    assert "悦湖银行" in message
    shoot(theirs, "bank-consent")
    theirs.locator("#code").fill("".join(c for c in message.split("验证码")[1][:8] if c.isdigit()))
    theirs.get_by_role("button", name="同意授权").click()
    expect(theirs.locator("h1")).to_have_text("消费券专区")
    check_page(theirs)
    shoot(theirs, "bank-rounds")
    theirs.locator(f"form:has(input[value='{town.rounds[2]}']) button").click()
    expect(theirs.get_by_role("status")).to_have_text("领取成功")
    page.goto("/c/wallet")
    expect(page.locator(".ticket")).to_have_count(1)

    theirs.goto(f"{bank.address}/pay?store={town.stores[0]['store_id']}")
    shoot(theirs, "bank-pay")
    theirs.locator("summary").click()
    digits = theirs.locator(".digits").inner_text().replace(" ", "")
    till = phones().new_page()
    sign_in_till(till, town.stores[0]["token"])
    charge(till, "30", digits)
    theirs.locator("form[action='/language'] button").click()
    check_page(theirs)
    theirs.goto(f"{bank.address}/wallet")
    expect(theirs.locator(".ticket em")).to_have_text("Used", timeout=15_000)
    wait_until(lambda: len(bank.store.events()) and any(k == "payment.succeeded" for _, k, _ in bank.store.events()))
    theirs.reload()
    check_page(theirs)
    shoot(theirs, "bank-wallet-en")
    theirs.goto(f"{bank.address}/pay?store={town.stores[0]['store_id']}")
    theirs.locator("#amount").fill("12.5")
    theirs.get_by_role("button", name="Pay now").click()
    expect(theirs.get_by_role("status")).to_contain_text("you paid ¥12.50")

    page.goto("/c/apps")
    check_page(page)
    shoot(page, "citizen-apps")

    open_id = check_what_the_bank_was_told(bank)
    page.get_by_role("button", name="撤回授权").click()
    expect(page.locator("main")).to_contain_text("还没有授权任何应用")
    assert refusal(lambda: bank.client.wallet(open_id)) == "not_linked"


# After the day above, whose report counts what every linked citizen paid.
def test_a_bank_asks_its_own_customer_about_a_large_payment_and_limits_its_cards(town: Town, bank: BankApp) -> None:
    citizens, _ = seeded(town, citizens=10, stock=1)
    open_ids = linked(town.data_dir, [row["citizen_id"] for row in citizens])
    with_card = [(row, id_) for row, id_ in zip(citizens, open_ids, strict=True) if bank.client.cards(id_)]
    without = next(id_ for row, id_ in zip(citizens, open_ids, strict=True) if not bank.client.cards(id_))
    (row, open_id), store = with_card[0], town.stores[0]

    def asked(no: str) -> str:
        code = bank.client.pay_code(open_id, row["instrument_id"])
        body = {"pay_code": code, "amount_fen": 100_001, "order_no": f"B-{row['citizen_id'][-6:]}-{no}"}
        headers = {"Authorization": f"Bearer {store['token']}", "Idempotency-Key": body["order_no"]}
        answer = httpx.post(f"{town.address}/v1/payments", json=body, headers=headers, trust_env=False, timeout=60)
        assert (answer.status_code, answer.json()["state"]) == (202, "user_paying")
        return str(answer.json()["payment_id"])

    first, second = asked("1"), asked("2")
    assert refusal(lambda: bank.client.answer(without, first, agrees=True)) == "not_found"
    agreed = bank.client.answer(open_id, first, agrees=True)
    assert agreed["state"] in {"succeeded", "failed"}
    assert bank.client.answer(open_id, first, agrees=False)["state"] == agreed["state"]
    denied = bank.client.answer(open_id, second, agrees=False)
    assert (denied["state"], denied["response_code"]) == ("closed", "payer_denied")

    limits = {"payment_fen": None, "day_fen": None, "no_code_fen": 90_000_000}
    assert bank.client.limits(limits) == limits
    assert bank.client.limits(dict.fromkeys(limits)) == dict.fromkeys(limits)


def check_what_the_bank_was_told(bank: BankApp) -> str:
    """Callbacks, events and report of the day above agree; the customer's open id."""
    bodies = [json.loads(body) for _, kind, body in bank.store.events() if kind == "payment.succeeded"]
    assert all("citizen_id" not in body and body["open_id"] for body in bodies)
    fetched = bank.client.get("/v1/institutions/events").json()
    assert "payment.succeeded" in {event["type"] for event in fetched["events"]}
    assert "citizen_id" not in json.dumps(fetched)
    assert bank.client.get(f"/v1/institutions/events?after={fetched['next']}").json()["events"] == []
    assert bank.client.get("/v1/institutions/report.csv").text.startswith("month,claimed")
    months = bank.client.report()
    assert months[0]["redeemed"] == 1
    assert months[0]["order_fen"] == 3_000
    assert months[0]["pull_hundredths"] == 600
    assert months[0]["active"] >= 1
    return str(bodies[0]["open_id"])


def after_a_minute(town: Town) -> None:
    """A code a minute goes to a phone: let that minute be over."""
    settings = read_settings({"YONGQUAN_DATA_DIR": town.data_dir})
    with database_of(settings) as conninfo, psycopg.connect(conninfo) as connection:
        connection.execute("update citizens.sign_in_code set sent_at = sent_at - interval '2 minutes'")


def sms_of(town: Town, phone: str) -> str:
    """The last text message to a phone."""
    settings = read_settings({"YONGQUAN_DATA_DIR": town.data_dir})
    found: list[str] = []

    async def read() -> None:
        from yongquan.plumbing.sandbox_sms import SandboxPhones

        with database_of(settings) as conninfo:
            async with opened(conninfo, pool_size=1) as database:
                phones = SandboxPhones(database, Sealing(load_keys(settings.keys_dir)))
                found.append(await phones.last_message(phone) or "")

    thread = threading.Thread(target=lambda: asyncio.run(read()))
    thread.start()
    thread.join()
    return found[0]


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + CHECKED_WITHIN_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert holds()
