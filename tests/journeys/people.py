"""What people do on the pages: the steps of a day."""

import random
import re

import segno
from playwright.sync_api import Error, Page, expect

DEMO_BANK = "yuehu"


def sign_in(page: Page, *, back: str = "/c/rounds", phone: str = "") -> str:
    """Sign in with a fresh phone, or this one, and the code in the demo inbox; the phone's number."""
    phone = phone or f"138{random.SystemRandom().randrange(10**8):08d}"
    page.goto(f"/c/sign-in?back={back}")
    page.locator("input[name=phone]").fill(phone)
    page.locator(".sheet button").click()
    text = page.locator("[data-inbox]").inner_text()
    found = re.search(r"\d{6}", text)
    assert found is not None
    page.locator("input[name=code]").fill(found[0])
    page.locator(".sheet button").click()
    page.wait_for_url(f"**{back}")
    return phone


def bind_card(page: Page) -> None:
    """Open a card at a demo bank and bind it."""
    page.goto("/c/cards")
    page.locator(f"button[value={DEMO_BANK}]").click()
    expect(page.locator(".bank-card")).to_have_count(1)


def claim(page: Page, round_id: str) -> None:
    """Claim a voucher and see that it was won."""
    page.goto(f"/c/rounds/{round_id}")
    button = page.locator("#claim")
    expect(button).to_have_attribute("data-state", "open")
    button.click()
    expect(button).to_have_attribute("data-state", "claimed")


def shown_pay_code(page: Page) -> str:
    """Open the pay code page and tap for its 18 digits."""
    try:
        page.goto("/c/pay-code")
    except Error as error:
        if "ERR_ABORTED" not in error.message:
            raise
        page.wait_for_load_state()  # it was just leaving for the receipt of the payment before
        page.goto("/c/pay-code")
    expect(page.locator("#picture")).to_have_attribute("data-ready", "yes")
    digits = page.locator("#digits")
    digits.click()
    expect(digits).to_have_text(re.compile(r"^62\d{2} \d{4} \d{4} \d{4} \d{2}$"))
    return digits.inner_text().replace(" ", "")


def sign_in_till(page: Page, token: str) -> None:
    """Open the link that a store was given."""
    page.goto(f"/m/sign-in#{token}")
    page.wait_for_url("**/m/till")


def charge(page: Page, amount: str, code: str) -> None:
    """Press the amount on the keypad; the scanner types the code and sends Enter."""
    page.goto("/m/till")
    for key in amount:
        page.locator(f".keypad [data-key='{key}']").click()
    page.locator("#onward").click()
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def switch_language(page: Page) -> None:
    """Use the switch in the header."""
    page.locator("button.language").click()


def film_of(code: str) -> bytes:
    """What a till's camera sees of a phone that shows a code: one frame of YUV4MPEG2, 640 by 480, repeated."""
    modules = [list(row) for row in segno.make(code, error="m", micro=False).matrix_iter(scale=12, border=4)]
    left, top = (640 - len(modules)) // 2, (480 - len(modules)) // 2
    luma = bytearray(b"\xd0" * 640 * 480)
    for y, row in enumerate(modules):
        start = (top + y) * 640 + left
        luma[start : start + len(row)] = bytes(0x10 if dark else 0xEB for dark in row)
    frame = b"FRAME\n" + bytes(luma) + b"\x80" * (320 * 240 * 2)
    return b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 10
