"""Risk rules at the desk: one writes a book with its faults told by line, another decides it."""

import re

from conftest import Town
from desk_people import look_at, signed_in
from playwright.sync_api import Browser, expect

BOOK = """shadow: true
rules:
  - id: noon
    owner: risk.desk
    title: 中午观察
    title_en: Watched at noon
    reason: 已记入观察
    reason_en: This is watched
    events: [payment]
    when: hour == 'noon' && count('payment', 'citizen', '2h') > 3
    action: watch
    severity: 2
"""


def test_book_is_written_by_one_and_decided_by_another(browser: Browser, town: Town) -> None:
    maker = signed_in(browser, town, "rule-maker", "--role", "operator")
    maker.goto("/console/risk/rules")
    maker.get_by_role("link", name="编写新版本").click()
    text = maker.get_by_role("textbox", name="规则文件")

    text.fill(BOOK)
    maker.get_by_role("textbox", name="理由").fill("试行")
    maker.get_by_role("button", name="提交复核").click()

    fault = maker.locator(".doc-faults li")
    expect(fault).to_contain_text("第 10 行")
    expect(text).to_have_value(BOOK)
    expect(maker.get_by_role("textbox", name="理由")).to_have_value("试行")
    look_at(maker, "risk-rules-faults")

    text.fill(BOOK.replace("hour == 'noon'", "hour == 12").replace("'2h'", "'1h'"))
    maker.get_by_role("textbox", name="理由").fill("试行")
    maker.get_by_role("button", name="检查文件").click()
    expect(maker.locator(".doc-faults")).to_contain_text("检查通过：1 条规则")
    maker.get_by_role("button", name="提交复核").click()
    maker.wait_for_url(re.compile(r"/risk/rules/\d+$"))
    expect(maker.get_by_text("须由另一位有权限的人复核")).to_be_visible()

    checker = signed_in(browser, town, "rule-checker", "--role", "admin")
    checker.goto(maker.url)
    look_at(checker, "risk-rules-version")
    checker.get_by_role("button", name="同意", exact=True).click()

    expect(checker.get_by_role("status")).to_contain_text("已同意")
    expect(checker.get_by_role("row", name="试行")).to_contain_text("影子运行中")
    look_at(checker, "risk-rules")
    maker.context.close()
    checker.context.close()
