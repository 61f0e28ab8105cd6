"""An order paid at the hosted cashier: on a phone, beside a desk, in a merchant's frame, and when it does not work."""

import http.server
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from conftest import Town
from desk_people import signed_in
from people import bind_card, claim, sign_in, switch_language
from playwright.sync_api import Browser, BrowserContext, Page, expect
from test_bank_app import seeded

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]


def opened(town: Town, order_no: str, fen: int = 4000, **more: object) -> dict[str, Any]:
    body = {"order_no": order_no, "amount_fen": fen, "subject": "双人套餐", **more}
    headers = {"Authorization": f"Bearer {town.stores[0]['token']}"}
    answer = httpx.post(f"{town.address}/v1/orders", json=body, headers=headers, trust_env=False)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def path_of(order: dict[str, Any], town: Town) -> str:
    return str(order["cashier_url"]).removeprefix(town.address)


def sign_in_at_cashier(page: Page, phone: str) -> None:
    page.locator("input[name=phone]").fill(phone)
    page.locator(".sheet button").click()
    found = re.search(r"\d{6}", page.locator("[data-inbox]").inner_text())
    assert found is not None
    page.locator("input[name=code]").fill(found[0])
    page.locator(".sheet button").click()


def test_a_citizen_pays_an_order_with_a_voucher_and_returns_to_the_merchant(
    town: Town, phones: Phones, check_page: Check
) -> None:
    page = phones().new_page()
    sign_in(page)
    bind_card(page)
    claim(page, town.rounds[0])
    order = opened(town, "C-1", return_url=f"{town.address}/healthz?from=shop")

    page.goto(f"/c{path_of(order, town)}")
    expect(page.locator("#to-pay")).to_have_text("¥35.00")
    expect(page.locator("[data-saved='500']")).to_be_visible()
    expect(page.locator("#countdown")).to_have_text(re.compile(r"^00:1[0-5]:\d\d$"))
    check_page(page)
    page.locator("input[name=choice][value=none]").check()
    expect(page.locator("#to-pay")).to_have_text("¥40.00")
    page.locator("input[name=choice][value=hand]").check()
    page.locator("input[name=vouchers]").first.check()
    expect(page.locator("#to-pay")).to_have_text("¥35.00")
    switch_language(page)
    check_page(page)
    page.locator("#confirm").click()
    expect(page.locator(".receipt-state")).to_have_text("Paid")
    check_page(page)
    page.wait_for_url("**/healthz?from=shop&order_no=C-1&state=paid")

    page.goto(path_of(order, town))
    expect(page.locator(".receipt-state")).to_have_text("Paid")


def test_at_a_desk_the_code_beside_the_order_is_paid_by_phone_and_the_desk_follows(
    town: Town, phones: Phones, browser: Any
) -> None:
    order = opened(town, "C-2")
    desk = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 800}).new_page()
    desk.goto(path_of(order, town))
    expect(desk.locator(".desk-side svg.qr")).to_be_visible()
    phone = phones().new_page()
    sign_in(phone)
    bind_card(phone)

    phone.goto(f"/c{path_of(order, town)}")
    expect(phone.locator(".desk-side")).to_be_hidden()
    expect(phone.locator("#to-pay")).to_be_visible()
    phone.locator("#confirm").click()

    expect(phone.locator(".receipt-state")).to_have_text("付款成功")
    expect(desk.locator(".receipt-state")).to_have_text("付款成功")
    desk.context.close()


def test_a_card_that_nobody_bound_pays_at_the_cashier_with_its_banks_code(
    town: Town, phones: Phones, browser: Any, check_page: Check
) -> None:
    owner = phones().new_page()
    sign_in(owner)
    owner.goto("/c/cards/bind")
    owner.locator("button[value=yuehu]").click()
    pan, holder, phone = owner.locator("[data-demo]").inner_text().split(" · ")
    order = opened(town, "C-guest")
    page = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 800}).new_page()

    page.goto(path_of(order, town))
    page.locator("text=用其他银行卡付款").click()
    expect(page.locator(".desk-side svg.qr")).to_be_visible()
    check_page(page)
    for name, value in (("pan", pan), ("holder", "别人"), ("phone", phone)):
        page.locator(f"input[name={name}]").fill(value)
    page.locator(".sheet button").click()
    expect(page.locator(".error")).to_have_text("银行没有核对上这张卡的姓名和手机号")
    check_page(page)
    switch_language(page)
    for name, value in (("pan", pan), ("holder", holder), ("phone", phone)):
        page.locator(f"input[name={name}]").fill(value)
    page.locator(".sheet button").click()
    expect(page.locator(".sheet button")).to_have_text("Pay 40.00 yuan")
    check_page(page)
    found = re.search(r"\d{6}", page.locator("[data-inbox]").inner_text())
    assert found is not None
    page.locator("input[name=code]").fill(found[0])
    page.locator(".sheet button").click()
    expect(page.locator(".receipt-state")).to_have_text("Paid")
    page.context.close()


