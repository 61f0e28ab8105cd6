"""A campaign from its first draft to the public: one officer writes and submits, another approves and publishes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
from conftest import CHINESE_LEFT, Town
from desk_people import PASSWORD, enrol_by_command, try_sign_in
from playwright.sync_api import Browser, Page, expect

TEXT = """\
format: 1
code: lantern
name: 灯会消费券
name_en: Lantern vouchers
funder: seed
starts_at: 2030-03-01 00:00
ends_at: 2030-03-08 00:00
budget: 2000元
rounds:
  - key: r1
    name: 第1轮
    name_en: Round 1
    opens_at: 2030-03-01 10:00
    closes_at: 2030-03-02 00:00
    types:
      - {key: t1, name: 餐饮券, name_en: Dining, amount: 20元, threshold: 50元, stock: 100, valid_days: 3}
"""


def officer(browser: Browser, town: Town, login: str) -> Page:
    member = enrol_by_command(town.data_dir, login, "--role", "bureau_officer")
    page = browser.new_context(base_url=town.address, viewport={"width": 1280, "height": 900}).new_page()
    try_sign_in(page, login=login, password=PASSWORD, code=member.code)
    page.wait_for_url("**/console/overview")
    return page


def write(page: Page, text: str, button: str) -> None:
    page.locator("#text").fill(text)
    page.locator(f"button[value={button}]").click()


def test_one_writes_and_another_approves(browser: Browser, town: Town) -> None:
    maker, checker = officer(browser, town, "writer"), officer(browser, town, "approver")

    maker.goto("/console/documents/new")
    write(maker, TEXT.replace("stock: 100", "stok: 100"), "save")
    expect(maker.get_by_role("alert")).to_contain_text("是不是 stock?")
    maker.get_by_role("button", name=re.compile("^第 16 行")).click()
    write(maker, TEXT, "save")
    maker.wait_for_url("**/console/documents/lantern/1")
    maker.get_by_role("button", name="提交复核").click()
    expect(maker.get_by_role("button", name="同意")).to_have_count(0)

    checker.goto("/console/season")
    checker.get_by_role("link", name="灯会消费券").click()
    checker.get_by_role("button", name="同意").click()

    expect(checker.locator("h1")).to_contain_text("已生效")
    checker.goto("/console/season?q=dhxfq")
    expect(checker.get_by_role("rowheader", name="第1轮")).to_be_visible()
    maker.goto("/console/documents/lantern/edit")
    maker.locator('[name="f:budget"]').fill("3000元")
    maker.locator("button[value=form-save]").first.click()
    maker.wait_for_url("**/console/documents/lantern/2")
    expect(maker.locator(".doc-changes")).to_contain_text("预算 从 2000元 改为 3000元")
    maker.locator(".desk-top button[name=language]").click()
    for path in ("season", "season/calendar?month=2030-03", "documents/lantern", "documents/lantern/2"):
        maker.goto(f"/console/{path}")
        assert maker.evaluate(CHINESE_LEFT) == [], path
        assert maker.evaluate("document.documentElement.scrollWidth") <= 1280, path


def test_schema_is_published_and_the_command_keeps_to_it(town: Town, tmp_path: Path) -> None:
    (tmp_path / "lantern.yaml").write_text(TEXT.replace("20元", "20"))
    command = [str(Path(sys.executable).with_name("yongquan")), "campaigns", "import", str(tmp_path), "--json"]

    done = subprocess.run(  # noqa: PLW1510 - it must fail
        command, capture_output=True, text=True, timeout=60, env=os.environ | {"YONGQUAN_DATA_DIR": town.data_dir}
    )

    assert httpx.get(f"{town.address}/schemas/campaign.json").json()["$id"] == "/schemas/campaign.json"
    assert done.returncode == 2
    assert json.loads(done.stdout)["outcomes"] == {"refused": 1}
    assert "lantern.yaml:16:" in done.stderr
    assert "amount" in done.stderr
