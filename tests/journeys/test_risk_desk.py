"""The desk suspects a citizen; the citizen's payment asks for a code and goes on with it; the desk reads why."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from conftest import Town
from desk_people import look_at, signed_in
from playwright.sync_api import Browser, Page, expect
from test_bank_app import seeded


@pytest.fixture(scope="module")
def operator(browser: Browser, town: Town) -> Iterator[Page]:
    page = signed_in(browser, town, "riskkeeper", "--role", "operator")
    yield page
    page.context.close()


def test_a_suspect_is_listed_watched_explained_and_released(town: Town, operator: Page) -> None:
    (citizen,), _ = seeded(town, citizens=1, stock=1)
    headers = {"Authorization": f"Bearer {citizen['token']}", "Idempotency-Key": uuid4().hex}
    order = {
        "store_id": town.stores[2]["store_id"],
        "instrument_id": citizen["instrument_id"],
        "amount_fen": 1_900,
        "vouchers": [],
        "device_id": "phone-of-a-suspect",
    }

    # Given: on the grey list; what is missing is said beside its field and nothing typed is lost.
    operator.goto("/console/risk/lists")
    operator.locator("#colour").select_option("grey")
    operator.locator("#tier").select_option("2")
    operator.locator("#value").fill("13000000000")
    operator.locator("#source").fill("举报 12")
    operator.locator("#basis").fill("在二手平台出售消费券")
    operator.get_by_role("button", name="提交").click()
    expect(operator.locator("#value-wrong")).to_be_visible()
    assert operator.locator("#basis").input_value() == "在二手平台出售消费券"
    operator.locator("#value").fill(citizen["citizen_id"])
    operator.get_by_role("button", name="提交").click()
    operator.wait_for_url("**/console/risk/lists/*?done=listed")
    entry = operator.url.split("?")[0]
    look_at(operator, "risk-list-entry")

    # When: the citizen pays, and the desk looks for it.
    operator.wait_for_timeout(1_000)
    paid = operator.request.post("/v1/payments", headers=headers, data=order)
    assert paid.status in {201, 202}
    operator.goto(f"/console/risk/verdicts?party=citizen&value={citizen['citizen_id']}")
    look_at(operator, "risk-verdicts")
    operator.locator("tbody a").first.click()

    # Then: watched, with the list's source and the table of what it does.
    expect(operator.locator("h1")).to_have_text("放行并观察")
    expect(operator.locator("#listed")).to_be_visible()
    expect(operator.get_by_text("举报 12")).to_be_visible()
    look_at(operator, "risk-verdict")

    operator.goto(entry)
    operator.locator("#t-release").fill("查无实据")
    operator.get_by_role("button", name="解除").click()
    expect(operator.get_by_text(re.compile("查无实据"))).to_be_visible()


def test_a_file_of_the_lists_names_its_bad_rows(operator: Page) -> None:
    body = "colour,party,value,tier,source,basis\ngrey,device,a-device-of-a-file,1,desk,tip\npink,store,x,,desk,tip\n"
    operator.goto("/console/risk/lists")
    operator.locator("#file").set_input_files({"name": "lists.csv", "mimeType": "text/csv", "buffer": body.encode()})
    operator.get_by_role("button", name="导入", exact=True).click()

    expect(operator.get_by_role("status")).to_contain_text("导入 1 行，未导入 1 行")
    expect(operator.get_by_role("status")).to_contain_text("第 3 行 colour")
    operator.goto("/console/risk/lists")
    look_at(operator, "risk-lists")
    exported = operator.request.get("/console/risk/lists/export.csv?party=device").text()
    assert "a-device-of-a-file" not in exported
    assert ",device," in exported