def test_a_suspect_gives_the_code_that_risk_asks_for_by_keyboard_and_the_order_is_paid(
    town: Town, phones: Phones, check_page: Check, browser: Browser
) -> None:
    (citizen,), _ = seeded(town, citizens=1, stock=1)
    headers = {"Authorization": f"Bearer {citizen['token']}", "Idempotency-Key": "for-the-cashier"}
    claimed = httpx.post(f"{town.address}/v1/rounds/{town.rounds[0]}/claims", headers=headers, trust_env=False)
    assert claimed.status_code == 201
    desk = signed_in(browser, town, "cashierwatch", "--role", "operator")
    desk.goto("/console/risk/lists")
    desk.locator("#colour").select_option("grey")
    desk.locator("#tier").select_option("2")
    for field, text in (("#value", citizen["citizen_id"]), ("#source", "举报 31"), ("#basis", "在二手平台出售消费券")):
        desk.locator(field).fill(text)
    desk.get_by_role("button", name="提交").click()
    desk.wait_for_url("**/console/risk/lists/*?done=listed")
    desk.context.close()
    context = phones()
    context.add_cookies([{"name": "yq_citizen", "value": citizen["token"], "url": f"{town.address}/c/"}])
    page = context.new_page()
    order = opened(town, "C-step-up")

    page.goto(f"/c{path_of(order, town)}")
    expect(page.locator("#to-pay")).to_have_text("¥35.00")
    page.locator("#confirm").click()
    expect(page.get_by_label("验证码", exact=True)).to_be_focused()
    expect(page.get_by_role("alert")).to_have_text("请输入发到您手机的验证码，再付同一笔")
    check_page(page)
    switch_language(page)
    page.locator("#confirm").click()
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    check_page(page)
    found = re.search(r"\d{6}", page.locator("[data-inbox]").inner_text())
    assert found is not None
    page.keyboard.type("000000" if found[0] != "000000" else "111111")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The code is wrong or has expired")
    page.keyboard.type(found[0])
    page.keyboard.press("Enter")

    expect(page.locator(".receipt-state")).to_have_text("Paid")


def test_a_failed_payment_says_why_and_may_be_tried_again(town: Town, phones: Phones, check_page: Check) -> None:
    page = phones().new_page()
    phone = sign_in(page)
    bind_card(page)
    order = opened(town, "C-3", fen=90_000_000)

    page.goto(path_of(order, town))
    check_page(page)
    sign_in_at_cashier(page, _wait_a_minute(phone))
    expect(page.locator("text=付款前请先绑定一张银行卡")).to_be_visible()
    page.goto(f"/c{path_of(order, town)}")
    page.locator("#confirm").click()
    expect(page.locator(".receipt-state")).to_have_text("没有付成，款项未扣")
    expect(page.locator(".receipt .error")).to_have_text("余额不足")
    check_page(page)

    page.locator("text=再付一次").click()
    expect(page.locator("#confirm")).to_be_enabled()


def test_a_closed_order_and_a_wrong_address_are_told_apart(town: Town, phones: Phones, check_page: Check) -> None:
    page = phones().new_page()
    order = opened(town, "C-4")
    headers = {"Authorization": f"Bearer {town.stores[0]['token']}"}
    httpx.post(f"{town.address}/v1/orders/{order['order_id']}/close", headers=headers, trust_env=False)

    page.goto(path_of(order, town))
    expect(page.locator(".receipt-state")).to_have_text("订单已关闭")
    check_page(page)
    answer = page.goto(f"/cashier/{order['order_id']}?t=guessed")
    assert answer is not None
    assert answer.status == 404
    check_page(page)


def test_only_a_registered_site_holds_the_cashier_and_hears_the_outcome(town: Town, phones: Phones) -> None:
    page = phones().new_page()
    order = opened(town, "C-5")
    headers = {"Authorization": f"Bearer {town.stores[0]['token']}"}
    with shop_site(str(order["cashier_url"])) as site:
        named = httpx.put(
            f"{town.address}/v1/cashier/origins", json={"origins": [site]}, headers=headers, trust_env=False
        )
        assert named.json() == {"origins": [site]}
        page.goto(site)
        frame = page.frame_locator("iframe")
        expect(frame.locator("#countdown")).to_be_visible()
        expect(page.locator("#heard")).to_contain_text('"standing":"open"')
        httpx.put(f"{town.address}/v1/cashier/origins", json={"origins": []}, headers=headers, trust_env=False)
        page.goto(site)
        expect(page.locator("#heard")).to_have_text("")
        assert page.frame_locator("iframe").locator("#countdown").count() == 0


def test_an_origin_with_a_path_is_refused(town: Town) -> None:
    headers = {"Authorization": f"Bearer {town.stores[0]['token']}"}

    answer = httpx.put(
        f"{town.address}/v1/cashier/origins",
        json={"origins": ["https://shop.example/pay"]},
        headers=headers,
        trust_env=False,
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def _wait_a_minute(phone: str) -> str:
    """Another phone than the one that has just been sent a code."""
    return phone[:-1] + str((int(phone[-1]) + 1) % 10)


@contextmanager
def shop_site(address: str) -> Iterator[str]:
    """A merchant's own site with the cashier in a frame, on a port of its own."""
    page = (
        "<!doctype html><pre id=heard></pre><script>addEventListener('message', (event) => {"
        "document.getElementById('heard').textContent += JSON.stringify(event.data); });</script>"
        f"<iframe src='{address}' width=400 height=700></iframe>"
    ).encode()

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
